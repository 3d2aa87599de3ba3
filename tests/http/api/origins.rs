//! The origin of requests to the API: the forgery matrix of its operations, and CORS, which is off unless configured.

use super::{
    assert_problem, call,
    document::{DOCUMENT, filled, operations},
    get,
};
use crate::{
    app::{TestApp, function_paths, page_paths},
    origins::Claim,
    support::http::{Answer, Connection, Request},
};
use vestibule::server::config::Config;

const ME: &str = "/api/v1/me";
const LOGOUT: &str = "/api/v1/logout";
const APP: &str = "https://app.example.org";

fn with_app(config: &mut Config) {
    config.api.allowed_origins = vec![APP.to_owned()];
}

/// A preflight, as a browser sends it.
fn preflight(path: &str, origin: &str) -> Request {
    Request::new("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "DELETE")
        .header("access-control-request-headers", "content-type")
        .header("sec-fetch-site", "same-site")
}

/// The headers of CORS in an answer.
fn cors_headers(answer: &Answer) -> Vec<&str> {
    let headers = answer.headers.iter().map(|(name, _)| name.as_str());
    headers
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// Each operation that changes something, with every combination of these headers: refused exactly when the rule of the
/// pages demands it, and a refused request changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_forgery_matrix_of_the_api() {
    let app = TestApp::sqlite().await;
    let host = format!("localhost:{}", app.address.port());
    let own = format!("http://{host}");
    let victim = app.signed_in("ada").await;
    let document = get(&mut victim.clone(), DOCUMENT).await;
    let mut targets: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(method, ..)| method != "GET")
        .map(|(method, path, _)| (method, filled(&path)))
        .collect();
    targets.extend([("POST".to_owned(), "/api/v1/nothing".to_owned())]);
    assert!(targets.len() >= 8, "{targets:?}");
    let nobody = "A".repeat(43);
    let before = app.rows().await;
    let mut connection = Connection::open(app.address).await;
    let mut refused = 0;
    for (method, path) in targets {
        for claim in Claim::everything(&own) {
            let allowed = claim.is_allowed(&own);
            let session = if allowed {
                &nobody
            } else {
                victim.session().unwrap()
            };
            let request = claim.request(&method, &path, session).header("host", &host);
            connection.send(&request.to_bytes()).await;
            let answer = connection.answer().await.expect("an answer");
            let is_refused = answer.status == 403;
            assert_eq!(
                is_refused, !allowed,
                "{method} {path} {claim:?}: {}",
                answer.status
            );
            if is_refused {
                assert_problem(&answer, 403, "cross_site");
                refused += 1;
            }
            assert!(answer.status < 500, "{method} {path} {claim:?}");
        }
    }
    assert!(refused > 3_000, "{refused}");
    assert_eq!(app.rows().await, before);
}

/// No browser attaches it by itself, and beside it the cookie does not count.
#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_request_needs_no_origin_and_another_scheme_does() {
    let app = TestApp::sqlite().await;
    let ada = app.signed_in("ada").await;
    for (value, status) in [("Bearer x", 401), ("Basic YTpi", 403), ("", 403)] {
        let forged = call("POST", LOGOUT)
            .header("authorization", value)
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let answer = ada.clone().send(forged).await;
        assert_eq!(answer.status, status, "{value}");
    }
    assert_eq!(app.endings().await, [None]);
    // Only here: for the pages' functions it is one more header.
    let forged = Request::form("/api/logout", &[])
        .header("authorization", "Bearer x")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(ada.clone().send(forged).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_is_off_unless_origins_are_configured() {
    let app = TestApp::sqlite().await;
    let own = format!("http://localhost:{}", app.address.port());
    for origin in [APP, own.as_str(), "null"] {
        let answer = app.browser().send(preflight(ME, origin)).await;
        assert_problem(&answer, 405, "method_not_allowed");
        assert!(cors_headers(&answer).is_empty(), "{answer:?}");
        let read = call("GET", ME).header("origin", origin);
        let answer = app.signed_in("ada").await.send(read).await;
        assert_eq!(answer.status, 200);
        assert!(cors_headers(&answer).is_empty(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_reads_and_changes() {
    let app = TestApp::sqlite_with(with_app).await;
    let answer = app.browser().send(preflight(LOGOUT, APP)).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", APP),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST,PATCH,DELETE"),
        ("access-control-allow-headers", "authorization,content-type"),
        ("access-control-max-age", "7200"),
        ("vary", "origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let mut ada = app.signed_in("ada").await;
    let from_app = |request: Request| {
        request
            .header("origin", APP)
            .header("sec-fetch-site", "same-site")
    };
    for (request, status) in [
        (call("GET", ME), 200),
        // It can read why it was refused, from the inner and from the outer layers.
        (call("GET", "/api/v1/nothing"), 404),
        (call("GET", ME).header("authorization", "Bearer x"), 401),
        (call("GET", ME).header("host", "evil.example"), 421),
        (call("POST", LOGOUT), 204),
        (call("GET", ME), 401),
    ] {
        let answer = ada.send(from_app(request)).await;
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(APP),
            "{status}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
        let exposed = answer
            .header("access-control-expose-headers")
            .unwrap_or_default();
        for name in ["www-authenticate", "x-request-id", "x-session", "x-ended"] {
            assert!(exposed.split(',').any(|one| one == name), "{exposed}");
        }
        assert_eq!(answer.header("vary"), Some("origin"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_and_no_other_route_is_opened() {
    let app = TestApp::sqlite_with(with_app).await;
    let ada = app.signed_in("ada").await;
    for origin in [
        "null",
        "https://example.org",
        "https://evil.example",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.org.evil.example",
        "https://APP.example.org",
        "https://app.example.org/",
        "",
    ] {
        let answer = app.browser().send(preflight(LOGOUT, origin)).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        let read = call("GET", ME).header("origin", origin);
        let answer = ada.clone().send(read).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        assert_eq!(answer.header("vary"), Some("origin"), "{origin}");
        let change = call("POST", LOGOUT)
            .header("origin", origin)
            .header("sec-fetch-site", "same-site");
        assert_problem(&ada.clone().send(change).await, 403, "cross_site");
    }
    let twice = call("POST", LOGOUT)
        .header("origin", APP)
        .header("origin", "https://evil.example");
    let twice = twice.header("sec-fetch-site", "cross-site");
    assert_eq!(ada.clone().send(twice).await.status, 403);
    let mut others = page_paths();
    others.extend(function_paths());
    others.extend([
        "/healthz",
        "/favicon.svg",
        "/api/docs",
        "/api/v1x/me",
        "/api/unknown",
    ]);
    for path in others {
        let answer = ada.clone().send(preflight(path, APP)).await;
        assert!(cors_headers(&answer).is_empty(), "{path}: {answer:?}");
        let form = Request::form(path, &[])
            .header("origin", APP)
            .header("sec-fetch-site", "same-site");
        // Health checks take no form at all.
        let status = if path == "/healthz" { 405 } else { 403 };
        assert_eq!(ada.clone().send(form).await.status, status, "{path}");
    }
    assert_eq!(app.endings().await, [None]);
}
