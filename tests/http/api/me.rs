//! `GET /api/v1/me`.

use super::{administered, assert_problem, call, get, json};
use crate::{
    app::TestApp,
    on_both_engines,
    support::{self, http::Request},
};
use serde_json::json;
use std::time::Duration;
use vestibule::domain::session::EndReason;

const ME: &str = "/api/v1/me";

on_both_engines! {
    async fn a_caller_learns_who_they_are_and_what_they_may_do(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let me = get(&mut ada, ME).await;
        let user = app.user("ada").await;
        assert_eq!(me["account"], json!({
            "id": user.id.0,
            "username": "ada",
            "display_name": "ada of Example",
            "email": "ada@example.org",
            "description": "An account of the tests",
            "administrator": false,
        }));
        assert_eq!(me["session"]["current"], true);
        assert_eq!(me["session"]["created_at"], "2026-09-21T14:13:20Z");
        assert_eq!(me["session"]["idle_ends_at"], "2026-09-21T16:13:20Z");
        assert_eq!(me["credential"], json!({
            "kind": "session",
            "scopes": ["profile:read", "sessions:read", "sessions:end"],
        }));
        let text = me.to_string();
        assert!(!text.contains(ada.session().unwrap()), "the token is in no answer: {text}");
        let me = get(&mut root, ME).await;
        assert_eq!(me["account"]["administrator"], true);
        assert_eq!(me["credential"]["scopes"], json!([
            "profile:read", "sessions:read", "sessions:end", "users:read", "users:write", "activity:read",
        ]));
    }

    async fn an_ended_session_is_refused_at_its_next_request(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut ada, mut other) = (app.signed_in("ada").await, app.signed_in("ada").await);
        assert_eq!(ada.send(call("GET", ME)).await.status, 200);
        other.fetch_form("/api/end_other_sessions", &[]).await;
        assert_problem(&ada.send(call("GET", ME)).await, 401, "not_signed_in");
        assert_eq!(ada.send(call("HEAD", ME)).await.status, 401);
        assert_eq!(app.endings().await, [None, Some(EndReason::EndedByOwner)]);
    }

    /// A client that only checks whether it is signed in acts for nobody.
    async fn a_head_has_the_same_headers_and_is_no_use_of_the_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        app.set_clock(Duration::from_secs(300));
        let head = ada.send(call("HEAD", ME)).await;
        support::settled(&app.core).await;
        let seen = app.sessions().await[0].last_seen_at;
        assert_eq!(seen, support::START, "not moved");
        let answer = ada.send(call("GET", ME)).await;
        support::settled(&app.core).await;
        assert!(app.sessions().await[0].last_seen_at > seen, "moved");
        assert_eq!((head.status, head.body.len()), (200, 0));
        let names = ["content-type", "content-length", "cache-control"];
        for name in names {
            assert_eq!(head.header(name), answer.header(name), "{name}");
        }
        assert_eq!(json(&answer)["account"]["username"], "ada");
    }
}

/// Beside one that is not valid the cookie does not count: a client that was signed out has to learn of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_credential_is_never_replaced_by_the_cookie() {
    let app = TestApp::sqlite().await;
    let ada = app.signed_in("ada").await;
    for value in [
        "Bearer x",
        "bearer x",
        "BEARER",
        "Bearer",
        "Bearer ",
        " Bearer x",
        "Bearer,x",
    ] {
        for path in [ME, "/api/v1/sessions"] {
            let request = call("GET", path).header("authorization", value);
            let answer = ada.clone().send(request.clone()).await;
            assert_problem(&answer, 401, "not_signed_in");
            let challenge = answer.header("www-authenticate");
            let expected = "Bearer realm=\"Vestibule\", error=\"invalid_token\"";
            assert_eq!(challenge, Some(expected), "{value}");
            assert_eq!(app.send(request).await.status, 401, "without the cookie");
        }
        // Nor does it sign out the browser by its cookie.
        let logout = call("POST", "/api/v1/logout").header("authorization", value);
        assert_problem(&ada.clone().send(logout).await, 401, "not_signed_in");
    }
    let twice = call("GET", ME)
        .header("authorization", "Basic YTpi")
        .header("authorization", "Bearer x");
    assert_eq!(ada.clone().send(twice).await.status, 401);
    assert_eq!(app.endings().await, [None]);
}

/// A proxy in front may have a password of its own, which browsers attach to each request.
#[tokio::test(flavor = "multi_thread")]
async fn the_credential_of_a_proxy_does_not_count() {
    let app = TestApp::sqlite().await;
    let ada = app.signed_in("ada").await;
    for value in ["Basic YTpi", "Bearerx y", "Digest bearer", ""] {
        let request = || Request::get(ME).header("authorization", value);
        assert_eq!(ada.clone().send(request()).await.status, 200, "{value}");
        let answer = app.send(request()).await;
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer realm=\"Vestibule\""), "{value}");
    }
}
