//! `POST /api/v1/introspect`: whether a token of somebody else is valid now.

use super::{administered, assert_invalid, assert_problem, bearer, call, json, send, token_of};
use crate::{
    app::TestApp,
    endings, on_both_engines,
    support::{
        START,
        http::{Browser, Request},
    },
};
use serde_json::{Value, json as value};
use std::time::Duration;
use vestibule::{
    domain::session::EndReason,
    server::core::{accounts::users, actor},
};

const INTROSPECT: &str = "/api/v1/introspect";
const ME: &str = "/api/v1/me";

fn about(token: &str) -> Request {
    Request::form(INTROSPECT, &[("token", token)])
}

/// The state of a token, for the holder of `key`.
async fn state(app: &TestApp, key: &str, token: &str) -> Value {
    let answer = app.send(bearer(about(token), key)).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    json(&answer)
}

async fn key_of_root(app: &TestApp) -> String {
    app.access_key("root", "tokens:introspect").await.1
}

/// With `root`, whose key may introspect.
async fn with_root(
    database: crate::support::database::TestDatabase,
) -> (TestApp, Browser, Browser, String) {
    let (app, ada, root) = administered(database).await;
    let key = key_of_root(&app).await;
    (app, ada, root, key)
}

fn inactive() -> Value {
    value!({"active": false})
}

