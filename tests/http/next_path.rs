//! The redirect after signing in: to a page of ours only.

use crate::{
    app::{COOKIE_CHECK, TestApp, WRONG, assert_page, assert_redirect},
    invariants::next_path::CONFUSING,
    support::{
        PASSWORD,
        http::{credentials, encode_form},
    },
};
use url::Url;

/// After signing in, the browser is redirected by way of a page that checks whether it kept the
/// cookie.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_keeps_no_cookies_gets_the_reason() {
    let app = TestApp::sqlite().await;
    let mut browser = app.browser();
    let [name, password] = credentials("ada", PASSWORD);
    let fields = [name, password, ("next", "/dashboard?a=1&b=2")];
    let answer = browser.post_form("/api/login", &fields).await;
    let check = "/login?cookie-check&next=/dashboard?a=1%26b=2";
    assert_redirect(&answer, check);
    assert_redirect(&browser.get(check).await, "/dashboard?a=1&b=2");
    browser.forget_cookies();
    let page = browser.get(check).await;
    assert_page(&page, "Your browser did not keep the sign-in cookie");
    assert!(
        page.text().contains("value=\"/dashboard?a=1&amp;b=2\""),
        "{}",
        page.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_person_does_not_see_the_sign_in_page() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    assert_redirect(&browser.get("/login").await, "/dashboard");
    assert_redirect(
        &browser.get("/login?next=/dashboard?x=1").await,
        "/dashboard?x=1",
    );
    assert_redirect(&browser.get("/").await, "/dashboard");
    assert_redirect(&app.browser().get("/").await, "/login");
}

/// The redirect after signing in, for a page of ours and for all other values (ASVS V3.7.2).
#[tokio::test(flavor = "multi_thread")]
async fn nothing_hostile_is_ever_the_next_page() {
    let app = TestApp::patient().await;
    let mut signed_in = app.signed_in("ada").await;
    let hostile = [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "https://evil.example/",
        "HTTPS:evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "/\r\nSet-Cookie: a=b",
        "/x\r\nLocation: https://evil.example",
        "/x\u{0}",
        "/x\u{7f}",
        "/\u{2028}/evil.example",
        "/é",
        "/./..//evil.example",
        "/login",
        "/login/",
        "/login?next=/login",
        "/logout",
        "/signed-out",
        "/api/login",
        "/api/logout",
        "%2f%2fevil.example",
        "%5c%5cevil.example",
        "",
    ];
    for next in hostile {
        let query = encode_form(&[("next", next)]);
        assert_redirect(
            &signed_in.get(&format!("/login?{query}")).await,
            "/dashboard",
        );
        let page = app.browser().get(&format!("/login?{query}")).await;
        assert!(
            page.text().contains("name=\"next\" value=\"/dashboard\""),
            "{next:?}"
        );
        let fields = [("username", "ada"), ("password", WRONG), ("next", next)];
        assert_redirect(
            &app.browser().post_form("/api/login", &fields).await,
            "/login",
        );
    }
    let long = format!("/{}", "a".repeat(2_048));
    let query = encode_form(&[("next", &long)]);
    assert_redirect(
        &signed_in.get(&format!("/login?{query}")).await,
        "/dashboard",
    );
    // And once with a successful sign-in.
    let [name, password] = credentials("ada", PASSWORD);
    for next in ["//evil.example", "/\\evil.example", "/x\r\nX: y"] {
        let fields = [name, password, ("next", next)];
        assert_redirect(
            &app.browser().post_form("/api/login", &fields).await,
            COOKIE_CHECK,
        );
        let answer = app.browser().fetch_form("/api/login", &fields).await;
        assert_eq!((answer.status, answer.location()), (200, COOKIE_CHECK));
    }
}

/// For any combination of parts that confuse URL parsers, the browser's own parser stays here.
#[tokio::test(flavor = "multi_thread")]
async fn no_mixture_of_separators_leads_to_another_site() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let here = Url::parse(&format!("http://localhost:{}/login", app.address.port())).unwrap();
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..400 {
        let mut next = "/".to_owned();
        for _ in 0..5 {
            // Xorshift: the same combinations in every run.
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            next.push_str(CONFUSING[usize::try_from(dice % 22).unwrap()]);
        }
        let query = encode_form(&[("next", &next)]);
        let answer = browser.get(&format!("/login?{query}")).await;
        assert_eq!(answer.status, 303, "{next:?}");
        let there = here.join(answer.location()).expect("a URL");
        assert_eq!(there.origin(), here.origin(), "{next:?} leads to {there}");
        assert_eq!(answer.header_all("location").len(), 1);
        assert!(answer.header_all("set-cookie").is_empty(), "{next:?}");
    }
}
