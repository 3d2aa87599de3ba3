//! Changing one's own profile: accepted and refused values, which stay text.

use crate::{
    app::{TestApp, assert_contains, assert_page, assert_redirect, flash_of, title, visible_text},
    on_both_engines,
    support::{
        PASSWORD,
        http::{Answer, Browser, FLASH_COOKIE},
    },
};
use vestibule::server::core::{accounts::users, actor};

const PAGE: &str = "/account/profile";
const FUNCTION: &str = "/api/update_profile";

type Input<'a> = (&'a str, &'a str, &'a str);

fn fields<'a>((display_name, email, description): Input<'a>) -> [(&'a str, &'a str); 3] {
    [
        ("display_name", display_name),
        ("email", email),
        ("description", description),
    ]
}

async fn post(browser: &mut Browser, input: Input<'_>) -> Answer {
    browser.post_form(FUNCTION, &fields(input)).await
}

async fn fetch(browser: &mut Browser, input: Input<'_>) -> Answer {
    browser.fetch_form(FUNCTION, &fields(input)).await
}

/// The value of a field, as in the page.
#[track_caller]
fn value_of(page: &Answer, id: &str) -> String {
    let html = page.text();
    let field = html.split(&format!(" id=\"{id}\"")).nth(1).expect(id);
    let field = field.split('>').next().unwrap_or_default();
    let value = field.split(" value=\"").nth(1).unwrap_or_default();
    value.split('"').next().unwrap_or_default().to_owned()
}

