//! `/account/keys`: making access keys, and everything that revokes them.

mod matrix;
mod sign_in;

use crate::{
    app::{TestApp, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    support::{
        PASSWORD,
        database::{everything_written, texts},
        http::{Answer, Browser, FLASH_COOKIE},
        password,
    },
};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};
use vestibule::{
    domain::{
        access_key::{AccessKey, AccessKeyId, KeyState, RevokeReason},
        audit::Event,
        page::Page,
    },
    server::{
        core::{
            accounts::{access_keys, password_links, users},
            actor::{self, Actor},
            background::heartbeat,
        },
        store::{self, audit::Filter},
    },
};

const PAGE: &str = "/account/keys";
const MAKE: &str = "/api/make_access_key";
const REVOKE: &str = "/api/revoke_access_key";
const CONFIRM: &str = "/api/confirm_access_key";
const NEW: &str = "a new password, long enough";
/// The confirmation of the password has expired.
const LONG_AGO: Duration = Duration::from_secs(600);

const FORM: [(&str, &str); 5] = [
    ("name", "Backup of <server> 2"),
    ("last_day", "2026-10-31"),
    ("networks", "192.0.2.7 127.0.0.0/8"),
    ("profile_read", "on"),
    ("sessions_end", "on"),
];

type Fields<'a> = Vec<(&'a str, &'a str)>;

/// The same form with another value.
fn form_with<'a>(field: &'a str, value: &'a str) -> Fields<'a> {
    let others = FORM.into_iter().filter(|(name, _)| *name != field);
    others.chain([(field, value)]).collect()
}

/// The key that a page shows.
fn key_on(page: &Answer) -> Option<String> {
    let text = page.text();
    let (_, rest) = text.split_once("data-secret=\"access-key\"")?;
    let (_, rest) = rest.split_once('>')?;
    rest.split('<').next().map(str::to_owned)
}

fn secret_of(key: &str) -> &str {
    key.split('_').nth(2).expect("a key")
}

fn id_of(key: &str) -> AccessKeyId {
    AccessKeyId(key.split('_').nth(1).expect("a key").to_owned())
}

/// Makes a key by the plain form, and reads it from the page.
async fn make(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    assert_redirect(&browser.post_form(MAKE, fields).await, PAGE);
    key_on(&browser.get(PAGE).await).expect("it is shown")
}

async fn keys_of(app: &TestApp, name: &str) -> Vec<AccessKey> {
    let keys = access_keys::list_of(&app.core, &app.user(name).await.id).await;
    keys.unwrap()
}

async fn state_of(app: &TestApp, key: &str) -> KeyState {
    let key = access_keys::with_id(&app.core, &id_of(key)).await.unwrap();
    key.expect("a key").state(app.core.clock.now())
}

async fn events(app: &TestApp) -> Vec<Event> {
    let listed = store::audit::list(&app.core.db, &Filter::default(), None, 100).await;
    let listed = listed.unwrap().into_iter();
    listed.map(|record| record.entry.event).collect()
}

async fn promote(app: &TestApp, name: &str) {
    let user = app.user(name).await;
    let promoted = users::promote(&app.core, &actor::on_this_machine(), &user).await;
    promoted.expect("an administrator");
}

/// What the application has logged in this process.
fn captured_log() -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captured/http.log");
    String::from_utf8_lossy(&fs::read(file).expect("the log is captured")).into_owned()
}

