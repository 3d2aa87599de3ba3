//! A renewed session: the permissions of the previous cookie, with raw cookies and on two nodes.

use crate::{
    app::{TestApp, WRONG, assert_contains, assert_page, assert_redirect, page_paths},
    on_both_engines,
    support::{
        self, PASSWORD,
        http::{Answer, Browser, SESSION_COOKIE},
    },
};
use std::time::Duration;
use vestibule::domain::session::EndReason;

const NEW: &str = "quietly humming teapots";
const PAGE: &str = "/account/profile";
const MINUTE: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A browser that holds this cookie and nothing else.
fn with(app: &TestApp, token: &str) -> Browser {
    let mut browser = app.browser();
    browser.set_cookie(SESSION_COOKIE, token);
    browser
}

async fn confirms(browser: &mut Browser, password: &str) -> Answer {
    let fields = [("password", password), ("next", PAGE)];
    browser.post_form("/api/confirm_password", &fields).await
}

async fn changes(browser: &mut Browser) -> Answer {
    let fields = [("current_password", PASSWORD), ("new_password", NEW)];
    browser.post_form("/api/change_password", &fields).await
}

/// The previous cookie and the new one.
async fn renewed(browser: &mut Browser, is_change: bool) -> [String; 2] {
    let first = browser.session().expect("a session").to_owned();
    let answer = if is_change {
        changes(browser).await
    } else {
        confirms(browser, PASSWORD).await
    };
    assert_eq!(answer.status, 303);
    [first, answer.session_token().expect("a new cookie")]
}

async fn opens(app: &TestApp, token: &str) -> bool {
    let answer = with(app, token).get("/dashboard").await;
    assert!(matches!(answer.status, 200 | 303), "{}", answer.status);
    answer.status == 200
}

