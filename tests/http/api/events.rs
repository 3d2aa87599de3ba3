//! `GET /api/v1/events`: the stream of a session for clients of the API.

use super::{assert_invalid, assert_problem, bearer, call, token_of};
use crate::{
    app::TestApp,
    endings, on_both_engines,
    support::{
        self, LIFETIMES, START,
        http::{Browser, Connection, Events, Request},
    },
};
use std::time::Duration;
use vestibule::{domain::session::EndReason, server::watchers::WatchLimits};

const EVENTS: &str = "/api/v1/events";
const APP: &str = "https://app.example.org";

/// A client that has received the first event of its live session.
async fn client(browser: &Browser) -> Events {
    let mut events = browser.listen(EVENTS).await;
    assert_eq!(events.answer.status, 200, "{}", events.answer.text());
    events.lives().await;
    events
}

on_both_engines! {
    async fn a_client_learns_of_the_end_within_its_stream(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for reason in [
            EndReason::SignedOut,
            EndReason::EndedByOwner,
            EndReason::EndedByAdmin,
            EndReason::PasswordChanged,
            EndReason::KeyRevoked,
            EndReason::Idle,
        ] {
            app.set_clock(Duration::ZERO);
            let (key, text) = app.access_key("ada", "profile:read").await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let mut tabs = [client(&browser).await, client(&browser).await];
            if reason == EndReason::SignedOut {
                // In one tab, by the API.
                assert_eq!(browser.send(call("POST", "/api/v1/logout")).await.status, 204);
            } else {
                endings::end(&app, reason, &mut browser, &key).await;
            }
            for tab in &mut tabs {
                let ended = tokio::time::timeout(Duration::from_secs(10), tab.ended()).await;
                assert_eq!(ended.expect("notified in time"), reason.as_str());
            }
        }
    }

    /// A forgotten tab keeps no session alive.
    async fn following_is_no_use_of_the_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let before = app.rows().await;
        app.set_clock(LIFETIMES.idle / 2);
        let _stream = client(&ada).await;
        assert_eq!(ada.send(call("HEAD", EVENTS)).await.status, 200);
        support::settled(&app.core).await;
        assert_eq!(app.rows().await, before);
        assert_eq!(app.sessions().await[0].last_seen_at, START);
        app.set_clock(LIFETIMES.idle);
        assert_eq!(ada.send(call("HEAD", EVENTS)).await.status, 401);
        assert_eq!(app.endings().await, [Some(EndReason::Idle)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_that_of_the_pages() {
    let app = TestApp::sqlite().await;
    let ada = app.signed_in("ada").await;
    let (mut page, mut events) = (ada.watch().await, ada.listen(EVENTS).await);
    for header in ["content-type", "cache-control", "x-accel-buffering"] {
        assert_eq!(
            events.answer.header(header),
            page.answer.header(header),
            "{header}"
        );
    }
    assert!(events.answer.header_all("set-cookie").is_empty());
    assert_eq!(events.lives().await, page.lives().await);
}

/// It is for browsers: programs ask, and an `EventSource` sends no `Authorization`.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_followed_by_a_cookie_alone() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    let (_, key) = app
        .access_key("ada", "profile:read sessions:read sessions:end")
        .await;
    for credential in [&token, &key] {
        let request = bearer(call("GET", EVENTS), credential);
        assert_problem(&app.send(request.clone()).await, 403, "session_needed");
        assert_problem(&ada.clone().send(request).await, 403, "session_needed");
    }
    assert_invalid(&ada.clone().send(bearer(call("GET", EVENTS), "x")).await);
    assert_problem(&app.send(call("GET", EVENTS)).await, 401, "not_signed_in");
    ada.fetch_logout().await;
    assert_problem(&ada.send(call("GET", EVENTS)).await, 401, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_named_origin_follows() {
    let app =
        TestApp::sqlite_with(|config| config.api.allowed_origins = vec![APP.to_owned()]).await;
    let ada = app.signed_in("ada").await;
    for (origin, allowed) in [(APP, Some(APP)), ("https://evil.example", None)] {
        let request = Request::get(EVENTS)
            .header("host", &format!("localhost:{}", app.address.port()))
            .header("origin", origin)
            .header("sec-fetch-site", "same-site")
            .header(
                "cookie",
                &format!(
                    "{}={}",
                    support::http::SESSION_COOKIE,
                    ada.session().unwrap()
                ),
            );
        let mut connection = Connection::open(app.address).await;
        connection.send(&request.to_bytes()).await;
        let head = connection.head().await.expect("an answer");
        assert_eq!(
            head.header("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        assert_eq!(head.status, if allowed.is_some() { 200 } else { 403 });
        assert_eq!(head.header("vary"), Some("origin"));
    }
}

/// It could use up the streams of a session, whose cookie the browser sends from the whole site.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_opens_a_stream() {
    let app =
        TestApp::sqlite_with(|config| config.api.allowed_origins = vec![APP.to_owned()]).await;
    let mut ada = app.signed_in("ada").await;
    let evil = Some("https://evil.example");
    for (site, origin, is_allowed) in [
        ("same-origin", None, true),
        ("none", None, true),
        ("same-site", Some(APP), true),
        ("same-site", None, false),
        ("cross-site", None, false),
        ("same-site", evil, false),
        ("cross-site", evil, false),
        ("none", evil, false),
    ] {
        let from = |method: &str| {
            let request = call(method, EVENTS).header("sec-fetch-site", site);
            request.maybe_header("origin", origin)
        };
        let answer = ada.send(from("HEAD")).await;
        let expected = if is_allowed { 200 } else { 403 };
        assert_eq!(answer.status, expected, "{site} {origin:?}");
        if !is_allowed {
            assert_problem(&ada.send(from("GET")).await, 403, "cross_site");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_streams_are_a_problem() {
    let app = TestApp::sqlite_with(|config| {
        config.http.watchers = WatchLimits {
            total: 3,
            per_session: 1,
            per_person: 9,
        };
    })
    .await;
    let ada = app.signed_in("ada").await;
    let _first = client(&ada).await;
    let refused = ada.listen(EVENTS).await.answer;
    assert_problem(&refused, 429, "throttled");
    assert!(refused.header("retry-after").is_some());
}
