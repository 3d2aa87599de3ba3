//! The origin of requests: the forgery matrix over all live routes, and the Host check.

use crate::{
    app::{TestApp, assert_page, assert_redirect, function_paths, page_paths},
    support::{
        PASSWORD,
        http::{
            ACCEPT_PAGE, Browser, Connection, FORM, Request, SESSION_COOKIE, credentials,
            encode_form,
        },
    },
};
use vestibule::server::public_url::PublicUrl;

/// The headers by which a browser, or an imitation, names an origin.
#[derive(Clone, Debug)]
pub struct Claim {
    site: Option<&'static str>,
    origin: Option<String>,
    content_type: Option<&'static str>,
    brings_session: bool,
}

impl Claim {
    /// Every combination.
    pub fn everything(own: &str) -> Vec<Self> {
        const SITES: [Option<&str>; 8] = [
            None,
            Some("same-origin"),
            Some("none"),
            Some("same-site"),
            Some("cross-site"),
            Some("garbage"),
            Some("Same-Origin"),
            Some(""),
        ];
        const CONTENT_TYPES: [Option<&str>; 4] = [
            Some(FORM),
            Some("multipart/form-data; boundary=x"),
            Some("text/plain"),
            None,
        ];
        let mut all = Vec::new();
        for site in SITES {
            for origin in origins(own) {
                for content_type in CONTENT_TYPES {
                    all.extend([false, true].map(|brings_session| Self {
                        site,
                        origin: origin.clone(),
                        content_type,
                        brings_session,
                    }));
                }
            }
        }
        all
    }

    /// The rule: `Sec-Fetch-Site` decides; without it `Origin` must be exactly ours, also beside
    /// `none`; without both, only a request without a session cookie passes.
    pub fn is_allowed(&self, own: &str) -> bool {
        match (self.site, &self.origin) {
            (Some("same-origin"), _) => true,
            (Some("none"), origin) => origin.as_ref().is_none_or(|origin| origin == own),
            (Some(_), _) => false,
            (None, Some(origin)) => origin == own,
            (None, None) => !self.brings_session,
        }
    }

    pub fn request(&self, method: &str, target: &str, session: &str) -> Request {
        let cookie = format!("{SESSION_COOKIE}={session}");
        let mut request = Request::post(target, b"username=eve&password=x")
            .maybe_header("sec-fetch-site", self.site)
            .maybe_header("origin", self.origin.as_deref())
            .maybe_header("content-type", self.content_type)
            .maybe_header("cookie", self.brings_session.then_some(&cookie));
        method.clone_into(&mut request.method);
        request
    }
}

fn origins(own: &str) -> Vec<Option<String>> {
    let (scheme, host) = own.split_once("://").unwrap();
    let other_scheme = if scheme == "https" { "http" } else { "https" };
    let foreign = [
        own.to_owned(),
        "null".to_owned(),
        String::new(),
        format!("{other_scheme}://{host}"),
        format!("{own}1"),
        format!("{own}.evil.example"),
        format!("{own}/"),
        format!("{own}, {own}"),
        format!("{scheme}://sub.{host}"),
        host.to_owned(),
        own.to_uppercase(),
        "https://evil.example".to_owned(),
    ];
    std::iter::once(None).chain(foreign.map(Some)).collect()
}

