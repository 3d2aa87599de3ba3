//! `POST /api/v1/token/refresh`: a new access token by the session of the browser. Only 401 means signed out.

use super::{assert_problem, bearer, call, get, json, token_of};
use crate::{
    app::TestApp,
    endings, on_both_engines,
    support::{
        self, LIFETIMES, PASSWORD, START,
        http::{Browser, SESSION_COOKIE},
    },
};
use std::time::Duration;
use vestibule::domain::session::EndReason;

const REFRESH: &str = "/api/v1/token/refresh";
const ME: &str = "/api/v1/me";
const MINUTE: Duration = Duration::from_secs(60);

on_both_engines! {
    async fn a_refresh_answers_a_new_token_and_keeps_the_cookie(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let answer = ada.send(call("POST", REFRESH)).await;
        let body = json(&answer);
        assert!(answer.header_all("set-cookie").is_empty(), "it is not rotated");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &300.into()));
        assert_eq!(body["scope"], "profile:read sessions:read sessions:end");
        let (one, other) = (body["access_token"].as_str().unwrap(), token_of(&mut ada).await);
        assert_ne!(one, other);
        for token in [one, &other] {
            assert_eq!(app.send(bearer(call("GET", ME), token)).await.status, 200, "two tabs have one each");
        }
        app.set_clock(5 * MINUTE);
        assert_eq!(app.send(bearer(call("GET", ME), one)).await.status, 401, "five minutes");
        assert_eq!(app.send(bearer(call("GET", ME), &token_of(&mut ada).await)).await.status, 200);
    }

    /// Clients refresh for somebody who acts. A token is used by a page without anybody, too.
    async fn a_refresh_is_use_of_the_session_and_a_token_is_not(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let token = token_of(&mut ada).await;
        app.set_clock(4 * MINUTE);
        for (method, path) in [("GET", ME), ("HEAD", ME), ("GET", "/api/v1/sessions"), ("DELETE", "/api/v1/sessions/x")] {
            let answer = app.send(bearer(call(method, path), &token)).await;
            assert_ne!(answer.status, 401, "{method} {path}");
        }
        support::settled(&app.core).await;
        assert_eq!(app.sessions().await[0].last_seen_at, START, "not moved");
        ada.send(call("POST", REFRESH)).await;
        support::settled(&app.core).await;
        let session = app.sessions().await.remove(0);
        assert_eq!(session.last_seen_at, START.after(4 * MINUTE), "moved");
        assert_eq!(session.idle_ends_at, START.after(4 * MINUTE).after(LIFETIMES.idle));
    }

    /// A page that is open for ever would otherwise keep its session for ever (ASVS V10.4.8).
    async fn refreshing_does_not_reach_past_the_longest_life(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let end = LIFETIMES.absolute;
        for at in (1..24).map(|hour| hour * 60 * MINUTE).chain([end - MINUTE]) {
            app.set_clock(at);
            let answer = json(&ada.send(call("POST", REFRESH)).await);
            let left = (end - at).as_secs().min(300);
            assert_eq!(answer["expires_in"], left, "after {at:?}");
            support::settled(&app.core).await;
        }
        app.set_clock(end);
        assert_problem(&ada.send(call("POST", REFRESH)).await, 401, "not_signed_in");
    }

    async fn many_tabs_refresh_at_once(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let ada = app.signed_in("ada").await;
        app.set_clock(2 * MINUTE);
        let tabs = (0..8).map(|_| {
            let mut tab = ada.clone();
            async move { token_of(&mut tab).await }
        });
        for token in futures_util::future::join_all(tabs).await {
            assert_eq!(app.send(bearer(call("GET", ME), &token)).await.status, 200);
        }
        assert_eq!(app.endings().await, [None]);
    }

    /// The signing keys are in the database: another server, or the same after a restart, has them.
    async fn a_restart_signs_nobody_out(database: TestDatabase) {
        let origin = "https://id.example.org";
        let with_address = |config: &mut vestibule::server::config::Config| {
            config.public_url = Some(vestibule::server::public_url::PublicUrl::parse(origin).unwrap());
        };
        let app = TestApp::with(database, with_address).await;
        let mut ada = Browser::at(app.address, origin);
        assert_eq!(ada.fetch_login("ada", PASSWORD).await.status, 200);
        let token = token_of(&mut ada).await;
        let other = app.second_node_with(with_address).await;
        let mut there = Browser::at(other.address, origin);
        let host = |request: support::http::Request| request.header("host", "id.example.org");
        assert_eq!(other.send(host(bearer(call("GET", ME), &token))).await.status, 200, "a token of the first");
        there.set_cookie(SESSION_COOKIE, ada.session().unwrap());
        let new = token_of(&mut there).await;
        for node in [&app, &other] {
            assert_eq!(node.send(host(bearer(call("GET", ME), &new))).await.status, 200);
        }
        assert_eq!(app.endings().await, [None]);
    }

    async fn after_each_kind_of_end_a_refresh_is_refused(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for reason in EndReason::ALL {
            app.set_clock(Duration::ZERO);
            let (key, text) = app.access_key("ada", "profile:read").await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let mut copy = browser.clone();
            token_of(&mut copy).await;
            endings::end(&app, reason, &mut browser, &key).await;
            let answer = copy.send(call("POST", REFRESH)).await;
            assert_problem(&answer, 401, "not_signed_in");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"Vestibule\""), "{reason:?}");
            assert!(answer.header_all("set-cookie").is_empty(), "it may arrive after a newer sign-in");
        }
    }

    async fn without_the_database_a_refresh_signs_nobody_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let token = token_of(&mut ada).await;
        app.core.db.close().await;
        for request in [call("POST", REFRESH), bearer(call("GET", ME), &token)] {
            let answer = ada.send(request).await;
            assert_problem(&answer, 503, "unavailable");
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert!(answer.header_all("set-cookie").is_empty());
        }
    }
}

/// It is the cookie that is refreshed.
#[tokio::test(flavor = "multi_thread")]
async fn neither_a_token_nor_a_key_refreshes() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    let (_, key) = app
        .access_key("ada", "profile:read sessions:read sessions:end")
        .await;
    for credential in [&token, &key] {
        let request = bearer(call("POST", REFRESH), credential);
        assert_problem(&app.send(request.clone()).await, 403, "session_needed");
        assert_problem(&ada.send(request).await, 403, "session_needed");
    }
    let anonymous = app.send(call("POST", REFRESH)).await;
    assert_problem(&anonymous, 401, "not_signed_in");
    assert_eq!(app.send(call("GET", REFRESH)).await.status, 405);
    assert_eq!(get(&mut ada, ME).await["account"]["username"], "ada");
}

/// A session of an access key has tokens with the scopes of the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_session_from_a_key_may_do_what_the_key_may() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let (_, key) = app.access_key("root", "profile:read users:read").await;
    let mut browser = app.signed_in_with(&key).await;
    let body = json(&browser.send(call("POST", REFRESH)).await);
    assert_eq!(body["scope"], "profile:read users:read");
    let token = body["access_token"].as_str().unwrap();
    for (path, status) in [
        (ME, 200),
        ("/api/v1/users", 200),
        ("/api/v1/sessions", 403),
        ("/api/v1/keys", 403),
    ] {
        let answer = app.send(bearer(call("GET", path), token)).await;
        assert_eq!(answer.status, status, "{path}");
    }
}
