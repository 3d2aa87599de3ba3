//! Bodies that are not what the document says.

use super::{administered, assert_problem, send};
use crate::support::{
    database::{Engine, TestDatabase},
    http::{Connection, Request},
};

const USERS: &str = "/api/v1/users";

/// Not echoed in any answer.
const CANARY: &str = "canary";

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_another_form_are_refused_without_an_echo() {
    let (app, _, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let account = format!("{USERS}/{}", app.user("ada").await.id);
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_member = format!(r#"{{"username":"eve","canary":{deep}}}"#);
    let deep_value = format!(r#"{{"username":{deep}}}"#);
    let (post, patch) = (("POST", USERS), ("PATCH", account.as_str()));
    let before = app.rows().await;
    for ((method, path), body, code) in [
        (post, "", "malformed_json"),
        (post, "canary", "malformed_json"),
        (post, r#"{"username":"canary""#, "malformed_json"),
        (post, r#"{"username":"canary"} {}"#, "malformed_json"),
        (post, r#"{"username":"canary",}"#, "malformed_json"),
        (post, r#"{'username':'canary'}"#, "malformed_json"),
        (post, "{\"username\":\"canary\n\"}", "malformed_json"),
        (post, r#"{"username":"canary\ud800"}"#, "malformed_json"),
        (post, "\u{feff}{\"username\":\"canary\"}", "malformed_json"),
        (post, &deep, "wrong_members"),
        (post, &deep_value, "wrong_members"),
        (post, &deep_member, "wrong_members"),
        (post, "null", "wrong_members"),
        (post, "[]", "wrong_members"),
        (post, r#"["canary", null, null, false]"#, "wrong_members"),
        (post, r#""canary""#, "wrong_members"),
        (post, "{}", "wrong_members"),
        (post, r#"{"username":null}"#, "wrong_members"),
        (post, r#"{"username":7}"#, "wrong_members"),
        (post, r#"{"username":{"canary":1}}"#, "wrong_members"),
        (
            post,
            r#"{"username":"eve","administrator":"true"}"#,
            "wrong_members",
        ),
        (
            post,
            r#"{"username":"eve","administrator":1}"#,
            "wrong_members",
        ),
        (post, r#"{"username":"eve","canary":1}"#, "wrong_members"),
        (
            post,
            r#"{"username":"eve","password":"canary"}"#,
            "wrong_members",
        ),
        (
            post,
            r#"{"username":"eve","username":"canary"}"#,
            "wrong_members",
        ),
        (post, r#"{"Username":"canary"}"#, "wrong_members"),
        (patch, "{}", "wrong_members"),
        (patch, r#""disabled""#, "wrong_members"),
        (patch, r#"{"disabled":null}"#, "wrong_members"),
        (patch, r#"{"disabled":"true"}"#, "wrong_members"),
        (patch, r#"{"canary":true}"#, "wrong_members"),
        (
            patch,
            r#"{"disabled":true,"administrator":true}"#,
            "wrong_members",
        ),
        (
            patch,
            r#"{"disabled":true,"disabled":false}"#,
            "wrong_members",
        ),
        (patch, r#"[{"disabled":true}]"#, "wrong_members"),
    ] {
        let start: String = body.chars().take(60).collect();
        let answer = root.clone().send(send(method, path, body)).await;
        assert_eq!(answer.status, 400, "{start}: {}", answer.text());
        assert_problem(&answer, 400, code);
        assert!(
            !answer.text().contains(CANARY),
            "{start}: {}",
            answer.text()
        );
    }
    let bytes = b"{\"username\":\"\xff\xc3\x28\"}";
    let request = Request::post(USERS, bytes).header("content-type", "application/json");
    assert_problem(&root.clone().send(request).await, 400, "malformed_json");
    assert_eq!(app.rows().await, before);
}

/// Only JSON is parsed, and a form of another site cannot send it without asking first.
#[tokio::test(flavor = "multi_thread")]
async fn only_json_is_parsed() {
    let (app, _, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let body = br#"{"username":"eve"}"#;
    let before = app.rows().await;
    for kind in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonx"),
        Some("application/merge-patch+json"),
        Some("text/json"),
        Some("text/plain; application/json"),
    ] {
        let request = Request::post(USERS, body).maybe_header("content-type", kind);
        let answer = root.clone().send(request).await;
        assert_problem(&answer, 415, "unsupported_media_type");
    }
    let twice = Request::post(USERS, body)
        .header("content-type", "application/json")
        .header("content-type", "text/plain");
    let answer = root.clone().send(twice).await;
    assert_problem(&answer, 415, "unsupported_media_type");
    assert_eq!(app.rows().await, before);
    for (name, kind) in [
        ("eve", "application/json; charset=utf-8"),
        ("eva", "Application/JSON"),
    ] {
        let body = format!(r#" {{"username":"{name}"}}"#);
        let request = Request::post(USERS, body.as_bytes()).header("content-type", kind);
        assert_eq!(root.clone().send(request).await.status, 201, "{kind}");
    }
}

/// A caller without a credential costs neither a body nor a query of the database.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_no_body_is_awaited() {
    let (app, ..) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    app.core.db.close().await;
    let port = app.address.port();
    for method in ["POST", "PATCH", "DELETE"] {
        let mut connection = Connection::open(app.address).await;
        let path = if method == "POST" {
            USERS
        } else {
            "/api/v1/users/x"
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-length: 10\r\n\r\n{{"
        );
        connection.send(head.as_bytes()).await;
        let answer = connection.answer().await.expect("an answer");
        assert_problem(&answer, 401, "not_signed_in");
    }
}