/// Each unsafe request, with every combination of these headers: refused exactly when the rule
/// demands it, and a refused request changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_forgery_matrix() {
    let app = TestApp::sqlite().await;
    let host = format!("localhost:{}", app.address.port());
    let own = format!("http://{host}");
    let victim = app.signed_in("ada").await;
    // The allowed requests name no account, so they disturb nothing.
    let nobody = "A".repeat(43);
    let before = app.rows().await;
    let mut targets = page_paths();
    targets.extend(function_paths());
    targets.extend(["/nowhere", "/api/unknown", "/favicon.svg"]);
    let everything = Claim::everything(&own);
    let mut connection = Connection::open(app.address).await;
    let mut refused = 0;
    for target in targets {
        for (method, claim) in methods_and(&everything) {
            let allowed = claim.is_allowed(&own);
            if allowed && (method, target, claim.content_type) == ("POST", "/api/login", Some(FORM))
            {
                // It costs a hash: once is enough, below.
                continue;
            }
            let session = if allowed {
                &nobody
            } else {
                victim.session().unwrap()
            };
            let request = claim.request(method, target, session).header("host", &host);
            connection.send(&request.to_bytes()).await;
            let answer = connection.answer().await.expect("an answer");
            let status = answer.status;
            assert_eq!(
                status == 403,
                !allowed,
                "{method} {target} {claim:?}: {status}"
            );
            assert!(status < 500, "{method} {target} {claim:?}: {status}");
            refused += usize::from(!allowed);
        }
    }
    assert!(refused > 5_000, "{refused}");
    assert_eq!(app.rows().await, before);
}

/// All routes by POST; by the other methods, which the check treats alike, forms only.
fn methods_and(everything: &[Claim]) -> impl Iterator<Item = (&'static str, &Claim)> {
    ["POST", "PUT", "DELETE", "PATCH"]
        .into_iter()
        .flat_map(move |method| {
            let claim = everything.iter();
            claim
                .filter(move |claim| method == "POST" || claim.content_type == Some(FORM))
                .map(move |claim| (method, claim))
        })
}

/// The same with the right password, and with sign-out: a refused request changes nothing, an
/// accepted one is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_sign_in_or_sign_out_does_nothing() {
    let app = TestApp::sqlite().await;
    let own = format!("http://localhost:{}", app.address.port());
    let victim = app.signed_in("ada").await;
    let cookie = format!("{SESSION_COOKIE}={}", victim.session().unwrap());
    for accept in [ACCEPT_PAGE, "application/json"] {
        for (site, origin, allowed) in [
            (None, Some("https://evil.example"), false),
            (None, Some("null"), false),
            (Some("cross-site"), Some(own.as_str()), false),
            (Some("same-site"), None, false),
            (None, None, true),
            (None, Some(own.as_str()), true),
            (Some("same-origin"), Some("null"), true),
        ] {
            let with_headers = |request: Request| {
                request
                    .header("accept", accept)
                    .maybe_header("sec-fetch-site", site)
                    .maybe_header("origin", origin)
            };
            let sessions = app.sessions().await.len();
            let login = with_headers(Request::form("/api/login", &credentials("ada", PASSWORD)));
            let answer = app.send(login).await;
            assert_eq!(
                answer.session_token().is_some(),
                allowed,
                "{site:?} {origin:?}"
            );
            assert_eq!(app.sessions().await.len() - sessions, usize::from(allowed));
            if !allowed {
                assert_eq!(answer.status, 403);
                let words = if accept == ACCEPT_PAGE {
                    "came from another site"
                } else {
                    r#"{"failed":"cross_site"}"#
                };
                assert!(answer.text().contains(words), "{}", answer.text());
                let logout =
                    with_headers(Request::form("/api/logout", &[]).header("cookie", &cookie));
                let answer = app.send(logout).await;
                assert_eq!(answer.status, 403);
                assert!(answer.header_all("set-cookie").is_empty());
            }
        }
    }
    assert_page(&victim.clone().get("/dashboard").await, "Hello, ");
}

