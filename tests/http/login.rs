//! Signing in: by form and by script, refused and granted.

use crate::{
    app::{
        COOKIE_CHECK, TestApp, WRONG, assert_contains, assert_page, assert_redirect, attributes,
        comparable, flash_of, visible_text,
    },
    on_both_engines,
    support::{
        PASSWORD,
        http::{Answer, FLASH_COOKIE, Request, SESSION_COOKIE, credentials, encode_form},
        password,
    },
};
use std::collections::BTreeSet;
use vestibule::{
    domain::{actor::Actor, session::EndReason, user::LookupKey},
    server::{
        core::{accounts::users, actor},
        store,
    },
};

on_both_engines! {
    async fn a_name_an_address_and_any_spelling_sign_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for input in ["ada", "ADA", " ada\n", "ada@example.org", "Ada@EXAMPLE.org", "Ａｄａ"] {
            let mut browser = app.browser();
            assert_redirect(&browser.post_login(input, PASSWORD).await, COOKIE_CHECK);
            assert_page(&browser.follow(COOKIE_CHECK).await, "Hello, ada of Example");
        }
    }

    async fn a_script_gets_a_typed_refusal(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let answer = app.fetch_login("ada", WRONG).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.text(), r#"{"refused":["sign_in"]}"#);
        assert_eq!(answer.header("location"), None);
        assert!(answer.header_all("set-cookie").is_empty());
    }

    /// A visitor who tests for accounts sees one answer, byte for byte (ASVS V6.3.8).
    async fn all_refusals_are_identical(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("bob").await;
        users::disable(&app.core, &actor::on_this_machine(), &app.user("bob").await).await.unwrap();
        let too_long = "x".repeat(1_025);
        let refused = [
            ("eve", PASSWORD),
            ("ada", WRONG),
            ("bob", PASSWORD),
            ("bob", WRONG),
            ("ada", too_long.as_str()),
            ("eve", too_long.as_str()),
            ("", PASSWORD),
            ("ada", ""),
            ("a\0b", PASSWORD),
            ("ada@example.org,eve@example.org", PASSWORD),
            ("' OR 1=1 --", PASSWORD),
            ("%", PASSWORD),
            ("_da", PASSWORD),
        ];
        let expected = comparable(&app.fetch_login("eve", WRONG).await);
        assert_eq!(expected.0, 401);
        for (username, password) in refused {
            let answer = app.fetch_login(username, password).await;
            assert_eq!(comparable(&answer), expected, "{username:?}");
        }
        let names = refused.iter().filter(|(username, _)| ["eve", "ada", "bob"].contains(username));
        let expected = refusal_without_name(&app.post_login("eve", WRONG).await, "eve");
        for (username, password) in names {
            let answer = app.post_login(username, password).await;
            assert_eq!(refusal_without_name(&answer, username), expected, "{username:?}");
        }
    }

    /// The input counts exactly (ASVS V6.2.8).
    async fn a_password_is_not_trimmed_folded_or_cut(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let long: String = (100..).map(|number| format!("{number} tulips, ")).take(99).collect();
        let bytes_1024 = long[..1_024].to_owned();
        let wrong = [
            format!("{PASSWORD} "),
            format!(" {PASSWORD}"),
            format!("{PASSWORD}\n"),
            format!("{PASSWORD}\r\n"),
            format!("{PASSWORD}\0"),
            format!("{PASSWORD}\0x"),
            PASSWORD.to_uppercase(),
            PASSWORD[..PASSWORD.len() - 1].to_owned(),
            PASSWORD.replace(' ', "+"),
        ];
        for input in wrong {
            assert_eq!(app.fetch_login("ada", &input).await.status, 401, "{input:?}");
        }
        let ada = app.user("ada").await;
        users::set_password(&app.core, &actor::on_this_machine(), &ada, &password(&bytes_1024)).await.unwrap();
        assert_eq!(app.fetch_login("ada", &bytes_1024).await.status, 200, "1,024 bytes");
        assert_eq!(app.fetch_login("ada", &format!("{bytes_1024}x")).await.status, 401, "1,025 bytes");
        assert_eq!(app.fetch_login("ada", &format!("{}x", &bytes_1024[..1_022])).await.status, 401);
    }

    /// Each sign-in has a token of its own, and the previous session of the browser ends (V7.2.4).
    async fn signing_in_again_replaces_the_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut browser = app.signed_in("ada").await;
        let first = browser.session().unwrap().to_owned();
        browser.fetch_login("ada", PASSWORD).await;
        let second = browser.session().unwrap().to_owned();
        assert_ne!(first, second);
        assert_eq!(app.endings().await, [None, Some(EndReason::Replaced)]);
        // One browser has one person.
        browser.fetch_login("eve", PASSWORD).await;
        assert_eq!(app.endings().await, [None, Some(EndReason::Replaced), Some(EndReason::Replaced)]);
        for dead in [first, second] {
            let mut old = app.browser();
            old.set_cookie(SESSION_COOKIE, &dead);
            assert_redirect(&old.get("/dashboard").await, "/login");
        }
        assert_page(&browser.get("/dashboard").await, "Hello, eve of Example");
    }

    async fn a_failed_sign_in_leaves_the_session_that_is_there(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        assert_eq!(browser.fetch_login("ada", WRONG).await.status, 401);
        assert_page(&browser.get("/dashboard").await, "Hello, ");
        assert_eq!(app.endings().await, [None]);
    }

    /// Session fixation: a token that the server did not generate is never adopted.
    async fn a_planted_token_is_not_adopted(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for planted in ["A".repeat(43), "x".to_owned(), String::new()] {
            let mut victim = app.browser();
            victim.set_cookie(SESSION_COOKIE, &planted);
            victim.fetch_login("ada", PASSWORD).await;
            assert_ne!(victim.session(), Some(planted.as_str()));
            assert_page(&victim.get("/dashboard").await, "Hello, ");
            let mut attacker = app.browser();
            attacker.set_cookie(SESSION_COOKIE, &planted);
            assert_redirect(&attacker.get("/dashboard").await, "/login");
        }
    }

    /// A stolen copy of the database signs nobody in (controls C3).
    async fn stored_digests_are_no_cookies(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let browser = app.signed_in("ada").await;
        let token = browser.session().unwrap();
        let session = app.sessions().await.remove(0);
        assert!(!app.rows().await.contains(token));
        let digest = vestibule::server::token::SessionToken::parse(token.as_bytes()).unwrap().digest();
        for stored in [session.id.0.as_str(), digest.as_str()] {
            let mut thief = app.browser();
            thief.set_cookie(SESSION_COOKIE, stored);
            assert_redirect(&thief.get("/dashboard").await, "/login");
        }
    }

    /// An older profile of Argon2 is replaced at the first sign-in (ASVS V11.2.2).
    async fn an_old_hash_is_upgraded(database: TestDatabase) {
        use argon2::{Argon2, Params, PasswordHasher};
        let app = TestApp::new(database).await;
        let params = Params::new(8 * 1024, 1, 1, Some(32)).unwrap();
        let old = Argon2::from(params)
            .hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen salt 016")
            .unwrap()
            .to_string();
        let ada = app.user("ada").await;
        store::users::set_password(&app.core.db, &ada.id, &old, app.core.clock.now(), &Actor::command()).await.unwrap();
        assert_eq!(app.fetch_login("ada", WRONG).await.status, 401);
        assert_eq!(stored_hash(&app).await, old, "a wrong password changes nothing");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
        let new = stored_hash(&app).await;
        assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200, "with the new hash too");
        assert_eq!(stored_hash(&app).await, new, "and then it stays");
    }

    async fn before_the_first_account_the_page_explains_setup(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let page = app.browser().get("/login").await;
        assert_page(&page, "There are no accounts yet");
        assert_contains(&page, "vestibule user create USERNAME --admin");
        assert_eq!(app.fetch_login("admin", "admin").await.status, 401);
        app.create_user("ada").await;
        let page = app.browser().get("/login").await;
        assert!(!visible_text(&page).contains("No account"));
        assert_page(&page, "Username or email");
    }

    /// No GET signs anybody in, for any query (controls A13, C15).
    async fn secrets_in_the_address_are_not_read(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let signed_in = app.signed_in("ada").await;
        let token = signed_in.session().unwrap().to_owned();
        let before = app.rows().await;
        let query = encode_form(&credentials("ada", PASSWORD));
        for path in ["/login", "/api/login", "/dashboard", "/"] {
            let answer = app.browser().get(&format!("{path}?{query}")).await;
            assert_eq!(answer.session_token(), None, "{path}");
        }
        for field in ["session", "sid", "token", SESSION_COOKIE, "cookie"] {
            let answer = app.browser().get(&format!("/dashboard?{field}={token}")).await;
            assert_eq!(answer.status, 303, "{field}");
            let answer = app.browser().post_form("/api/logout", &[(field, &token)]).await;
            assert!(answer.set_cookies(FLASH_COOKIE).is_empty(), "{field} in the body");
        }
        let as_header = Request::get("/dashboard").header("authorization", &format!("Bearer {token}"));
        assert_eq!(app.send(as_header).await.status, 303);
        assert_eq!(app.rows().await, before);
    }
}

