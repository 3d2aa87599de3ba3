//! The password again, before credentials are changed.

use crate::{
    app::{TestApp, WRONG, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    support::{
        PASSWORD, START,
        http::{Answer, Browser},
    },
};
use std::time::Duration;
use vestibule::{
    domain::audit::Event,
    server::{
        core::{accounts::users, actor},
        store::{self, audit::Filter},
    },
};

const PROFILE: &str = "/account/profile";
const CONFIRM: &str = "/account/confirm?next=/account/profile";
const LONG_AGO: Duration = Duration::from_secs(600);

const NEW: [(&str, &str); 3] = [
    ("display_name", "Countess of <Lovelace>"),
    ("email", "countess@example.org"),
    ("description", "Notes \"A\" to G"),
];

async fn changes_email(browser: &mut Browser) -> Answer {
    browser.post_form("/api/update_profile", &NEW).await
}

async fn confirms(browser: &mut Browser, password: &str) -> Answer {
    let fields = [("password", password), ("next", PROFILE)];
    browser.post_form("/api/confirm_password", &fields).await
}

on_both_engines! {
    async fn a_new_address_asks_for_the_password_and_keeps_the_input(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        let rows = app.rows().await;
        assert_redirect(&changes_email(&mut browser).await, CONFIRM);
        let page = browser.get(CONFIRM).await;
        assert_page(&page, "Confirm your password");
        assert_contains(&page, "For your security we ask again");
        assert_eq!(app.user("ada").await.email.as_deref(), Some("ada@example.org"));

        assert_redirect(&confirms(&mut browser, WRONG).await, CONFIRM);
        assert_contains(&browser.get(CONFIRM).await, "Wrong password.");
        assert_redirect(&changes_email(&mut browser).await, CONFIRM);
        assert_redirect(&confirms(&mut browser, PASSWORD).await, PROFILE);

        // Nothing is sent automatically: the person finds their input, and sends it.
        assert_eq!(app.user("ada").await.email.as_deref(), Some("ada@example.org"));
        let page = browser.get(PROFILE).await;
        assert_page(&page, "Not saved yet. Check your input, then press “Save”.");
        for value in ["Countess of &lt;Lovelace&gt;", "countess@example.org", "Notes &quot;A&quot; to G"] {
            assert!(page.text().contains(&format!("value=\"{value}\"")), "{value}: {}", page.text());
        }
        assert_redirect(&changes_email(&mut browser).await, PROFILE);
        assert_eq!(app.user("ada").await.email.as_deref(), Some("countess@example.org"));
        assert_contains(&browser.get(PROFILE).await, "Saved.");
        assert!(!visible_text(&browser.get(PROFILE).await).contains("not saved yet"));
        assert_ne!(app.rows().await, rows);
    }

    async fn a_script_gets_a_typed_refusal_with_its_status(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        let answer = browser.fetch_form("/api/update_profile", &NEW).await;
        assert_eq!((answer.status, answer.text().as_str()), (403, r#"{"failed":"password_needed"}"#));
        assert!(answer.header_all("set-cookie").is_empty());
        assert_eq!(app.user("ada").await.email.as_deref(), Some("ada@example.org"));
        let wrong = [("password", WRONG)];
        assert_eq!(browser.fetch_form("/api/confirm_password", &wrong).await.status, 422);
        let right = [("password", PASSWORD), ("next", PROFILE)];
        let answer = browser.fetch_form("/api/confirm_password", &right).await;
        assert_eq!((answer.status, answer.location()), (200, PROFILE));
        assert_eq!(browser.fetch_form("/api/update_profile", &NEW).await.status, 200);
    }

    async fn changes_to_other_fields_ask_for_no_password(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        let same = [("display_name", "Ada"), ("email", "ada@example.org"), ("description", "")];
        assert_redirect(&browser.post_form("/api/update_profile", &same).await, PROFILE);
        assert_eq!(app.user("ada").await.display_name, "Ada");
        let none = [("display_name", "Ada"), ("email", ""), ("description", "")];
        assert_redirect(&browser.post_form("/api/update_profile", &none).await, CONFIRM);
    }

    async fn just_before_the_time_is_over_no_password_is_asked(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO - Duration::from_millis(1));
        assert_redirect(&browser.get(CONFIRM).await, PROFILE);
        assert_redirect(&changes_email(&mut browser).await, PROFILE);
        app.set_clock(LONG_AGO);
        assert_eq!(browser.get(CONFIRM).await.status, 200);
    }

    /// A copy of the previous cookie gives access neither to sensitive actions nor to anything else
    /// (ASVS V7.2.4).
    async fn the_session_goes_on_under_a_new_token(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut copy = browser.clone();
        let before = app.sessions().await.remove(0);
        app.set_clock(LONG_AGO);
        browser.get("/dashboard").await;
        assert_redirect(&confirms(&mut browser, PASSWORD).await, PROFILE);
        assert_ne!(browser.session(), copy.session());
        assert_page(&browser.get(PROFILE).await, "Your profile");
        assert_redirect(&copy.get(PROFILE).await, "/login?next=/account/profile");
        assert_eq!(changes_email(&mut copy).await.status, 401);
        let after = app.sessions().await;
        assert_eq!(after.len(), 1);
        assert_eq!((&after[0].id, after[0].ended), (&before.id, None));
        assert_eq!(after[0].created_at, before.created_at);
        assert_eq!(after[0].absolute_ends_at, before.absolute_ends_at);
        assert_eq!(after[0].authenticated_at, START.after(LONG_AGO));
    }

    async fn guesses_are_throttled_and_recorded(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        for _ in 0..10 {
            assert_eq!(confirms(&mut browser, WRONG).await.status, 303);
        }
        let answer = confirms(&mut browser, PASSWORD).await;
        assert_eq!(answer.status, 429);
        assert!(answer.header("retry-after").is_some());
        app.set_clock(LONG_AGO + Duration::from_secs(31));
        assert_redirect(&confirms(&mut browser, PASSWORD).await, PROFILE);
        let events = store::audit::list(&app.core.db, &Filter::default(), None, 100).await.unwrap();
        let events: Vec<_> = events.iter().map(|record| record.entry.event).collect();
        assert_eq!(events[0], Event::PasswordConfirmed);
        let refused = events.iter().filter(|event| event.as_str() == "confirmation_refused");
        assert_eq!(refused.count(), 10);
    }

    async fn a_signed_out_browser_learns_nothing_of_the_password(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        users::disable(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        for password in [PASSWORD, WRONG] {
            let answer = browser.fetch_form("/api/confirm_password", &[("password", password)]).await;
            assert_eq!((answer.status, answer.session_token()), (401, None), "{password}");
        }
    }

    async fn a_hostile_next_leads_to_the_dashboard(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for hostile in ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/a\r\nb"] {
            let mut browser = app.signed_in("ada").await;
            let fields = [("password", PASSWORD), ("next", hostile)];
            assert_redirect(&browser.post_form("/api/confirm_password", &fields).await, "/dashboard");
        }
        assert_redirect(&app.browser().get(CONFIRM).await, "/login?next=/account/confirm?next=/account/profile");
        assert_eq!(confirms(&mut app.browser(), PASSWORD).await.status, 401);
    }
}
