//! The headers by which answers instruct browsers.

use crate::{
    app::{STATIC_FILES, TestApp, function_paths, page_paths},
    support::{
        PASSWORD,
        http::{ACCEPT_PAGE, Answer, Browser, Request, SESSION_COOKIE, credentials},
    },
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use vestibule::{domain::plain_script::FOLLOW, server::public_url::PublicUrl};

const FAILURES: [&str; 4] = [
    "/nowhere",
    "/api/nothing",
    "/pkg/nothing.js",
    "/dashboard/x",
];

/// Files that are made from the settings.
const OF_SETTINGS: [&str; 2] = ["/robots.txt", "/site.webmanifest"];

/// Every kind of answer: anonymous, as a user, and with a dead cookie; pages, functions, files,
/// redirects and failures; for browsers and for programs.
async fn crawl(app: &TestApp) -> Vec<(String, Answer)> {
    let mut dead = app.browser();
    dead.set_cookie(SESSION_COOKIE, &"A".repeat(43));
    let callers = [
        ("anybody", app.browser()),
        ("ada", app.signed_in("ada").await),
        ("dead", dead),
    ];
    let mut paths = page_paths();
    paths.extend(FAILURES);
    paths.extend(STATIC_FILES);
    paths.extend(OF_SETTINGS);
    paths.extend(function_paths());
    paths.extend([
        "/login/",
        "/healthz",
        "/readyz",
        "/login?cookie-check",
        "/pkg",
        "//evil.example/",
        "/api/v1/me",
        "/api/v1/nothing",
        "/api/docs",
    ]);
    let mut answers = Vec::new();
    for (name, browser) in callers {
        for path in &paths {
            for accept in [ACCEPT_PAGE, "application/json"] {
                for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                    let request = Request::new(method, path)
                        .header("accept", accept)
                        .header("origin", "https://evil.example")
                        .header("x-request-id", "a name of the client's own");
                    let answer = browser.clone().send(request).await;
                    answers.push((format!("{method} {path} {accept} as {name}"), answer));
                }
            }
        }
        for password in [PASSWORD, "wrong and long enough"] {
            let mut browser: Browser = browser.clone();
            answers.push((
                format!("sign in as {name}"),
                browser.fetch_login("ada", password).await,
            ));
            answers.push((
                format!("plain sign in as {name}"),
                browser.post_login("ada", password).await,
            ));
            answers.push((format!("sign out as {name}"), browser.post_logout().await));
        }
    }
    let foreign = Request::get("/login").header("host", "evil.example");
    answers.push(("a foreign host".to_owned(), app.send(foreign).await));
    let forged =
        Request::form("/api/login", &credentials("ada", PASSWORD)).header("origin", "null");
    answers.push(("a forged form".to_owned(), app.send(forged).await));
    let long = Request::form("/api/login", &[("username", &"x".repeat(70_000))]);
    answers.push(("a long form".to_owned(), app.send(long).await));
    answers
}