async fn stored_hash(app: &TestApp) -> String {
    let found = store::users::find_credentials(&app.core.db, &LookupKey::of("ada")).await;
    found.unwrap().expect("ada").password_hash
}

/// The answer to a plain form, without the entered name in the flash cookie.
fn refusal_without_name(
    answer: &Answer,
    name: &str,
) -> (u16, Vec<(String, String)>, String, String) {
    let (status, mut headers, body) = comparable(answer);
    headers.retain(|(name, _)| name != "set-cookie");
    (
        status,
        headers,
        body,
        flash_of(answer).replace(name, "NAME"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_a_session_has_exactly_these_attributes() {
    let app = TestApp::sqlite().await;
    let always = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"];
    let answer = app.post_login("ada", PASSWORD).await;
    let lines = answer.set_cookies(SESSION_COOKIE);
    assert_eq!(lines.len(), 1);
    assert_eq!(attributes(lines[0]), BTreeSet::from(always));
    let token = answer.session_token().unwrap();
    assert_eq!(token.len(), 43, "32 bytes in base64url");
    assert!(!answer.location().contains(&token));

    let [name, password] = credentials("ada", PASSWORD);
    for (ticked, keeps) in [("on", true), ("true", true), ("", false), ("off", false)] {
        let fields = [name, password, ("remember", ticked)];
        let answer = app.browser().post_form("/api/login", &fields).await;
        let mut expected = BTreeSet::from(always);
        if keeps {
            expected.insert("Max-Age=7776000");
        }
        let line = answer.set_cookies(SESSION_COOKIE).remove(0);
        assert_eq!(attributes(line), expected, "{ticked:?}");
    }
}

/// Password managers and screen readers identify the fields by these words (WCAG 1.3.5). Nothing
/// blocks pasting or shortens a password (ASVS V6.2.7).
#[tokio::test(flavor = "multi_thread")]
async fn fields_have_autocomplete_attributes() {
    let app = TestApp::sqlite().await;
    let html = app.browser().get("/login").await.text();
    let inputs: Vec<_> = html
        .split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect();
    let field = |name: &str| {
        let name = format!("name=\"{name}\"");
        let found: Vec<_> = inputs
            .iter()
            .filter(|input| input.contains(&name))
            .collect();
        assert_eq!(found.len(), 1, "{name}: {inputs:?}");
        *found[0]
    };
    for (name, attributes) in [
        (
            "username",
            ["type=\"text\"", "autocomplete=\"username webauthn\""],
        ),
        (
            "password",
            ["type=\"password\"", "autocomplete=\"current-password\""],
        ),
    ] {
        let field = field(name);
        for attribute in attributes {
            assert!(field.contains(attribute), "{attribute}: {field}");
        }
        for obstacle in [
            "maxlength",
            "onpaste",
            "readonly",
            "disabled",
            "autocomplete=\"off\"",
        ] {
            assert!(!field.contains(obstacle), "{obstacle}: {field}");
        }
    }
    assert!(field("username").contains("autocapitalize=\"none\""));
}

/// A copy of the token is in `Set-Cookie` and nowhere else (controls C16).
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_in_no_page() {
    let app = TestApp::sqlite().await;
    let mut browser = app.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    for path in ["/dashboard", "/login", "/logout", "/nowhere", "/signed-out"] {
        let answer = browser.get(path).await;
        assert!(
            !format!("{:?}{}", answer.headers, answer.text()).contains(&token),
            "{path}"
        );
    }
}
