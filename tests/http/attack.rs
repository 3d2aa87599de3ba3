//! Malicious or broken clients: the server refuses them and continues to answer.

use crate::{
    app::TestApp,
    support::{
        PASSWORD,
        http::{self, ACCEPT_PAGE, Answer, Connection, FORM, Request},
    },
};
use axum::{Router, routing::get};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use leptos::config::LeptosOptions;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use vestibule::server::{
    config,
    web::{
        listener::{self, ListenerOptions},
        router::layered,
        state::AppState,
    },
};

async fn assert_goes_on(app: &TestApp) {
    assert_eq!(app.browser().get("/login").await.status, 200);
    assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
}

fn head(app: &TestApp, first_line: &str, headers: &str) -> Vec<u8> {
    format!(
        "{first_line} HTTP/1.1\r\nhost: localhost:{}\r\n{headers}\r\n",
        app.address.port()
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_not_even_read() {
    let app = TestApp::sqlite().await;
    let length = 10 * 1024 * 1024;
    for path in ["/api/login", "/api/logout", "/login", "/nowhere"] {
        let mut connection = Connection::open(app.address).await;
        let headers = format!("content-type: {FORM}\r\ncontent-length: {length}\r\n");
        connection
            .send(&head(&app, &format!("POST {path}"), &headers))
            .await;
        let asked = Instant::now();
        let answer = connection
            .answer()
            .await
            .expect("an answer before the body was sent");
        assert_eq!(answer.status, 413, "{path}");
        assert!(asked.elapsed() < Duration::from_secs(5));
    }
    assert_goes_on(&app).await;
}

/// A body that is a little too large is read before it is refused, so that the refusal arrives: the
/// connection stays open, and a proxy in between sees no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_slightly_too_large_is_read_to_its_end() {
    let app = TestApp::sqlite().await;
    let body = "a".repeat(200_000);
    let headers = format!("content-type: {FORM}\r\ncontent-length: {}\r\n", body.len());
    let mut connection = Connection::open(app.address).await;
    for _ in 0..3 {
        let head = head(&app, "POST /api/login", &headers);
        assert!(connection.send(&head).await);
        assert!(connection.send(body.as_bytes()).await);
        let answer = connection
            .answer()
            .await
            .expect("an answer on the same connection");
        assert_eq!(answer.status, 413);
    }
}

/// Endless chunks: the server stops reading at its limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_cut_off() {
    let app = TestApp::sqlite().await;
    let mut connection = Connection::open(app.address).await;
    let headers = format!("content-type: {FORM}\r\ntransfer-encoding: chunked\r\n");
    connection
        .send(&head(&app, "POST /api/login", &headers))
        .await;
    let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && connection.send(chunk.as_bytes()).await {
        sent += 0x4000;
        // A buffer for the answer.
        tokio::task::yield_now().await;
    }
    assert!(sent < 64 * 1024 * 1024, "the server took {sent} bytes");
    assert_goes_on(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_headers_are_too_many() {
    let app = TestApp::sqlite().await;
    let many: String = (0..1_000)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let long = format!("x: {}\r\n", "y".repeat(1024 * 1024));
    for headers in [many, long] {
        let mut connection = Connection::open(app.address).await;
        connection.send(&head(&app, "GET /login", &headers)).await;
        let status = connection.answer().await.map(|answer| answer.status);
        // The server may close while the client is still sending.
        assert!(matches!(status, Some(431) | None), "{status:?}");
    }
    let path = format!("GET /{}", "a".repeat(100_000));
    let mut connection = Connection::open(app.address).await;
    connection.send(&head(&app, &path, "")).await;
    let status = connection.answer().await.map(|answer| answer.status);
    assert!(matches!(status, Some(404 | 414 | 431) | None), "{status:?}");
    assert_goes_on(&app).await;
}

/// The stylesheet would be requested with the same cookies, and refused as well.
fn assert_brings_its_style(answer: &Answer) {
    let text = answer.text();
    let (_, rest) = text.split_once("<style>").expect("a style");
    let (style, _) = rest.split_once("</style>").expect("the end of the style");
    let digest = BASE64_STANDARD.encode(Sha256::digest(style));
    let policy = answer.header("content-security-policy").expect("a policy");
    let source = format!("style-src 'self' 'sha256-{digest}';");
    assert!(policy.contains(&source), "{policy}: {source}");
}

/// Only the visitor can remove cookies of another application, so the page explains it, and
/// arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_too_large_is_answered_by_a_page_with_the_remedy() {
    let app = TestApp::sqlite().await;
    for kib in [33, 100, 1_000] {
        let mut connection = Connection::open(app.address).await;
        let cookie = format!("cookie: neighbour={}\r\n", "a".repeat(kib * 1_024));
        connection.send(&head(&app, "GET /login", &cookie)).await;
        let answer = connection.answer().await.expect("an answer that arrives");
        assert_eq!(answer.status, 431, "{kib} KiB");
        assert!(
            answer.text().contains("Remove the cookies of this site"),
            "{}",
            answer.text()
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store, no-transform")
        );
        assert_brings_its_style(&answer);
        assert!(connection.answer().await.is_none(), "and then it is closed");
    }
    assert_goes_on(&app).await;
}

/// A client that sends a byte a minute does not keep a slot for ever (Slowloris).
#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_time_out() {
    let app = TestApp::sqlite_with(|config| {
        config.http.request_timeout = Duration::from_millis(500);
        config.http.header_timeout = Duration::from_millis(500);
    })
    .await;
    let mut slow_body = Connection::open(app.address).await;
    let headers =
        format!("content-type: {FORM}\r\ncontent-length: 50\r\naccept: application/json\r\n");
    slow_body
        .send(&head(&app, "POST /api/login", &headers))
        .await;
    slow_body.send(b"username=").await;
    let answer = slow_body.answer().await.expect("an answer");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (408, r#"{"failed":"timeout"}"#)
    );

    let mut slow_headers = Connection::open(app.address).await;
    slow_headers
        .send(b"GET /login HTTP/1.1\r\nhost: local")
        .await;
    let mut silent = Connection::open(app.address).await;
    for connection in [&mut slow_headers, &mut silent] {
        let asked = Instant::now();
        let status = connection.answer().await.map(|answer| answer.status);
        assert!(matches!(status, Some(408) | None), "{status:?}");
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "the connection is let go"
        );
    }
    assert_eq!(app.browser().get("/healthz").await.status, 200);
}

