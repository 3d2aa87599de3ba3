//! Changing one's own password: the permission, the sessions that end, and the one that continues.

use crate::{
    app::{
        COOKIE_CHECK, TestApp, WRONG, assert_contains, assert_page, assert_redirect, attributes,
        flash_of, title, visible_text,
    },
    on_both_engines,
    support::{
        self, PASSWORD,
        database::{Engine, TestDatabase},
        http::{Answer, Browser, FLASH_COOKIE, Request, SESSION_COOKIE, credentials},
    },
};
use std::{collections::BTreeSet, time::Duration};
use vestibule::{
    domain::session::EndReason,
    server::core::{accounts::users, actor},
};

const PAGE: &str = "/account/password";
const FUNCTION: &str = "/api/change_password";
const NEW: &str = "quietly humming teapots";

fn passwords<'a>(current: &'a str, new: &'a str) -> [(&'a str, &'a str); 2] {
    [("current_password", current), ("new_password", new)]
}

/// As the plain form does.
async fn post(browser: &mut Browser, current: &str, new: &str) -> Answer {
    browser.post_form(FUNCTION, &passwords(current, new)).await
}

/// As the page's script does.
async fn fetch(browser: &mut Browser, current: &str, new: &str) -> Answer {
    browser.fetch_form(FUNCTION, &passwords(current, new)).await
}

