//! `/api/v1/keys`: the caller's own access keys.

use super::{LATER, assert_invalid, assert_problem, bearer, call, get, json, send, token_of};
use crate::{app::TestApp, on_both_engines, support::database::everything_written};
use serde_json::json as value;
use std::time::Duration;
use vestibule::{domain::session::EndReason, server::core::accounts::access_keys};

const KEYS: &str = "/api/v1/keys";
const ME: &str = "/api/v1/me";
const ALL: &str = "profile:read sessions:read sessions:end";
const NEW: &str = r#"{"name":"Backup","scopes":["sessions:read","profile:read"]}"#;

on_both_engines! {
    async fn a_key_is_made_shown_once_listed_and_revoked(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        assert_eq!(get(&mut ada, KEYS).await, value!({"items": []}));
        let answer = ada.send(send("POST", KEYS, NEW)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = json(&answer);
        let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        assert_eq!(made, value!({"id": id, "name": "Backup", "key": text}));
        assert_eq!((id.len(), text.len()), (32, 4 + 32 + 1 + 64 + 1 + 8));
        assert!(text.starts_with(&format!("vst_{id}_")));
        let path = format!("{KEYS}/{id}");
        assert_eq!(answer.location(), path);
        let key = get(&mut ada, &path).await;
        assert_eq!(key, value!({
            "id": id,
            "name": "Backup",
            "scopes": ["profile:read", "sessions:read"],
            "networks": [],
            "created_at": "2026-09-21T14:13:20Z",
            "expires_at": key["expires_at"],
            "state": "live",
            "last_use": null,
        }));
        assert!(key["expires_at"].as_str().unwrap().starts_with("2026-12-"), "90 days: {key}");
        assert_eq!(get(&mut ada, KEYS).await["items"], value!([key]));
        let secret = text.split('_').nth(2).unwrap();
        assert!(!everything_written(&app.core.db).await.contains(secret), "only a digest is stored");
        let request = bearer(call("GET", ME), text).header("user-agent", "a script");
        assert_eq!(app.send(request).await.status, 200);
        crate::support::settled(&app.core).await;
        let used = get(&mut ada, &path).await;
        assert_eq!(used["last_use"], value!({"at": "2026-09-21T14:13:20Z", "address": "127.0.0.1", "user_agent": "a script"}));
        for round in 0..2 {
            let answer = ada.send(call("DELETE", &path)).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "round {round}: it is revoked");
            assert_invalid(&app.send(bearer(call("GET", ME), text)).await);
        }
        assert_eq!(get(&mut ada, &path).await["state"], "revoked");
    }

    async fn a_revoked_key_takes_its_sessions_with_it(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let (id, text) = app.access_key("ada", ALL).await;
        let mut by_key = app.signed_in_with(&text).await;
        let token = token_of(&mut by_key).await;
        assert_eq!(get(&mut by_key, ME).await["session"]["access_key"], id.0);
        assert_eq!(ada.send(call("DELETE", &format!("{KEYS}/{id}"))).await.status, 204);
        assert_problem(&by_key.send(call("GET", ME)).await, 401, "not_signed_in");
        assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
        assert_eq!(app.endings().await, [Some(EndReason::KeyRevoked), None]);
    }

    /// An unattended browser must not give a key that outlives its session.
    async fn making_one_needs_a_password_that_was_entered_recently(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let (id, _) = app.access_key("ada", "profile:read").await;
        for minutes in (0..=10).step_by(5) {
            app.set_clock(Duration::from_secs(minutes * 60));
            get(&mut ada, ME).await;
            crate::support::settled(&app.core).await;
        }
        app.set_clock(LATER);
        let token = token_of(&mut ada).await;
        crate::support::settled(&app.core).await;
        let before = app.rows().await;
        for answer in [
            ada.send(send("POST", KEYS, NEW)).await,
            app.send(bearer(send("POST", KEYS, NEW), &token)).await,
        ] {
            assert_problem(&answer, 403, "password_needed");
        }
        assert_eq!(app.rows().await, before);
        // To list and to revoke is safe at any time.
        assert_eq!(get(&mut ada, KEYS).await["items"].as_array().unwrap().len(), 1);
        assert_eq!(ada.send(call("DELETE", &format!("{KEYS}/{id}"))).await.status, 204);
        ada.fetch_form("/api/confirm_password", &[("password", crate::support::PASSWORD)]).await;
        assert_eq!(ada.send(send("POST", KEYS, NEW)).await.status, 201);
    }

    /// A key that has leaked must not make another one.
    async fn a_key_neither_sees_nor_makes_keys(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (id, key) = app.access_key("ada", ALL).await;
        let mut by_key = app.signed_in_with(&key).await;
        let token = token_of(&mut by_key).await;
        crate::support::settled(&app.core).await;
        let path = format!("{KEYS}/{id}");
        let requests = [call("GET", KEYS), send("POST", KEYS, NEW), call("GET", &path), call("DELETE", &path)];
        for request in requests {
            for credential in [&key, &token] {
                let answer = app.send(bearer(request.clone(), credential)).await;
                assert_problem(&answer, 403, "session_needed");
                assert_eq!(answer.header("www-authenticate"), None, "no other key would do");
            }
            assert_problem(&by_key.send(request).await, 403, "session_needed");
        }
        let found = access_keys::with_id(&app.core, &id).await.unwrap().unwrap();
        assert!(found.revoked.is_none());
        let ada = app.user("ada").await.id;
        assert_eq!(access_keys::list_of(&app.core, &ada).await.unwrap().len(), 1);
    }

    /// Keys of others are as unknown as those that never were.
    async fn a_key_of_somebody_else_is_not_found(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (id, text) = app.access_key("ada", "profile:read").await;
        let mut eve = app.signed_in("eve").await;
        for method in ["GET", "DELETE"] {
            let foreign = eve.send(call(method, &format!("{KEYS}/{id}"))).await;
            let foreign = assert_problem(&foreign, 404, "not_found");
            for unknown in ["x", &"0".repeat(32), "%00", &text, &id.0.to_uppercase()] {
                let answer = eve.send(call(method, &format!("{KEYS}/{unknown}"))).await;
                assert_eq!(assert_problem(&answer, 404, "not_found"), foreign, "{unknown}");
            }
        }
        assert_eq!(get(&mut eve, KEYS).await["items"], value!([]));
        assert_eq!(app.send(bearer(call("GET", ME), &text)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_breaks_a_rule_is_not_made() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut ada = app.signed_in("ada").await;
    let scopes = r#""scopes":["profile:read"]"#;
    let long = "x".repeat(65);
    for (body, status, code, field) in [
        (
            r#"{"name":"","scopes":["profile:read"]}"#,
            422,
            "key_name",
            "name",
        ),
        (
            &format!(r#"{{"name":"{long}",{scopes}}}"#),
            422,
            "key_name",
            "name",
        ),
        (r#"{"name":"a","scopes":[]}"#, 422, "scopes", "scopes"),
        (
            r#"{"name":"a","scopes":["profile:erase"]}"#,
            422,
            "scopes",
            "scopes",
        ),
        (
            r#"{"name":"a","scopes":["users:read"]}"#,
            422,
            "scopes",
            "scopes",
        ),
        (
            r#"{"name":"a","scopes":["tokens:introspect"]}"#,
            422,
            "scopes",
            "scopes",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"last_day":"2026-09-20"}}"#),
            422,
            "last_day",
            "last_day",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"last_day":"2028-01-01"}}"#),
            422,
            "last_day",
            "last_day",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"networks":["nowhere"]}}"#),
            422,
            "networks",
            "networks",
        ),
        // A list of nothing would be everywhere.
        (
            &format!(r#"{{"name":"a",{scopes},"networks":[""]}}"#),
            422,
            "networks",
            "networks",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"networks":[",","; "]}}"#),
            422,
            "networks",
            "networks",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"networks":["10.0.0.0/8 0.0.0.0/0"]}}"#),
            422,
            "networks",
            "networks",
        ),
        (r#"{"name":"a"}"#, 400, "wrong_members", ""),
        (
            &format!(r#"{{"name":"a",{scopes},"id":"x"}}"#),
            400,
            "wrong_members",
            "",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"max":-1}}"#),
            400,
            "wrong_members",
            "",
        ),
        (
            &format!(r#"{{"name":"a","name":"b",{scopes}}}"#),
            400,
            "wrong_members",
            "",
        ),
        // A day is a date in one spelling, and an empty text is no absent one.
        (
            &format!(r#"{{"name":"a",{scopes},"last_day":""}}"#),
            400,
            "wrong_members",
            "",
        ),
        (
            &format!(r#"{{"name":"a",{scopes},"last_day":"20261201"}}"#),
            400,
            "wrong_members",
            "",
        ),
        ("[]", 400, "wrong_members", ""),
        ("{", 400, "malformed_json", ""),
    ] {
        let problem = assert_problem(&ada.send(send("POST", KEYS, body)).await, status, code);
        assert_eq!(
            problem["field"].as_str().unwrap_or_default(),
            field,
            "{body}"
        );
    }
    assert_eq!(get(&mut ada, KEYS).await["items"], value!([]));
    // An administrator gives what an administrator may do, and one may check the tokens of others.
    let mut root = app.signed_in("root").await;
    let body = r#"{"name":"a","scopes":["tokens:introspect"],"last_day":"2026-12-01","networks":["192.0.2.0/24"]}"#;
    let made = json(&root.send(send("POST", KEYS, body)).await);
    let key = get(
        &mut root,
        &format!("{KEYS}/{}", made["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(key["networks"], value!(["192.0.2.0/24"]));
    assert_eq!(
        key["expires_at"], "2026-12-02T00:00:00Z",
        "the last day is a whole one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_so_many_keys_at_most() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    for _ in 0..20 {
        assert_eq!(ada.send(send("POST", KEYS, NEW)).await.status, 201);
    }
    assert_problem(
        &ada.send(send("POST", KEYS, NEW)).await,
        422,
        "too_many_keys",
    );
}
