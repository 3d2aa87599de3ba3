//! Existing and missing routes, and their access.

use crate::{
    app::{
        STATIC_FILES, TestApp, assert_page, assert_redirect, function_paths, page_paths, title,
        visible_text,
    },
    support::{
        database::{Engine, TestDatabase},
        http::{ACCEPT_PAGE, Request},
    },
};
use std::fs;
use url::Url;
use vestibule::domain::{
    page::{Access, Download, Page, Stream},
    plain_script,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_page_is_a_404() {
    let app = TestApp::sqlite().await;
    for mut browser in [app.browser(), app.signed_in("ada").await] {
        for path in [
            "/nowhere", "/login/x", "/LOGIN", "/login;x", "/%6cogin", "/.env", "/admin", "/pkg/x",
            "/é", "/%00", "/%ff",
        ] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert_eq!(
                page.header("content-type"),
                Some("text/html; charset=utf-8"),
                "{path}"
            );
            let text = visible_text(&page);
            assert!(
                text.contains("the address may be mistyped"),
                "{path}: {text}"
            );
            assert!(page.text().contains(&title("Page not found")), "{path}");
            let answer = browser
                .send(Request::get(path).header("accept", "application/json"))
                .await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (404, r#"{"failed":"not_found"}"#),
                "{path}"
            );
        }
    }
}