on_both_engines! {
    async fn a_key_is_made_and_shown_once(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let page = browser.get(PAGE).await;
        assert_page(&page, "You have no access keys.");
        assert!(page.text().contains("value=\"2026-12-20\""), "90 days are proposed: {}", page.text());
        let answer = browser.post_form(MAKE, &FORM).await;
        assert_redirect(&answer, PAGE);
        let line = answer.set_cookies(FLASH_COOKIE).remove(0);
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Max-Age=60"] {
            assert!(line.contains(attribute), "{line}");
        }
        let page = browser.get(PAGE).await;
        let key = key_on(&page).expect("it is shown");
        assert_contains(&page, "Copy the key now");
        assert_eq!(page.header("cache-control"), Some("no-store, no-transform"));
        assert!(page.set_cookies(FLASH_COOKIE)[0].contains("Max-Age=0"), "the message is deleted");
        let [kept] = &keys_of(&app, "ada").await[..] else { panic!("one key") };
        assert_eq!((&kept.id, kept.name.as_str()), (&id_of(&key), "Backup of <server> 2"));
        assert_eq!(kept.scopes.to_string(), "profile:read sessions:end");
        assert_eq!(kept.networks, ["192.0.2.7/32", "127.0.0.0/8"]);
        for _ in 0..2 {
            let page = browser.get(PAGE).await;
            assert!(key_on(&page).is_none() && !page.text().contains(secret_of(&key)), "not again");
            assert_contains(&page, "Backup of &lt;server&gt; 2");
            assert_contains(&page, "profile:read, sessions:end · from 192.0.2.7/32, 127.0.0.0/8");
            assert_contains(&page, "Never used");
        }
    }

    async fn a_script_gets_the_next_address_and_not_the_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let answer = browser.fetch_form(MAKE, &FORM).await;
        assert_eq!((answer.status, answer.location()), (200, PAGE));
        let key = key_on(&browser.get(PAGE).await).expect("it is shown");
        assert!(!answer.text().contains(secret_of(&key)));
    }

    /// In no other page, in no log, and in no row.
    async fn the_secret_is_nowhere_else(database: TestDatabase) {
        let app = TestApp::new(database).await;
        promote(&app, "ada").await;
        let mut browser = app.signed_in("ada").await;
        let key = make(&mut browser, &FORM).await;
        app.signed_in_with(&key).await.get("/dashboard").await;
        let damaged = format!("{}0", &key[..key.len() - 1]);
        app.browser().post_form("/api/login_with_key", &[("key", damaged.as_str())]).await;
        let id = app.user("ada").await.id;
        let paths = Page::ALL.iter().map(|page| page.path().replace("{id}", &id.0));
        let files = ["/admin/activity.csv".to_owned(), "/admin/activity.jsonl".to_owned()];
        for path in paths.chain(files) {
            let page = browser.get(&path).await;
            assert!(!page.text().contains(secret_of(&key)), "{path}");
            assert!(!format!("{:?}", page.headers).contains(secret_of(&key)), "{path}");
        }
        let (rows, log) = (everything_written(&app.core.db).await, captured_log());
        assert!(rows.contains(&id_of(&key).0) && log.contains(id_of(&key).short()), "the searches find what is there");
        for (text, place) in [(rows, "the database"), (log, "the log")] {
            assert!(!text.contains(secret_of(&key)) && !text.contains(&key), "in {place}");
        }
    }

    async fn each_field_has_its_refusal(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let none = FORM.into_iter().filter(|(name, _)| !name.contains('_') || *name == "last_day").collect();
        let too_many = "192.0.2.1 ".repeat(17);
        let refused: [(Fields, &str, &str); 8] = [
            (form_with("name", " "), r#""name""#, "Enter a name of at most 64 characters."),
            (form_with("name", "a\u{202e}b"), r#""name""#, "Enter a name of at most 64 characters."),
            (form_with("last_day", "2026-09-21"), r#"{"last_day":{"max_days":365}}"#, "Choose a last day between tomorrow and 365 days from today."),
            (form_with("last_day", "someday"), r#"{"last_day":{"max_days":365}}"#, "Choose a last day"),
            (none, r#""no_scope""#, "Choose at least one permission."),
            (form_with("users_read", "on"), r#""scope""#, "needs the role of an administrator"),
            (form_with("networks", "example.org"), r#""networks""#, "A network is an address or a range"),
            (form_with("networks", &too_many), r#""networks""#, "List at most 16"),
        ];
        for (fields, wire, words) in refused {
            let answer = browser.fetch_form(MAKE, &fields).await;
            assert_eq!((answer.status, answer.text()), (422, format!(r#"{{"refused":[{{"access_key":{wire}}}]}}"#)));
            assert_redirect(&browser.post_form(MAKE, &fields).await, PAGE);
            let page = browser.get(PAGE).await;
            assert_page(&page, "There is a problem");
            assert_contains(&page, words);
            let html = page.text();
            let invalid = html.split("<input").filter(|input| input.contains("aria-invalid=\"true\"")).count();
            let is_scope = wire.contains("scope");
            assert_eq!(invalid, usize::from(!is_scope), "{wire}: the field is marked");
            let is_ticked = html.contains("type=\"checkbox\" value=\"on\" checked");
            assert_ne!(is_ticked, wire.contains("no_scope"), "{wire}: the ticks are kept");
        }
        assert!(keys_of(&app, "ada").await.is_empty());
    }

    async fn the_limit_is_refused_in_words(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        for _ in 0..20 {
            make(&mut browser, &FORM).await;
        }
        assert_redirect(&browser.post_form(MAKE, &FORM).await, PAGE);
        assert_contains(&browser.get(PAGE).await, "You have 20 keys, which is the limit. Revoke one first.");
    }

    async fn an_old_sign_in_asks_for_the_password_and_keeps_the_input(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(LONG_AGO);
        let answer = browser.fetch_form(MAKE, &FORM).await;
        assert_eq!((answer.status, answer.text().as_str()), (403, r#"{"failed":"password_needed"}"#));
        assert_redirect(&browser.post_form(MAKE, &FORM).await, "/account/confirm?next=/account/keys");
        assert!(keys_of(&app, "ada").await.is_empty());
        let fields = [("password", PASSWORD), ("next", PAGE)];
        assert_redirect(&browser.post_form("/api/confirm_password", &fields).await, PAGE);
        let page = browser.get(PAGE).await;
        assert_contains(&page, "The key is not made yet. Check your input, then create it.");
        let html = page.text();
        for value in ["Backup of &lt;server&gt; 2", "2026-10-31", "192.0.2.7 127.0.0.0/8"] {
            assert!(html.contains(&format!("value=\"{value}\"")), "{value}: {html}");
        }
        assert_eq!(html.matches("type=\"checkbox\" value=\"on\" checked").count(), 2, "{html}");
        assert!(keys_of(&app, "ada").await.is_empty(), "nothing is sent automatically");
        make(&mut browser, &FORM).await;
        assert!(!visible_text(&browser.get(PAGE).await).contains("not made yet"));
    }

    async fn an_owner_revokes_a_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let (key, kept) = (make(&mut browser, &FORM).await, make(&mut browser, &FORM).await);
        let mut program = app.signed_in_with(&key).await;
        // Revoking takes access away, so it needs no recent password.
        app.set_clock(LONG_AGO);
        let id = id_of(&key);
        assert_redirect(&browser.post_form(REVOKE, &[("id", &id.0)]).await, PAGE);
        assert_contains(&browser.get(PAGE).await, "The key is revoked.");
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::ByOwner));
        assert_eq!(state_of(&app, &kept).await, KeyState::Live);
        assert_redirect(&program.get("/dashboard").await, "/login");
        assert_contains(&program.get("/login").await, "You were signed out because the access key was revoked.");
        assert_contains(&browser.get(PAGE).await, "Revoked and expired keys");
        assert_eq!(browser.post_form(REVOKE, &[("id", &id.0)]).await.status, 404, "once");
    }

    async fn an_administrator_sees_and_revokes_keys(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("root").await;
        promote(&app, "root").await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        let ada = app.user("ada").await.id;
        let mut root = app.signed_in("root").await;
        let page = format!("/admin/users/{ada}");
        assert_contains(&root.get(&page).await, "Access keys A program profile:read");
        let id = id_of(&key);
        let change = |change: &'static str| [("id", ada.0.clone()), ("key", id.0.clone()), ("change", change.to_owned())];
        let press = async |root: &mut Browser, what| {
            let fields = change(what);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            root.post_form("/api/change_user_key", &fields).await
        };
        assert_eq!(press(&mut root, "confirm").await.status, 404, "it is not suspended");
        heartbeat::end_everything(&app.core, &Actor::server()).await.unwrap();
        let mut root = app.signed_in("root").await;
        assert_contains(&root.get(&page).await, "Suspended");
        assert_redirect(&press(&mut root, "confirm").await, &page);
        assert_eq!(state_of(&app, &key).await, KeyState::Live);
        root.get(&page).await;
        app.set_clock(LONG_AGO);
        assert!(press(&mut root, "revoke").await.location().starts_with("/account/confirm?next="));
        assert_eq!(state_of(&app, &key).await, KeyState::Live);
        let mut root = app.signed_in("root").await;
        assert_redirect(&press(&mut root, "revoke").await, &page);
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::ByAdmin));
        assert!(!root.get(&page).await.text().contains(&format!("vst_{id}")), "ended ones are not listed");
        assert_eq!(events(&app).await.iter().filter(|event| **event == Event::AccessKeyConfirmed).count(), 1);
    }

    /// The form of a person who is signed in offers the box; the page states the number.
    async fn a_new_password_revokes_all_keys_unless_they_are_kept(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        assert!(!browser.get("/account/password").await.text().contains("keep_keys"), "there is none to keep");
        let keys = [make(&mut browser, &FORM).await, make(&mut browser, &FORM).await];
        assert_contains(&browser.get("/account/password").await, "Keep my access keys Your 2 access keys are revoked otherwise.");
        let fields = [("current_password", PASSWORD), ("new_password", NEW), ("keep_keys", "on")];
        assert_redirect(&browser.post_form("/api/change_password", &fields).await, "/account/password");
        assert!(!visible_text(&browser.get("/account/password").await).contains("keys were revoked"));
        assert_eq!(state_of(&app, &keys[0]).await, KeyState::Live);
        let fields = [("current_password", NEW), ("new_password", PASSWORD)];
        assert_redirect(&browser.post_form("/api/change_password", &fields).await, "/account/password");
        assert_contains(&browser.get("/account/password").await, "2 access keys were revoked.");
        for key in &keys {
            assert_eq!(state_of(&app, key).await, KeyState::Revoked(RevokeReason::PasswordChanged));
        }
    }

    async fn signing_out_everywhere_revokes_all_keys_unless_they_are_kept(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let key = make(&mut browser, &FORM).await;
        assert_contains(&browser.get("/account/sessions").await, "Keep my access keys Your access key is revoked otherwise.");
        let kept = browser.post_form("/api/end_all_sessions", &[("keep_keys", "on")]).await;
        assert_redirect(&kept, "/signed-out");
        assert!(!visible_text(&browser.get("/signed-out").await).contains("revoked"));
        assert_eq!(state_of(&app, &key).await, KeyState::Live);
        let mut browser = app.signed_in("ada").await;
        browser.post_form("/api/end_all_sessions", &[]).await;
        assert_contains(&browser.get("/signed-out").await, "1 access key was revoked.");
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::SignedOutEverywhere));
        let (_, key) = app.access_key("ada", "profile:read").await;
        app.signed_in("ada").await.post_logout().await;
        assert_eq!(state_of(&app, &key).await, KeyState::Live, "signing out of one browser keeps them");
    }

    /// Whoever resets a password may have lost the account: there is no box, and a forged field has no effect.
    async fn a_reset_keeps_no_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        let link = password_links::make(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let mut browser = app.browser();
        assert!(!browser.get("/password-link").await.text().contains("keep_keys"));
        assert_eq!(state_of(&app, &key).await, KeyState::Live, "until the link is used");
        let fields = [("secret", link.secret.reveal()), ("new_password", NEW), ("keep_keys", "on")];
        assert_eq!(browser.post_form("/api/use_password_link", &fields).await.status, 303);
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::PasswordChanged));
        let (_, key) = app.access_key("ada", "profile:read").await;
        let machine = actor::on_this_machine();
        users::set_password(&app.core, &machine, &app.user("ada").await, &password(PASSWORD)).await.unwrap();
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::PasswordChanged));
    }

    /// The page states the reason, and a confirmation needs a recent password.
    async fn a_restore_suspends_keys_until_they_are_confirmed(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        heartbeat::end_everything(&app.core, &Actor::server()).await.unwrap();
        let refused = app.browser().fetch_form("/api/login_with_key", &[("key", &key)]).await;
        assert_eq!(refused.status, 401);
        let mut browser = app.signed_in("ada").await;
        let page = browser.get(PAGE).await;
        assert_contains(&page, "Confirm your suspended keys The server was restored from a backup.");
        let id = id_of(&key);
        app.set_clock(LONG_AGO);
        let answer = browser.post_form(CONFIRM, &[("id", &id.0)]).await;
        assert_redirect(&answer, "/account/confirm?next=/account/keys");
        assert_eq!(state_of(&app, &key).await, KeyState::Suspended);
        let fields = [("password", PASSWORD), ("next", PAGE)];
        browser.post_form("/api/confirm_password", &fields).await;
        assert_redirect(&browser.post_form(CONFIRM, &[("id", &id.0)]).await, PAGE);
        let page = browser.get(PAGE).await;
        assert_contains(&page, "The key is valid again.");
        assert!(!visible_text(&page).contains("Confirm your suspended keys"));
        app.signed_in_with(&key).await;
        assert_eq!(browser.post_form(CONFIRM, &[("id", &id.0)]).await.status, 404);
    }

    /// Keys of others are as unknown ones, and nothing changes.
    async fn ids_of_others_are_unknown(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        heartbeat::end_everything(&app.core, &Actor::server()).await.unwrap();
        let mut eve = app.signed_in("eve").await;
        let before = app.rows().await;
        for id in [id_of(&key).0.as_str(), "", "x", "\0", &"0".repeat(32), key.as_str()] {
            for function in [REVOKE, CONFIRM] {
                let answer = eve.fetch_form(function, &[("id", id)]).await;
                assert_eq!((answer.status, answer.text().as_str()), (404, r#"{"failed":"not_found"}"#), "{function} {id}");
            }
        }
        assert_eq!(app.rows().await, before);
        assert!(!eve.get(PAGE).await.text().contains(&id_of(&key).0));
    }

    /// In the page, the CSV and the JSON lines, and for the owner.
    async fn the_audit_log_names_the_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("root").await;
        promote(&app, "root").await;
        let mut ada = app.signed_in("ada").await;
        let session = app.sessions().await.remove(0).id;
        assert_redirect(&ada.post_form("/api/name_device", &[("id", &session.0), ("name", "Desk")]).await, "/account/sessions");
        let key = make(&mut ada, &form_with("name", "Nightly")).await;
        app.signed_in_with(&key).await;
        assert_redirect(&ada.post_form(REVOKE, &[("id", &id_of(&key).0)]).await, PAGE);
        let refused = app.browser().fetch_form("/api/login_with_key", &[("key", &key)]).await;
        assert_eq!(refused.status, 401);
        app.core.tallies.flush(&app.core.db).await;
        let mut root = app.signed_in("root").await;
        let page = root.get("/admin/activity").await;
        for words in ["ada created the access key Nightly", "ada revoked the access key Nightly", "The access key Nightly of ada was refused: it had been revoked"] {
            assert_contains(&page, words);
        }
        assert_eq!(visible_text(&page).matches("Desk (").count(), 3, "where it was named, and the key made and revoked");
        let lines = root.get("/admin/activity.jsonl").await.text();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for event in ["access_key_made", "signed_in", "access_key_revoked", "access_key_refused"] {
            let row = lines.iter().find(|row| row["event"] == event && row["key_name"] == "Nightly");
            assert_eq!(row.map(|row| &row["key"]), Some(&Value::from(id_of(&key).0)), "{event}: {lines:?}");
        }
        let csv = root.get("/admin/activity.csv").await.text();
        let made = csv.lines().find(|line| line.contains("access_key_made")).expect("a line");
        assert!(made.contains("Nightly") && made.contains(&id_of(&key).0), "{made}");
        let own = ada.get("/account/activity").await;
        assert_contains(&own, "An access key was created: Nightly");
        assert_contains(&own, "You revoked an access key: Nightly");
        assert_contains(&own, "An access key was refused: it had been revoked");
    }

    /// Nobody is signed in by a key that was made while its account was being disabled.
    async fn a_disabled_account_has_no_key(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (_, key) = app.access_key("ada", "profile:read").await;
        let mut program = app.signed_in_with(&key).await;
        let (ada, machine) = (app.user("ada").await, actor::on_this_machine());
        users::disable(&app.core, &machine, &ada).await.unwrap();
        assert_redirect(&program.get("/dashboard").await, "/login");
        assert_eq!(state_of(&app, &key).await, KeyState::Revoked(RevokeReason::UserDisabled));
        users::enable(&app.core, &machine, &ada).await.unwrap();
        assert_eq!(app.browser().fetch_form("/api/login_with_key", &[("key", &key)]).await.status, 401, "it stays revoked");
        // Whatever the rows say, a disabled account is refused.
        let revive = "UPDATE access_keys SET revoked_at = NULL, revoke_reason = NULL RETURNING id";
        assert_eq!(texts(&app.core.db, revive).await.len(), 1);
        assert_eq!(app.browser().fetch_form("/api/login_with_key", &[("key", &key)]).await.status, 200);
        assert_eq!(texts(&app.core.db, "UPDATE users SET disabled_at = 1 RETURNING id").await.len(), 1);
        assert_eq!(app.browser().fetch_form("/api/login_with_key", &[("key", &key)]).await.status, 401);
    }

    async fn ended_keys_do_not_fill_the_page(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        for number in 0..12 {
            let key = make(&mut browser, &form_with("name", &format!("old-{number:02}"))).await;
            browser.post_form(REVOKE, &[("id", &id_of(&key).0)]).await;
            app.set_clock(Duration::from_secs(number + 1));
        }
        let html = browser.get(PAGE).await.text();
        let shown: Vec<_> = (0..12).filter(|number| html.contains(&format!("old-{number:02}"))).collect();
        assert_eq!(shown, (2..12).collect::<Vec<_>>(), "the ten newest");
    }
}
