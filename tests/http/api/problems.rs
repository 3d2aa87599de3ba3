//! The answers to requests that were not carried out: problems, from every layer.

use super::{LATER, administered, assert_problem, call, send};
use crate::{
    app::TestApp,
    support::{
        database::{Engine, TestDatabase},
        http::{self, ACCEPT_PAGE, Connection, Request},
    },
};
use axum::{Router, routing::get};
use leptos::config::LeptosOptions;
use std::time::Duration;
use tokio::net::TcpListener;
use vestibule::server::{
    config,
    web::{
        listener::{self, ListenerOptions},
        router::layered,
        state::AppState,
    },
};

const ME: &str = "/api/v1/me";

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_a_problem() {
    let (app, ada, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let large = "x".repeat(70_000);
    let id = app.user("ada").await.id;
    let me = format!("/api/v1/users/{}", app.user("root").await.id);
    let change = r#"{"administrator":false}"#;
    for (browser, request, status, code) in [
        (&app.browser(), call("GET", ME), 401, "not_signed_in"),
        (&ada, call("GET", "/api/v1"), 404, "not_found"),
        (&ada, call("GET", "/api/v1/"), 404, "not_found"),
        (&ada, call("GET", "/api/v1/me/"), 404, "not_found"),
        (&ada, call("GET", "/api/v1/nothing"), 404, "not_found"),
        (&ada, call("POST", "/api/v1/nothing"), 404, "not_found"),
        (
            &app.browser(),
            call("GET", "/api/v1/nothing"),
            404,
            "not_found",
        ),
        // Not an administrator: it does not exist.
        (&ada, call("GET", "/api/v1/users"), 404, "not_found"),
        (&ada, call("DELETE", ME), 405, "method_not_allowed"),
        (&app.browser(), call("PUT", ME), 405, "method_not_allowed"),
        (
            &app.browser(),
            call("OPTIONS", ME),
            405,
            "method_not_allowed",
        ),
        (
            &ada,
            call("POST", "/api/v1/logout").header("sec-fetch-site", "cross-site"),
            403,
            "cross_site",
        ),
        (
            &ada,
            call("GET", ME).header("host", "evil.example"),
            421,
            "unknown_host",
        ),
        (
            &ada,
            call("GET", "/api/v1/me?x=1"),
            400,
            "unknown_parameter",
        ),
        (
            &root,
            send("POST", "/api/v1/users", &large),
            413,
            "too_large",
        ),
        (
            &root,
            send("POST", "/api/v1/users", "{"),
            400,
            "malformed_json",
        ),
        (
            &root,
            Request::form("/api/v1/users", &[]),
            415,
            "unsupported_media_type",
        ),
        (&root, send("PATCH", &me, change), 422, "last_administrator"),
        (
            &root,
            send("POST", "/api/v1/users", r#"{"username":"ada"}"#),
            422,
            "name_taken",
        ),
    ] {
        let shown = format!("{request:?}");
        // A browser that shows the answer changes nothing.
        for accept in ["*/*", ACCEPT_PAGE, "application/xml"] {
            let request = request.clone().or_header("accept", accept);
            let answer = browser.clone().send(request).await;
            let problem = assert_problem(&answer, status, code);
            let field = (code == "name_taken").then(|| "username".into());
            assert_eq!(problem.get("field"), field.as_ref(), "{shown}");
            let challenges = answer.header_all("www-authenticate").len();
            assert_eq!(challenges, usize::from(status == 401), "{shown}");
            if code != "not_signed_in" {
                continue;
            }
            // No credential was sent, so there is no error to name (RFC 6750, 3.1).
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some("Bearer realm=\"Vestibule\""));
        }
    }
    app.set_clock(LATER);
    let late = root
        .clone()
        .send(call("GET", &format!("/api/v1/users/{id}")))
        .await;
    let problem = assert_problem(&late, 403, "password_needed");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("/account/confirm"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_member_is_named() {
    let (app, _, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let before = app.rows().await;
    for (body, code, field) in [
        (r#"{"username":""}"#, "name_length", "username"),
        (r#"{"username":"a b"}"#, "name_grammar", "username"),
        (r#"{"username":"a\u200bb"}"#, "name_invisible", "username"),
        (
            r#"{"username":"eve","email":"nowhere"}"#,
            "email_grammar",
            "email",
        ),
        (
            r#"{"username":"eve","email":"e\u200bve@example.org"}"#,
            "email_invisible",
            "email",
        ),
        (
            r#"{"username":"eve","display_name":"\u0000"}"#,
            "display_name",
            "display_name",
        ),
    ] {
        let answer = root.clone().send(send("POST", "/api/v1/users", body)).await;
        let problem = assert_problem(&answer, 422, code);
        assert_eq!(problem["field"], field, "{body}");
        assert_eq!(problem.get("errors"), None, "{body}");
    }
    assert_eq!(app.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_refused_members_are_named_at_once() {
    let (app, _, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let before = app.rows().await;
    let body = r#"{"username":"a b","email":"nowhere"}"#;
    let answer = root.clone().send(send("POST", "/api/v1/users", body)).await;
    let problem = assert_problem(&answer, 422, "name_grammar");
    let errors = problem["errors"].as_array().unwrap();
    let named = errors.iter().map(|error| {
        (
            error["code"].as_str().unwrap(),
            error["field"].as_str().unwrap(),
        )
    });
    let named: Vec<_> = named.collect();
    assert_eq!(
        named,
        [("name_grammar", "username"), ("email_grammar", "email")]
    );
    assert_eq!(errors[0]["detail"], problem["detail"]);
    assert_eq!(app.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_answered_with_those_of_the_path() {
    let app = TestApp::sqlite().await;
    for (path, methods) in [
        (ME, vec!["GET", "HEAD"]),
        ("/api/v1/logout", vec!["POST"]),
        ("/api/v1/users/x", vec!["DELETE", "GET", "HEAD", "PATCH"]),
    ] {
        let answer = app.browser().send(call("PUT", path)).await;
        assert_problem(&answer, 405, "method_not_allowed");
        let allowed = answer.header("allow").unwrap_or_default();
        let mut allowed: Vec<_> = allowed.split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed, methods, "{path}");
    }
}

/// The connection is open, but the body does not arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_a_problem() {
    let app = TestApp::sqlite_with(|config| {
        config.http.request_timeout = Duration::from_millis(500);
    })
    .await;
    let mut connection = Connection::open(app.address).await;
    let head = format!(
        "POST /api/v1/logout HTTP/1.1\r\nhost: localhost:{}\r\ncontent-length: 10\r\n\r\n{{",
        app.address.port()
    );
    connection.send(head.as_bytes()).await;
    let answer = connection.answer().await.expect("an answer");
    assert_problem(&answer, 408, "timeout");
}

/// Without internal details (ASVS V16.5.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_problem() {
    let app = TestApp::sqlite().await;
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let state = AppState::new(app.core.clone(), &config, options, false, address.port());
    let panicking = get(async || -> &'static str { panic!("a secret of the inside") });
    let router = layered(Router::new().route("/api/v1/panic", panicking), state);
    let options = ListenerOptions::default();
    let forever = std::future::pending();
    let served = listener::serve(listener, router, config.http, options, forever);
    let server = tokio::spawn(served);
    let answer = http::send(address, Request::get("/api/v1/panic")).await;
    assert_problem(&answer, 500, "internal");
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    server.abort();
}