on_both_engines! {
    async fn it_ends_the_other_sessions_and_says_how_many(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut others = [app.signed_in("ada").await, app.signed_in("ada").await];
        let mut eve = app.signed_in("eve").await;
        let mut browser = app.signed_in("ada").await;
        let before = browser.session().unwrap().to_owned();
        let answer = post(&mut browser, PASSWORD, NEW).await;
        assert_redirect(&answer, PAGE);
        assert_ne!(browser.session(), Some(before.as_str()), "a new token");
        let line = answer.set_cookies(SESSION_COOKIE).remove(0);
        assert_eq!(attributes(line), BTreeSet::from(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]));

        let page = browser.get(PAGE).await;
        assert_page(&page, "Password changed. 2 other devices were signed out.");
        assert_eq!(page.set_cookies(FLASH_COOKIE).len(), 1, "shown once");
        assert!(!visible_text(&browser.get(PAGE).await).contains("was changed"));
        assert_page(&browser.get("/dashboard").await, "Hello, ada of Example");

        for other in &mut others {
            assert_redirect(&other.get("/dashboard").await, "/login");
            assert_page(&other.get("/login").await, "because your password was changed.");
        }
        let mut replay = app.browser();
        replay.set_cookie(SESSION_COOKIE, &before);
        assert_redirect(&replay.get("/dashboard").await, "/login");
        assert_page(&eve.get("/dashboard").await, "Hello, eve of Example");
        let changed = Some(EndReason::PasswordChanged);
        assert_eq!(app.endings().await, [None, None, changed, changed], "this one continues");

        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 401);
        assert_redirect(&app.post_login("ada", NEW).await, COOKIE_CHECK);
    }

    async fn a_script_gets_the_next_address(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let answer = fetch(&mut browser, PASSWORD, NEW).await;
        assert_eq!((answer.status, answer.location()), (200, PAGE));
        assert!(answer.header("serverfnredirect").is_some());
        assert!(!answer.text().contains(browser.session().unwrap()));
        let page = browser.get(PAGE).await;
        assert_page(&page, "Password changed. You were not signed in on any other device.");
    }

    async fn the_current_password_has_to_be_right(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.signed_in("ada").await;
        let mut browser = app.signed_in("ada").await;
        let (token, before) = (browser.session().unwrap().to_owned(), app.rows().await);
        let nearly = format!("{PASSWORD} ");
        let long = "x".repeat(2_000);
        for wrong in [WRONG, "", &nearly, &PASSWORD.to_uppercase(), &long, NEW] {
            let answer = fetch(&mut browser, wrong, NEW).await;
            assert_eq!((answer.status, answer.text().as_str()), (422, r#"{"refused":["current_password"]}"#), "{wrong}");
            let answer = post(&mut browser, wrong, NEW).await;
            assert_redirect(&answer, PAGE);
            assert!(answer.set_cookies(SESSION_COOKIE).is_empty());
            assert_eq!(flash_of(&answer), r#"{"Refused":{"page":"/account/password","refusal":["current_password"]}}"#);
            let page = browser.get(PAGE).await;
            assert_page(&page, "There is a problem Wrong password.");
            let html = page.text();
            assert!(html.contains(&title("Error: Change your password")), "{html}");
            assert!(html.contains("href=\"#current_password\""), "{html}");
        }
        assert_eq!(browser.session(), Some(token.as_str()));
        assert_eq!(app.rows().await, before);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    async fn both_passwords_are_refused_at_once(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let answer = fetch(&mut browser, WRONG, "too short").await;
        let both = r#"{"refused":["current_password",{"password":{"too_short":{"min":15}}}]}"#;
        assert_eq!((answer.status, answer.text().as_str()), (422, both));
        assert_redirect(&post(&mut browser, WRONG, "too short").await, PAGE);
        let html = browser.get(PAGE).await.text();
        assert!(html.contains("id=\"current_password-problem\"") && html.contains("id=\"new_password-problem\""), "{html}");
    }

    async fn a_new_password_keeps_the_rules(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let before = app.rows().await;
        let long = "long ".repeat(205);
        for (new, word, words) in [
            ("14 characters!", r#"{"too_short":{"min":15}}"#, "at least 15 characters"),
            (&long, r#""too_long""#, "at most 1024 bytes"),
            ("passwordpassword", r#""common""#, "too common"),
            ("ADA@example.org", r#""personal""#, "must not be the username, the email address"),
            (PASSWORD, r#""unchanged""#, "This is your current password. Choose another."),
        ] {
            let answer = fetch(&mut browser, PASSWORD, new).await;
            assert_eq!(answer.status, 422, "{new}");
            assert_eq!(answer.text(), format!("{{\"refused\":[{{\"password\":{word}}}]}}"));
            let answer = post(&mut browser, PASSWORD, new).await;
            assert_redirect(&answer, PAGE);
            assert!(!flash_of(&answer).contains(new));
            let page = browser.get(PAGE).await;
            assert_page(&page, words);
            assert!(page.text().contains("href=\"#new_password\""));
        }
        assert_eq!(app.rows().await, before);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    async fn a_signed_out_visitor_changes_nothing(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut signed_out = browser.clone();
        browser.post_logout().await;
        let before = app.rows().await;
        for mut visitor in [app.browser(), { signed_out.get("/").await; signed_out }] {
            assert_redirect(&visitor.get(PAGE).await, "/login?next=/account/password");
            let answer = fetch(&mut visitor, PASSWORD, NEW).await;
            assert_eq!((answer.status, answer.text().as_str()), (401, r#"{"failed":"not_signed_in"}"#));
            let answer = post(&mut visitor, PASSWORD, NEW).await;
            assert_eq!(answer.status, 401);
            assert_contains(&answer, "Please sign in first.");
            assert!(answer.set_cookies(SESSION_COOKIE).is_empty());
        }
        assert_eq!(app.rows().await, before);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// The account is named by the session, never by the form (CVE-2025-61928).
    async fn nobody_changes_another_persons_password(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut eve = app.signed_in("eve").await;
        let [current, new] = passwords(PASSWORD, NEW);
        let fields = [current, new, ("username", "ada"), ("user_id", &app.user("ada").await.id.0)];
        assert_eq!(eve.fetch_form(FUNCTION, &fields).await.status, 200);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
        assert_eq!(app.fetch_login("ada", NEW).await.status, 401);
        assert_eq!(app.fetch_login("eve", NEW).await.status, 200);
    }

    async fn staying_signed_in_is_kept(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.browser();
        let [name, password] = credentials("ada", PASSWORD);
        browser.post_form("/api/login", &[name, password, ("remember", "on")]).await;
        let answer = post(&mut browser, PASSWORD, NEW).await;
        let line = answer.set_cookies(SESSION_COOKIE).remove(0);
        assert!(attributes(line).contains("Max-Age=7776000"), "{line}");
        browser.get(PAGE).await;
        app.set_clock(Duration::from_secs(13 * 86_400));
        assert_page(&browser.get("/dashboard").await, "Stays signed in Yes");
    }

    /// Sent twice concurrently, by a double click or in two tabs: one password, one live session.
    async fn of_two_changes_at_once_one_wins(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let browser = app.signed_in("ada").await;
        let attempts = ["the first of two words", "the second of two words"].map(|new| {
            let mut tab = browser.clone();
            tokio::spawn(async move { (new, fetch(&mut tab, PASSWORD, new).await.status) })
        });
        let mut won = Vec::new();
        for attempt in attempts {
            match attempt.await.unwrap() {
                (new, 200) => won.push(new),
                // By the time of the second one, its session or its password is gone.
                (_, status) => assert!(matches!(status, 401 | 422), "{status}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(app.endings().await.iter().filter(|end| end.is_none()).count(), 1);
        assert_eq!(app.fetch_login("ada", won[0]).await.status, 200);
    }

    /// The session ends while the passwords are hashed: it stays ended.
    async fn an_end_during_the_change_holds(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let ada = app.user("ada").await;
        for round in 0..8_u64 {
            let browser = app.signed_in("ada").await;
            let mut changing = browser.clone();
            let change = tokio::spawn(async move {
                let answer = fetch(&mut changing, PASSWORD, NEW).await;
                (answer.status, changing)
            });
            tokio::time::sleep(Duration::from_millis(8 * round)).await;
            users::disable(&app.core, &actor::on_this_machine(), &ada).await.unwrap();
            let (status, mut changed) = change.await.unwrap();
            assert!(matches!(status, 200 | 401), "{status}");
            users::enable(&app.core, &actor::on_this_machine(), &ada).await.unwrap();
            assert_redirect(&changed.get("/dashboard").await, "/login");
            let password = if status == 200 { NEW } else { PASSWORD };
            assert_eq!(app.fetch_login("ada", password).await.status, 200, "round {round}");
            users::set_password(&app.core, &actor::on_this_machine(), &ada, &crate::support::password(PASSWORD)).await.unwrap();
        }
    }

    async fn without_the_database_nothing_is_claimed(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.core.db.close().await;
        let answer = post(&mut browser, PASSWORD, NEW).await;
        assert_eq!(answer.status, 503);
        assert!(answer.header_all("set-cookie").is_empty());
    }
}

/// Password managers use this address, and first check whether a missing address is a real 404
/// (W3C, "A Well-Known URL for Changing Passwords").
#[tokio::test(flavor = "multi_thread")]
async fn password_managers_find_the_page() {
    let app = TestApp::sqlite().await;
    for mut browser in [app.browser(), app.signed_in("ada").await] {
        let answer = browser.get("/.well-known/change-password").await;
        assert_redirect(&answer, PAGE);
        for path in [
            "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
            "/.well-known/change-password/x",
            "/.well-known",
        ] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
    }
    let page = app.browser().follow("/.well-known/change-password").await;
    assert_page(&page, "Sign in");
    assert!(
        page.text().contains("value=\"/account/password\""),
        "and back again"
    );
}

/// The attributes that password managers use (ASVS V6.2.6, V6.2.7).
#[tokio::test(flavor = "multi_thread")]
async fn fields_have_autocomplete_attributes() {
    let app = TestApp::sqlite().await;
    let html = app.signed_in("ada").await.get(PAGE).await.text();
    let field = |id: &str| {
        let start = html.find(&format!(" id=\"{id}\"")).expect(id);
        let begin = html[..start].rfind('<').unwrap();
        let end = start + html[start..].find('>').unwrap();
        html[begin..end].to_owned()
    };
    for (id, autocomplete) in [
        ("current_password", "current-password"),
        ("new_password", "new-password"),
    ] {
        let field = field(id);
        for part in [
            format!("name=\"{id}\""),
            "type=\"password\"".to_owned(),
            format!("autocomplete=\"{autocomplete}\""),
        ] {
            assert!(field.contains(&part), "{part}: {field}");
        }
        assert!(
            !field.contains("maxlength") && !field.contains("value"),
            "{field}"
        );
        assert!(field.contains("autocorrect=\"off\""), "{field}");
        let is_new = id == "new_password";
        assert_eq!(field.contains("minlength=\"15\""), is_new, "{field}");
    }
    let username = field("username");
    assert!(username.contains("value=\"ada\"") && username.contains("autocomplete=\"username\""));
    assert!(
        username.contains(" hidden") && !username.contains(" name="),
        "{username}"
    );
    let form = Request::get(PAGE);
    assert_eq!(
        app.send(form).await.status,
        303,
        "without a session it is hidden"
    );
}

/// Every field for a new password declares the configured length.
#[tokio::test(flavor = "multi_thread")]
async fn generated_passwords_follow_the_configured_rule() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    core.password_rules.min_chars = 21;
    let app = TestApp::start(database, core, |_| ()).await;
    let without_accounts = app.browser().get("/setup").await;
    app.create_user("ada").await;
    let changed = app.signed_in("ada").await.get(PAGE).await;
    let mut invited = app.browser();
    invited.open_link(&app.password_link("ada").await).await;
    let linked = invited.get("/password-link").await;
    for page in [without_accounts, changed, linked] {
        let html = page.text();
        let mut fields = html
            .split("<input")
            .filter_map(|rest| rest.split('>').next());
        let field = fields.find(|field| field.contains("autocomplete=\"new-password\""));
        let field = field.unwrap_or_else(|| panic!("a new password: {html}"));
        for part in [
            "minlength=\"21\"",
            "autocorrect=\"off\"",
            "autocapitalize=\"off\"",
        ] {
            assert!(field.contains(part), "{part}: {field}");
        }
        assert_eq!(html.matches("minlength=\"").count(), 1, "{html}");
    }
}
