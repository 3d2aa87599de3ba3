//! The client address behind a proxy: in the session list, and on the administrator's dashboard.

use crate::{
    app::{TestApp, assert_contains, assert_page, visible_text},
    support::{
        PASSWORD,
        http::{self, Answer, Browser, Request, credentials},
    },
};
use axum::{Router, http::HeaderMap, routing::get};
use leptos::config::LeptosOptions;
use tokio::net::TcpListener;
use vestibule::server::{
    config::{self, Config, TrustedProxies, parse_range},
    public_url::PublicUrl,
    web::{listener, router::layered, state::AppState},
};

type Lines<'a> = &'a [(&'a str, &'a str)];

/// The tests' own address is a proxy, and so are 10.0.0.0/24 and fd00::/16.
fn behind_a_proxy(config: &mut Config) {
    let ranges = ["127.0.0.1", "10.0.0.0/24", "fd00::/16"].map(|range| parse_range(range).unwrap());
    config.trusted_proxies = TrustedProxies::new(ranges.to_vec());
}

fn with_lines(request: Request, lines: Lines) -> Request {
    lines.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

async fn sign_in(app: &TestApp, lines: Lines<'_>) -> Answer {
    let request = Request::form("/api/login", &credentials("ada", PASSWORD));
    app.browser().send(with_lines(request, lines)).await
}

/// The address that the session list shows after a sign-in with these headers.
async fn address_of(app: &TestApp, lines: Lines<'_>) -> String {
    let answer = sign_in(app, lines).await;
    assert_eq!(answer.status, 303, "{lines:?}: {}", answer.text());
    app.sessions().await.remove(0).address
}

#[tokio::test]
async fn an_untrusted_peer_cannot_forward() {
    let app = TestApp::sqlite().await;
    for lines in [
        &[("X-Forwarded-For", "192.0.2.7")] as Lines,
        &[
            ("X-Forwarded-For", "127.0.0.1"),
            ("Forwarded", "for=192.0.2.7"),
        ],
        &[(
            "Forwarded",
            "for=\"[2001:db8::1]\";proto=https;host=evil.example",
        )],
        &[("X-Real-IP", "192.0.2.7"), ("True-Client-IP", "192.0.2.7")],
        &[("X_Forwarded_For", "192.0.2.7")],
        &[("X-Forwarded-For", "\u{ff}, \"'<")],
    ] {
        assert_eq!(address_of(&app, lines).await, "127.0.0.1", "{lines:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_gives_the_client_address() {
    let app = TestApp::sqlite_with(behind_a_proxy).await;
    for (lines, address) in [
        (&[("X-Forwarded-For", "192.0.2.7")] as Lines, "192.0.2.7"),
        (
            &[("X-Forwarded-For", "198.51.100.1, 192.0.2.7, 10.0.0.2")],
            "192.0.2.7",
        ),
        (
            &[
                ("X-Forwarded-For", "198.51.100.1"),
                ("X-Forwarded-For", "192.0.2.8"),
            ],
            "192.0.2.8",
        ),
        (&[("X-Forwarded-For", "::ffff:192.0.2.9")], "192.0.2.9"),
        (&[("X-Forwarded-For", "2001:DB8::0:1")], "2001:db8::1"),
        (
            &[("X-Forwarded-For", "[2001:db8::2]:4711, fd00::1")],
            "2001:db8::2",
        ),
        (
            &[("Forwarded", "for=\"[2001:db8::3]:4711\";proto=https")],
            "2001:db8::3",
        ),
        (
            &[
                ("Forwarded", "for=\"198.51.100.1"),
                ("Forwarded", "for=192.0.2.10"),
            ],
            "192.0.2.10",
        ),
        (
            &[(
                "Forwarded",
                "for=\"x, for=192.0.2.11;by=10.0.0.1, for=10.0.0.2",
            )],
            "192.0.2.11",
        ),
        (
            &[
                ("Forwarded", "for=192.0.2.12"),
                ("X-Forwarded-For", "192.0.2.12"),
            ],
            "192.0.2.12",
        ),
        (&[("Forwarded", "for=192.0.2.13, for=unknown")], "127.0.0.1"),
        (
            &[("X-Forwarded-For", "192.0.2.13, _hidden, 10.0.0.2")],
            "10.0.0.2",
        ),
        (&[], "127.0.0.1"),
    ] {
        assert_eq!(address_of(&app, lines).await, address, "{lines:?}");
    }
}

/// Programs behind us would read `X_Forwarded_For` as `X-Forwarded-For` (CVE-2025-64484).
#[tokio::test]
async fn underscores_are_no_hyphens() {
    let app = TestApp::sqlite_with(behind_a_proxy).await;
    for name in ["X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for"] {
        let forged = [(name, "192.0.2.66")];
        assert_eq!(address_of(&app, &forged).await, "127.0.0.1", "{name}");
        let beside = [("X-Forwarded-For", "192.0.2.7"), (name, "192.0.2.66")];
        assert_eq!(address_of(&app, &beside).await, "192.0.2.7", "{name}");
    }
}

/// Forwarded headers are removed at the edge, so no handler can trust them by mistake.
#[tokio::test]
async fn no_handler_sees_a_forwarded_header() {
    let app = TestApp::sqlite().await;
    for trusted in [false, true] {
        let mut config = config::read("", None, &config::Environment::default()).unwrap();
        if trusted {
            behind_a_proxy(&mut config);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = LeptosOptions::builder().output_name("vestibule").build();
        let state = AppState::new(app.core.clone(), &config, options, false, address.port());
        let seen = get(async |headers: HeaderMap| {
            let names = headers.keys().map(|name| name.as_str().to_owned());
            names.collect::<Vec<_>>().join(" ")
        });
        let router = layered(Router::new().route("/seen", seen), state);
        let never = std::future::pending();
        let server = tokio::spawn(listener::serve(
            listener,
            router,
            config.http,
            listener::ListenerOptions::default(),
            never,
        ));
        let lines: Lines = &[
            ("X-Forwarded-For", "192.0.2.7"),
            ("X-Forwarded-User", "ada"),
            ("X-Forwarded-Uri", "/"),
            ("Forwarded", "for=192.0.2.7"),
            ("X-Real-IP", "192.0.2.7"),
            ("X_Forwarded_For", "192.0.2.7"),
            ("x_forwarded_user", "ada"),
            ("X_Real_IP", "192.0.2.7"),
            ("Accept", "*/*"),
        ];
        let answer = http::send(address, with_lines(Request::get("/seen"), lines)).await;
        assert_eq!(answer.text(), "host accept", "trusted: {trusted}");
        server.abort();
    }
}

/// A client adds the header that its proxy does not write.
#[tokio::test]
async fn headers_that_disagree_are_refused() {
    let app = TestApp::sqlite_with(behind_a_proxy).await;
    let before = app.rows().await;
    for lines in [
        &[
            ("X-Forwarded-For", "192.0.2.7"),
            ("Forwarded", "for=192.0.2.66"),
        ] as Lines,
        &[("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "garbage")],
        &[("X-Forwarded-For", ""), ("Forwarded", "for=192.0.2.66")],
    ] {
        let answer = sign_in(&app, lines).await;
        assert_eq!(answer.status, 400, "{lines:?}: {}", answer.text());
        assert!(answer.set_cookies("__Host-Http-session").is_empty());
        assert!(!answer.text().contains("192.0.2"), "{}", answer.text());
        let request = Request::get("/login").header("accept", "text/html");
        let page = app.send(with_lines(request, lines)).await;
        assert_eq!(page.status, 400, "{lines:?}");
        assert_contains(&page, "The request could not be understood.");
        assert!(page.header("content-security-policy").is_some());
    }
    assert_eq!(app.rows().await, before);
}

/// Neither a redirect nor a check depends on the forwarded scheme, host or path.
#[tokio::test]
async fn scheme_and_host_are_never_trusted() {
    let app = TestApp::sqlite_with(behind_a_proxy).await;
    let lines: Lines = &[
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Uri", "/healthz"),
        ("X-Original-URL", "/healthz"),
        ("X-Forwarded-User", "ada"),
    ];
    let answer = app
        .send(with_lines(Request::get("/dashboard"), lines))
        .await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    assert!(!format!("{answer:?}").contains("evil.example"));
    assert_eq!(answer.header("strict-transport-security"), None);
    let request = Request::get("/login").header("host", "evil.example");
    let own = format!("localhost:{}", app.address.port());
    let answer = app.send(request.header("x-forwarded-host", &own)).await;
    assert_eq!(answer.status, 421);
    let request = Request::form("/api/login", &credentials("ada", PASSWORD));
    let request = request.header("origin", "https://evil.example");
    let answer = app.send(with_lines(request, lines)).await;
    assert_eq!(answer.status, 403);
}

/// The administrator's page, requested with these headers.
async fn system_page(app: &TestApp, origin: &str, lines: Lines<'_>) -> Answer {
    let mut browser = Browser::at(app.address, origin);
    let answer = browser.fetch_login("root", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let request = Request::get("/admin/system").header("accept", "text/html");
    browser.send(with_lines(request, lines)).await
}

const CARD: &str = "How this server is reached";

#[tokio::test]
async fn only_an_administrator_sees_how_the_server_is_reached() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let page = app.signed_in("ada").await.get("/admin/system").await;
    assert_eq!(page.status, 404);
    assert!(!visible_text(&page).contains(CARD) && !page.text().contains("peer"));
    let page = app.signed_in("root").await.get("/admin/system").await;
    assert_page(
        &page,
        "How this server is reached Your address 127.0.0.1 Connected from 127.0.0.1 \
         Forwarded headers None",
    );
    assert!(!page.text().contains("notice-warning"), "nothing is wrong");
}

#[tokio::test]
async fn mistakes_of_the_proxy_are_described() {
    const OWN: &str = "https://id.example.org";
    let https = |config: &mut Config| config.public_url = Some(PublicUrl::parse(OWN).unwrap());
    let app = TestApp::with_an_administrator(https).await;
    let page = system_page(&app, OWN, &[("X-Forwarded-For", "192.0.2.7")]).await;
    assert_page(&page, "Your address 127.0.0.1 Connected from 127.0.0.1");
    assert_page(&page, "Forwarded headers Ignored");
    assert_page(
        &page,
        "write trusted_proxies = [\"127.0.0.1\"] in [http] of Leptos.toml",
    );
    let page = system_page(&app, OWN, &[]).await;
    assert_page(
        &page,
        "Forwarded headers None public_url is https, so 127.0.0.1 should be a proxy",
    );

    let app = TestApp::with_an_administrator(|config| {
        https(config);
        behind_a_proxy(config);
    })
    .await;
    let good: Lines = &[
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "ID.example.org"),
    ];
    let page = system_page(&app, OWN, good).await;
    assert_page(
        &page,
        "Your address 192.0.2.7 Connected from 127.0.0.1 Reported scheme https Reported host ID.example.org \
         Forwarded headers Believed",
    );
    assert!(!page.text().contains("notice-warning"), "{}", page.text());
    for (lines, words) in [
        (
            &[] as Lines,
            "The trusted proxy 127.0.0.1 does not say for whom it asks",
        ),
        (&good[..1], "does not say by which scheme you came"),
        (
            &[good[0], ("X-Forwarded-Proto", "http")],
            "says that you came by http.",
        ),
        (
            &[("Forwarded", "for=192.0.2.7;proto=http")],
            "says that you came by http.",
        ),
        (
            &[good[0], good[1], ("X-Forwarded-Host", "a.example")],
            "you asked for a.example, but public_url is https://id.example.org.",
        ),
        (
            &[good[1], ("X-Forwarded-For", "unknown")],
            "sent an address that cannot be read",
        ),
    ] {
        assert_page(&system_page(&app, OWN, lines).await, words);
    }
}

/// Values that a proxy passes on may be any client's.
#[tokio::test]
async fn reported_values_are_only_text() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let own = format!("http://localhost:{}", app.address.port());
    let hostile = format!("</script><img/src=x>{}", "a".repeat(5_000));
    let lines = [
        ("X-Forwarded-Host", hostile.as_str()),
        ("X-Forwarded-Proto", "\"'<b>"),
    ];
    let html = system_page(&app, &own, &lines).await.text();
    assert!(!html.contains("<img") && !html.contains("'<b>"), "{html}");
    assert!(html.contains("&lt;/script&gt;&lt;img"), "{html}");
    assert!(!html.contains(&"a".repeat(101)), "{html}");
}
