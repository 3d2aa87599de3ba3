//! Keys and tokens as credentials: what each is good for, until when, and beside what.

use super::{administered, assert_invalid, assert_problem, bearer, call, get, json, token_of};
use crate::{
    app::TestApp,
    endings, on_both_engines,
    support::http::{Connection, Request, SESSION_COOKIE},
};
use serde_json::json as value;
use std::time::Duration;
use vestibule::{
    domain::{
        access_key::{AccessKeyDraft, AccessKeyId},
        session::EndReason,
    },
    server::core::{
        accounts::{access_keys, users},
        actor,
    },
};

const ME: &str = "/api/v1/me";
const SESSIONS: &str = "/api/v1/sessions";
const ALL: &str = "profile:read sessions:read sessions:end";

/// A key that is limited to a network.
async fn key_from(app: &TestApp, network: &str) -> (AccessKeyId, String) {
    let draft = AccessKeyDraft {
        name: "A program".to_owned(),
        scopes: vec!["profile:read".to_owned()],
        networks: network.to_owned(),
        ..AccessKeyDraft::default()
    };
    let (machine, ada) = (actor::on_this_machine(), app.user("ada").await);
    let made = access_keys::make_as_admin(&app.core, &machine, &ada, &draft).await;
    let made = made.unwrap();
    (made.id, made.text.reveal().to_owned())
}

/// The text of a key with another id or secret, and a checksum that fits.
fn with_checksum(id: &str, secret: &str) -> String {
    let unchecked = format!("vst_{id}_{secret}");
    let digest = ring::digest::digest(&ring::digest::SHA256, unchecked.as_bytes());
    let checksum: String = digest.as_ref()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{unchecked}_{checksum}")
}