/// Repeated headers are not trusted.
#[tokio::test(flavor = "multi_thread")]
async fn repeated_origin_headers_are_not_trusted() {
    let app = TestApp::sqlite().await;
    let own = format!("http://localhost:{}", app.address.port());
    let logout = || Request::form("/api/logout", &[]);
    for request in [
        logout()
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-site", "same-origin"),
        logout()
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-site", "cross-site"),
        logout().header("origin", &own).header("origin", &own),
        logout()
            .header("origin", &own)
            .header("origin", "https://evil.example"),
        logout().header("cookie", "__host-http-SESSION=x"),
        logout()
            .header("cookie", "a=b")
            .header("cookie", "__Host-Http-session="),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(app.send(request).await.status, 403, "{shown}");
    }
    let tricks = [
        ("x-http-method-override", "POST"),
        ("x-forwarded-host", "evil.example"),
        ("x-original-url", "/api/logout"),
        ("x-rewrite-url", "/api/logout"),
    ];
    let before = app.signed_in("ada").await;
    for (name, value) in tricks {
        let answer = before
            .clone()
            .send(Request::get("/logout").header(name, value))
            .await;
        assert_eq!(answer.status, 200, "{name}");
    }
    assert_eq!(app.endings().await, [None]);
}

/// The check covers every spelling of an address (CVE-2025-47910).
#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_the_address_is_exempt() {
    let app = TestApp::sqlite().await;
    let victim = app.signed_in("ada").await;
    for target in [
        "/api/logout/",
        "/api/logout//",
        "//api/logout",
        "/api//logout",
        "/API/LOGOUT",
        "/api/%6cogout",
        "/api/logout?x",
        "/api/logout;x",
        "/api/./logout",
        "/api/x/../logout",
        "/api%2flogout",
        "/login/../api/logout",
    ] {
        let request = Request::form(target, &[]).header("sec-fetch-site", "cross-site");
        let answer = victim.clone().send(request).await;
        assert_eq!(answer.status, 403, "{target}");
    }
    assert_eq!(app.endings().await, [None]);
}