on_both_engines! {
    async fn saved_values_are_shown(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let page = browser.get(PAGE).await;
        assert_eq!(value_of(&page, "display_name"), "ada of Example");
        assert_eq!(value_of(&page, "email"), "ada@example.org");
        assert_eq!(value_of(&page, "description"), "An account of the tests");
        assert_contains(&page, "You sign in as ada.");

        let answer = post(&mut browser, (" Ada Lovelace ", "Ada@Analytical.Example", "Counts on engines")).await;
        assert_redirect(&answer, PAGE);
        assert_eq!(flash_of(&answer), "\"ProfileSaved\"");
        let page = browser.get(PAGE).await;
        assert_page(&page, "Saved.");
        assert_eq!(value_of(&page, "display_name"), "Ada Lovelace");
        assert!(!visible_text(&browser.get(PAGE).await).contains("Saved."), "shown once");
        let page = browser.get("/dashboard").await;
        for fact in ["Hello, Ada Lovelace", "Email Ada@Analytical.Example", "Description Counts on engines"] {
            assert_page(&page, fact);
        }
        assert_eq!(app.fetch_login("ada@analytical.example", PASSWORD).await.status, 200);
        assert_eq!(app.fetch_login("ada@example.org", PASSWORD).await.status, 401);
    }

    async fn empty_fields_delete_values(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let answer = fetch(&mut browser, ("  ", " ", "")).await;
        assert_eq!((answer.status, answer.location()), (200, PAGE));
        assert!(answer.header("serverfnredirect").is_some());
        let page = browser.get("/dashboard").await;
        assert_page(&page, "Hello, ada");
        assert_page(&page, "Email None");
        assert!(!visible_text(&page).contains("Description"));
        assert_eq!(app.user("ada").await.display_name, "ada", "greeted by the name");
    }

    async fn each_rule_is_reported_and_the_input_stays(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut browser = app.signed_in("ada").await;
        let before = app.rows().await;
        let (long_name, long_text) = ("n".repeat(129), "d".repeat(1_025));
        for (input, error, field, words) in [
            (("Ada", "EVE@example.org", "x"), r#"{"refused":[{"account":"email_taken"}]}"#, "email", "belongs to another account"),
            (("Ada", "ada@evil.x,eve@good.x", "x"), r#"{"refused":[{"identity":"email"}]}"#, "email", "Enter an email address, for example name@example.com."),
            (("Ada", "a\"><b>", "x"), r#"{"refused":[{"identity":"email"}]}"#, "email", "Enter an email address, for example name@example.com."),
            ((long_name.as_str(), "", "x"), r#"{"refused":[{"identity":"display_name"}]}"#, "display_name", "at most 128 characters"),
            (("A\u{202e}da", "", "x"), r#"{"refused":[{"identity":"display_name"}]}"#, "display_name", "no control characters"),
            (("Ada", "new@example.org", long_text.as_str()), r#"{"refused":[{"identity":"description"}]}"#, "description", "at most 1024 characters"),
            (("Ada", "", "two\r\nlines"), r#"{"refused":[{"identity":"description"}]}"#, "description", "no control characters"),
        ] {
            let answer = fetch(&mut browser, input).await;
            assert_eq!((answer.status, answer.text().as_str()), (422, error), "{input:?}");
            let answer = post(&mut browser, input).await;
            assert_redirect(&answer, PAGE);
            let page = browser.get(PAGE).await;
            assert_page(&page, "There is a problem");
            assert_contains(&page, words);
            assert!(page.text().contains(&format!("href=\"#{field}\"")), "{input:?}");
            assert!(page.text().contains(&title("Error: Your profile")));
            assert_eq!(page.text().matches("aria-invalid=\"true\"").count(), 1, "{input:?}");
            assert_eq!(value_of(&page, "display_name"), input.0);
            assert_eq!(value_of(&page, "email"), input.1.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;"));
            assert!(!visible_text(&page).contains("Saved."));
            assert_eq!(page.set_cookies(FLASH_COOKIE).len(), 1, "shown once");
            assert_eq!(value_of(&browser.get(PAGE).await, "display_name"), "ada of Example");
        }
        let all_wrong = ("A\u{202e}da", "nowhere", "two\r\nlines");
        let error = r#"{"refused":[{"identity":"display_name"},{"identity":"email"},{"identity":"description"}]}"#;
        assert_eq!(fetch(&mut browser, all_wrong).await.text(), error, "all at once");
        assert_redirect(&post(&mut browser, all_wrong).await, PAGE);
        assert_eq!(browser.get(PAGE).await.text().matches("aria-invalid=\"true\"").count(), 3);
        assert_eq!(app.rows().await, before);
    }

    /// One's own address in another case is still one's own, and the name is unchanged.
    async fn only_the_profile_changes(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut input = fields(("Ada", "ADA@EXAMPLE.ORG", "x")).to_vec();
        input.extend([("username", "root"), ("is_admin", "true"), ("user_id", "1"), ("password_hash", "x")]);
        assert_eq!(browser.fetch_form(FUNCTION, &input).await.status, 200);
        let ada = app.user("ada").await;
        assert_eq!((ada.username.as_str(), ada.is_admin), ("ada", false));
        assert_eq!(ada.email.as_deref(), Some("ADA@EXAMPLE.ORG"));
        assert_eq!(app.endings().await, [None], "the session continues");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    async fn nobody_changes_it_without_a_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut disabled = app.signed_in("ada").await;
        users::disable(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let before = app.rows().await;
        for browser in [&mut app.browser(), &mut disabled] {
            assert_redirect(&browser.get(PAGE).await, "/login?next=/account/profile");
            assert_eq!(fetch(browser, ("Eve", "", "")).await.status, 401);
            assert_eq!(post(browser, ("Eve", "", "")).await.status, 401);
        }
        assert_eq!(app.rows().await, before);
    }

    /// A full name must not be executed (ASVS V1.2.1, V3.2.2).
    async fn a_hostile_profile_is_only_text(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let hostile = "</script><img src=x onerror=alert(1)>\"'<!--";
        for input in [(hostile, "", hostile), (hostile, hostile, hostile)] {
            post(&mut browser, input).await;
            for path in [PAGE, PAGE, "/account/password", "/dashboard"] {
                let html = browser.get(path).await.text();
                assert!(!html.contains("<img"), "{path}: {html}");
                assert!(html.contains("&lt;/script&gt;&lt;img src=x"), "{path}: {html}");
                assert_eq!(html.matches("<script").count(), html.matches("</script>").count());
            }
        }
    }
}

/// More than a cookie can carry: the form returns truncated, and the page states it.
#[tokio::test(flavor = "multi_thread")]
async fn truncated_input_is_marked_as_such() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let long = "漢".repeat(5_000);
    assert_redirect(&post(&mut browser, ("Ada", "", &long)).await, PAGE);
    let page = browser.get(PAGE).await;
    assert_page(&page, "Your input was too long, and part of it is missing.");
    assert_contains(&page, "at most 1024 characters");
    assert_eq!(value_of(&page, "display_name"), "Ada");
    assert!(value_of(&page, "description").starts_with("漢漢"));
}
