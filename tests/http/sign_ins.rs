//! Sign-ins from new browsers: shown until they are recognised.

use crate::{
    app::{TestApp, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    support::{
        PASSWORD,
        http::{Answer, Browser, Request, credentials},
    },
};
use std::time::Duration;
use vestibule::domain::{
    page::{Access, Page},
    session::{EndReason, SessionId},
};

const NOTICE: &str = "New sign-in. Was this you?";
const HOUR: Duration = Duration::from_secs(3_600);

async fn signs_in_with(browser: &mut Browser, user_agent: &str) {
    let form = Request::form("/api/login", &credentials("ada", PASSWORD));
    assert_eq!(
        browser
            .send(form.header("user-agent", user_agent))
            .await
            .status,
        303
    );
}

async fn newest_id(app: &TestApp) -> SessionId {
    app.sessions().await.remove(0).id
}

async fn press(browser: &mut Browser, function: &str, id: &SessionId) -> Answer {
    browser
        .post_form(&format!("/api/{function}"), &[("id", &id.0)])
        .await
}

async fn has_notice(browser: &mut Browser) -> bool {
    visible_text(&browser.get("/dashboard").await).contains(NOTICE)
}

/// The buttons of the notice.
fn buttons(dashboard: &Answer) -> [bool; 2] {
    let text = visible_text(dashboard);
    [
        text.contains("Yes, it was me"),
        text.contains("No, secure my account"),
    ]
}

/// A known laptop, and a new phone.
async fn laptop_and_phone(app: &TestApp) -> (Browser, Browser, SessionId) {
    let laptop = app.signed_in("ada").await;
    let (phone, id) = phone_beside(app).await;
    (laptop, phone, id)
}

/// A new phone, with a known browser of the account.
async fn phone_beside(app: &TestApp) -> (Browser, SessionId) {
    app.set_clock(HOUR);
    let mut phone = app.browser();
    signs_in_with(&mut phone, "curl/8.9.1").await;
    let id = newest_id(app).await;
    (phone, id)
}

on_both_engines! {
    async fn a_new_device_is_shown_until_it_is_recognised(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        assert!(!has_notice(&mut laptop).await, "the very first one is not shown");
        let (mut phone, id) = phone_beside(&app).await;
        let page = laptop.get("/dashboard").await;
        assert_eq!(buttons(&page), [true, true]);
        assert_page(&page, &format!("{NOTICE} curl · 127.0.0.1 · 21 September 2026, 15:13 UTC Yes, it was me: curl No, secure my account: curl"));
        assert!(has_notice(&mut laptop).await, "shown again until it is recognised");

        assert_redirect(&press(&mut laptop, "recognise_sign_in", &id).await, "/dashboard");
        assert_page(&phone.get("/dashboard").await, "Hello, ");
        app.set_clock(2 * HOUR);
        phone.post_logout().await;
        signs_in_with(&mut phone, "curl/8.9.1").await;
        assert!(!has_notice(&mut laptop).await, "the phone is known");
    }

    /// A thief's own browser must not recognise itself.
    async fn a_new_device_cannot_recognise_itself(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, mut phone, id) = laptop_and_phone(&app).await;
        assert!(!has_notice(&mut phone).await);
        for function in ["recognise_sign_in", "disown_sign_in"] {
            assert_eq!(press(&mut phone, function, &id).await.status, 404, "{function}");
        }
        assert!(has_notice(&mut laptop).await);
        assert_page(&phone.get("/dashboard").await, "Hello, ");
    }

    /// The owner may be on any page, and returns to it.
    async fn every_page_of_a_person_announces_it(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, _, id) = laptop_and_phone(&app).await;
        for page in Page::ALL {
            let answer = laptop.get(page.path()).await;
            if answer.status == 200 {
                let announces = page.access() == Access::SignedIn || matches!(page, Page::Help | Page::Logout);
                assert_eq!(visible_text(&answer).contains(NOTICE), announces, "{page:?}");
            }
        }
        assert_page(&laptop.get("/help").await, "Go to the start page");
        let missing = laptop.get("/no-such-page").await;
        assert_eq!(missing.status, 404);
        assert_eq!(buttons(&missing), [true, true], "failures too: {}", missing.text());
assert!(missing.text().contains("name=\"next\" value=\"/\""), "{}", missing.text());
        let page = laptop.get("/account/activity?event=signed_in").await;
        assert!(page.text().contains("name=\"next\" value=\"/account/activity\""), "without the query: {}", page.text());
        let fields = [("id", id.0.as_str()), ("next", "/account/activity")];
        assert_redirect(&laptop.post_form("/api/recognise_sign_in", &fields).await, "/account/activity");
        let (_, another) = phone_beside(&app).await;
        let fields = [("id", another.0.as_str()), ("next", "//evil.example")];
        assert_redirect(&laptop.post_form("/api/recognise_sign_in", &fields).await, "/dashboard");
    }

    /// Whatever a new device sends, it cannot make another one known: no operation of the API does it either.
    async fn no_path_lets_a_new_device_recognise_another(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, mut phone, of_phone) = laptop_and_phone(&app).await;
        let (mut tablet, of_tablet) = phone_beside(&app).await;
        for (browser, other) in [(&mut phone, &of_tablet), (&mut tablet, &of_phone)] {
            for page in ["/dashboard", "/account/sessions", "/account/activity", "/account/profile"] {
                let page = browser.get(page).await;
                assert_eq!(buttons(&page), [false, true]);
                assert!(!page.text().contains("/api/recognise_sign_in"));
            }
            let form = [("id", other.0.as_str()), ("next", "/dashboard")];
            assert_eq!(browser.post_form("/api/recognise_sign_in", &form).await.status, 404);
            assert_eq!(browser.fetch_form("/api/recognise_sign_in", &form).await.status, 404);
        }
        let document: serde_json::Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
        let mut paths = document["paths"].as_object().unwrap().keys();
        assert!(paths.all(|path| !path.contains("sign") && !path.contains("recognise")), "the API reviews no sign-in");
        // A new password makes the others end, and leaves the phone as unknown as it was.
        let fields = [("current_password", PASSWORD), ("new_password", "a new password, long enough")];
        assert_eq!(phone.post_form("/api/change_password", &fields).await.status, 303);
        assert_eq!(press(&mut phone, "recognise_sign_in", &of_tablet).await.status, 404);
        assert_redirect(&laptop.get("/dashboard").await, "/login");
    }

    /// A thief of the password signs in twice, and the owner sees both.
    async fn two_new_devices_cannot_recognise_each_other(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, mut phone, of_phone) = laptop_and_phone(&app).await;
        let (mut tablet, of_tablet) = phone_beside(&app).await;
        // Nor after the password was confirmed, or in a second session of the same browser.
        app.set_clock(HOUR + Duration::from_secs(1));
        signs_in_with(&mut tablet, "curl/8.9.1").await;
        let again = newest_id(&app).await;
        assert_eq!(tablet.post_form("/api/confirm_password", &[("password", PASSWORD)]).await.status, 303);
        for (browser, other) in [(&mut phone, &of_tablet), (&mut tablet, &of_phone)] {
            let page = browser.get("/dashboard").await;
            assert_contains(&page, "Only a device that you have used before can say yes.");
            assert_eq!(buttons(&page), [false, true], "it sees the notice with \"Not me\" alone");
            assert_eq!(press(browser, "recognise_sign_in", other).await.status, 404);
        }
        let page = laptop.get("/dashboard").await;
        assert_eq!(visible_text(&page).matches("Yes, it was me").count(), 2, "one for each device");
        assert!(!visible_text(&page).contains("· Signed out"), "both devices are in use");
        for id in [&of_phone, &of_tablet] {
            assert!(page.text().contains(&id.0));
            assert_redirect(&press(&mut laptop, "recognise_sign_in", id).await, "/dashboard");
        }
        assert!(!has_notice(&mut laptop).await && !page.text().contains(&again.0));
        signs_in_with(&mut app.browser(), "curl/8.9.1").await;
        assert_eq!(buttons(&tablet.get("/dashboard").await), [true, true], "it is known now");
    }

    /// Whoever has lost every known device, as the page says. A thief of the password can do it too, and then the owner
    /// cannot sign in and asks for a link.
    async fn after_a_new_password_the_next_sign_in_reviews_the_others(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_laptop, mut phone, of_phone) = laptop_and_phone(&app).await;
        let (_tablet, of_tablet) = phone_beside(&app).await;
        assert_contains(&phone.get("/dashboard").await, "If you no longer have one, change your password , sign out and sign in again.");
        const NEW: &str = "a new password, long enough";
        let fields = [("current_password", PASSWORD), ("new_password", NEW)];
        assert_eq!(phone.post_form("/api/change_password", &fields).await.status, 303);
        assert!(!buttons(&phone.get("/dashboard").await)[0]);
        phone.post_logout().await;
        assert_eq!(phone.post_login("ada", NEW).await.status, 303);
        for id in [&of_phone, &of_tablet] {
            assert_redirect(&press(&mut phone, "recognise_sign_in", id).await, "/dashboard");
        }
        assert!(!has_notice(&mut phone).await);
    }

    async fn the_notice_counts_further_sign_ins(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        for (devices, notice) in [(5, None), (1, Some("1 more. See your activity")), (1, Some("2 more. See your activity"))] {
            for _ in 0..devices {
                app.signed_in("ada").await;
            }
            let page = laptop.get("/dashboard").await;
            assert_eq!(visible_text(&page).matches("Yes, it was me").count(), 5);
            match notice {
                Some(notice) => assert_contains(&page, notice),
                None => assert!(!visible_text(&page).contains("See your activity")),
            }
        }
    }

    async fn a_disowned_sign_in_ends_and_a_new_password_is_asked_for(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, mut phone, id) = laptop_and_phone(&app).await;
        assert_redirect(&press(&mut laptop, "disown_sign_in", &id).await, "/account/password");
        let page = laptop.get("/account/password").await;
        assert_contains(&page, "That device was signed out.");
        assert_contains(&page, "choose a new one now");
        assert_redirect(&phone.get("/dashboard").await, "/login");
        assert_contains(&phone.get("/login").await, EndReason::EndedByOwner.explanation());
        assert!(!has_notice(&mut laptop).await);
        let events = vestibule::server::store::audit::list(&app.core.db, &vestibule::server::store::audit::Filter::default(), None, 9).await.unwrap();
        let events: Vec<_> = events.iter().map(|record| record.entry.event.as_str()).collect();
        assert!(events.contains(&"sign_in_disowned"), "{events:?}");
    }

    async fn one_that_has_ended_is_still_shown(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut laptop, mut phone, id) = laptop_and_phone(&app).await;
        phone.post_logout().await;
        assert_contains(&laptop.get("/dashboard").await, "· Signed out");
        assert_redirect(&press(&mut laptop, "disown_sign_in", &id).await, "/account/password");
        assert!(!has_notice(&mut laptop).await);
        assert_eq!(app.endings().await[0], Some(EndReason::SignedOut), "the first reason stays");
    }

    async fn nobody_recognises_for_another_person(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (mut laptop, mut phone, id) = laptop_and_phone(&app).await;
        let mut eve = app.signed_in("eve").await;
        let rows = app.rows().await;
        for function in ["recognise_sign_in", "disown_sign_in"] {
            for id in [&id, &SessionId("never-was".to_owned()), &SessionId(String::new()), &SessionId("\0".to_owned())] {
                assert_eq!(press(&mut eve, function, id).await.status, 404, "{function} {id}");
            }
            assert_eq!(press(&mut app.browser(), function, &id).await.status, 401, "{function}");
        }
        assert_eq!(app.rows().await, rows);
        assert!(has_notice(&mut laptop).await && !has_notice(&mut eve).await);
        assert_page(&phone.get("/dashboard").await, "Hello, ");
        // A recognised sign-in is not recognised twice.
        press(&mut laptop, "recognise_sign_in", &id).await;
        for function in ["recognise_sign_in", "disown_sign_in"] {
            let answer = press(&mut laptop, function, &id).await;
            assert_eq!(answer.status, 404, "{function}");
        }
    }
}
