//! The events of a session for its open page.

use crate::{
    app::TestApp,
    endings, on_both_engines,
    support::{
        self, LIFETIMES, START,
        http::{Browser, Events, Request},
    },
};
use std::time::Duration;
use vestibule::{
    domain::session::{EndReason, Session},
    server::{
        core::{Core, accounts::users, actor, sessions},
        store,
        watchers::WatchLimits,
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The time limit of a notification, with a margin for a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(10);

/// A page that has received the first event of its live session.
async fn page(browser: &Browser) -> Events {
    let mut events = browser.watch().await;
    assert_eq!(events.answer.status, 200, "{}", events.answer.text());
    events.lives().await;
    events
}

async fn ended(events: &mut Events) -> String {
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, events.ended()).await;
    let reason = reason.expect("notified in time");
    reason.as_str().expect("a reason").to_owned()
}

/// The state of an administrator's command: the same database, and nothing else in common.
async fn elsewhere(database: &support::database::TestDatabase) -> Core {
    support::core(database).await
}

/// Waits until an open page has learned that this sign-in, or none, is to be reviewed. It may hear the same twice.
async fn reviews(page: &mut Events, wanted: Option<&str>) {
    let hears = async { while page.lives().await["to_review"].as_str() != wanted {} };
    let heard = tokio::time::timeout(NOTICE_TIMEOUT, hears).await;
    assert!(heard.is_ok(), "not notified of {wanted:?} in time");
}

on_both_engines! {
    async fn it_begins_with_how_long_the_session_lives_by_the_servers_clock(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let browser = app.signed_in("ada").await;
        app.set_clock(MINUTE / 2);
        let mut events = browser.watch().await;
        let header = |name| events.answer.header(name).unwrap_or_default();
        assert_eq!(events.answer.status, 200);
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-accel-buffering"), "no");
        assert!(events.answer.header_all("set-cookie").is_empty());
        let event = events.lives().await;
        let session = app.sessions().await.remove(0);
        let expected = serde_json::json!({
            "now": START.after(MINUTE / 2).as_millis(),
            "idle_ends_at": START.after(2 * HOUR).as_millis(),
            "absolute_ends_at": START.after(24 * HOUR).as_millis(),
            "person": app.user("ada").await.id.short(),
            "session": session.id.short(),
            "to_review": null,
        });
        assert_eq!(event, expected, "this and nothing else");
    }

    /// Whichever server it happens on, and until it was reviewed.
    async fn a_sign_in_to_review_is_sent_to_open_pages(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let node = app.second_node().await;
        let mut laptop = app.signed_in("ada").await;
        app.create_user("eve").await;
        let eve = app.signed_in("eve").await;
        let (mut pages, mut of_eve) = ([page(&laptop).await, page(&laptop).await], page(&eve).await);
        for (server, minute) in [(&app, 1), (&node, 2)] {
            app.set_clock(minute * MINUTE);
            let phone = server.signed_in("ada").await;
            let newest = app.sessions().await.remove(0).id;
            for page in &mut pages {
                reviews(page, Some(newest.short())).await;
            }
            let own = phone.watch().await.lives().await;
            assert_ne!(own["to_review"], newest.short(), "a new device is not asked about itself");
            let opened = laptop.watch().await.lives().await;
            assert_eq!(opened["to_review"], newest.short(), "to a page that is opened later, too");
        }
        let mut unreviewed: Vec<_> = app.sessions().await.into_iter().filter(|one| one.device.is_unrecognised).collect();
        assert_eq!(unreviewed.len(), 2);
        for left in [Some(unreviewed[1].id.short().to_owned()), None] {
            let id = unreviewed.remove(0).id.0;
            assert_eq!(laptop.post_form("/api/recognise_sign_in", &[("id", &id)]).await.status, 303);
            for page in &mut pages {
                reviews(page, left.as_deref()).await;
            }
        }
        // Nothing of it has reached another person.
        app.set_clock(3 * MINUTE);
        eve.clone().get("/dashboard").await;
        assert_eq!(of_eve.lives().await["to_review"], serde_json::Value::Null);
    }

    async fn each_kind_of_end_is_sent(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for reason in EndReason::ALL {
            app.set_clock(Duration::ZERO);
            let (key, text) = app.access_key("ada", "profile:read").await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let mut pages = [page(&browser).await, page(&browser).await];
            let ada = app.user("ada").await;
            match reason {
                EndReason::Expired => {
                    // Later activity does not extend the maximum lifetime.
                    for hour in 1..=22 {
                        app.set_clock(hour * HOUR);
                        browser.get("/dashboard").await;
                        for page in &mut pages {
                            page.lives().await;
                        }
                        support::settled(&app.core).await;
                        // Otherwise it is idle an hour later. A write that no answer waits for may fail on a slow disk.
                        let is_used = |one: &Session| one.last_seen_at == START.after(hour * HOUR);
                        assert!(app.sessions().await.iter().any(is_used), "hour {hour} is recorded");
                    }
                    app.set_clock(24 * HOUR);
                }
                other => endings::end(&app, other, &mut browser, &key).await,
            }
            let expected = match reason {
                // The holder of a cookie of a disabled or deleted account learns nothing about it.
                EndReason::UserDisabled | EndReason::UserDeleted => EndReason::EndedByAdmin,
                other => other,
            };
            for page in &mut pages {
                assert_eq!(ended(page).await, expected.as_str(), "{reason:?}");
            }
            sessions::end_all_as_admin(&app.core, &actor::on_this_machine(), &ada.id).await.unwrap();
        }
    }

    async fn ends_by_another_process_are_notified(database: TestDatabase) {
        let elsewhere = elsewhere(&database).await;
        let app = TestApp::new(database).await;
        for _ in 0..3 {
            let (browser, other) = (app.signed_in("ada").await, app.signed_in("ada").await);
            let (mut one, mut another) = (page(&browser).await, page(&other).await);
            let newest = app.sessions().await.remove(0);
            let newest_is_other = another_is(&newest.id.0, &other).await;
            assert!(sessions::end_as_admin(&elsewhere, &actor::on_this_machine(), &newest).await.unwrap());
            let (ended_one, live_one) = if newest_is_other { (&mut another, &mut one) } else { (&mut one, &mut another) };
            assert_eq!(ended(ended_one).await, "ended_by_admin");
            let ada = app.user("ada").await;
            assert_eq!(users::disable(&elsewhere, &actor::on_this_machine(), &ada).await.unwrap(), 1);
            assert_eq!(ended(live_one).await, "ended_by_admin");
            users::enable(&elsewhere, &actor::on_this_machine(), &ada).await.unwrap();
        }
        app.create_user("grace").await;
        let mut of_grace = page(&app.signed_in("grace").await).await;
        let grace = app.user("grace").await;
        assert_eq!(users::delete(&elsewhere, &actor::on_this_machine(), &grace).await.unwrap(), 1);
        assert_eq!(ended(&mut of_grace).await, "ended_by_admin", "although its row is gone");
    }

    /// Watching is no use of the session; use in another tab counts.
    async fn it_is_no_activity_and_ends_with_its_session(database: TestDatabase) {
        let elsewhere = elsewhere(&database).await;
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let before = app.rows().await;
        app.set_clock(HOUR);
        let mut events = page(&browser).await;
        assert_eq!(app.rows().await, before, "watching writes nothing");
        browser.get("/dashboard").await;
        let event = events.lives().await;
        assert_eq!(event["now"], START.after(HOUR).as_millis());
        assert_eq!(event["idle_ends_at"], START.after(3 * HOUR).as_millis());
        // Used through another process on the same database, without a notification.
        let session = app.sessions().await.remove(0);
        let (now, until) = (START.after(2 * HOUR), START.after(4 * HOUR));
        assert!(store::sessions::touch(&elsewhere.db, &session.id, now, until).await.unwrap());
        app.set_clock(3 * HOUR);
        let event = tokio::time::timeout(NOTICE_TIMEOUT, events.lives()).await.expect("notified in time");
        assert_eq!(event["idle_ends_at"], until.as_millis());
        app.set_clock(4 * HOUR);
        assert_eq!(ended(&mut events).await, "idle");
        let written = app.sessions().await.remove(0).ended.unwrap();
        assert_eq!((written.at, written.reason), (until, EndReason::Idle));
    }

    /// The page checks its session by a request when it leaves; until then a wrong clock has ended
    /// no session.
    async fn when_the_clock_is_set_ahead_a_page_leaves_and_no_end_is_written(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut events = page(&browser).await;
        app.core.clock.jump(START.after(3 * HOUR));
        assert_eq!(ended(&mut events).await, "idle");
        assert_eq!(app.endings().await, [None]);
        app.core.clock.jump(START.after(HOUR));
        assert_eq!(browser.get("/dashboard").await.status, 200);
    }

    async fn an_ended_session_is_not_watched(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let old = browser.clone();
        browser.post_logout().await;
        for browser in [&app.browser(), &old, &browser] {
            let events = browser.watch().await;
            assert_eq!((events.answer.status, events.answer.text().as_str()), (401, r#"{"failed":"not_signed_in"}"#));
        }
        let idle = app.signed_in("ada").await;
        app.set_clock(2 * HOUR);
        assert_eq!(idle.watch().await.answer.status, 401);
        assert_eq!(app.endings().await[0], Some(EndReason::Idle), "the use is written");
    }

    /// Without the database no live session is reported.
    async fn without_the_database_nothing_is_sent_and_nobody_is_let_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let browser = app.signed_in("ada").await;
        let mut events = page(&browser).await;
        app.core.db.close().await;
        assert_eq!(browser.watch().await.answer.status, 503);
        app.set_clock(2 * HOUR);
        let event = tokio::time::timeout(NOTICE_TIMEOUT, events.next()).await.expect("over soon");
        assert_eq!(event, None, "over, without an event of an end");
    }

    async fn a_session_without_a_row_is_over(database: TestDatabase) {
        let (elsewhere, engine) = (elsewhere(&database).await, database.engine);
        let app = TestApp::new(database).await;
        let browser = app.signed_in("ada").await;
        let mut events = page(&browser).await;
        support::database::texts(&elsewhere.db, "DELETE FROM sessions RETURNING id").await;
        // PostgreSQL notifies of what Vestibule writes alone: there the missing row is detected when the time is over.
        if engine == Engine::Postgres {
            app.set_clock(2 * HOUR);
        }
        assert_eq!(ended(&mut events).await, "ended_by_admin");
    }
}

/// Whether the event names the session of that browser.
async fn another_is(session: &str, browser: &Browser) -> bool {
    let event = browser.watch().await.lives().await;
    session.ends_with(event["session"].as_str().expect("a name"))
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_methods_are_refused() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let before = app.rows().await;
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "none", 200),
    ] {
        let request = Request::new("HEAD", "/session/events").header(name, value);
        assert_eq!(
            browser.send(request).await.status,
            status,
            "{name}: {value}"
        );
    }
    let foreign = Request::get("/session/events")
        .header("accept", "text/event-stream")
        .header("sec-fetch-site", "cross-site");
    let answer = browser.send(foreign).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (403, r#"{"failed":"cross_site"}"#)
    );
    for method in ["POST", "PUT", "DELETE"] {
        let answer = browser.send(Request::new(method, "/session/events")).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    assert_eq!(app.rows().await, before);
}

/// HEAD checks whether there is a session, and holds no stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_only_asks() {
    let app = TestApp::sqlite_with(|config| {
        config.http.watchers = WatchLimits {
            total: 1,
            per_session: 1,
            per_person: 9,
        };
    })
    .await;
    let mut browser = app.signed_in("ada").await;
    let page = page(&browser).await;
    let head = || Request::new("HEAD", "/session/events");
    let answer = browser.send(head()).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let ada = app.user("ada").await;
    let header = answer
        .header("x-session")
        .expect("the first data of a stream");
    let header: serde_json::Value = serde_json::from_str(header).unwrap();
    assert_eq!(header["person"], ada.id.short());
    assert_eq!(header["now"], START.as_millis());
    let idle_end = START.after(LIFETIMES.idle).as_millis();
    assert_eq!(header["idle_ends_at"], idle_end);
    assert_eq!(app.browser().send(head()).await.status, 401);
    drop(page);
}

