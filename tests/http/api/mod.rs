//! The JSON API, one file for each noun.

mod activity;
mod bodies;
mod credentials;
mod document;
mod events;
mod forged;
mod introspect;
mod keys;
mod matrix;
mod me;
mod origins;
mod problems;
mod queries;
mod refresh;
mod renewed;
mod rights;
mod sessions;
mod tokens;
mod users;
mod viewer;
mod well_known;

use crate::{
    app::TestApp,
    support::{
        database::TestDatabase,
        http::{Answer, Browser, Request},
    },
};
use serde_json::Value;
use std::time::Duration;
use vestibule::server::core::{accounts, actor};

/// After this time the confirmation has expired.
const LATER: Duration = Duration::from_secs(11 * 60);

/// A request without a body, as a program sends it.
fn call(method: &str, path: &str) -> Request {
    Request::new(method, path).header("accept", "*/*")
}

/// A request with a body in JSON.
fn send(method: &str, path: &str, body: &str) -> Request {
    let mut request = Request::post(path, body.as_bytes());
    method.clone_into(&mut request.method);
    request.header("content-type", "application/json")
}

/// The body of an answer, which is JSON.
#[track_caller]
fn json(answer: &Answer) -> Value {
    assert_eq!(answer.status / 100, 2, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// A request with a key or a token.
fn bearer(request: Request, credential: &str) -> Request {
    request.header("authorization", &format!("Bearer {credential}"))
}

/// A new access token of the session of a browser.
pub async fn token_of(browser: &mut Browser) -> String {
    let answer = browser.send(call("POST", "/api/v1/token/refresh")).await;
    json(&answer)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

/// A 401 for a credential that was sent.
#[track_caller]
fn assert_invalid(answer: &Answer) {
    assert_problem(answer, 401, "not_signed_in");
    let challenge = answer.header("www-authenticate");
    let expected = "Bearer realm=\"Vestibule\", error=\"invalid_token\"";
    assert_eq!(challenge, Some(expected));
}

async fn get(browser: &mut Browser, path: &str) -> Value {
    json(&browser.send(call("GET", path)).await)
}

/// A problem (RFC 9457) with this status and code, and the headers that each has.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) -> Value {
    let text = answer.text();
    let kind = answer.header("content-type");
    assert_eq!(
        (answer.status, kind),
        (status, Some("application/problem+json")),
        "{text}"
    );
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(problem["code"], code, "{text}");
    assert_eq!(problem["status"], status, "{text}");
    assert_eq!(problem["type"], format!("urn:vestibule:problem:{code}"));
    for member in ["title", "detail"] {
        let words = problem[member].as_str().unwrap_or_default();
        assert!(!words.is_empty(), "{member}: {text}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{text}");
    let id = answer.header("x-request-id").unwrap_or_default();
    assert_eq!(id.len(), 32, "a request id to quote: {id}");
    problem
}

/// With `ada`, and with the administrator `root`, each in a browser.
async fn administered(database: TestDatabase) -> (TestApp, Browser, Browser) {
    let app = TestApp::new(database).await;
    app.create_user("root").await;
    let root = app.user("root").await;
    let promoted = accounts::users::promote(&app.core, &actor::on_this_machine(), &root).await;
    promoted.expect("an administrator");
    let (ada, root) = (app.signed_in("ada").await, app.signed_in("root").await);
    (app, ada, root)
}
