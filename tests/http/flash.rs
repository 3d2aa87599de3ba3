//! The message for a browser without script after a refusal, and forgeries of it.

use crate::{
    app::{
        TestApp, WRONG, assert_page, assert_redirect, attributes, flash_of, title, visible_text,
    },
    support::http::{ACCEPT_PAGE, FLASH_COOKIE, Request, SESSION_COOKIE, credentials},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_form_that_is_refused_leads_back_with_a_message() {
    let app = TestApp::sqlite().await;
    let mut browser = app.browser();
    let input = "ada\"><img src=x onerror=alert(1)>";
    let fields = [
        ("username", input),
        ("password", WRONG),
        ("next", "/dashboard?tab=1"),
    ];
    let request = Request::form("/api/login", &fields)
        .header("accept", ACCEPT_PAGE)
        .header("referer", "https://evil.example/?__err=x");
    let answer = browser.send(request).await;
    assert_redirect(&answer, "/login?next=/dashboard?tab=1");
    assert!(answer.set_cookies(SESSION_COOKIE).is_empty());
    assert!(!answer.text().contains(WRONG));
    let flash = answer.set_cookies(FLASH_COOKIE);
    assert_eq!(flash.len(), 1);
    let expected = ["HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax", "Secure"];
    assert_eq!(attributes(flash[0]), BTreeSet::from(expected));
    assert!(!flash_of(&answer).contains(WRONG));

    let page = browser.get(answer.location()).await;
    assert_page(&page, "Wrong username or password.");
    let html = page.text();
    assert!(html.contains(&title("Error: Sign in")), "{html}");
    assert!(!html.contains("<img src=x"), "{html}");
    assert!(
        html.contains("value=\"ada&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\""),
        "{html}"
    );
    assert!(html.contains("value=\"/dashboard?tab=1\""), "{html}");
    assert!(!html.contains(WRONG));
    let password_field = html.split("id=\"password\"").nth(1).unwrap();
    let password_field = password_field.split('>').next().unwrap();
    assert!(!password_field.contains("value"), "{password_field}");
    let cleared = page.set_cookies(FLASH_COOKIE);
    assert_eq!(cleared.len(), 1);
    assert!(cleared[0].starts_with("__Host-Http-flash=;") && cleared[0].contains("Max-Age=0"));

    let again = browser.get("/login").await;
    assert!(
        !visible_text(&again).contains("Wrong username"),
        "shown once"
    );
    assert!(again.text().contains(&title("Sign in")));
}

/// Link checkers request pages like this, with the cookies of their user, and show nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_takes_no_message_away() {
    let app = TestApp::sqlite().await;
    let mut browser = app.browser();
    let refused = browser.post_login("ada", WRONG).await;
    let head = Request::new("HEAD", refused.location()).header("accept", ACCEPT_PAGE);
    let head = browser.send(head).await;
    assert_eq!(head.status, 200);
    assert!(head.header_all("set-cookie").is_empty(), "{head:?}");
    let page = browser.get(refused.location()).await;
    assert_page(&page, "Wrong username or password");
}

/// Pages without messages leave them for their own page: another tab may be loading one.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_messages_takes_none_away() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let form = [("display_name", "Ada"), ("email", ""), ("description", "")];
    let saved = browser.post_form("/api/update_profile", &form).await;
    assert_redirect(&saved, "/account/profile");
    for other in ["/dashboard", "/help", "/logout"] {
        let page = browser.get(other).await;
        assert!(page.set_cookies(FLASH_COOKIE).is_empty(), "{other}");
    }
    assert_page(&browser.get("/account/profile").await, "Saved.");
}

/// Another tab may be loading another page.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_on_the_page_of_its_form_only() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let form = [("current_password", WRONG), ("new_password", "short")];
    let refused = browser.post_form("/api/change_password", &form).await;
    let other = browser.clone().get("/password-link").await;
    assert_eq!(other.status, 200);
    assert!(!other.text().contains("Error: "), "{}", other.text());
    let page = browser.get(refused.location()).await;
    assert!(page.text().contains("Error: "));
}

/// Without `Referer`, and with every kind of it, the redirect is the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_referer_is_never_followed() {
    let app = TestApp::sqlite().await;
    for referer in [
        "",
        "//evil.example",
        "https://evil.example/login",
        "/dashboard",
    ] {
        for (path, fields) in [
            ("/api/login", credentials("ada", WRONG).as_slice()),
            ("/api/login", &[]),
            ("/api/logout", &[]),
        ] {
            let request = Request::form(path, fields)
                .header("accept", ACCEPT_PAGE)
                .header("referer", referer);
            let answer = app.browser().send(request).await;
            assert!(
                ["/login", "/signed-out", ""].contains(&answer.location()),
                "{path} {referer}: {}",
                answer.location()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_flash_cookie_is_harmless() {
    let app = TestApp::sqlite().await;
    let forged = [
        r#"{"LoginRefused":{"refusal":"sign_in","username":"</script><script>alert(1)</script>"}}"#,
        r#"{"LoginRefused":{"refusal":"<b>","username":"x"}}"#,
        r#"{"SignedOut":{"display_name":"<script>alert(1)</script>"}}"#,
        r#"{"Unknown":1}"#,
        "null",
        "[[[[[[[[[[",
        "\u{ff}",
    ];
    let raw = ["", "%00", "=====", "\"quoted\"", "AAAA", "💥"];
    let values = forged
        .iter()
        .map(|json| BASE64_URL_SAFE_NO_PAD.encode(json));
    for value in values.chain(raw.map(str::to_owned)) {
        for path in ["/login", "/signed-out", "/logout"] {
            let mut browser = app.browser();
            browser.set_cookie(FLASH_COOKIE, &value);
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path} with {value}");
            assert!(
                !page.text().contains("<script>alert"),
                "{path} with {value}"
            );
            assert!(!page.text().contains("</script><script>alert"));
        }
    }
}

/// Leptos can show errors from the query, where any link could put them.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_query_is_not_shown() {
    let app = TestApp::sqlite().await;
    let forged = BASE64_URL_SAFE_NO_PAD.encode(r#"{"refused":"sign_in"}"#);
    for query in [
        format!("__path=/api/login&__err={forged}"),
        format!("__path=%2Fapi%2Flogin&__err={forged}&next=/dashboard"),
        format!("__path=/api/login&%5f%5ferr={forged}"),
        "__err=".to_owned(),
    ] {
        let page = app.browser().follow(&format!("/login?{query}")).await;
        assert_page(&page, "Sign in");
        let html = page.text();
        assert!(
            !html.contains("Wrong username") && !html.contains("Error: "),
            "{query}"
        );
        assert!(
            !html.contains("refused") && !html.contains(&forged),
            "{query}"
        );
    }
}
