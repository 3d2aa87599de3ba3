//! Access tokens of a session whose cookie was replaced, by a confirmation or a new password.

use super::{
    LATER, administered, assert_invalid, assert_problem, bearer, call, json, send, token_of,
};
use crate::{
    app::TestApp,
    on_both_engines,
    support::{PASSWORD, http::Browser},
};
use std::time::Duration;

const ME: &str = "/api/v1/me";
const KEYS: &str = "/api/v1/keys";
const NEW_KEY: &str = r#"{"name": "x", "scopes": ["profile:read"]}"#;
const NEW_PASSWORD: &str = "a new password, long enough";

async fn confirms(browser: &mut Browser) {
    let fields = [("password", PASSWORD)];
    assert_eq!(
        browser
            .fetch_form("/api/confirm_password", &fields)
            .await
            .status,
        200
    );
}

/// A token that somebody got with a copy of the cookie, before the owner entered the password again.
async fn stolen_token(app: &TestApp, owner: &Browser) -> String {
    app.set_clock(LATER);
    let mut thief = owner.clone();
    let token = token_of(&mut thief).await;
    let answer = app.send(bearer(send("POST", KEYS, NEW_KEY), &token)).await;
    assert_problem(&answer, 403, "password_needed");
    token
}

on_both_engines! {
    /// Otherwise the owner's confirmation would make the copy fresh.
    async fn a_confirmation_ends_the_tokens_of_before(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let token = stolen_token(&app, &ada).await;
        confirms(&mut ada).await;
        for request in [call("GET", ME), send("POST", KEYS, NEW_KEY), call("POST", "/api/v1/logout")] {
            assert_invalid(&app.send(bearer(request, &token)).await);
        }
        let new = token_of(&mut ada).await;
        assert_eq!(app.send(bearer(call("GET", ME), &new)).await.status, 200);
        assert_eq!(app.send(bearer(send("POST", KEYS, NEW_KEY), &new)).await.status, 201);
        assert_eq!(app.endings().await, [None], "the session goes on");
    }

    async fn a_new_password_ends_the_tokens_of_before(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let token = stolen_token(&app, &ada).await;
        let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        assert_eq!(ada.fetch_form("/api/change_password", &fields).await.status, 200);
        assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
        let new = token_of(&mut ada).await;
        assert_eq!(app.send(bearer(call("GET", ME), &new)).await.status, 200);
    }

    async fn introspection_says_the_same(database: TestDatabase) {
        let (app, mut ada, _) = administered(database).await;
        let token = stolen_token(&app, &ada).await;
        let (_, key) = app.access_key("root", "tokens:introspect").await;
        let is_active = async || {
            let body = format!("token={token}");
            let form = "application/x-www-form-urlencoded";
            let request = crate::support::http::Request::post("/api/v1/introspect", body.as_bytes());
            let request = bearer(request.header("content-type", form), &key);
            json(&app.send(request).await)["active"] == true
        };
        assert!(is_active().await);
        confirms(&mut ada).await;
        assert!(!is_active().await);
    }

    /// The answer with the newer cookie may be on its way: nobody is signed out. But a token for the previous one would
    /// outlive it.
    async fn the_previous_cookie_gets_no_token_and_signs_nobody_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let mut previous = ada.clone();
        app.set_clock(LATER);
        confirms(&mut ada).await;
        assert_ne!(ada.session(), previous.session());
        let answer = previous.send(call("POST", "/api/v1/token/refresh")).await;
        assert_problem(&answer, 503, "unavailable");
        assert!(answer.header("retry-after").is_some());
        assert!(answer.header_all("set-cookie").is_empty());
        // The newer cookie has arrived: the previous one is only a copy.
        token_of(&mut ada).await;
        let answer = previous.send(call("POST", "/api/v1/token/refresh")).await;
        assert_problem(&answer, 401, "not_signed_in");
        assert_eq!(app.endings().await, [None]);
    }
}

/// Each confirmation counts, however soon it comes after the one before.
#[tokio::test(flavor = "multi_thread")]
async fn a_millisecond_is_enough() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    app.set_clock(Duration::from_millis(1));
    confirms(&mut ada).await;
    assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
}
