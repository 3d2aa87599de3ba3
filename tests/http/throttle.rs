//! Guessing is throttled, and the owner is never locked out.

use crate::{
    app::{TestApp, WRONG, assert_contains, assert_page, attributes, comparable},
    on_both_engines,
    support::{
        self, PASSWORD,
        database::{Engine, TestDatabase},
        http::{Answer, Browser, DEVICE_COOKIE, Request},
        password,
    },
};
use std::{collections::BTreeSet, time::Duration};
use vestibule::{
    domain::user::LookupKey,
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            accounts::{setup, users},
            actor::{self, Actor},
            sessions::{Presented, Started},
            sign_in::{self, Credentials},
        },
        store,
        token::DeviceToken,
    },
};

const SECOND: Duration = Duration::from_secs(1);

/// Fails `times` at the sign-in, each time in a new browser.
async fn fail(app: &TestApp, username: &str, times: usize) {
    for attempt in 0..times {
        let answer = app.fetch_login(username, WRONG).await;
        assert_eq!(answer.status, 401, "attempt {attempt} at {username}");
    }
}

/// An attempt from `address`, with a device cookie if there is one.
async fn attempt(
    core: &Core,
    address: &str,
    input: &str,
    device: Option<&DeviceToken>,
) -> Result<Started, AppError> {
    let cookie = device.map(DeviceToken::cookie_value);
    let visitor = Actor::visitor(actor::Browser::new(address.to_owned(), ""));
    let presented = Presented {
        session: None,
        device: cookie.and_then(|value| DeviceToken::parse(value.as_bytes())),
    };
    let credentials = Credentials {
        username: "ada",
        password: &password(input),
    };
    sign_in::login(core, &visitor, presented, &credentials, false).await
}

#[track_caller]
fn assert_throttled(answer: &Answer, seconds: u32) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(
        answer.header("retry-after"),
        Some(seconds.to_string().as_str())
    );
    assert_eq!(answer.session_token(), None);
}

