//! `POST /api/v1/token`: signing in by a password.

use super::{LATER, assert_invalid, assert_problem, bearer, call, get, json, send};
use crate::{
    app::{TestApp, WRONG, attributes, comparable},
    on_both_engines,
    support::{
        PASSWORD,
        database::texts,
        http::{Answer, Browser, Closing, DEVICE_COOKIE, Request, SESSION_COOKIE, encode_form},
    },
};
use serde_json::json as value;
use std::{collections::BTreeSet, time::Duration};
use vestibule::{
    domain::session::EndReason,
    server::core::{accounts::users, actor, tokens::Tokens},
};

const TOKEN: &str = "/api/v1/token";
const ME: &str = "/api/v1/me";
const APP: &str = "https://app.example.org";
const NO_CLIENT: &str = "Basic Og==";

fn grant<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("grant_type", "password"),
        ("username", username),
        ("password", password),
    ]
}

fn form(username: &str, password: &str) -> Request {
    Request::form(TOKEN, &grant(username, password)).header("accept", "application/json")
}

async fn sign_in(browser: &mut Browser, username: &str, password: &str) -> Answer {
    browser.send(form(username, password)).await
}

#[track_caller]
fn assert_throttled(answer: &Answer, seconds: &str) {
    assert_problem(answer, 429, "throttled");
    assert_eq!(answer.header("retry-after"), Some(seconds));
    assert!(answer.header_all("set-cookie").is_empty());
}

/// The entries of an account in the audit log, without ids and times.
async fn entries(app: &TestApp, name: &str) -> Vec<String> {
    let user = app.user(name).await.id;
    let sql = format!(
        "SELECT event || ' ' || source || ' ' || COALESCE(reason, '') || ' ' || address || ' ' || user_agent || ' ' || times \
         FROM activity WHERE user_id = '{user}' AND source = 'browser' ORDER BY 1"
    );
    texts(&app.core.db, &sql).await
}