on_both_engines! {
    async fn a_valid_token_is_described(database: TestDatabase) {
        let (app, mut ada, mut root, key) = with_root(database).await;
        let token = token_of(&mut ada).await;
        let found = state(&app, &key, &token).await;
        let origin = format!("http://localhost:{}", app.address.port());
        let session = app.sessions().await.into_iter().find(|one| one.user_id.0 == found["sub"]).unwrap();
        let seconds = START.as_millis() / 1_000;
        assert!(!found["jti"].as_str().unwrap().is_empty());
        assert_eq!(found, value!({
            "active": true,
            "scope": "profile:read sessions:read sessions:end",
            "username": "ada",
            "token_type": "Bearer",
            "iss": origin,
            "aud": format!("{origin}/api/v1"),
            "sub": app.user("ada").await.id.0,
            "sid": session.id.0,
            "jti": found["jti"],
            "iat": seconds,
            "exp": seconds + 300,
        }), "these members and no others");
        assert_eq!(state(&app, &key, &token).await, found, "and as often as one likes");
        // An administrator's own role is in the scope as long as it holds.
        let token = token_of(&mut root).await;
        assert!(state(&app, &key, &token).await["scope"].as_str().unwrap().contains("users:write"));
        app.create_user("max").await;
        users::promote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let raised = token_of(&mut ada).await;
        users::demote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        assert_eq!(state(&app, &key, &raised).await["scope"], "profile:read sessions:read sessions:end");
    }

    async fn it_is_inactive_after_each_kind_of_end(database: TestDatabase) {
        let (app, ..) = administered(database).await;
        for reason in EndReason::ALL {
            app.set_clock(Duration::ZERO);
            let introspecting = key_of_root(&app).await;
            let (key, text) = app.access_key("ada", "profile:read").await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let token = token_of(&mut browser).await;
            assert_eq!(state(&app, &introspecting, &token).await["active"], true, "{reason:?}");
            endings::end(&app, reason, &mut browser, &key).await;
            let introspecting = match reason {
                // That suspends every key.
                EndReason::Restored => key_of_root(&app).await,
                _ => introspecting,
            };
            assert_eq!(state(&app, &introspecting, &token).await, inactive(), "{reason:?}");
        }
    }

    /// Whatever the reason: a caller learns nothing else.
    async fn everything_else_is_inactive(database: TestDatabase) {
        let (app, mut ada, mut root, key) = with_root(database).await;
        let token = token_of(&mut ada).await;
        let (_, other_key) = app.access_key("ada", "profile:read").await;
        let (message, signature) = token.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let tampered = format!("{message}.{first}{}", &signature[1..]);
        let unsigned = format!("{message}.");
        for text in [
            "x", "..", " ", &tampered, &unsigned, &format!("{token} "), &other_key, &key,
            ada.session().unwrap(), &"x".repeat(30_000),
        ] {
            assert_eq!(state(&app, &key, text).await, inactive(), "{text}");
        }
        app.set_clock(Duration::from_secs(300));
        assert_eq!(state(&app, &key, &token).await, inactive(), "expired");
        app.set_clock(Duration::ZERO);
        users::disable(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        assert_eq!(state(&app, &key, &token).await, inactive());
        let of_root = token_of(&mut root).await;
        assert_eq!(root.send(call("POST", "/api/v1/logout")).await.status, 204);
        assert_eq!(state(&app, &key, &of_root).await, inactive());
    }

    /// It is for keys that an administrator made for it: no session and no token has the scope.
    async fn only_a_key_with_the_scope_introspects(database: TestDatabase) {
        let (app, mut ada, mut root, key) = with_root(database).await;
        let (of_ada, of_root) = (token_of(&mut ada).await, token_of(&mut root).await);
        let everything = "profile:read sessions:read sessions:end users:read users:write activity:read";
        let (_, without) = app.access_key("root", everything).await;
        let (_, key_of_ada) = app.access_key("ada", "profile:read").await;
        assert_problem(&app.send(about(&of_ada)).await, 401, "not_signed_in");
        assert_invalid(&app.send(bearer(about(&of_ada), "x")).await);
        for credential in [&of_root, &without] {
            let answer = app.send(bearer(about(&of_ada), credential)).await;
            assert_problem(&answer, 403, "insufficient_scope");
            assert!(answer.header("www-authenticate").unwrap().contains("scope=\"tokens:introspect\""));
        }
        assert_problem(&root.send(about(&of_ada)).await, 403, "insufficient_scope");
        for credential in [&of_ada, &key_of_ada] {
            assert_problem(&app.send(bearer(about(&of_root), credential)).await, 404, "not_found");
        }
        assert_problem(&ada.send(about(&of_root)).await, 404, "not_found");
        assert_eq!(state(&app, &key, &of_ada).await["active"], true);
        let mut by_key = app.signed_in_with(&key).await;
        assert_problem(&by_key.send(about(&of_ada)).await, 403, "insufficient_scope");
        users::promote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        users::demote(&app.core, &actor::on_this_machine(), &app.user("root").await).await.unwrap();
        assert_problem(&app.send(bearer(about(&of_ada), &key)).await, 404, "not_found");
    }

    async fn without_the_database_nothing_is_said_of_a_token(database: TestDatabase) {
        let (app, mut ada, _, key) = with_root(database).await;
        let token = token_of(&mut ada).await;
        app.core.db.close().await;
        let answer = app.send(bearer(about(&token), &key)).await;
        assert_problem(&answer, 503, "unavailable");
        assert!(!answer.text().contains("active"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_has_one_token() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let key = key_of_root(&app).await;
    for (body, code) in [
        ("", "missing_parameter"),
        ("token=", "missing_parameter"),
        ("token=a&token=b", "repeated_parameter"),
    ] {
        let request = Request::post(INTROSPECT, body.as_bytes());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_problem(&app.send(bearer(request, &key)).await, 400, code);
    }
    let json = bearer(send("POST", INTROSPECT, r#"{"token":"x"}"#), &key);
    assert_problem(&app.send(json).await, 415, "unsupported_media_type");
    let query = bearer(Request::form(&format!("{INTROSPECT}?token=x"), &[]), &key);
    assert_problem(&app.send(query).await, 400, "unknown_parameter");
    // A hint is ignored (RFC 7662, 2.1).
    let fields = [("token", "x"), ("token_type_hint", "access_token")];
    let hinted = bearer(Request::form(INTROSPECT, &fields), &key);
    assert_eq!(app.send(hinted).await.status, 200);
    assert_eq!(
        app.send(bearer(call("GET", INTROSPECT), &key)).await.status,
        405
    );
    assert_problem(
        &app.send(bearer(call("GET", ME), &key)).await,
        403,
        "insufficient_scope",
    );
}