fn is_file(what: &str, answer: &Answer) -> bool {
    let found = matches!(answer.status, 200 | 304);
    found
        && STATIC_FILES
            .iter()
            .chain(&OF_SETTINGS)
            .any(|file| what.contains(&format!(" {file} ")))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_them() {
    let app = TestApp::sqlite().await;
    let answers = crawl(&app).await;
    assert!(answers.len() > 400);
    let mut statuses = BTreeSet::new();
    for (what, answer) in &answers {
        statuses.insert(answer.status);
        let only = |name: &str| {
            let values = answer.header_all(name);
            assert_eq!(values.len(), 1, "{what}: {name}: {values:?}");
            values[0].to_owned()
        };
        // Never cached: answers that depend on the person, and all that set a cookie (E1).
        let cache = only("cache-control");
        if is_file(what, answer) {
            assert!(answer.header_all("set-cookie").is_empty(), "{what}");
            assert_ne!(cache, "no-store", "{what}");
        } else {
            let kind = answer.header("content-type").unwrap_or_default();
            let is_document = kind.starts_with("text/html");
            let expected = if is_document {
                "no-store, no-transform"
            } else {
                "no-store"
            };
            assert_eq!(cache, expected, "{what}");
            // The doctor detects changes in transit by it (G10).
            assert_eq!(
                answer.header_all("repr-digest").len(),
                usize::from(is_document),
                "{what}"
            );
            if is_document && !answer.body.is_empty() {
                let digest = BASE64_STANDARD.encode(Sha256::digest(&answer.body));
                assert_eq!(only("repr-digest"), format!("sha-256=:{digest}:"), "{what}");
                assert!(
                    answer.text().contains("name=\"format-detection\""),
                    "{what}"
                );
            }
        }
        assert_eq!(only("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(only("referrer-policy"), "same-origin", "{what}");
        assert_eq!(only("x-frame-options"), "DENY", "{what}");
        assert_eq!(only("cross-origin-opener-policy"), "same-origin", "{what}");
        assert_eq!(
            only("cross-origin-resource-policy"),
            "same-origin",
            "{what}"
        );
        let policy = only("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{what}: {policy}");
        }
        for part in [
            "unsafe-inline",
            "'unsafe-eval'",
            "http:",
            "https:",
            "*",
            "ws:",
        ] {
            assert!(!policy.contains(part), "{what}: {policy}");
        }
        let forbidden = [
            "strict-transport-security",
            "clear-site-data",
            "server",
            "x-powered-by",
            "content-encoding",
        ];
        for name in forbidden {
            assert_eq!(answer.header(name), None, "{what}");
        }
        let cors = answer
            .headers
            .iter()
            .find(|(name, _)| name.starts_with("access-control-"));
        assert_eq!(cors, None, "{what}");
        assert_eq!(only("x-request-id").len(), 32, "{what}");
        for line in answer.header_all("set-cookie") {
            assert!(
                line.starts_with("__Host-Http-") && !line.contains("Domain"),
                "{what}: {line}"
            );
        }
        // An answer with a body declares its type and charset (ASVS V4.1.1).
        if !answer.body.is_empty() {
            let content_type = only("content-type");
            if content_type.starts_with("text/") && !is_file(what, answer) {
                assert!(
                    content_type.ends_with("; charset=utf-8"),
                    "{what}: {content_type}"
                );
            }
            if answer.body.starts_with(b"<!DOCTYPE") {
                assert_eq!(content_type, "text/html; charset=utf-8", "{what}");
            }
            if what.contains(" application/json ") && answer.status >= 400 {
                let kind = if what.contains(" /api/v1/") {
                    "application/problem+json"
                } else {
                    "application/json"
                };
                assert_eq!(content_type, kind, "{what}");
            }
        }
        assert!(answer.status < 500, "{what}: {}", answer.status);
    }
    for status in [200, 303, 308, 401, 403, 404, 405, 413, 421] {
        assert!(
            statuses.contains(&status),
            "{status} was never answered: {statuses:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn styles_and_scripts_name_their_charset() {
    let app = TestApp::sqlite().await;
    for (path, expected) in [
        ("/pkg/vestibule.css", "text/css; charset=utf-8"),
        ("/pkg/vestibule.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.header("content-type"), Some(expected), "{path}");
    }
}

/// Only scripts with this answer's own nonce run (ASVS V3.4.3).
#[tokio::test(flavor = "multi_thread")]
async fn each_page_has_a_nonce_of_its_own() {
    let app = TestApp::sqlite().await;
    let mut nonces = BTreeSet::new();
    let mut pages = 0;
    for mut browser in [app.browser(), app.signed_in("ada").await] {
        for path in page_paths() {
            for _ in 0..3 {
                let answer = browser.get(path).await;
                if answer.status != 200 {
                    continue;
                }
                pages += 1;
                let policy = answer.header("content-security-policy").unwrap();
                let script = policy
                    .split(';')
                    .find(|part| part.contains("script-src"))
                    .unwrap();
                let nonce = script
                    .split("'nonce-")
                    .nth(1)
                    .and_then(|rest| rest.split('\'').next())
                    .unwrap();
                let expected =
                    format!(" script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'");
                assert_eq!(script, expected);
                let bytes = BASE64_URL_SAFE_NO_PAD
                    .decode(nonce.trim_end_matches('='))
                    .unwrap();
                assert!(bytes.len() >= 16, "128 bits: {nonce}");
                assert!(nonces.insert(nonce.to_owned()), "{nonce} was used before");
                let html = answer.text();
                let scripts: Vec<_> = html.split("<script").skip(1).collect();
                assert!(!scripts.is_empty(), "{path} hydrates");
                for script in scripts {
                    let tag = script.split('>').next().unwrap();
                    assert!(
                        tag.contains(&format!("nonce=\"{nonce}\"")),
                        "{path}: <script{tag}>"
                    );
                }
                for forbidden in [
                    " onclick=",
                    " onerror=",
                    " onload=",
                    "javascript:",
                    "<style",
                    " style=",
                    "<base",
                    "<iframe",
                ] {
                    assert!(!html.contains(forbidden), "{path}: {forbidden}");
                }
            }
        }
    }
    assert_eq!(nonces.len(), pages);
    assert!(pages >= 12, "{pages} pages");
}

/// The page of a failure needs no script, and allows none but the one that follows the session of the person whom it
/// names.
#[tokio::test(flavor = "multi_thread")]
async fn failures_allow_no_script() {
    let app = TestApp::sqlite().await;
    for path in FAILURES {
        let answer = app.browser().get(path).await;
        assert!(answer.status >= 400 || answer.status == 303, "{path}");
        assert!(!answer.text().contains("<script"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(!policy.contains("script-src"), "{path}: {policy}");
    }
    let mut browser = app.signed_in("ada").await;
    let person = app.user("ada").await.id.short().to_owned();
    let mut nonces = BTreeSet::new();
    for path in FAILURES {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        let scripts = policy
            .split("; ")
            .find(|part| part.starts_with("script-src"));
        let nonce = scripts.and_then(|part| part.strip_prefix("script-src 'nonce-"));
        let nonce = nonce.and_then(|rest| rest.strip_suffix('\'')).expect(path);
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.ends_with("; connect-src 'self'"),
            "{policy}"
        );
        assert!(
            nonce.len() >= 22 && nonces.insert(nonce.to_owned()),
            "{path}: {nonce}"
        );
        let html = answer.text();
        let follow = format!(
            "<script defer src=\"{}\" nonce=\"{nonce}\"></script>",
            FOLLOW.address()
        );
        assert_eq!(html.matches("<script").count(), 1, "{path}: {html}");
        assert!(html.contains(&follow), "{path}: {html}");
        let meta = format!("<meta name=\"person\" content=\"{person}\"");
        assert!(html.contains(&meta), "{path}: {html}");
        assert!(browser.get(&FOLLOW.address()).await.status == 200);
    }
}

/// HSTS only on https, and for sub-domains only if configured.
#[tokio::test(flavor = "multi_thread")]
async fn strict_transport_security_is_for_https() {
    for (public, subdomains, expected) in [
        ("http://localhost:3000", false, None),
        ("http://localhost:3000", true, None),
        ("https://id.example.org", false, Some("max-age=63072000")),
        (
            "https://id.example.org",
            true,
            Some("max-age=63072000; includeSubDomains"),
        ),
    ] {
        let app = TestApp::sqlite_with(|config| {
            config.public_url = PublicUrl::parse(public).ok();
            config.hsts_include_subdomains = subdomains;
        })
        .await;
        let mut browser = Browser::at(app.address, public);
        for path in [
            "/login",
            "/dashboard",
            "/nowhere",
            "/pkg/vestibule.css",
            "/healthz",
        ] {
            let answer = browser.get(path).await;
            assert_eq!(
                answer.header("strict-transport-security"),
                expected,
                "{public} {path}"
            );
        }
        let refused = Request::get("/login").header("host", "evil.example");
        let answer = app.send(refused).await;
        assert_eq!(
            answer.header("strict-transport-security"),
            expected,
            "{public}: a refusal"
        );
    }
}