on_both_engines! {
    /// The answer to the renewal arrives after the person signs out: it sets a dead cookie.
    async fn signing_out_with_the_previous_cookie_ends_the_renewed_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let second_node = app.second_node().await;
        // The new password is last: the account keeps its password for the others.
        for (is_change, there) in [(false, &app), (false, &second_node), (true, &second_node)] {
            let mut browser = app.signed_in("ada").await;
            let [first, second] = renewed(&mut browser, is_change).await;
            let answer = with(there, &first).post_logout().await;
            assert_redirect(&answer, "/signed-out");
            for node in [&app, &second_node] {
                assert!(!opens(node, &second).await, "a late Set-Cookie signs nobody in");
                assert!(!opens(node, &first).await);
            }
            assert_eq!(app.endings().await[0], Some(EndReason::SignedOut));
            assert_page(&with(&app, &second).get("/login").await, "You signed out in this browser.");
        }
    }

    async fn after_a_lost_answer_to_a_confirmation_pages_go_on_for_a_minute(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let second_node = app.second_node().await;
        let [first, second] = renewed(&mut app.signed_in("ada").await, false).await;
        for node in [&app, &second_node] {
            assert!(opens(node, &first).await);
            let page = with(node, &first).get("/account/sessions").await;
            assert_page(&page, "This device");
            assert!(page.header_all("set-cookie").is_empty());
        }
        app.set_clock(MINUTE);
        assert!(!opens(&second_node, &first).await);
        assert_eq!(with(&app, &first).get("/login").await.status, 200, "without access the page is the sign-in");
        assert!(opens(&second_node, &second).await);
    }

    async fn the_first_use_of_the_new_cookie_ends_the_grace_on_every_node(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let second_node = app.second_node().await;
        let [first, second] = renewed(&mut app.signed_in("ada").await, false).await;
        assert!(opens(&second_node, &first).await);
        assert!(opens(&app, &second).await);
        for node in [&app, &second_node] {
            assert!(!opens(node, &first).await);
            assert_eq!(confirms(&mut with(node, &first), PASSWORD).await.status, 401);
        }
    }

    /// It can sign out and be confirmed again; every other function, file and stream is refused.
    async fn on_grace_nothing_can_be_changed(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let [first, _] = renewed(&mut app.signed_in("ada").await, false).await;
        let mut late = with(&app, &first);
        let rows = app.rows().await;
        for (path, _) in leptos::server_fn::axum::server_fn_paths() {
            let is_public = vestibule::server::web::target::PUBLIC_FUNCTIONS.contains(&path);
            if !is_public && path != vestibule::server::web::target::CONFIRMATION {
                assert_eq!(late.fetch_form(path, &[("id", "x")]).await.status, 401, "{path}");
            }
        }
        assert_eq!(changes(&mut late).await.status, 401);
        for path in ["/admin/activity.jsonl", "/admin/activity.csv"] {
            assert_redirect(&late.get(path).await, "/login?next=/admin/activity");
        }
        assert_eq!(late.get("/admin/activity/events").await.status, 401);
        assert_eq!(app.rows().await, rows);
    }

    async fn on_grace_the_password_confirms_once_more(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.set_clock(Duration::ZERO);
        let mut browser = app.signed_in("ada").await;
        app.set_clock(20 * MINUTE);
        let [first, lost] = renewed(&mut browser, false).await;
        let mut late = with(&app, &first);
        let page = late.get("/account/confirm?next=/account/profile").await;
        assert_page(&page, "Is it you?");
        assert_redirect(&confirms(&mut late, WRONG).await, "/account/confirm?next=/account/profile");
        let answer = confirms(&mut late, PASSWORD).await;
        assert_redirect(&answer, PAGE);
        let third = answer.session_token().expect("a new cookie");
        assert!(opens(&app, &third).await);
        assert!(!opens(&app, &first).await && !opens(&app, &lost).await);
        assert_eq!(app.sessions().await.len(), 1);
    }

    /// The page continues meanwhile, so its stream does; it reconnects soon, and is checked again
    /// then.
    async fn on_grace_a_page_receives_the_life_of_its_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let [first, second] = renewed(&mut app.signed_in("ada").await, false).await;
        let mut events = with(&app, &first).watch().await;
        assert_eq!(events.answer.status, 200);
        let person = app.user("ada").await.id.short().to_owned();
        let header = events.answer.header("x-session").expect("the first data of a stream");
        let header: serde_json::Value = serde_json::from_str(header).unwrap();
        assert_eq!(header["person"], person);
        events.lives().await;
        assert!(opens(&app, &second).await);
        assert_eq!(with(&app, &first).watch().await.answer.status, 401);
    }

    async fn a_new_password_has_no_grace_and_ends_unused_after_five_minutes(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let [first, second] = renewed(&mut app.signed_in("ada").await, true).await;
        for path in page_paths() {
            let answer = with(&app, &first).get(path).await;
            assert!(!answer.names("ada"), "{path}");
        }
        assert_eq!(with(&app, &first).watch().await.answer.status, 401);
        app.set_clock(5 * MINUTE);
        assert!(!opens(&app, &second).await);
        assert_eq!(app.endings().await[0], Some(EndReason::Idle));
    }

    async fn the_first_use_after_a_new_password_gives_the_session_its_idle_time(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let second_node = app.second_node().await;
        let [_, second] = renewed(&mut app.signed_in("ada").await, true).await;
        app.set_clock(5 * MINUTE - MILLISECOND);
        let page = with(&second_node, &second).get("/dashboard").await;
        // 14:13:20, and two hours; this use is written beside the page.
        assert_contains(&page, "Signed out if unused by 21 September 2026, 16:13 UTC");
        support::settled(&second_node.core).await;
        app.set_clock(90 * MINUTE);
        assert!(opens(&app, &second).await);
    }

    /// Open pages with the previous cookie reconnect: a copied cookie gets no further events.
    async fn open_pages_reconnect_after_a_new_password(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut pages = [browser.watch().await, browser.watch().await];
        for page in &mut pages {
            page.lives().await;
        }
        app.set_clock(MINUTE / 2);
        renewed(&mut browser, true).await;
        for page in &mut pages {
            assert_eq!(page.ended().await, "replaced");
        }
        let mut again = browser.watch().await;
        again.lives().await;
    }
}