/// A page that slept through the end of its session learns the reason, in the public wording.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_visitor_gets_the_reason() {
    let app = TestApp::sqlite().await;
    let mut timed_out = app.signed_in("ada").await;
    app.set_clock(3 * Duration::from_secs(3_600));
    let mut disabled = app.signed_in("ada").await;
    users::disable(&app.core, &actor::on_this_machine(), &app.user("ada").await)
        .await
        .unwrap();
    for (browser, reason) in [(&mut timed_out, "idle"), (&mut disabled, "ended_by_admin")] {
        for method in ["HEAD", "GET"] {
            let answer = browser.send(Request::new(method, "/session/events")).await;
            assert_eq!(
                (answer.status, answer.header("x-ended")),
                (401, Some(reason)),
                "{method}"
            );
        }
    }
    let anonymous = app
        .browser()
        .send(Request::new("HEAD", "/session/events"))
        .await;
    assert_eq!((anonymous.status, anonymous.header("x-ended")), (401, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_open_pages_is_limited() {
    let app = TestApp::sqlite_with(|config| {
        config.http.watchers = WatchLimits {
            total: 3,
            per_session: 2,
            per_person: 9,
        };
    })
    .await;
    let (ada, other) = (app.signed_in("ada").await, app.signed_in("ada").await);
    let first = page(&ada).await;
    let _second = page(&ada).await;
    let refused = ada.watch().await.answer;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("30"))
    );
    let _third = page(&other).await;
    let refused = other.watch().await.answer;
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (503, r#"{"failed":"busy"}"#)
    );
    assert_eq!(refused.header("retry-after"), Some("2"));
    drop(first);
    let slot_released = async {
        while other.watch().await.answer.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(NOTICE_TIMEOUT, slot_released)
        .await
        .expect("the slot of a closed page");
}

/// No account uses the capacity of all others: its oldest page polls instead.
#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_page_of_a_person_has_to_poll() {
    let app = TestApp::sqlite_with(|config| config.http.watchers.per_person = 2).await;
    app.create_user("eve").await;
    let (ada, other, eve) = (
        app.signed_in("ada").await,
        app.signed_in("ada").await,
        app.signed_in("eve").await,
    );
    let mut first = page(&ada).await;
    let mut of_eve = page(&eve).await;
    let mut second = page(&other).await;
    let mut third = page(&ada).await;
    assert_eq!(
        first.next().await.map(|(name, _)| name).as_deref(),
        Some("poll")
    );
    assert_eq!((first.next().await, first.broke_off), (None, false));
    for still in [&mut second, &mut third, &mut of_eve] {
        let nothing = tokio::time::timeout(Duration::from_millis(100), still.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
    }
}

/// Longer than the limit of a request, and longer than a connection may wait for a header.
#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_requests_do_not_end_it() {
    let app = TestApp::sqlite_with(|config| {
        config.http.request_timeout = Duration::from_secs(2);
        config.http.header_timeout = Duration::from_secs(2);
    })
    .await;
    let mut browser = app.signed_in("ada").await;
    let mut events = page(&browser).await;
    let nothing = tokio::time::timeout(Duration::from_secs(4), events.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    browser.post_logout().await;
    assert_eq!(ended(&mut events).await, "signed_out");
}