/// Nothing is public unless it is declared.
#[tokio::test(flavor = "multi_thread")]
async fn every_other_page_needs_a_session() {
    let app = TestApp::sqlite().await;
    let is_public = |page: &&Page| page.access() == Access::Anyone;
    let public: Vec<_> = Page::ALL.iter().filter(is_public).collect();
    let public: Vec<_> = public.into_iter().map(|page| page.path()).collect();
    assert_eq!(
        public,
        [
            "/",
            "/login",
            "/login/key",
            "/help",
            "/logout",
            "/signed-out",
            "/.well-known/change-password",
            "/setup",
            "/password-link",
        ],
        "a new page is private at first; one that is public is added here, on purpose"
    );
    for path in page_paths() {
        let answer = app.browser().get(&format!("{path}?a=1")).await;
        if public.contains(&path) {
            assert!(
                !answer.location().contains("next="),
                "{path}: {}",
                answer.location()
            );
        } else {
            assert_redirect(&answer, &format!("/login?next={path}?a=1"));
            assert!(answer.body.is_empty(), "{path}");
        }
    }
    for file in Download::ALL {
        let answer = app.browser().get(file.path()).await;
        assert_redirect(&answer, &format!("/login?next={}", file.page().path()));
    }
    for stream in Stream::ALL {
        let path = stream.path();
        let foreign = Request::get(path).header("sec-fetch-site", "cross-site");
        for (request, status) in [
            (Request::get(path), 401),
            (Request::new("HEAD", path), 401),
            // These do not read sessions.
            (foreign, 403),
            (Request::post(path, b""), 405),
        ] {
            let answer = app.browser().send(request).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
}

/// A page without a gatherer would be a 404 for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_leads_somewhere() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let without_account = TestApp::empty(TestDatabase::new(Engine::Sqlite).await).await;
    let mut root = app.signed_in("root").await;
    let id = app.user("ada").await.id;
    for page in Page::ALL {
        let path = page.path();
        let mut found = vec![root.get(&path.replace("{id}", &id.0)).await.status];
        if page.access() == Access::Anyone {
            found.push(without_account.browser().get(path).await.status);
        }
        assert!(
            found.iter().any(|status| matches!(status, 200 | 303)),
            "{path}: {found:?}; what does `gather` in src/server/web/pages.rs answer?"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_are_these_and_no_others() {
    let app = TestApp::sqlite().await;
    let mut functions = function_paths();
    functions.sort_unstable();
    assert_eq!(
        functions,
        [
            "/api/change_password",
            "/api/change_user",
            "/api/change_user_key",
            "/api/confirm_access_key",
            "/api/confirm_password",
            "/api/delete_user",
            "/api/disown_sign_in",
            "/api/edit_user",
            "/api/end_all_sessions",
            "/api/end_other_sessions",
            "/api/end_session",
            "/api/end_user_session",
            "/api/invite_user",
            "/api/login",
            "/api/login_with_key",
            "/api/logout",
            "/api/make_access_key",
            "/api/name_device",
            "/api/open_password_link",
            "/api/recognise_sign_in",
            "/api/revoke_access_key",
            "/api/set_up",
            "/api/stay_signed_in",
            "/api/theme",
            "/api/update_profile",
            "/api/use_password_link",
        ],
        "a new function: add it here after deciding who may call it"
    );
    for path in [
        "/api/x",
        "/api/login/x",
        "/api/Login",
        "/api/login2",
        "/api/x/y",
        "/api/%6cogin",
        "/api/end_session/x",
    ] {
        for method in ["GET", "POST", "PUT"] {
            let request = Request::new(method, path)
                .header("accept", "application/json")
                .header("sec-fetch-site", "same-origin");
            let answer = app.send(request).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (404, r#"{"failed":"not_found"}"#),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailing_slash_is_removed() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    for (path, shorter) in [
        ("/login/", "/login"),
        ("/dashboard//", "/dashboard"),
        ("/login/?next=/dashboard&x", "/login?next=/dashboard&x"),
        ("/nowhere/", "/nowhere"),
    ] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.location()), (308, shorter), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // The method is kept, and with it the form.
    let answer = browser.post_form("/api/logout/", &[]).await;
    assert_eq!((answer.status, answer.location()), (308, "/api/logout"));
    assert_eq!(app.endings().await, [None]);
    for app in [app, TestApp::with_embedded_site().await] {
        for path in ["/pkg/", "/pkg", "/pkg//"] {
            let answer = app.browser().follow(path).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}

/// No request is redirected to another site.
#[tokio::test(flavor = "multi_thread")]
async fn no_path_redirects_to_another_site() {
    let app = TestApp::sqlite().await;
    let here = Url::parse(&format!("http://localhost:{}/", app.address.port())).unwrap();
    for path in [
        "//evil.example/",
        "///evil.example/",
        "//evil.example//",
        "/\\evil.example/",
        "/%5cevil.example/",
        "//evil.example/%2f..",
        "/.//evil.example/",
        "/..//evil.example/",
        "/%2e%2e//evil.example/",
        "//user@evil.example/",
        "/%09/evil.example/",
        "/%0d%0aLocation:%20https://evil.example/",
        "/;//evil.example/",
        "/?//evil.example/",
        "/dashboard//evil.example/",
        "//evil.example/login/",
        "http://evil.example/",
        "http://evil.example/dashboard",
        "/http://evil.example/",
        "//dashboard",
        "//",
        "///",
    ] {
        for mut browser in [app.browser(), app.signed_in("ada").await] {
            let answer = browser.get(path).await;
            assert!(answer.status < 500, "{path}");
            let there = here.join(answer.location()).unwrap();
            assert_eq!(
                there.origin(),
                here.origin(),
                "{path} leads to {}",
                answer.location()
            );
            assert!(!answer.text().contains("evil"), "{path}: {}", answer.text());
        }
    }
    assert_eq!(app.browser().get("//evil.example/").await.status, 404);
}

/// A proxy or an orchestrator checks by address, without our name.
#[tokio::test(flavor = "multi_thread")]
async fn health_checks_answer_any_host() {
    let app = TestApp::sqlite().await;
    for path in ["/healthz", "/readyz"] {
        for host in ["10.0.0.7:8080", "evil.example", ""] {
            let answer = app.send(Request::get(path).header("host", host)).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, "ok\n"),
                "{path} {host}"
            );
        }
        // The default check of HAProxy.
        let request = Request::new("OPTIONS", path).header("host", "");
        let expected = if path == "/healthz" { 200 } else { 405 };
        assert_eq!(app.send(request).await.status, expected, "OPTIONS {path}");
        for method in ["POST", "DELETE"] {
            assert_eq!(
                app.send(Request::new(method, path)).await.status,
                405,
                "{method} {path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_with_their_types_and_may_be_kept() {
    let for_ever = "public, max-age=31536000, immutable";
    serves_files(&TestApp::sqlite().await, "no-cache").await;
    serves_files(&TestApp::with_embedded_site().await, for_ever).await;
}

/// A page links them with a digest of their text. With it they may be cached indefinitely, and with
/// no other address.
#[tokio::test(flavor = "multi_thread")]
async fn plain_scripts_are_kept_for_ever_under_their_digest_alone() {
    for app in [TestApp::sqlite().await, TestApp::with_embedded_site().await] {
        let ada = app.signed_in("ada").await.get("/dashboard").await.text();
        for script in [plain_script::FOLLOW, plain_script::TIME_OUT] {
            let address = script.address();
            let (path, _) = address.split_once('?').expect("a digest");
            assert!(ada.contains(&format!(" src=\"{address}\"")), "{address}");
            for (address, cache) in [
                (address.as_str(), "public, max-age=31536000, immutable"),
                (path, "public, max-age=3600"),
                (&format!("{path}?0123456789abcdef"), "public, max-age=3600"),
            ] {
                let answer = app.browser().get(address).await;
                assert_eq!(
                    (answer.status, answer.header("cache-control")),
                    (200, Some(cache)),
                    "{address}"
                );
            }
        }
        let visitor = app.browser().get("/login").await.text();
        assert!(visitor.contains(&plain_script::FOLLOW.address()));
        assert!(!visitor.contains("/time-out.js"));
    }
}

/// `built` is the cache lifetime of the build's files: unlimited if their names have digests.
async fn serves_files(app: &TestApp, built: &str) {
    let kinds = [
        ("/favicon.svg", "image/svg+xml", "public, max-age=3600"),
        ("/pkg/vestibule.css", "text/css", built),
        ("/pkg/vestibule.js", "text/javascript", built),
        ("/pkg/vestibule.wasm", "application/wasm", built),
    ];
    assert_eq!(kinds.map(|(path, ..)| path), STATIC_FILES);
    for (path, kind, cache) in kinds {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.header("content-type").unwrap().starts_with(kind),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), Some(cache), "{path}");
        let modified = answer.header("last-modified").unwrap();
        let again = Request::get(path).header("if-modified-since", modified);
        let answer = app.browser().send(again).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (304, Some(cache)),
            "{path}"
        );
    }
    let nothing = Request::new("HEAD", "/favicon.svg%00");
    assert_eq!(app.browser().send(nothing).await.status, 404);
    for (accepted, encoding, body) in [
        ("br, gzip", Some("br"), "compressed by brotli"),
        ("gzip", Some("gzip"), "compressed by gzip"),
        ("identity", None, "body { margin: 0 }"),
    ] {
        let request = Request::get("/pkg/vestibule.css").header("accept-encoding", accepted);
        let answer = app.browser().send(request).await;
        assert_eq!(
            (answer.header("content-encoding"), answer.text().as_str()),
            (encoding, body)
        );
        assert_eq!(answer.header("vary"), Some("accept-encoding"), "{accepted}");
    }
    // Pages are never compressed (BREACH).
    let request = Request::get("/login")
        .header("accept", ACCEPT_PAGE)
        .header("accept-encoding", "br, gzip");
    assert_eq!(
        app.browser().send(request).await.header("content-encoding"),
        None
    );
}

/// No file outside the site's folder is served.
#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_folder() {
    lets_nothing_out(&TestApp::sqlite().await).await;
    lets_nothing_out(&TestApp::with_embedded_site().await).await;
}

async fn lets_nothing_out(app: &TestApp) {
    let secret = app.site_root.with_extension("secret");
    fs::write(&secret, "for nobody").unwrap();
    let name = secret.file_name().unwrap().to_string_lossy().into_owned();
    for path in [
        format!("/../{name}"),
        format!("/%2e%2e/{name}"),
        format!("/%2e%2e%2f{name}"),
        format!("/pkg/../../{name}"),
        format!("/pkg/..%2f..%2f{name}"),
        format!("/..%5c{name}"),
        format!("/..\\{name}"),
        format!("//../{name}"),
        format!("/pkg/%00/../../{name}"),
        format!("/{}", secret.display()),
        "/../../../../etc/passwd".to_owned(),
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd".to_owned(),
    ] {
        let answer = app.browser().get(&path).await;
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert!(
            !answer.text().contains("for nobody") && !answer.text().contains("root:"),
            "{path}"
        );
    }
    drop(fs::remove_file(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_page_repeats_nothing_and_has_links() {
    let app = TestApp::sqlite().await;
    let page = app
        .signed_in("ada")
        .await
        .get("/nowhere?%3Cscript%3Ealert(1)%3C/script%3E")
        .await;
    assert_eq!(page.status, 404);
    let html = page.text();
    assert!(
        page.names("ada") && !html.contains("alert(1)") && !html.contains("<script>"),
        "{html}"
    );
    assert!(html.contains("href=\"/\""));
    assert!(html.contains("href=\"/pkg/vestibule.css\""));
    assert_page(&app.browser().follow("/").await, "Sign in");
}