/// There is one slot, which every kind of slow client loses in time.
#[tokio::test(flavor = "multi_thread")]
async fn no_connection_keeps_a_slot_for_ever() {
    let app = TestApp::sqlite_with(|config| {
        config.http.max_connections = 1;
        config.http.request_timeout = Duration::from_millis(300);
        config.http.header_timeout = Duration::from_millis(300);
    })
    .await;
    let half_a_body = format!("content-type: {FORM}\r\ncontent-length: 50\r\n");
    let ways: [(&str, Vec<u8>); 7] = [
        ("silent", Vec::new()),
        ("half a head", b"GET /login HT".to_vec()),
        (
            "half a header",
            b"GET /login HTTP/1.1\r\nhost: loc".to_vec(),
        ),
        ("idle after an answer", head(&app, "GET /healthz", "")),
        ("half a form", head(&app, "POST /api/login", &half_a_body)),
        (
            "half a body where none is read",
            head(&app, "POST /login", &half_a_body),
        ),
        (
            "half a body where nothing is",
            head(&app, "GET /nowhere", &half_a_body),
        ),
    ];
    for (way, bytes) in ways {
        let mut idle = Connection::open(app.address).await;
        idle.send(&bytes).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut next = app.browser();
        let next = tokio::time::timeout(Duration::from_secs(5), next.get("/healthz"));
        let answer = next
            .await
            .unwrap_or_else(|_| panic!("{way}: the slot is still taken"));
        assert_eq!(answer.status, 200, "{way}");
        drop(idle);
    }
}

