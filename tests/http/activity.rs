//! The actions of people in the browser are recorded in the audit log, with their origin.

use crate::{
    app::TestApp,
    on_both_engines,
    support::{PASSWORD, http::Request},
};
use std::time::Duration;
use vestibule::{
    domain::{
        audit::{Event, Record, SignInRefusal},
        session::EndReason,
    },
    server::{
        core::accounts::setup,
        store::{self, audit::Filter},
    },
};

const NEW_PASSWORD: &str = "quietly humming teapots";

/// The newest entries first.
async fn records(app: &TestApp) -> Vec<Record> {
    store::audit::list(&app.core.db, &Filter::default(), None, 100)
        .await
        .unwrap()
}

on_both_engines! {
    async fn changes_by_people_are_recorded(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let other = app.signed_in("ada").await;
        app.set_clock(Duration::from_secs(1));
        let profile = [("display_name", "Ada"), ("email", ""), ("description", "canary of a description")];
        assert_eq!(browser.fetch_form("/api/update_profile", &profile).await.status, 200);
        app.set_clock(Duration::from_secs(2));
        let passwords = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        assert_eq!(browser.fetch_form("/api/change_password", &passwords).await.status, 200);
        let records = records(&app).await;
        // The renewed session has neither ended nor started.
        let mut of_change: Vec<_> = records[..2].iter().map(|record| record.entry.event.reason().unwrap_or("changed")).collect();
        of_change.sort_unstable();
        assert_eq!(of_change, ["changed", "password_changed"]);
        assert_eq!(records[2].entry.event, Event::ProfileChanged);
        let changed = records.iter().find(|record| record.entry.event == Event::PasswordChanged).unwrap();
        for record in [changed, &records[2]] {
            assert_eq!(record.entry.address, "127.0.0.1");
            assert!(record.entry.session.is_some() && record.username.as_deref() == Some("ada"));
        }
        assert_eq!(changed.entry.session, app.sessions().await.last().map(|session| session.id.clone()));
        assert!(!format!("{records:?}").contains("canary"), "it does not contain the input");
        drop(other);
    }

    /// Guesses in a browser that was left open are distinguished from guesses at the sign-in page.
    async fn guesses_at_the_current_password_are_recorded_as_such(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let guess = [("current_password", "a wrong password"), ("new_password", NEW_PASSWORD)];
        for _ in 0..12 {
            browser.fetch_form("/api/change_password", &guess).await;
        }
        browser.fetch_login("ada", "a wrong password").await;
        app.core.tallies.flush(&app.core.db).await;
        let records = records(&app).await;
        let times = |event| records.iter().filter(|record| record.entry.event == event).map(|record| record.times).sum::<u64>();
        assert_eq!(times(Event::PasswordChangeRefused(SignInRefusal::WrongPassword)), 10);
        assert_eq!(times(Event::PasswordChangeThrottled), 2);
        assert_eq!(times(Event::SignInRefused(SignInRefusal::WrongPassword)), 0);
        assert_eq!(times(Event::SignInThrottled), 1, "of the same count, in a row of its own");
    }

    async fn throttled_guesses_at_the_setup_code_are_aggregated(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let fields = [("code", "00000-00000-00000-00000"), ("username", "ada"), ("password", NEW_PASSWORD)];
        for _ in 0..13 {
            app.send(Request::form("/api/set_up", &fields)).await;
        }
        app.core.tallies.flush(&app.core.db).await;
        let records = records(&app).await;
        let throttled: Vec<_> = records.iter().filter(|record| record.entry.event == Event::SetUpThrottled).collect();
        assert_eq!(throttled.iter().map(|record| record.times).collect::<Vec<_>>(), [3]);
        assert_eq!(throttled[0].entry.address, "127.0.0.1");
    }

    async fn the_first_account_and_guesses_at_its_code_are_recorded(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = setup::new_code(&app.core).await.unwrap().expect("there is no account");
        for (second, code) in [(1, "00000-00000-00000-00000"), (2, code.reveal())] {
            app.set_clock(Duration::from_secs(second));
            let fields = [("code", code), ("username", "ada"), ("password", NEW_PASSWORD)];
            app.send(Request::form("/api/set_up", &fields)).await;
        }
        let mut browser = app.browser();
        assert_eq!(browser.fetch_login("ada", NEW_PASSWORD).await.status, 200);
        assert_eq!(browser.fetch_logout().await.status, 200);
        let records = records(&app).await;
        let events: Vec<_> = records.iter().rev().map(|record| record.entry.event).collect();
        assert_eq!(events[0], Event::SetUpRefused);
        assert_eq!(records[records.len() - 1].username, None);
        for expected in [Event::SetUp, Event::SignedIn, Event::SessionEnded(EndReason::SignedOut)] {
            assert!(events.contains(&expected), "{events:?}");
        }
        let set_up = records.iter().find(|record| record.entry.event == Event::SetUp).unwrap();
        assert_eq!((set_up.username.as_deref(), set_up.entry.address.as_str()), (Some("ada"), "127.0.0.1"));
        assert!(!format!("{records:?}").contains(code.reveal()));
    }
}
