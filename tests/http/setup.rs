//! The first account by the page: for the holder of the code, once.

use crate::{
    app::{COOKIE_CHECK, TestApp, assert_contains, assert_page, assert_redirect, flash_of, title},
    on_both_engines,
    support::{
        self, PASSWORD,
        http::{Answer, Browser, Request, SESSION_COOKIE},
    },
};
use std::time::Duration;
use vestibule::server::core::accounts::setup;

const FUNCTION: &str = "/api/set_up";

async fn new_code(app: &TestApp) -> String {
    let code = setup::new_code(&app.core).await.unwrap();
    code.expect("there is no account yet").reveal().to_owned()
}

fn fields<'a>(code: &'a str, name: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("code", code), ("username", name), ("password", password)]
}

async fn post(browser: &mut Browser, code: &str, name: &str, password: &str) -> Answer {
    browser
        .post_form(FUNCTION, &fields(code, name, password))
        .await
}

async fn fetch(browser: &mut Browser, code: &str, name: &str, password: &str) -> Answer {
    browser
        .fetch_form(FUNCTION, &fields(code, name, password))
        .await
}

async fn number_of_accounts(app: &TestApp) -> usize {
    support::users(&app.core).await.len()
}

on_both_engines! {
    async fn the_code_creates_an_administrator_who_is_signed_in(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        let page = browser.get("/login").await;
        assert_page(&page, "There are no accounts yet");
        assert!(page.text().contains("href=\"/setup\""), "{}", page.text());
        assert_page(&browser.get("/setup").await, "Create the first account");
        let [code, name, password] = fields(&code, "ada", PASSWORD);
        let rest = [("email", "ada@example.org"), ("display_name", "Ada Lovelace")];
        let answer = browser.post_form(FUNCTION, &[code, name, password, rest[0], rest[1]]).await;
        assert_redirect(&answer, COOKIE_CHECK);
        let page = browser.follow(COOKIE_CHECK).await;
        assert_page(&page, "Hello, Ada Lovelace");
        assert_contains(&page, "Your account is ready Next: invite a user.");
        assert!(page.text().contains("href=\"/admin/users\""), "{}", page.text());
        assert_contains(&page, "Role Administrator");
        assert_contains(&page, "Email ada@example.org");
        assert!(!browser.get("/dashboard").await.text().contains("Your account is ready"), "once");
        assert_eq!(app.fetch_login("ada@example.org", PASSWORD).await.status, 200);
    }

    async fn a_script_gets_the_next_address(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        browser.set_cookie(SESSION_COOKIE, &"A".repeat(43));
        let answer = fetch(&mut browser, &code, "ada", PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (200, COOKIE_CHECK), "{}", answer.text());
        assert_ne!(browser.session(), Some("A".repeat(43).as_str()), "none is adopted");
        let page = browser.get("/dashboard").await;
        assert_contains(&page, "Hello, ada");
        assert_contains(&page, "Email None");
    }

    async fn the_code_is_forgiving_in_its_spelling_only(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        let mut other = code.clone().into_bytes();
        other[22] = if other[22] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        for wrong in ["", "-", &code[1..], &format!("{code}0"), &other, "00000-00000-00000-00000", "' OR 1=1 --"] {
            let answer = fetch(&mut browser, wrong, "eve", PASSWORD).await;
            assert_eq!((answer.status, answer.text().as_str()), (422, r#"{"refused":["setup_code"]}"#), "{wrong}");
            assert_eq!(answer.session_token(), None);
        }
        assert_eq!(number_of_accounts(&app).await, 0);
        let input = format!("\u{feff} “{}”. ", code.to_lowercase().replace('-', "  ").replace('0', "o").replace('1', "l"));
        assert_eq!(fetch(&mut browser, &input, "ada", PASSWORD).await.status, 200, "{input}");
    }

    /// Copied text may contain invisible characters; combining marks belong to names.
    async fn a_name_is_refused_for_invisible_characters_and_not_for_its_marks(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        for name in ["\u{feff}สมศักดิ์", "สม\u{200b}ศักดิ์", "สมศักดิ์\u{ad}"] {
            assert_redirect(&post(&mut browser, &code, name, PASSWORD).await, "/setup");
            let page = browser.get("/setup").await;
            assert_page(&page, "The username has an invisible character");
            assert!(page.text().contains("href=\"#username\""), "{}", page.text());
        }
        let email = "ad\u{2060}a@example.org";
        let [code, name, password] = fields(&code, "สมศักดิ์", PASSWORD);
        assert_redirect(&browser.post_form(FUNCTION, &[code, name, password, ("email", email)]).await, "/setup");
        let page = browser.get("/setup").await;
        assert_page(&page, "The email address has an invisible character");
        assert!(page.text().contains("href=\"#email\""), "{}", page.text());
        let email = "ಕನ್ನಡ@ಉದಾಹರಣೆ.ಭಾರತ";
        assert_redirect(&browser.post_form(FUNCTION, &[code, name, password, ("email", email)]).await, COOKIE_CHECK);
        // People may copy them for signing in, too.
        for copied in ["สมศักดิ์", "\u{feff}สมศักดิ์\u{200b}", "\u{2060}ಕನ್ನಡ@ಉದಾಹರಣೆ.ಭಾರತ"] {
            assert_eq!(app.fetch_login(copied, PASSWORD).await.status, 200, "{copied:?}");
        }
    }

    /// Wrong, expired, replaced: one refusal, byte for byte.
    async fn every_dead_code_gets_one_answer(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let replaced = new_code(&app).await;
        let expired = new_code(&app).await;
        app.set_clock(Duration::from_secs(3_600));
        let mut flashes = Vec::new();
        for code in ["wrong", &replaced, &expired] {
            let mut browser = app.browser();
            let answer = post(&mut browser, code, "eve", PASSWORD).await;
            assert_redirect(&answer, "/setup");
            assert_eq!(answer.session_token(), None);
            flashes.push(flash_of(&answer));
            let page = browser.get("/setup").await;
            assert_page(&page, "Wrong or expired code.");
            assert!(page.text().contains("href=\"#code\"") && page.text().contains("value=\"eve\""));
            assert!(page.text().contains(&title("Error: Create the first account")));
        }
        flashes.dedup();
        assert_eq!(flashes.len(), 1, "{flashes:?}");
        assert_eq!(number_of_accounts(&app).await, 0);
    }

    /// Nobody mends one mistake to learn of the next.
    async fn all_wrong_fields_are_named_at_once(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        let [code, name, password] = fields(&code, "a b", "too short");
        let input = [code, name, password, ("email", "nowhere"), ("display_name", "A\u{202e}da")];
        let answer = browser.fetch_form(FUNCTION, &input).await;
        let all = r#"{"refused":[{"identity":"display_name"},{"identity":"name_grammar"},{"identity":"email"},{"password":{"too_short":{"min":15}}}]}"#;
        assert_eq!((answer.status, answer.text().as_str()), (422, all));
        assert_redirect(&browser.post_form(FUNCTION, &input).await, "/setup");
        let page = browser.get("/setup").await;
        let html = page.text();
        for field in ["username", "email", "display_name", "password"] {
            assert!(html.contains(&format!("href=\"#{field}\"")), "{field}: a link in the summary");
            assert!(html.contains(&format!("id=\"{field}-problem\"")), "{field}: a message at the field");
            let described = format!("{field}-problem\"");
            assert_eq!(html.matches(&described).count(), 2, "{field}: the message, and the field that it describes");
        }
        assert_eq!(html.matches("aria-invalid=\"true\"").count(), 4);
        assert_eq!(number_of_accounts(&app).await, 0);
    }

    /// A mistake in another field costs nothing: the code is still valid.
    async fn each_rule_is_reported_and_the_code_stays(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut browser = app.browser();
        for (name, email, display_name, password, field, words) in [
            ("a b", "", "", PASSWORD, "username", "A username has letters and digits"),
            ("", "", "", PASSWORD, "username", "Enter a username of at most 64 characters."),
            ("ada", "nowhere", "", PASSWORD, "email", "Enter an email address, for example name@example.com."),
            ("ada", "", "A\u{202e}da", PASSWORD, "display_name", "no control characters"),
            ("ada", "", "", "too short", "password", "at least 15 characters"),
            ("ada", "", "", "adaadaadaadaada", "password", "must not be the username"),
        ] {
            let input = [("code", code.as_str()), ("username", name), ("email", email),
                ("display_name", display_name), ("password", password)];
            assert_eq!(browser.fetch_form(FUNCTION, &input).await.status, 422, "{words}");
            let answer = browser.post_form(FUNCTION, &input).await;
            assert_redirect(&answer, "/setup");
            let flash = flash_of(&answer);
            assert!(!flash.contains(&code) && !flash.contains(password), "{flash}");
            let page = browser.get("/setup").await;
            assert_page(&page, words);
            assert!(page.text().contains(&format!("href=\"#{field}\"")), "{words}");
            assert!(!page.text().contains(&code), "secrets are typed again");
        }
        assert_eq!(number_of_accounts(&app).await, 0);
        assert_redirect(&post(&mut browser, &code, "ada", PASSWORD).await, COOKIE_CHECK);
    }

    /// Once there is an account, the page is a 404, for any code.
    async fn with_an_account_the_page_does_not_exist(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let mut first = app.browser();
        assert_eq!(fetch(&mut first, &code, "ada", PASSWORD).await.status, 200);
        let before = app.rows().await;
        for mut browser in [app.browser(), first] {
            let page = browser.get("/setup").await;
            assert_eq!(page.status, 404);
            assert_contains(&page, "Page not found");
            let request = Request::get("/setup").header("accept", "application/json");
            assert_eq!(browser.send(request).await.text(), r#"{"failed":"not_found"}"#);
            for code in [code.as_str(), "wrong", ""] {
                let answer = fetch(&mut browser, code, "eve", PASSWORD).await;
                assert_eq!((answer.status, answer.text().as_str()), (404, r#"{"failed":"not_found"}"#));
                let answer = post(&mut browser, code, "eve", PASSWORD).await;
                assert_eq!(answer.status, 404);
                assert_contains(&answer, "Page not found");
                assert!(answer.header_all("set-cookie").is_empty());
            }
        }
        assert_eq!(app.rows().await, before);
        assert!(!app.browser().get("/login").await.text().contains("/setup"));
    }

    /// Two people with one code concurrently: one account, one of them signed in.
    async fn of_two_at_once_one_gets_the_account(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = new_code(&app).await;
        let attempts = ["ada", "eve"].map(|name| {
            let (mut browser, code) = (app.browser(), code.clone());
            tokio::spawn(async move { fetch(&mut browser, &code, name, PASSWORD).await })
        });
        let mut statuses = Vec::new();
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            assert_eq!(answer.status == 200, answer.session_token().is_some());
            statuses.push(answer.status);
        }
        statuses.sort_unstable();
        assert!(matches!(statuses[..], [200, 404 | 422]), "{statuses:?}");
        assert_eq!(number_of_accounts(&app).await, 1);
        assert_eq!(app.sessions().await.len(), 1);
    }
}

/// A code in the address would be in histories and logs: it is not read there (controls C15).
#[tokio::test(flavor = "multi_thread")]
async fn a_code_in_the_address_is_not_read() {
    use crate::support::database::{Engine, TestDatabase};
    let app = TestApp::empty(TestDatabase::new(Engine::Sqlite).await).await;
    let code = new_code(&app).await;
    let page = app.browser().get(&format!("/setup?code={code}")).await;
    assert_page(&page, "Create the first account");
    assert!(!page.text().contains(&code));
    let request = Request::form(
        &format!("{FUNCTION}?code={code}"),
        &[("username", "eve"), ("password", PASSWORD)],
    );
    assert_eq!(app.browser().send(request).await.status, 400);
    assert_eq!(number_of_accounts(&app).await, 0);
}