on_both_engines! {
    async fn after_ten_failures_one_attempt_goes_through_in_thirty_seconds(database: TestDatabase) {
        let app = TestApp::new(database).await;
        fail(&app, "ada", 10).await;
        let refused = app.fetch_login("ada", PASSWORD).await;
        assert_throttled(&refused, 30);
        assert_eq!(refused.text(), r#"{"failed":{"throttled":{"seconds":30}}}"#);
        app.set_clock(29 * SECOND + Duration::from_millis(1));
        assert_throttled(&app.fetch_login("ada", PASSWORD).await, 1);
        app.set_clock(30 * SECOND);
        assert_eq!(app.fetch_login("ada", WRONG).await.status, 401);
        assert_throttled(&app.fetch_login("ada", WRONG).await, 30);
        app.set_clock(60 * SECOND);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200, "the owner waits 30 seconds");
        app.set_clock(17 * 60 * SECOND);
        fail(&app, "ada", 10).await;
    }

    /// Without the script: a page with its status, which keeps the name.
    async fn a_plain_form_gets_the_time_to_wait(database: TestDatabase) {
        let app = TestApp::new(database).await;
        fail(&app, "ada", 10).await;
        let mut browser = app.browser();
        let page = browser.post_login("ada", PASSWORD).await;
        assert_throttled(&page, 30);
        assert_contains(&page, "Too many attempts");
        assert_contains(&page, "Try again in 30 seconds.");
        let again = browser.get("/login").await;
        assert_page(&again, "Sign in");
        assert!(again.text().contains(r#"value="ada""#), "{}", again.text());
    }

    /// All names of an account share one counter (CVE-2025-24806, CVE-2026-47203). Each spelling
    /// has its own, which throttles openly.
    async fn another_spelling_is_no_new_account(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for input in ["ada", "ADA", " ada\n", "Ａｄａ", "aDa", "ada ", "\tADA", "ＡＤＡ", "ada@example.org", "Ada@EXAMPLE.org"] {
            fail(&app, input, 1).await;
        }
        for input in ["ada", "ADA@EXAMPLE.ORG", "Ａｄａ"] {
            assert_eq!(app.fetch_login(input, PASSWORD).await.status, 401, "refused silently");
        }
        for input in ["ada", "ADA", "Ａｄａ"] {
            assert_throttled(&app.fetch_login(input, PASSWORD).await, 30);
        }
        app.set_clock(30 * SECOND);
        assert_eq!(app.fetch_login("ada@example.org", PASSWORD).await.status, 200);
    }

    /// A throttled answer does not reveal which accounts exist, byte for byte (controls A9).
    async fn names_that_nobody_has_are_slowed_alike(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("bob").await;
        users::disable(&app.core, &actor::on_this_machine(), &app.user("bob").await).await.unwrap();
        for name in ["ada", "bob", "nobody"] {
            fail(&app, name, 10).await;
        }
        let known = comparable(&app.fetch_login("ada", WRONG).await);
        assert_eq!(known.0, 429);
        for name in ["bob", "nobody", "NOBODY", " nobody "] {
            assert_eq!(comparable(&app.fetch_login(name, WRONG).await), known, "{name:?}");
        }
        assert_eq!(app.fetch_login("nobody2", WRONG).await.status, 401);
    }

    /// The entered name is sometimes a password: it is nowhere in the database.
    async fn unknown_names_are_not_recorded(database: TestDatabase) {
        let app = TestApp::new(database).await;
        fail(&app, "my secret typed by mistake", 1).await;
        let name = LookupKey::of("my secret typed by mistake");
        let digest = app.core.throttle.key.digest("nobody:", name.as_str());
        let counter = store::throttle::find(&app.core.db, &digest).await.unwrap();
        assert_eq!(counter.expect("it is counted").failures, 1);
        assert!(!digest.as_str().contains("secret"));
        let other_key = vestibule::server::token::ServerKey::random().digest("nobody:", name.as_str());
        assert_ne!(digest, other_key, "who has no key cannot even try names");
    }

    /// Many accounts from one address: then the address is throttled, for any name.
    async fn an_address_is_slowed_after_a_hundred_failures(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let known = app.signed_in("ada").await;
        for number in 0..100 {
            fail(&app, &format!("name{number}"), 1).await;
        }
        for name in ["ada", "name1", "another"] {
            assert_throttled(&app.fetch_login(name, PASSWORD).await, 30);
        }
        let mut elsewhere = known.clone();
        assert_eq!(elsewhere.fetch_logout().await.status, 200, "signing out is nobody's guess");
        assert_eq!(elsewhere.fetch_login("ada", PASSWORD).await.status, 200, "nor is a known browser slowed");
        app.set_clock(30 * SECOND);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// For any number: an office behind one address, a script that signs in each minute.
    async fn successes_are_free(database: TestDatabase) {
        let app = TestApp::new(database).await;
        fail(&app, "ada", 9).await;
        for _ in 0..15 {
            assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
        }
        fail(&app, "ada", 1).await;
        assert_throttled(&app.fetch_login("ada", PASSWORD).await, 30);
    }

    /// Signing in to one's own account gains no guesses at another's either.
    async fn a_success_elsewhere_resets_nothing(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        for _ in 0..10 {
            fail(&app, "ada", 1).await;
            assert_eq!(app.fetch_login("eve", PASSWORD).await.status, 200);
        }
        assert_throttled(&app.fetch_login("ada", WRONG).await, 30);
    }

    /// The check comes before the hashing: a hash that would be an error is not even read.
    async fn a_throttled_attempt_costs_no_hash(database: TestDatabase) {
        let app = TestApp::new(database).await;
        fail(&app, "ada", 10).await;
        let ada = app.user("ada").await;
        store::users::set_password(&app.core.db, &ada.id, "damaged", app.core.clock.now(), &Actor::command()).await.unwrap();
        assert_throttled(&app.fetch_login("ada", WRONG).await, 30);
        app.set_clock(30 * SECOND);
        assert_eq!(app.fetch_login("ada", WRONG).await.status, 500, "now it was");
    }

    /// Concurrent guesses over many connections.
    async fn many_guesses_at_once_get_no_further(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let address = app.address;
        let guesses: Vec<_> = (0..60)
            .map(|_| tokio::spawn(async move { Browser::new(address).fetch_login("ada", WRONG).await.status }))
            .collect();
        let mut checked = 0;
        for guess in guesses {
            match guess.await.unwrap() {
                401 => checked += 1,
                status => assert!([429, 503].contains(&status), "{status}"),
            }
        }
        assert!(checked <= 10, "{checked} guesses were checked");
    }

    /// A busy server has not checked the password, so it counts nothing.
    async fn being_busy_is_no_failure(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut reservations = Vec::new();
        while let Ok(reservation) = app.core.hasher.reserve() {
            reservations.push(reservation);
        }
        for _ in 0..20 {
            assert_eq!(app.fetch_login("ada", WRONG).await.status, 503);
        }
        drop(reservations);
        fail(&app, "ada", 10).await;
        assert_throttled(&app.fetch_login("ada", WRONG).await, 30);
    }

    /// All counters are in the database: another process, or a restarted one, continues to count.
    async fn a_restart_resets_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        for _ in 0..10 {
            assert_eq!(attempt(&core, "192.0.2.1", WRONG, None).await.unwrap_err(), AppError::from(Refusal::SignIn));
        }
        let again = support::core(&database).await;
        let outcome = attempt(&again, "192.0.2.2", PASSWORD, None).await;
        assert_eq!(outcome.unwrap_err(), AppError::Failed(Failure::Throttled { seconds: 30 }));
    }

    /// 10,000 addresses guess at one account for an hour. They get ten guesses and one in thirty
    /// seconds; the owner is not affected in a known browser.
    async fn a_botnet_slows_itself_and_not_the_owner(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let device = attempt(&core, "198.51.100.7", PASSWORD, None).await.unwrap().device.unwrap();
        let (mut checked, mut bots) = (0, 0_u32..10_000);
        for minute in 0..60_u32 {
            core.clock.set(support::START.after(SECOND * 60 * minute));
            for bot in bots.by_ref().take(167) {
                let address = format!("203.{}.{}.1", bot / 256, bot % 256);
                match attempt(&core, &address, WRONG, None).await.unwrap_err() {
                    AppError::Refused(refusals) if refusals.first() == Refusal::SignIn => checked += 1,
                    refusal => assert_eq!(refusal, AppError::Failed(Failure::Throttled { seconds: 30 })),
                }
            }
            if minute % 20 == 0 {
                let owner = attempt(&core, "198.51.100.7", PASSWORD, Some(&device)).await;
                assert!(owner.is_ok(), "in minute {minute}: {:?}", owner.err());
            }
        }
        assert_eq!(checked, 10 + 59);
        // In a new browser the owner waits for the time in the answer.
        let new = attempt(&core, "198.51.100.8", PASSWORD, None).await.unwrap_err();
        assert_eq!(new, AppError::Failed(Failure::Throttled { seconds: 30 }));
        core.clock.set(core.clock.now().after(30 * SECOND));
        assert!(attempt(&core, "198.51.100.8", PASSWORD, None).await.is_ok());
    }

    /// Guesses in a known browser are throttled too (a stolen, unlocked laptop).
    async fn a_known_browser_has_its_own_counter(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut known = app.signed_in("ada").await;
        for _ in 0..10 {
            assert_eq!(known.fetch_login("ada", WRONG).await.status, 401);
        }
        assert_throttled(&known.fetch_login("ada", PASSWORD).await, 30);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200, "and slows nobody else");
        app.set_clock(30 * SECOND);
        assert_eq!(known.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// A browser is known to its own people only.
    async fn a_known_browser_is_unknown_to_other_accounts(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut eve = app.signed_in("eve").await;
        fail(&app, "ada", 10).await;
        assert_throttled(&eve.fetch_login("ada", PASSWORD).await, 30);
        eve.set_cookie(DEVICE_COOKIE, &DeviceToken::random().cookie_value());
        assert_throttled(&eve.fetch_login("ada", PASSWORD).await, 30);
    }

    async fn a_reset_forgets_known_browsers(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut known = app.signed_in("ada").await;
        users::set_password(&app.core, &actor::on_this_machine(), &app.user("ada").await, &password("another long password"))
            .await
            .unwrap();
        fail(&app, "ada", 10).await;
        assert_throttled(&known.fetch_login("ada", "another long password").await, 30);
    }

    /// A person at a browser that was left open cannot guess either (ASVS V6.3.4).
    async fn changing_the_password_is_slowed_alike(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let fields = |current| [("current_password", current), ("new_password", "another long password")];
        for _ in 0..10 {
            let refused = browser.fetch_form("/api/change_password", &fields(WRONG)).await;
            assert_eq!(refused.text(), r#"{"refused":["current_password"]}"#);
        }
        assert_throttled(&browser.fetch_form("/api/change_password", &fields(PASSWORD)).await, 30);
        assert_throttled(&browser.fetch_login("ada", PASSWORD).await, 30);
        app.set_clock(30 * SECOND);
        assert_eq!(browser.fetch_form("/api/change_password", &fields(PASSWORD)).await.status, 200);
    }

    /// Then the other browsers are unknown, and this one is known.
    async fn a_new_password_leaves_one_browser_known(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (mut here, mut elsewhere) = (app.signed_in("ada").await, app.signed_in("ada").await);
        let fields = [("current_password", PASSWORD), ("new_password", "another long password")];
        assert_eq!(here.fetch_form("/api/change_password", &fields).await.status, 200);
        fail(&app, "ada", 10).await;
        assert_throttled(&elsewhere.fetch_login("ada", "another long password").await, 30);
        assert_eq!(here.fetch_login("ada", "another long password").await.status, 200);
    }

    async fn guesses_at_the_setup_code_are_slowed(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = setup::new_code(&app.core).await.unwrap().expect("there is no account");
        let form = |code: &str| {
            let fields = [("code", code), ("username", "ada"), ("password", "quietly humming teapots")];
            Request::form("/api/set_up", &fields).header("accept", "application/json")
        };
        for _ in 0..10 {
            assert_eq!(app.send(form("00000-00000-00000-00000")).await.status, 422);
        }
        assert_throttled(&app.send(form(code.reveal())).await, 30);
        app.set_clock(30 * SECOND);
        assert_eq!(app.send(form(code.reveal())).await.status, 200);
    }
}

/// Set only after a success; it outlives the session.
#[tokio::test(flavor = "multi_thread")]
async fn the_device_cookie_has_exactly_these_attributes() {
    let app = TestApp::sqlite().await;
    assert!(
        app.fetch_login("ada", WRONG)
            .await
            .set_cookies(DEVICE_COOKIE)
            .is_empty()
    );
    assert!(
        app.browser()
            .get("/login")
            .await
            .set_cookies(DEVICE_COOKIE)
            .is_empty()
    );
    let mut browser = app.browser();
    let answer = browser.fetch_login("ada", PASSWORD).await;
    let lines = answer.set_cookies(DEVICE_COOKIE);
    assert_eq!(lines.len(), 1);
    let expected = BTreeSet::from([
        "HttpOnly",
        "Max-Age=34560000",
        "Path=/",
        "SameSite=Lax",
        "Secure",
    ]);
    assert_eq!(attributes(lines[0]), expected);
    let first = browser.cookie(DEVICE_COOKIE).unwrap().to_owned();
    assert_ne!(Some(first.as_str()), browser.session());
    assert!(
        browser
            .fetch_logout()
            .await
            .set_cookies(DEVICE_COOKIE)
            .is_empty()
    );
    assert_eq!(
        browser.cookie(DEVICE_COOKIE),
        Some(first.as_str()),
        "kept through signing out"
    );
    browser.fetch_login("ada", PASSWORD).await;
    assert_eq!(
        browser.cookie(DEVICE_COOKIE),
        Some(first.as_str()),
        "and known again"
    );
}

/// It signs nobody in: neither alone nor in place of the session.
#[tokio::test(flavor = "multi_thread")]
async fn the_device_cookie_lets_nobody_in() {
    let app = TestApp::sqlite().await;
    let mut owner = app.signed_in("ada").await;
    let device = owner.cookie(DEVICE_COOKIE).unwrap().to_owned();
    owner.fetch_logout().await;
    assert_eq!(owner.get("/dashboard").await.status, 303);
    let mut thief = app.browser();
    thief.set_cookie(support::http::SESSION_COOKIE, &device);
    assert_eq!(thief.get("/dashboard").await.status, 303);
}

/// Any of its addresses: an IPv6 network has 2^64 (CVE-2026-45364).
#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_network_is_one_address() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    support::create_user(&core, "ada").await;
    core.throttle.limits.account_failures = 100;
    core.throttle.limits.address_failures = 5;
    for last in ["1", "2", "ffff", "abcd:1", "1:2:3:4"] {
        let address = format!(
            "2001:db8:1:2:{}",
            if last.contains("4") {
                last.to_owned()
            } else {
                format!(":{last}")
            }
        );
        let outcome = attempt(&core, &address, WRONG, None).await;
        assert_eq!(
            outcome.unwrap_err(),
            AppError::from(Refusal::SignIn),
            "{address}"
        );
    }
    for spelling in ["2001:db8:1:2::9", "2001:0DB8:1:2:dead:beef:0:9"] {
        let outcome = attempt(&core, spelling, PASSWORD, None).await;
        assert_eq!(
            outcome.unwrap_err(),
            AppError::Failed(Failure::Throttled { seconds: 30 }),
            "{spelling}"
        );
    }
    assert!(
        attempt(&core, "2001:db8:1:3::1", PASSWORD, None)
            .await
            .is_ok(),
        "another network"
    );
}