/// The same for a client that requests a large file and never reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_loses_its_slot() {
    let app = TestApp::sqlite_with(|config| {
        config.http.max_connections = 1;
        config.http.request_timeout = Duration::from_millis(300);
        config.http.header_timeout = Duration::from_millis(300);
    })
    .await;
    let large = app.site_root.join("pkg/large.js");
    std::fs::write(large, vec![b' '; 32 * 1024 * 1024]).unwrap();
    let mut stalled = Connection::open(app.address).await;
    stalled.send(&head(&app, "GET /pkg/large.js", "")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut next = app.browser();
    let next = tokio::time::timeout(Duration::from_secs(5), next.get("/healthz"));
    let answer = next.await.expect("the slot is still in use");
    assert_eq!(answer.status, 200);
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused() {
    let app = TestApp::sqlite().await;
    let host = format!("host: localhost:{}\r\n", app.address.port());
    let get = format!("GET /login HTTP/1.1\r\n{host}");
    let post = format!("POST /api/login HTTP/1.1\r\n{host}content-type: {FORM}\r\n");
    let odd_bytes: [Vec<u8>; 2] = [
        b"\0\0\0\0\0\0\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20),
    ];
    let odd_lines = [
        "GET\r\n\r\n".to_owned(),
        "GET /login\r\n\r\n".to_owned(),
        "GET /login HTTP/9.9\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("{get}bad header\r\n\r\n"),
        format!("{get}x: a\0b\r\n\r\n"),
        format!("{get}x : y\r\n\r\n"),
        format!("{get}x: y\r\n folded\r\n\r\n"),
        format!("{post}content-length: -1\r\n\r\n"),
        format!("{post}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"),
        format!("{post}content-length: 99999999999999999999\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("{post}transfer-encoding: x\r\n\r\n"),
        format!("GET /lo\x01gin HTTP/1.1\r\n{host}\r\n"),
        format!("CONNECT evil.example:443 HTTP/1.1\r\n{host}\r\n"),
        format!("OPTIONS * HTTP/1.1\r\n{host}\r\n"),
        format!("GET * HTTP/1.1\r\n{host}\r\n"),
        format!("GET login HTTP/1.1\r\n{host}\r\n"),
        format!("GET http:///login HTTP/1.1\r\n{host}\r\n"),
    ];
    let garbage = odd_lines
        .map(String::into_bytes)
        .into_iter()
        .chain(odd_bytes);
    for bytes in garbage {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let mut connection = Connection::open(app.address).await;
        connection.send(&bytes).await;
        connection.finish().await;
        let status = connection.answer().await.map(|answer| answer.status);
        assert!(
            matches!(status, Some(400..=499) | None),
            "{shown:?}: {status:?}"
        );
    }
    assert!(app.sessions().await.is_empty());
    assert_goes_on(&app).await;
}

/// A request with a false length must not become two (request smuggling).
#[tokio::test(flavor = "multi_thread")]
async fn bytes_after_a_request_are_not_part_of_it() {
    let app = TestApp::sqlite().await;
    let victim = app.signed_in("ada").await;
    let cookie = victim.session().unwrap();
    let inner = format!(
        "POST /api/logout HTTP/1.1\r\nhost: localhost:{}\r\ncookie: __Host-Http-session={cookie}\r\n\
         sec-fetch-site: same-origin\r\ncontent-length: 0\r\n\r\n",
        app.address.port()
    );
    // Both lengths: the message is refused, or read by the chunks and then closed.
    let headers = format!(
        "content-type: {FORM}\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n",
        inner.len() + 5
    );
    let mut connection = Connection::open(app.address).await;
    connection
        .send(&head(&app, "POST /api/login", &headers))
        .await;
    connection
        .send(format!("0\r\n\r\n{inner}").as_bytes())
        .await;
    let _first = connection.answer().await;
    let second = connection.answer().await;
    assert!(
        second.is_none(),
        "the rest was taken for a request: {second:?}"
    );
    assert_eq!(app.endings().await, [None]);
}

/// Consecutive requests on one connection are answered in order, and a broken one closes it.
#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let app = TestApp::sqlite().await;
    let mut connection = Connection::open(app.address).await;
    let mut bytes = Vec::new();
    for path in ["/healthz", "/nowhere", "/login", "/dashboard"] {
        bytes.extend(head(&app, &format!("GET {path}"), ""));
    }
    bytes.extend(b"\x01\x02garbage\r\n\r\n");
    bytes.extend(head(&app, "GET /healthz", ""));
    connection.send(&bytes).await;
    let mut statuses = Vec::new();
    while let Some(answer) = connection.answer().await {
        statuses.push(answer.status);
    }
    assert_eq!(
        statuses,
        [200, 404, 200, 303, 400],
        "and nothing after the garbage"
    );
    assert_goes_on(&app).await;
}

/// Control characters from people or attackers are returned in no header, and break nothing.
#[tokio::test(flavor = "multi_thread")]
async fn odd_names_break_no_header() {
    let app = TestApp::sqlite().await;
    let names = [
        "a\r\nSet-Cookie: x=y",
        "\u{1b}[31mred",
        "\0",
        "\u{202e}",
        "💥💥",
        "a\tb",
        ";",
        "=",
        "\"",
        "%0d%0a",
    ];
    for name in names
        .into_iter()
        .map(str::to_owned)
        .chain(["\u{fdfa}".repeat(3_000), "\0".repeat(5_000)])
    {
        let mut browser = app.browser();
        let answer = browser.post_login(&name, "a wrong password").await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/login"),
            "{name:?}"
        );
        assert_eq!(answer.header_all("set-cookie").len(), 1, "{name:?}");
        assert!(
            answer.header_all("set-cookie")[0].len() < 4_096,
            "browsers keep no longer cookie"
        );
        let page = browser.get("/login").await;
        assert_eq!(page.status, 200, "{name:?}");
    }
    let agent = Request::form("/api/login", &[("username", "ada"), ("password", PASSWORD)])
        .header_bytes("user-agent", b"\xff\xfe\x80 \x9b31m");
    assert_eq!(app.send(agent).await.status, 303);
}