on_both_engines! {
    async fn a_token_is_refused_at_its_next_request_after_each_kind_of_end(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for reason in EndReason::ALL {
            app.set_clock(Duration::ZERO);
            let (key, text) = app.access_key("ada", ALL).await;
            let mut browser = match reason {
                EndReason::KeyRevoked => app.signed_in_with(&text).await,
                _ => app.signed_in("ada").await,
            };
            let token = token_of(&mut browser).await;
            for path in [ME, SESSIONS] {
                assert_eq!(app.send(bearer(call("GET", path), &token)).await.status, 200, "{reason:?}");
            }
            endings::end(&app, reason, &mut browser, &key).await;
            for (method, path) in [("GET", ME), ("GET", SESSIONS), ("DELETE", "/api/v1/sessions/x"), ("POST", "/api/v1/logout")] {
                assert_invalid(&app.send(bearer(call(method, path), &token)).await);
            }
            assert_eq!(app.send(bearer(call("HEAD", ME), &token)).await.status, 401);
        }
    }

    /// A token near the end of its session does not outlive it, although it was issued for five minutes.
    async fn a_token_ends_with_the_idle_time_of_its_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let idle = crate::support::LIFETIMES.idle;
        app.set_clock(idle - Duration::from_secs(100));
        let body = json(&ada.send(call("POST", "/api/v1/token/refresh")).await);
        let seconds = body["expires_in"].as_u64().unwrap();
        assert!((1..=300).contains(&seconds), "{seconds}");
        crate::support::settled(&app.core).await;
        let token = token_of(&mut ada).await;
        app.set_clock(idle);
        assert_eq!(app.send(bearer(call("GET", ME), &token)).await.status, 200, "the refresh was use");
    }

    /// A role counts at the next request, for what was issued before it was lost, too.
    async fn a_lost_role_takes_its_scopes(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let token = token_of(&mut root).await;
        let (_, key) = app.access_key("root", "profile:read users:read activity:read").await;
        let mut by_key = app.signed_in_with(&key).await;
        let token_of_key = token_of(&mut by_key).await;
        let of_ada = token_of(&mut ada).await;
        let all = [&token, &key, &token_of_key];
        for credential in all {
            for path in ["/api/v1/users", "/api/v1/activity"] {
                let answer = app.send(bearer(call("GET", path), credential)).await;
                // The audit log needs a password that was entered recently, and a session of a key has none.
                let is_refused = credential == &token_of_key && path == "/api/v1/activity";
                assert_eq!(answer.status, if is_refused { 403 } else { 200 }, "{path}: {}", answer.text());
            }
        }
        let machine = actor::on_this_machine();
        users::promote(&app.core, &machine, &app.user("ada").await).await.unwrap();
        users::demote(&app.core, &machine, &app.user("root").await).await.unwrap();
        for credential in all {
            for path in ["/api/v1/users", "/api/v1/activity"] {
                assert_problem(&app.send(bearer(call("GET", path), credential)).await, 404, "not_found");
            }
            let me = json(&app.send(bearer(call("GET", ME), credential)).await);
            let scopes = me["credential"]["scopes"].to_string();
            assert!(!scopes.contains("users") && !scopes.contains("activity"), "{scopes}");
        }
        // A token gains nothing: the client gets the new scopes by its next refresh.
        assert_problem(&app.send(bearer(call("GET", "/api/v1/users"), &of_ada)).await, 403, "insufficient_scope");
        let new = token_of(&mut ada).await;
        assert_eq!(app.send(bearer(call("GET", "/api/v1/users"), &new)).await.status, 200);
    }

    /// Somebody else has signed in in this browser, so the page has to leave.
    async fn a_cookie_beside_a_credential_has_to_belong_to_it(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (mut ada, mut again, mut eve) =
            (app.signed_in("ada").await, app.signed_in("ada").await, app.signed_in("eve").await);
        let token = token_of(&mut ada).await;
        let (_, key) = app.access_key("ada", ALL).await;
        let mut ended = app.signed_in("ada").await;
        let old = ended.clone();
        ended.fetch_logout().await;
        let me = |credential: &str| bearer(call("GET", ME), credential);
        assert_eq!(ada.send(me(&token)).await.status, 200, "its own session");
        for mut other in [again.clone(), eve.clone(), old.clone()] {
            assert_invalid(&other.send(me(&token)).await);
        }
        for browser in [&mut ada, &mut again] {
            let me = json(&browser.send(me(&key)).await);
            assert_eq!(me["credential"]["kind"], "access_key", "the cookie gives no right");
        }
        assert_invalid(&eve.send(me(&key)).await);
        assert_invalid(&old.clone().send(me(&key)).await);
        // A valid cookie never replaces a credential that is not valid.
        assert_invalid(&ada.send(me("x")).await);
        // The cookie of nothing at all is no cookie.
        let mut nothing = app.browser();
        nothing.set_cookie(SESSION_COOKIE, "x");
        assert_eq!(nothing.send(me(&token)).await.status, 200);
        assert_eq!(app.endings().await.iter().filter(|ending| ending.is_none()).count(), 3);
    }

    /// One answer for each of them: a program that tries keys learns nothing.
    async fn a_key_that_is_not_valid_is_refused(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let machine = actor::on_this_machine();
        let ada = app.user("ada").await;
        let me = async |text: &str| app.send(bearer(call("GET", ME), text)).await;
        let (id, revoked) = app.access_key("ada", ALL).await;
        assert_eq!(me(&revoked).await.status, 200);
        assert!(access_keys::revoke_as_admin(&app.core, &machine, &ada.id, &id).await.unwrap());
        let (_, elsewhere) = key_from(&app, "192.0.2.0/24").await;
        let (_, here) = key_from(&app, "127.0.0.0/8").await;
        assert_eq!(me(&here).await.status, 200);
        let (id, good) = app.access_key("ada", ALL).await;
        let secret = good.split('_').nth(2).unwrap();
        let zeros = "0".repeat(64);
        let mut wrong_checksum = good.clone();
        let last = if wrong_checksum.pop() == Some('0') { '1' } else { '0' };
        wrong_checksum.push(last);
        assert_eq!(with_checksum(&id.0, secret), good, "the checksum of this test");
        for (why, text) in [
            ("revoked", revoked.as_str()),
            ("another network", &elsewhere),
            ("an unknown id", &with_checksum(&"0".repeat(32), secret)),
            ("another secret", &with_checksum(&id.0, &zeros)),
            ("a wrong checksum", &wrong_checksum),
            ("upper case", &good.to_uppercase()),
            ("a prefix alone", "vst_"),
            ("truncated", &good[..good.len() - 1]),
            ("longer", &format!("{good}0")),
            ("without its prefix", &good[4..]),
            ("two", &format!("{good} {good}")),
        ] {
            let answer = me(text).await;
            assert_invalid(&answer);
            let detail = "There is no credential, or it is not valid, or no longer.";
            assert!(answer.text().contains(detail), "{why}: {}", answer.text());
        }
        assert_eq!(me(&good).await.status, 200);
        users::disable(&app.core, &machine, &ada).await.unwrap();
        assert_invalid(&me(&good).await);
        users::enable(&app.core, &machine, &app.user("ada").await).await.unwrap();
        let (_, good) = app.access_key("ada", ALL).await;
        assert!(access_keys::suspend_all(&app.core, machine.actor()).await.unwrap() > 0);
        assert_invalid(&me(&good).await);
        let (_, good) = app.access_key("ada", ALL).await;
        app.set_clock(Duration::from_secs(89 * 86_400));
        assert_eq!(me(&good).await.status, 200, "the last of 90 days is near");
        app.set_clock(Duration::from_secs(91 * 86_400));
        assert_invalid(&me(&good).await);
        users::delete(&app.core, &machine, &app.user("ada").await).await.unwrap();
        app.set_clock(Duration::ZERO);
        assert_invalid(&me(&good).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_header_carries_the_credential() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    let (_, key) = app.access_key("ada", ALL).await;
    for credential in [&token, &key] {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let request =
                call("GET", ME).header("authorization", &format!("{scheme} {credential}"));
            assert_eq!(
                app.send(request).await.status,
                200,
                "{scheme}: it has no case (RFC 9110, 11.1)"
            );
        }
        for value in [
            format!("Bearer {credential},"),
            format!("Bearer {credential}, Bearer {credential}"),
            format!("Bearer {credential} x"),
            format!("Bearer \"{credential}\""),
            format!("Bearer token={credential}"),
            format!("Bearer\t{credential}"),
            format!("Bearer \t{credential}"),
            format!("Bearer{credential}"),
            format!("Bearer:{credential}"),
        ] {
            let answer = app
                .send(call("GET", ME).header("authorization", &value))
                .await;
            assert_eq!(
                answer.status,
                401,
                "{}",
                value.replace(credential.as_str(), "…")
            );
        }
        for other in [
            format!("Bearer {credential}"),
            format!("Bearer {key}"),
            "Basic YTpi".to_owned(),
            String::new(),
        ] {
            let value = format!("Bearer {credential}");
            for [first, second] in [[&value, &other], [&other, &value]] {
                let request = call("GET", ME).header("authorization", first);
                assert_invalid(&app.send(request.header("authorization", second)).await);
            }
        }
        // Folded (RFC 9112, 5.2): another server could read one of two values.
        let mut connection = Connection::open(app.address).await;
        let head = format!(
            "GET {ME} HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: Bearer\r\n {credential}\r\n\r\n",
            app.address.port()
        );
        connection.send(head.as_bytes()).await;
        let folded = connection.answer().await.expect("an answer");
        assert_eq!(folded.status, 400);
        // It would be in logs and histories (RFC 6750, 5.3).
        for parameter in ["access_token", "token", "key"] {
            let query = call("GET", &format!("{ME}?{parameter}={credential}"));
            assert_eq!(app.send(query.clone()).await.status, 401);
            assert_problem(&ada.send(query).await, 400, "unknown_parameter");
        }
        let form = Request::form("/api/v1/logout", &[("access_token", credential)]);
        assert_eq!(app.send(form).await.status, 204, "of nobody's session");
        for (name, value) in [
            ("cookie", format!("access_token={credential}")),
            ("x-access-token", credential.clone()),
        ] {
            assert_eq!(
                app.send(call("GET", ME).header(name, &value)).await.status,
                401
            );
        }
    }
    assert_eq!(app.endings().await, [None]);
}