on_both_engines! {
    async fn a_sign_in_sets_the_cookies_and_answers_a_token(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.browser();
        let answer = sign_in(&mut browser, "ADA@example.org", PASSWORD).await;
        let body = json(&answer);
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(body, value!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "profile:read sessions:read sessions:end",
        }), "these members and no others");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "RFC 6749, 5.1");
        let lines = answer.header_all("set-cookie");
        assert_eq!(lines.len(), 2, "{lines:?}");
        let always = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"];
        let session = answer.set_cookies(SESSION_COOKIE)[0];
        assert_eq!(attributes(session), BTreeSet::from(always));
        let device = answer.set_cookies(DEVICE_COOKIE)[0];
        let by_page = app.fetch_login("ada", PASSWORD).await;
        assert_eq!(attributes(device), attributes(by_page.set_cookies(DEVICE_COOKIE)[0]), "those of the page");
        assert!(!answer.text().contains(browser.session().unwrap()), "no script sees the session's token");
        // The token and the cookie are of one session.
        let by_token = json(&app.send(bearer(call("GET", ME), token)).await);
        let by_cookie = get(&mut browser, ME).await;
        assert_eq!(by_token["session"]["id"], by_cookie["session"]["id"]);
        assert_eq!(by_token["account"], by_cookie["account"]);
        assert_eq!(by_token["credential"]["kind"], "access_token");
        let written = crate::support::database::everything_written(&app.core.db).await;
        assert!(!written.contains(token.rsplit('.').next().unwrap()), "no token is written");
    }

    /// The counters are those of the page, and so are the entries in the audit log.
    async fn guesses_are_throttled_and_logged_as_on_the_page(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        for _ in 0..5 {
            assert_eq!(app.fetch_login("ada", WRONG).await.status, 401);
            assert_problem(&sign_in(&mut app.browser(), "ada", WRONG).await, 401, "sign_in_refused");
        }
        assert_throttled(&sign_in(&mut app.browser(), "ada", PASSWORD).await, "30");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 429);
        app.set_clock(Duration::from_secs(30));
        assert_eq!(sign_in(&mut app.browser(), "ada", PASSWORD).await.status, 200, "one attempt in 30 seconds");
        app.set_clock(LATER);
        app.fetch_login("eve", WRONG).await;
        app.fetch_login("eve", PASSWORD).await;
        let by_page = entries(&app, "eve").await;
        app.create_user("bob").await;
        sign_in(&mut app.browser(), "bob", WRONG).await;
        sign_in(&mut app.browser(), "bob", PASSWORD).await;
        assert_eq!(entries(&app, "bob").await, by_page);
        assert!(!by_page.is_empty());
    }

    /// An answer does not reveal which accounts exist, byte for byte.
    async fn refusals_of_known_and_unknown_names_are_equal(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("bob").await;
        users::disable(&app.core, &actor::on_this_machine(), &app.user("bob").await).await.unwrap();
        for status in [401, 429] {
            let known = comparable(&app.send(form("ada", WRONG)).await);
            assert_eq!(known.0, status);
            for name in ["bob", "nobody"] {
                assert_eq!(comparable(&app.send(form(name, WRONG)).await), known, "{name}");
            }
            for _ in 0..9 {
                for name in ["ada", "bob", "nobody"] {
                    app.send(form(name, WRONG)).await;
                }
            }
        }
        assert_eq!(app.endings().await, []);
    }

    /// A browser that was signed in before is not slowed by the guesses of others.
    async fn the_device_cookie_counts_as_on_the_page(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut known = app.browser();
        assert_eq!(sign_in(&mut known, "ada", PASSWORD).await.status, 200);
        known.fetch_logout().await;
        for _ in 0..10 {
            app.send(form("ada", WRONG)).await;
        }
        assert_throttled(&sign_in(&mut app.browser(), "ada", PASSWORD).await, "30");
        assert_eq!(known.clone().fetch_login("ada", PASSWORD).await.status, 200, "on the page");
        assert_eq!(sign_in(&mut known, "ada", PASSWORD).await.status, 200);
    }

    /// "Authorize" in the viewer never replaces the session of the person who looks at it.
    async fn with_a_live_session_it_answers_409(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut ada = app.signed_in("ada").await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        let mut by_key = app.signed_in_with(&key).await;
        let mut before_confirmation = ada.clone();
        ada.post_form("/api/confirm_password", &[("password", PASSWORD)]).await;
        assert_ne!(ada.session(), before_confirmation.session());
        for browser in [&mut before_confirmation, &mut ada, &mut by_key] {
            for (name, password) in [("ada", PASSWORD), ("eve", PASSWORD), ("eve", WRONG)] {
                let answer = sign_in(browser, name, password).await;
                let problem = assert_problem(&answer, 409, "already_signed_in");
                assert!(problem["detail"].as_str().unwrap().contains("/api/v1/logout"), "{problem}");
                assert!(answer.header_all("set-cookie").is_empty());
            }
        }
        assert_eq!(app.endings().await, [None, None]);
        assert_eq!(ada.send(call("POST", "/api/v1/logout")).await.status, 204);
        assert_eq!(sign_in(&mut ada, "eve", PASSWORD).await.status, 200);
        let mut ended = before_confirmation;
        assert_eq!(sign_in(&mut ended, "ada", PASSWORD).await.status, 200, "the cookie of an ended session");
    }

    /// The scopes of a token are at most those of the account.
    async fn a_token_can_have_fewer_scopes(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut fields = grant("ada", PASSWORD).to_vec();
        fields.push(("scope", "sessions:read users:read tokens:introspect"));
        let body = json(&app.send(Request::form(TOKEN, &fields)).await);
        assert_eq!(body["scope"], "sessions:read");
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(app.send(bearer(call("GET", "/api/v1/sessions"), token)).await.status, 200);
        for (method, path, scope) in [("GET", ME, "profile:read"), ("DELETE", "/api/v1/sessions/x", "sessions:end")] {
            let answer = app.send(bearer(call(method, path), token)).await;
            assert_problem(&answer, 403, "insufficient_scope");
            let expected = format!("Bearer realm=\"Vestibule\", error=\"insufficient_scope\", scope=\"{scope}\"");
            assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()));
        }
        assert_problem(&app.send(bearer(call("GET", "/api/v1/keys"), token)).await, 403, "session_needed");
        assert_problem(&app.send(bearer(call("GET", "/api/v1/users"), token)).await, 404, "not_found");
    }

    /// Nobody is signed in without a token in the answer, and nobody is signed out by its absence.
    async fn without_a_sealing_key_there_are_no_tokens(database: TestDatabase) {
        let mut core = crate::support::core(&database).await;
        crate::support::create_user(&core, "ada").await;
        core.tokens = Tokens::none();
        let app = TestApp::start(database, core, |_| ()).await;
        let before = app.rows().await;
        for password in [PASSWORD, WRONG] {
            let answer = app.send(form("ada", password)).await;
            assert_problem(&answer, 503, "no_tokens");
            assert!(answer.header_all("set-cookie").is_empty());
        }
        assert_eq!(app.rows().await, before);
        assert_eq!(entries(&app, "ada").await, [""; 0]);
        let mut ada = app.signed_in("ada").await;
        let answer = ada.send(call("POST", "/api/v1/token/refresh")).await;
        assert_problem(&answer, 503, "no_tokens");
        assert_eq!(get(&mut ada, ME).await["account"]["username"], "ada", "everything else works");
    }

    /// The session of a failed answer has no client.
    async fn if_the_token_cannot_be_signed_the_session_ends(database: TestDatabase) {
        let app = TestApp::new(database).await;
        texts(&app.core.db, "ALTER TABLE signing_keys RENAME TO gone").await;
        let answer = app.send(form("ada", PASSWORD)).await;
        assert!(answer.status >= 500, "{}", answer.text());
        assert!(answer.header_all("set-cookie").is_empty());
        until_ended(&app, &[Some(EndReason::SignedOut)]).await;
    }

    /// A sign-in needs its client.
    async fn the_session_ends_if_the_answer_cannot_be_handed_over(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for closing in [Closing::Fin, Closing::Reset].into_iter().cycle().take(8) {
            app.browser().post_and_close(TOKEN, &grant("ada", PASSWORD), closing).await;
        }
        let mut kept = app.browser();
        assert_eq!(sign_in(&mut kept, "ada", PASSWORD).await.status, 200);
        for _ in 0..300 {
            if app.endings().await.iter().filter(|ending| ending.is_none()).count() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let live = app.endings().await.into_iter().filter(Option::is_none).count();
        assert_eq!(live, 1, "a session without a client still lives");
        assert_eq!(kept.send(call("GET", ME)).await.status, 200);
    }
}