/// A bug in one request is a 500, without internal details, and the process continues (ASVS
/// V16.5.4).
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_request_only() {
    let app = TestApp::sqlite().await;
    assert_goes_on(&app).await;
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let state = AppState::new(app.core.clone(), &config, options, false, address.port());
    let panicking = get(async || -> &'static str { panic!("a secret of the inside") });
    let routes = Router::new()
        .route("/panic", panicking)
        .route("/fine", get(async || "fine"));
    let router = layered(routes, state);
    let server = tokio::spawn(listener::serve(
        listener,
        router,
        config.http,
        ListenerOptions::default(),
        std::future::pending(),
    ));
    for accept in [ACCEPT_PAGE, "application/json"] {
        let answer = http::send(address, Request::get("/panic").header("accept", accept)).await;
        assert_eq!(answer.status, 500);
        assert!(!answer.text().contains("secret"), "{}", answer.text());
        let policy = answer.header("cache-control").unwrap_or_default();
        assert!(policy.starts_with("no-store"), "{policy}");
        assert!(answer.header("content-security-policy").is_some());
        let words = if accept == ACCEPT_PAGE {
            "Something went wrong on our side."
        } else {
            r#"{"failed":"internal"}"#
        };
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let answer = http::send(address, Request::get("/fine")).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "fine"));
    server.abort();
}
