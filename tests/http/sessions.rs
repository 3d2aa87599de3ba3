//! The life of sessions and their end, by the server's clock alone.

use crate::{
    app::{TestApp, assert_page, assert_redirect},
    on_both_engines,
    support::{
        self, PASSWORD, START,
        http::{Browser, Request, credentials},
        password,
    },
};
use std::time::Duration;
use vestibule::{
    domain::{actor::Actor, session::EndReason},
    server::core::{
        accounts::{access_keys, users},
        actor,
        background::heartbeat,
        sessions,
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const MILLISECOND: Duration = Duration::from_millis(1);

async fn remembered(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let [name, password] = credentials("ada", PASSWORD);
    let fields = [name, password, ("remember", "on")];
    assert_eq!(browser.fetch_form("/api/login", &fields).await.status, 200);
    browser
}

/// Redirected to the sign-in page, which gives the reason, and from there back.
async fn assert_ended(browser: &mut Browser, words: &str) {
    let target = "/dashboard?tab=2&x=%20";
    let sign_in = "/login?next=/dashboard?tab=2%26x=%2520";
    assert_redirect(&browser.get(target).await, sign_in);
    let page = browser.get(sign_in).await;
    assert_page(&page, words);
    assert!(
        page.text().contains("value=\"/dashboard?tab=2&amp;x=%20\""),
        "{}",
        page.text()
    );
    let [name, password] = credentials("ada", PASSWORD);
    let fields = [name, password, ("next", target)];
    let answer = browser.clone().post_form("/api/login", &fields).await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .location()
            .ends_with("&next=/dashboard?tab=2%26x=%2520"),
        "{}",
        answer.location()
    );
}

/// The use is written before the clock moves.
async fn assert_live(app: &TestApp, browser: &mut Browser) {
    assert_page(&browser.get("/dashboard").await, "Hello, ");
    support::settled(&app.core).await;
}

const IDLE: &str = "You were signed out because you were inactive.";
const EXPIRED: &str = "You were signed out because your session reached its time limit.";

on_both_engines! {
    async fn it_ends_when_nobody_uses_it(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(2 * HOUR - MILLISECOND);
        assert_live(&app, &mut browser).await;
        // That use counted: the idle time restarts.
        app.set_clock(4 * HOUR - 2 * MILLISECOND);
        assert_live(&app, &mut browser).await;
        app.set_clock(6 * HOUR - 2 * MILLISECOND);
        assert_ended(&mut browser, IDLE).await;
        let ended = app.sessions().await.pop().unwrap().ended.unwrap();
        assert_eq!(ended.reason, EndReason::Idle);
        assert_eq!(ended.at, START.after(6 * HOUR - 2 * MILLISECOND));
    }

    /// Use counts for the shortest idle time too: it is written more often than for a long one.
    async fn use_counts_in_a_short_idle_time_too(database: TestDatabase) {
        let mut core = support::core(&database).await;
        core.lifetimes.idle = MINUTE;
        support::create_user(&core, "ada").await;
        let app = TestApp::start(database, core, |_| ()).await;
        let mut browser = app.signed_in("ada").await;
        for step in 1..=10 {
            app.set_clock(step * MINUTE / 2);
            assert_live(&app, &mut browser).await;
        }
        app.set_clock(6 * MINUTE);
        assert_ended(&mut browser, IDLE).await;
    }

    /// The answer to "are you still there?" counts at once (WCAG 2.2.1), and extends no further
    /// than any use.
    async fn staying_moves_the_idle_end_and_not_the_longest_life(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let stay = async |browser: &mut Browser| browser.fetch_form("/api/stay_signed_in", &[]).await.status;
        app.set_clock(MINUTE / 2);
        assert_eq!(stay(&mut browser).await, 200);
        let session = app.sessions().await.remove(0);
        assert_eq!(session.idle_ends_at, START.after(MINUTE / 2 + 2 * HOUR));
        app.set_clock(2 * HOUR + MINUTE / 4);
        assert_live(&app, &mut browser).await;
        for hour in 3..24 {
            app.set_clock(hour * HOUR);
            assert_eq!(stay(&mut browser).await, 200, "{hour}");
        }
        let session = app.sessions().await.remove(0);
        assert_eq!(session.idle_ends_at, START.after(DAY));
        app.set_clock(DAY);
        assert_eq!(stay(&mut browser).await, 401);
        assert_eq!(stay(&mut app.browser()).await, 401);
    }

    async fn activity_does_not_reach_past_the_longest_life(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        for hour in 1..24 {
            app.set_clock(hour * HOUR);
            assert_live(&app, &mut browser).await;
        }
        app.set_clock(DAY - MILLISECOND);
        assert_live(&app, &mut browser).await;
        app.set_clock(DAY);
        assert_ended(&mut browser, EXPIRED).await;
    }

    async fn a_remembered_session_has_longer_limits(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = remembered(&app).await;
        let mut unused = remembered(&app).await;
        let mut day = 0;
        while day + 13 < 90 {
            day += 13;
            app.set_clock(day * DAY);
            assert_live(&app, &mut browser).await;
        }
        app.set_clock(90 * DAY - MILLISECOND);
        assert_live(&app, &mut browser).await;
        assert_ended(&mut unused, IDLE).await;
        app.set_clock(90 * DAY);
        assert_ended(&mut browser, EXPIRED).await;
    }

    async fn a_remembered_browser_that_is_not_used_ends_after_two_weeks(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = remembered(&app).await;
        app.set_clock(14 * DAY);
        assert_ended(&mut browser, IDLE).await;
    }

    async fn last_seen_moves_once_a_minute(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let steps = [
            (MINUTE - MILLISECOND, Duration::ZERO),
            (MINUTE, MINUTE),
            (2 * MINUTE - MILLISECOND, MINUTE),
            (2 * MINUTE + MILLISECOND, 2 * MINUTE + MILLISECOND),
        ];
        for (now, last_seen) in steps {
            app.set_clock(now);
            assert_live(&app, &mut browser).await;
            let session = app.sessions().await.remove(0);
            assert_eq!(session.last_seen_at, START.after(last_seen), "at {now:?}");
            assert_eq!(session.idle_ends_at, START.after(last_seen + 2 * HOUR), "at {now:?}");
            assert_eq!(session.created_at, START);
            assert_eq!(session.absolute_ends_at, START.after(DAY));
        }
    }

    /// A recorded end stays, for any later change of the clock.
    async fn a_clock_that_is_set_back_revives_nothing(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for late in [3 * HOUR, 25 * HOUR] {
            app.set_clock(Duration::ZERO);
            let mut browser = app.signed_in("ada").await;
            app.set_clock(late);
            assert_redirect(&browser.get("/dashboard").await, "/login");
            for back in [late - HOUR, MINUTE, Duration::ZERO] {
                app.set_clock(back);
                assert_redirect(&browser.get("/dashboard").await, "/login");
                assert_page(&browser.get("/login").await, IDLE);
            }
        }
    }

    async fn a_clock_that_is_set_back_locks_nobody_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.set_clock(10 * HOUR);
        let mut browser = app.signed_in("ada").await;
        app.set_clock(9 * HOUR);
        assert_live(&app, &mut browser).await;
        let session = app.sessions().await.remove(0);
        let now = START.after(9 * HOUR);
        assert_eq!((session.created_at, session.last_seen_at), (now, now), "it begins now");
    }

    async fn every_kind_of_end_is_explained(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for reason in EndReason::ALL {
            app.set_clock(Duration::ZERO);
            let (key, text) = app.access_key("ada", "profile:read").await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let mut old = browser.clone();
            let ada = app.user("ada").await;
            match reason {
                // No page is left to notify: see `a_deleted_account_is_unknown_at_once`.
                EndReason::UserDeleted => continue,
                EndReason::SignedOut => drop(browser.post_logout().await),
                EndReason::Replaced => drop(browser.fetch_login("ada", PASSWORD).await),
                EndReason::Idle => app.set_clock(3 * HOUR),
                EndReason::Expired => {
                    for hour in 1..24 {
                        app.set_clock(hour * HOUR);
                        assert_live(&app, &mut browser).await;
                    }
                    app.set_clock(24 * HOUR);
                }
                EndReason::EndedByAdmin => {
                    let ended = sessions::end_all_as_admin(&app.core, &actor::on_this_machine(), &ada.id).await;
                    assert_eq!(ended.unwrap(), 1);
                }
                EndReason::UserDisabled => {
                    users::disable(&app.core, &actor::on_this_machine(), &ada).await.unwrap();
                    users::enable(&app.core, &actor::on_this_machine(), &ada).await.unwrap();
                }
                EndReason::PasswordChanged => {
                    users::set_password(&app.core, &actor::on_this_machine(), &ada, &password(PASSWORD)).await.unwrap();
                }
                EndReason::EndedByOwner => {
                    let answer = app.signed_in("ada").await.post_form("/api/end_other_sessions", &[]).await;
                    assert_eq!(answer.status, 303);
                }
                EndReason::Restored => {
                    heartbeat::end_everything(&app.core, &Actor::server()).await.unwrap();
                }
                EndReason::KeyRevoked => {
                    let machine = actor::on_this_machine();
                    assert!(access_keys::revoke_as_admin(&app.core, &machine, &ada.id, &key).await.unwrap());
                }
                EndReason::TooMany => {
                    for _ in 0..app.core.max_sessions {
                        app.signed_in("ada").await;
                    }
                }
            }
            assert_ended(&mut old, &format!("{} Sign in to continue.", reason.explanation())).await;
            assert_eq!(old.clone().get("/login").await.header_all("set-cookie").len(), 0);
            // The browser of `assert_ended` is signed in now, and must not disturb the next round.
            sessions::end_all_as_admin(&app.core, &actor::on_this_machine(), &ada.id).await.unwrap();
        }
    }

    /// The cookie and the name are unknown, as if they had never existed.
    async fn a_deleted_account_is_unknown_at_once(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (mut ada, mut eve) = (app.signed_in("ada").await, app.signed_in("eve").await);
        let deleted = app.user("ada").await;
        assert_eq!(users::delete(&app.core, &actor::on_this_machine(), &deleted).await.unwrap(), 1);
        assert_redirect(&ada.get("/dashboard").await, "/login");
        assert_eq!(ada.post_form("/api/end_other_sessions", &[]).await.status, 401);
        let refused = app.browser().fetch_login("ada", PASSWORD).await;
        let unknown = app.browser().fetch_login("nobody", PASSWORD).await;
        assert_eq!((refused.status, refused.body), (unknown.status, unknown.body));
        assert_live(&app, &mut eve).await;
        app.create_user("ada").await;
        assert_redirect(&ada.get("/dashboard").await, "/login");
    }

    async fn disabling_an_account_ends_its_sessions_at_once(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut browsers = [app.signed_in("ada").await, remembered(&app).await];
        let mut eve = app.signed_in("eve").await;
        let ada = app.user("ada").await;
        assert_eq!(users::disable(&app.core, &actor::on_this_machine(), &ada).await.unwrap(), 2);
        for browser in &mut browsers {
            assert_redirect(&browser.get("/dashboard").await, "/login");
        }
        assert_live(&app, &mut eve).await;
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 401);
        users::enable(&app.core, &actor::on_this_machine(), &ada).await.unwrap();
        for browser in &mut browsers {
            assert_redirect(&browser.get("/dashboard").await, "/login");
        }
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    async fn a_new_password_ends_all_sessions(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browsers = [app.signed_in("ada").await, remembered(&app).await];
        let ada = app.user("ada").await;
        let new = "another long and unlikely sentence";
        assert_eq!(users::set_password(&app.core, &actor::on_this_machine(), &ada, &password(new)).await.unwrap(), 2);
        for browser in &mut browsers {
            assert_redirect(&browser.get("/dashboard").await, "/login");
        }
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.fetch_login("ada", new).await.status, 200);
    }

    async fn one_session_can_be_ended_by_an_administrator(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut first = app.signed_in("ada").await;
        app.set_clock(MINUTE);
        let mut second = app.signed_in("ada").await;
        let newest = app.sessions().await.remove(0);
        assert!(sessions::end_as_admin(&app.core, &actor::on_this_machine(), &newest).await.unwrap());
        assert_redirect(&second.get("/dashboard").await, "/login");
        assert_page(&second.get("/login").await, "An administrator signed you out.");
        assert_live(&app, &mut first).await;
    }

    /// Without the database nothing is granted (controls J3).
    async fn without_the_database_nobody_is_let_in_and_no_cookie_is_lost(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        assert_eq!(app.send(Request::get("/readyz")).await.status, 200);
        app.core.db.close().await;
        for path in ["/dashboard", "/login", "/", "/logout", "/readyz"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 503, "{path}");
            assert!(answer.header_all("set-cookie").is_empty(), "{path}");
            assert!(!answer.names("ada") && !answer.text().contains("pool"), "{path}");
        }
        let answer = app.fetch_login("ada", PASSWORD).await;
        assert_eq!((answer.status, answer.session_token()), (503, None));
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(app.send(Request::get("/healthz")).await.status, 200, "the process runs");
        assert_eq!(app.browser().get("/pkg/vestibule.css").await.status, 200);
    }
}