async fn until_ended(app: &TestApp, expected: &[Option<EndReason>]) {
    for _ in 0..300 {
        if app.endings().await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", app.endings().await);
}

/// Swagger UI sends an empty client with its password form. There are no others, and no passwords in headers.
#[tokio::test(flavor = "multi_thread")]
async fn the_empty_client_is_accepted_and_no_other() {
    let app = TestApp::sqlite().await;
    for value in [
        "Basic YTpi",
        "Basic YWRhOmE=",
        "basic Og==",
        "Basic Og",
        "Digest x",
        "",
    ] {
        let answer = app
            .send(form("ada", PASSWORD).header("authorization", value))
            .await;
        assert_problem(&answer, 400, "invalid_client");
    }
    let twice = form("ada", PASSWORD)
        .header("authorization", NO_CLIENT)
        .header("authorization", NO_CLIENT);
    assert_problem(&app.send(twice).await, 400, "invalid_client");
    let (_, key) = app.access_key("ada", "profile:read").await;
    let with_key = bearer(form("ada", PASSWORD), &key);
    assert_problem(&app.send(with_key).await, 400, "invalid_client");
    assert_invalid(&app.send(bearer(form("ada", PASSWORD), "x")).await);
    assert_eq!(app.endings().await, [], "nobody is signed in");
    let swagger = form("ada", PASSWORD).header("authorization", NO_CLIENT);
    assert_eq!(app.send(swagger).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_checked_before_the_password() {
    let app = TestApp::sqlite().await;
    let all = encode_form(&grant("ada", PASSWORD));
    for (body, code, field) in [
        ("", "missing_parameter", Some("grant_type")),
        ("grant_type=", "missing_parameter", Some("grant_type")),
        ("grant_type=password", "missing_parameter", Some("username")),
        (
            "grant_type=password&username=ada",
            "missing_parameter",
            Some("password"),
        ),
        (
            "grant_type=password&username=ada&password=",
            "missing_parameter",
            Some("password"),
        ),
        (
            "grant_type=client_credentials",
            "unsupported_grant_type",
            Some("grant_type"),
        ),
        (
            "grant_type=Password&username=ada",
            "unsupported_grant_type",
            Some("grant_type"),
        ),
        (&format!("{all}&username=eve"), "repeated_parameter", None),
        (&format!("{all}&password=x"), "repeated_parameter", None),
        (&format!("{all}&scope=&scope="), "repeated_parameter", None),
        (
            &format!("{all}&scope=profile:read+users:erase"),
            "invalid_scope",
            Some("scope"),
        ),
        (&format!("{all}&scope=*"), "invalid_scope", Some("scope")),
    ] {
        let request = Request::post(TOKEN, body.as_bytes());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = app.send(request).await;
        let problem = assert_problem(&answer, 400, code);
        assert_eq!(problem["field"].as_str(), field, "{body}");
    }
    let query = Request::form(&format!("{TOKEN}?username=ada"), &grant("ada", PASSWORD));
    assert_problem(&app.send(query).await, 400, "unknown_parameter");
    assert_eq!(app.endings().await, []);
    assert_eq!(entries(&app, "ada").await, [""; 0], "none was an attempt");
    // Unknown parameters are ignored (RFC 6749, 3.2).
    let more = [("client_id", "swagger"), ("scope", "")];
    let fields: Vec<_> = grant("ada", PASSWORD).into_iter().chain(more).collect();
    assert_eq!(app.send(Request::form(TOKEN, &fields)).await.status, 200);
}

/// A form of another site could send `text/plain` without a preflight, and JSON is not what OAuth defines.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_form_is_accepted() {
    let app = TestApp::sqlite().await;
    let body = format!(r#"{{"grant_type":"password","username":"ada","password":"{PASSWORD}"}}"#);
    let fields = encode_form(&grant("ada", PASSWORD));
    let with = |kind: &str| Request::post(TOKEN, fields.as_bytes()).header("content-type", kind);
    for request in [
        send("POST", TOKEN, &body),
        with("text/plain"),
        with("multipart/form-data; boundary=x"),
        with("application/x-www-form-urlencoded, text/plain"),
        with("application/x-www-form-urlencoded").header("content-type", "text/plain"),
        Request::post(TOKEN, fields.as_bytes()),
    ] {
        let problem = assert_problem(&app.send(request).await, 415, "unsupported_media_type");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("application/x-www-form-urlencoded"),
            "{detail}"
        );
    }
    assert_eq!(app.endings().await, []);
    let with_charset = with("Application/X-WWW-Form-Urlencoded; charset=utf-8");
    assert_eq!(app.send(with_charset).await.status, 200);
}

/// Signing somebody in, out or anew is refused from every origin that is not named, with and without a cookie.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_origin_neither_signs_in_nor_refreshes() {
    let app =
        TestApp::sqlite_with(|config| config.api.allowed_origins = vec![APP.to_owned()]).await;
    let mut ada = app.signed_in("ada").await;
    let own = format!("http://localhost:{}", app.address.port());
    let requests = || {
        let token = form("ada", PASSWORD).header("authorization", NO_CLIENT);
        [
            token,
            call("POST", "/api/v1/token/refresh"),
            call("POST", "/api/v1/logout"),
        ]
    };
    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        ("https://evil.example.org", "same-site"),
        ("https://app.example.org.evil.example", "cross-site"),
        ("http://app.example.org", "cross-site"),
        ("null", "cross-site"),
        (own.as_str(), "cross-site"),
    ] {
        for request in requests() {
            let request = request
                .header("origin", origin)
                .header("sec-fetch-site", site);
            for mut browser in [app.browser(), ada.clone()] {
                let answer = browser.send(request.clone()).await;
                assert_problem(&answer, 403, "cross_site");
                assert!(answer.header_all("set-cookie").is_empty(), "{origin}");
            }
        }
    }
    assert_eq!(app.endings().await, [None]);
    let from_app = |request: Request| {
        request
            .header("origin", APP)
            .header("sec-fetch-site", "same-site")
    };
    let [token, refresh, logout] = requests().map(from_app);
    for (request, status) in [(refresh, 200), (logout, 204), (token, 200)] {
        let answer = ada.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    }
    assert!(
        ada.session().is_some(),
        "the cookie is set for a named origin"
    );
}
