//! `/login/key`: the session of an access key.

use super::{FORM, LONG_AGO, MAKE, NEW, REVOKE, events, form_with, id_of, make, promote};
use crate::{
    app::{TestApp, assert_contains, assert_page, assert_redirect, attributes, visible_text},
    on_both_engines,
    support::{
        self, PASSWORD, START,
        http::{DEVICE_COOKIE, Request, SESSION_COOKIE},
    },
};
use std::{collections::BTreeSet, time::Duration};
use vestibule::{
    domain::{
        audit::{AccessKeyProblem, Event},
        session::EndReason,
    },
    server::{
        core::{
            accounts::{
                access_keys::{self, KeyLimits},
                users,
            },
            actor,
        },
        store::{self, audit::Filter},
        token::key::PresentedKey,
    },
};

const LOGIN: &str = "/api/login_with_key";
const MINUTE: Duration = Duration::from_secs(60);

/// The status for a program, without a session.
async fn status(app: &TestApp, key: &str) -> u16 {
    let answer = app.browser().fetch_form(LOGIN, &[("key", key)]).await;
    assert_eq!(answer.status == 200, answer.session_token().is_some());
    answer.status
}

on_both_engines! {
    async fn a_key_alone_signs_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_, key) = app.access_key("ada", "profile:read sessions:read").await;
        let mut browser = app.browser();
        assert_contains(&browser.get("/login").await, "Use an access key");
        assert_page(&browser.get("/login/key?next=/account/sessions").await, "Sign in with an access key");
        // Copied with a line break.
        let fields = [("key", format!("{key}\n")), ("next", "/account/sessions".to_owned())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post_form(LOGIN, &fields).await;
        assert_redirect(&answer, "/login?cookie-check&next=/account/sessions");
        let line = answer.set_cookies(SESSION_COOKIE).remove(0);
        assert_eq!(attributes(line), BTreeSet::from(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]));
        assert!(answer.set_cookies(DEVICE_COOKIE).is_empty(), "it makes no known browser");
        let page = browser.follow(answer.location()).await;
        assert_page(&page, "This device An unknown device Access key");
        assert_contains(&browser.get("/account/activity").await, "You signed in with an access key");
        assert!(support::database::texts(&app.core.db, "SELECT user_id FROM devices").await.is_empty());
        assert_redirect(&browser.get("/login/key").await, "/dashboard");
        assert_contains(&app.signed_in("ada").await.get("/account/sessions").await, "An unknown device Access key");
    }

    /// Every refusal is the same answer; only the log knows the reason.
    async fn all_refusals_are_identical(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let machine = actor::on_this_machine();
        let ada = app.user("ada").await;
        let (revoked, of_revoked) = app.access_key("ada", "profile:read").await;
        access_keys::revoke_as_admin(&app.core, &machine, &ada.id, &revoked).await.unwrap();
        let (_, wrong) = app.access_key("ada", "profile:read").await;
        let (_, other) = app.access_key("ada", "profile:read").await;
        let parts = |key: &str| key.split('_').map(str::to_owned).collect::<Vec<_>>();
        let mixed = format!("vst_{}_{}_{}", parts(&wrong)[1], parts(&other)[2], parts(&other)[3]);
        let unknown = PresentedKey::random().text().reveal().to_owned();
        let mut answers = Vec::new();
        let long = "x".repeat(10_000);
        for key in [of_revoked.as_str(), &mixed, &unknown, "", "vst_", &wrong.to_uppercase(), &long, "é\0", PASSWORD] {
            let answer = app.browser().fetch_form(LOGIN, &[("key", key)]).await;
            answers.push((answer.status, answer.text()));
            let mut browser = app.browser();
            assert_redirect(&browser.post_form(LOGIN, &[("key", key)]).await, "/login/key?next=/dashboard");
            let page = browser.get("/login/key?next=/dashboard").await;
            assert_page(&page, "There is a problem The access key is not valid here.");
            assert!(key.is_empty() || !page.text().contains(key), "the input is not shown again");
        }
        answers.dedup();
        assert_eq!(answers, [(401, r#"{"refused":["access_key_login"]}"#.to_owned())]);
        assert!(app.sessions().await.is_empty());
    }

    async fn the_log_has_the_reason_of_each_refusal(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (machine, ada) = (actor::on_this_machine(), app.user("ada").await);
        let mut browser = app.signed_in("ada").await;
        let elsewhere = make(&mut browser, &form_with("networks", "192.0.2.0/24")).await;
        let (expires, at_end) = app.access_key("ada", "profile:read").await;
        let (revoked, of_revoked) = app.access_key("ada", "profile:read").await;
        access_keys::revoke_as_admin(&app.core, &machine, &ada.id, &revoked).await.unwrap();
        let end = access_keys::with_id(&app.core, &expires).await.unwrap().unwrap().expires_at;
        assert_eq!(status(&app, &elsewhere).await, 401);
        assert_eq!(status(&app, &of_revoked).await, 401);
        assert_eq!(status(&app, PresentedKey::random().text().reveal()).await, 401);
        app.core.clock.set(end);
        assert_eq!(status(&app, &at_end).await, 401);
        app.core.tallies.flush(&app.core.db).await;
        let filter = Filter { event: Some("access_key_refused"), ..Filter::default() };
        let records = store::audit::list(&app.core.db, &filter, None, 100).await.unwrap();
        for (problem, about) in [
            (AccessKeyProblem::Network, Some(id_of(&elsewhere))), (AccessKeyProblem::Revoked, Some(revoked)),
            (AccessKeyProblem::Unknown, None), (AccessKeyProblem::Expired, Some(expires)),
        ] {
            let record = records.iter().find(|record| record.entry.event == Event::AccessKeyRefused(problem));
            let entry = &record.unwrap_or_else(|| panic!("{problem:?}: {records:?}")).entry;
            assert_eq!((&entry.key, entry.user.is_some()), (&about, about.is_some()), "{problem:?}");
            assert_eq!(entry.address, "127.0.0.1");
        }
    }

    /// A key of these networks works from here; the address is the one that the server trusts.
    async fn networks_are_compared_with_the_address(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        for (networks, expected) in [
            ("127.0.0.1", 200), ("10.0.0.0/8, 127.0.0.0/8", 200), ("::ffff:127.0.0.1", 200), ("", 200),
            ("127.0.0.2", 401), ("::1", 401), ("10.0.0.0/8", 401), ("128.0.0.0/1", 401),
        ] {
            let key = make(&mut browser, &form_with("networks", networks)).await;
            assert_eq!(status(&app, &key).await, expected, "{networks}");
            let forged = Request::form(LOGIN, &[("key", &key)]).header("x-forwarded-for", "10.0.0.1");
            let answer = app.browser().send(forged.header("accept", "application/json")).await;
            assert_eq!(answer.status, expected, "{networks} with a forged header");
        }
    }

    async fn it_is_off_unless_it_is_turned_on(database: TestDatabase) {
        let mut core = support::core(&database).await;
        core.keys = KeyLimits { sign_in: false, ..core.keys };
        support::create_user(&core, "ada").await;
        let app = TestApp::start(database, core, |_| ()).await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        assert!(!app.browser().get("/login").await.text().contains("/login/key"));
        let page = app.browser().get("/login/key").await;
        assert_eq!(page.status, 404);
        assert_contains(&page, "Page not found");
        assert_eq!(app.browser().post_form(LOGIN, &[("key", &key)]).await.status, 404);
        assert_eq!(status(&app, &key).await, 404);
        assert!(app.sessions().await.is_empty());
    }

    /// The last use, of which the list shows when, where and what.
    async fn the_owner_sees_the_last_use(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (id, key) = app.access_key("ada", "profile:read").await;
        let sign_in = async |agent: &str| {
            let form = Request::form(LOGIN, &[("key", &key)]).header("accept", "application/json");
            assert_eq!(app.browser().send(form.header("user-agent", agent)).await.status, 200);
            support::settled(&app.core).await;
            let key = access_keys::with_id(&app.core, &id).await.unwrap().unwrap();
            key.last_use.map(|last| (last.at, last.user_agent)).expect("a use")
        };
        assert_eq!(sign_in("backup/2.1").await, (START, "backup/2.1".to_owned()));
        app.set_clock(MINUTE - Duration::from_millis(1));
        assert_eq!(sign_in("other/1").await, (START, "backup/2.1".to_owned()), "at most once a minute");
        app.set_clock(MINUTE);
        assert_eq!(sign_in("other/1").await, (START.after(MINUTE), "other/1".to_owned()));
        let page = app.signed_in("ada").await.get("/account/keys").await;
        assert_contains(&page, "from 127.0.0.1 · other/1");
    }

    /// At the very next request, in each way.
    async fn the_session_ends_with_its_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("root").await;
        promote(&app, "root").await;
        let ada = app.user("ada").await;
        for way in ["owner", "administrator", "everything", "password", "reset", "everywhere", "disabled"] {
            let mut browser = app.signed_in("ada").await;
            let key = make(&mut browser, &FORM).await;
            let (mut program, id, machine) = (app.signed_in_with(&key).await, id_of(&key), actor::on_this_machine());
            assert_eq!(program.get("/dashboard").await.status, 200, "{way}");
            match way {
                "owner" => drop(browser.post_form(REVOKE, &[("id", &id.0)]).await),
                "administrator" => assert!(access_keys::revoke_as_admin(&app.core, &machine, &ada.id, &id).await.unwrap()),
                "everything" => assert_eq!(access_keys::revoke_all_as_admin(&app.core, &machine, &ada.id).await.unwrap(), 1),
                "password" => {
                    let fields = [("current_password", PASSWORD), ("new_password", NEW), ("keep_keys", "on")];
                    assert_redirect(&browser.post_form("/api/change_password", &fields).await, "/account/password");
                    let fields = [("current_password", NEW), ("new_password", PASSWORD)];
                    assert_redirect(&browser.post_form("/api/change_password", &fields).await, "/account/password");
                }
                "reset" => drop(users::set_password(&app.core, &machine, &ada, &support::password(PASSWORD)).await.unwrap()),
                "everywhere" => drop(browser.post_form("/api/end_all_sessions", &[]).await),
                _ => drop(users::disable(&app.core, &machine, &ada).await.unwrap()),
            }
            let answer = program.get("/dashboard").await;
            assert_eq!((answer.status, answer.location()), (303, "/login"), "{way}");
            assert_eq!(status(&app, &key).await, 401, "{way}: no new session either");
        }
    }

    /// However much it is used, and although a browser's session would last a day.
    async fn the_session_never_outlives_its_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        // Until the end of tomorrow.
        let key = make(&mut browser, &form_with("last_day", "2026-09-22")).await;
        let end = access_keys::with_id(&app.core, &id_of(&key)).await.unwrap().unwrap().expires_at;
        app.core.clock.set(end.before(90 * MINUTE));
        let mut program = app.signed_in_with(&key).await;
        for minutes in [60, 1] {
            app.core.clock.set(end.before(minutes * MINUTE));
            assert_eq!(program.get("/dashboard").await.status, 200, "{minutes}");
            assert_eq!(program.post_form("/api/stay_signed_in", &[]).await.status, 303);
        }
        app.core.clock.set(end.before(Duration::from_millis(1)));
        assert_eq!(program.get("/dashboard").await.status, 200);
        app.core.clock.set(end);
        assert_redirect(&program.get("/dashboard").await, "/login");
    }

    /// It has no password to confirm, so it never gets where a recent one is needed.
    async fn the_session_cannot_confirm_and_cannot_make_keys(database: TestDatabase) {
        let app = TestApp::new(database).await;
        promote(&app, "ada").await;
        let all = "profile:read sessions:read sessions:end users:read users:write activity:read tokens:introspect";
        let (_, key) = app.access_key("ada", all).await;
        let mut program = app.signed_in_with(&key).await;
        support::settled(&app.core).await;
        let before = app.rows().await;
        for (function, fields) in [
            (MAKE, FORM.to_vec()),
            (REVOKE, vec![("id", id_of(&key).0.leak() as &str)]),
            ("/api/confirm_access_key", vec![("id", "x")]),
            ("/api/confirm_password", vec![("password", PASSWORD)]),
            ("/api/change_password", vec![("current_password", PASSWORD), ("new_password", NEW)]),
            ("/api/update_profile", vec![("display_name", "Eve"), ("email", "eve@example.org"), ("description", "")]),
            ("/api/invite_user", vec![("username", "mallory")]),
            ("/api/edit_user", vec![("id", "x"), ("username", "mallory")]),
            ("/api/end_all_sessions", vec![]),
        ] {
            let answer = program.fetch_form(function, &fields).await;
            assert_eq!((answer.status, answer.text().as_str()), (403, r#"{"failed":"not_permitted"}"#), "{function}");
        }
        for page in ["/account/keys", "/account/confirm", "/account/password", "/admin/activity"] {
            let answer = program.get(page).await;
            assert_eq!(answer.status, 403, "{page}");
            assert_contains(&answer, "Not with this access key");
        }
        assert_eq!(app.rows().await, before);
        app.set_clock(LONG_AGO);
        assert_eq!(program.get("/account/confirm").await.status, 403);
    }

    /// The role counts at the moment of the request, and so does the scope.
    async fn a_lost_role_counts_at_the_next_request(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("root").await;
        promote(&app, "root").await;
        promote(&app, "ada").await;
        let (_, key) = app.access_key("ada", "profile:read users:read").await;
        let mut program = app.signed_in_with(&key).await;
        assert_page(&program.get("/admin/users").await, "root");
        users::demote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let refused = program.get("/admin/users").await;
        assert_eq!(refused.status, 404);
        assert!(!refused.names("root"));
        assert_eq!(program.get("/dashboard").await.status, 200, "what is left of the scopes");
        let mut again = app.signed_in_with(&key).await;
        assert_eq!(again.get("/admin/users").await.status, 404);
    }

    /// An end by the program ends the others, and never its own session.
    async fn a_program_ends_sessions_with_its_scope(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        let (_, key) = app.access_key("ada", "profile:read sessions:read sessions:end").await;
        let mut program = app.signed_in_with(&key).await;
        assert_redirect(&program.post_form("/api/end_other_sessions", &[]).await, "/account/sessions");
        assert_redirect(&laptop.get("/dashboard").await, "/login");
        assert_eq!(program.get("/account/sessions").await.status, 200);
        assert_redirect(&program.post_logout().await, "/signed-out");
        assert!(!visible_text(&program.get("/signed-out").await).contains("key"));
        assert_eq!(status(&app, &key).await, 200, "signing out leaves the key");
        assert_eq!(app.endings().await[1..], [Some(EndReason::SignedOut), Some(EndReason::EndedByOwner)]);
    }

    /// A guess costs one look-up, and no account is paused by it.
    async fn guesses_pause_nobody(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        for _ in 0..150 {
            assert_eq!(status(&app, PresentedKey::random().text().reveal()).await, 401);
        }
        assert_eq!(status(&app, &key).await, 200);
        assert_eq!(app.post_login("ada", PASSWORD).await.status, 303);
        app.core.tallies.flush(&app.core.db).await;
        let refused = events(&app).await.into_iter().filter(|event| event.as_str() == "access_key_refused");
        assert!(refused.count() <= 2, "they are added up");
    }
}