/// Each credential is of one kind, and is good in its place alone.
#[tokio::test(flavor = "multi_thread")]
async fn no_credential_takes_the_place_of_another() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    let (_, key) = app.access_key("ada", ALL).await;
    for credential in [&token, &key] {
        let mut browser = app.browser();
        browser.set_cookie(SESSION_COOKIE, credential);
        assert_eq!(browser.send(call("GET", ME)).await.status, 401);
        assert_eq!(browser.get("/dashboard").await.status, 303);
        // The pages and their functions know cookies alone.
        let page = bearer(Request::get("/dashboard"), credential).header("accept", "text/html");
        assert_eq!(app.send(page).await.status, 303);
        let function = bearer(Request::form("/api/end_all_sessions", &[]), credential);
        assert_eq!(app.send(function).await.status, 401);
        assert_eq!(
            app.send(bearer(call("GET", "/session/events"), credential))
                .await
                .status,
            401
        );
    }
    assert_invalid(
        &app.send(bearer(call("GET", ME), ada.session().unwrap()))
            .await,
    );
    assert_eq!(app.endings().await, [None]);
}

/// A request with a bearer credential gets no cookie and no session of its own.
#[tokio::test(flavor = "multi_thread")]
async fn me_names_the_credential_and_sets_no_cookie() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    let (_, key) = app.access_key("ada", "profile:read").await;
    for (credential, kind, scopes, has_session) in [
        (
            &token,
            "access_token",
            value!(["profile:read", "sessions:read", "sessions:end"]),
            true,
        ),
        (&key, "access_key", value!(["profile:read"]), false),
    ] {
        let answer = app.send(bearer(call("GET", ME), credential)).await;
        assert!(answer.header_all("set-cookie").is_empty());
        let me = json(&answer);
        assert_eq!(me["credential"], value!({"kind": kind, "scopes": scopes}));
        assert_eq!(me["session"].is_object(), has_session, "{me}");
        assert_eq!(me["account"], get(&mut ada, ME).await["account"]);
    }
}

/// It ends the session of the token, and only that.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_signs_out_its_session() {
    let app = TestApp::sqlite().await;
    let (mut ada, mut other) = (app.signed_in("ada").await, app.signed_in("ada").await);
    let (token, kept) = (token_of(&mut ada).await, token_of(&mut other).await);
    let answer = app
        .send(bearer(call("POST", "/api/v1/logout"), &token))
        .await;
    assert_eq!(answer.status, 204);
    assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
    assert_eq!(ada.send(call("GET", ME)).await.status, 401);
    assert_eq!(app.send(bearer(call("GET", ME), &kept)).await.status, 200);
    assert_eq!(app.endings().await, [None, Some(EndReason::SignedOut)]);
}