/// No link, picture or prefetch changes anything: every function is POST only (controls F5).
#[tokio::test(flavor = "multi_thread")]
async fn reading_changes_nothing() {
    let app = TestApp::sqlite().await;
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        assert_eq!(method.as_str(), "POST", "{path}");
    }
    let browser = app.signed_in("ada").await;
    let before = app.rows().await;
    let query = encode_form(&credentials("ada", PASSWORD));
    let mut targets = page_paths();
    targets.extend(function_paths());
    targets.extend([
        "/nowhere",
        "/api/nothing",
        "/healthz",
        "/readyz",
        "/favicon.svg",
    ]);
    for target in targets {
        for method in ["GET", "HEAD", "OPTIONS"] {
            for site in ["same-origin", "cross-site"] {
                let request = Request::new(method, &format!("{target}?{query}"))
                    .header("sec-fetch-site", site);
                let answer = browser.clone().send(request).await;
                assert!(
                    answer.header_all("set-cookie").is_empty(),
                    "{method} {target}"
                );
                assert!(answer.status < 500, "{method} {target}");
                if target.starts_with("/api/") {
                    assert!(
                        matches!(answer.status, 404 | 405),
                        "{method} {target}: {}",
                        answer.status
                    );
                }
            }
        }
    }
    assert_eq!(app.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused() {
    let app = TestApp::sqlite().await;
    let browser = app.signed_in("ada").await;
    let before = app.rows().await;
    let mut targets = page_paths();
    targets.extend(function_paths());
    targets.extend(["/nowhere", "/healthz", "/favicon.svg", "/pkg/vestibule.css"]);
    for target in targets {
        for method in [
            "TRACE", "PUT", "DELETE", "PATCH", "TRACK", "PROPFIND", "get", "\u{22}",
        ] {
            let request = Request::new(method, target).header("x-canary", "do not echo me");
            let answer = browser.clone().send(request).await;
            assert!(
                (400..500).contains(&answer.status),
                "{method} {target}: {}",
                answer.status
            );
            assert!(
                !answer.text().contains("do not echo me"),
                "{method} {target}"
            );
        }
    }
    assert_eq!(app.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_host_is_answered() {
    let app = TestApp::sqlite().await;
    let port = app.address.port();
    let ours = [
        format!("localhost:{port}"),
        format!("LocalHost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
    ];
    for host in &ours {
        let answer = app.send(Request::get("/login").header("host", host)).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    let foreign = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        format!("localhost:{}", port - 1),
        format!("localhost.:{port}"),
        format!("localhost:{port}.evil.example"),
        format!("evil.example@localhost:{port}"),
        format!("localhost:{port}, evil.example"),
        format!("localhost:0{port}"),
        String::new(),
    ];
    for host in &foreign {
        for path in [
            "/login",
            "/dashboard",
            "/favicon.svg",
            "/nowhere",
            "/api/login",
            "/login/",
        ] {
            let answer = app
                .send(
                    Request::get(path)
                        .header("host", host)
                        .header("accept", ACCEPT_PAGE),
                )
                .await;
            assert!(
                matches!(answer.status, 400 | 421),
                "{host} {path}: {}",
                answer.status
            );
            assert!(answer.location().is_empty());
        }
        let form = Request::form("/api/login", &credentials("ada", PASSWORD)).header("host", host);
        assert_eq!(app.send(form).await.session_token(), None, "{host}");
    }
    let twice = Request::get("/login")
        .header("host", &ours[0])
        .header("host", &ours[0]);
    assert!(matches!(app.send(twice).await.status, 400 | 421));
    // A forwarded header is not trusted; an absolute address does not replace the header.
    let request = Request::get("/login")
        .header("host", "evil.example")
        .header("x-forwarded-host", &ours[0]);
    assert_eq!(app.send(request).await.status, 421);
    let request = Request::get(&format!("http://{}/login", ours[0])).header("host", "evil.example");
    assert_eq!(app.send(request).await.status, 421);
    // Nor does the header replace the host of the address, which counts (RFC 9112, 3.2.2).
    let request = Request::get(&format!("http://{}/login", ours[0]));
    assert_eq!(app.send(request.header("host", &ours[0])).await.status, 200);
    for target in [
        "http://evil.example/login",
        "http://evil.example:80/api/login",
        "https://a@localhost/",
    ] {
        let request = Request::get(target).header("host", &ours[0]);
        assert_eq!(app.send(request).await.status, 421, "{target}");
    }
    let mut connection = Connection::open(app.address).await;
    connection.send(b"GET /login HTTP/1.0\r\n\r\n").await;
    assert_eq!(
        connection.answer().await.map(|answer| answer.status),
        Some(421)
    );
}

/// Behind a proxy only the public address counts, not the listening port.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_public_address_only_that_counts() {
    let public = "https://id.example.org";
    let app =
        TestApp::sqlite_with(|config| config.public_url = PublicUrl::parse(public).ok()).await;
    for (host, status) in [
        ("id.example.org", 200),
        ("id.example.org:443", 200),
        ("ID.Example.Org", 200),
        ("id.example.org:80", 421),
        ("id.example.org.", 421),
        ("www.id.example.org", 421),
        ("127.0.0.1", 421),
    ] {
        let answer = app.send(Request::get("/login").header("host", host)).await;
        assert_eq!(answer.status, status, "{host}");
    }
    let local = format!("localhost:{}", app.address.port());
    assert_eq!(
        app.send(Request::get("/login").header("host", &local))
            .await
            .status,
        421
    );

    for (origin, allowed) in [
        (public, true),
        ("http://id.example.org", false),
        ("https://id.example.org:443", false),
        ("https://id.example.org:8443", false),
        ("https://id.example.org.evil.example", false),
        ("https://evil.example/https://id.example.org", false),
        ("null", false),
        (&format!("http://{local}"), false),
    ] {
        let request = Request::form("/api/login", &credentials("ada", PASSWORD))
            .header("host", "id.example.org")
            .header("origin", origin)
            .header("x-forwarded-proto", "https");
        let answer = app.send(request).await;
        assert_eq!(
            (answer.status == 303, answer.status == 403),
            (allowed, !allowed),
            "{origin}"
        );
    }
    let mut browser = Browser::at(app.address, public);
    assert_redirect(
        &browser.post_login("ada", PASSWORD).await,
        "/login?cookie-check&next=/dashboard",
    );
    assert_page(&browser.get("/dashboard").await, "Hello, ");
}
