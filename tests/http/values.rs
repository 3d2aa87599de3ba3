//! The values that pages send besides their HTML: those that they were rendered from, and no
//! others.

use crate::{
    app::{TestApp, page_paths},
    support::{
        self, PASSWORD,
        database::{Engine, TestDatabase},
        http::Answer,
    },
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use vestibule::server::core::accounts::users;

const MOMENT: [&str; 2] = ["iso", "words"];

/// The values of a page: the script that contains them.
fn values_of(page: &Answer) -> Value {
    let html = page.text();
    let begin = "__RESOLVED_RESOURCES[0] = ";
    let (before, rest) = html.split_once(begin).expect("a page brings its values");
    assert!(
        !before.contains("__RESOLVED_RESOURCES[1]"),
        "one value a page"
    );
    assert!(!rest.contains("__RESOLVED_RESOURCES["), "one value a page");
    let (text, _) = rest.split_once(";</script>").expect("the end of a script");
    let text: String = serde_json::from_str(text).expect("a string");
    serde_json::from_str(&text).expect("JSON")
}

/// Every name in `value`, with the names around it.
fn names(value: &Value, within: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{within}/{name}");
                names(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, within, found)),
        _ => {}
    }
}

/// Writes `session/at` and the two parts of a moment for `session/at*`.
fn expected(page: &str, fields: &[&str]) -> BTreeSet<String> {
    let mut expected = BTreeSet::from([format!("/{page}")]);
    for field in fields {
        let plain = field.trim_end_matches('*');
        expected.insert(format!("/{page}/{plain}"));
        if plain != *field {
            expected.extend(MOMENT.map(|part| format!("/{page}/{plain}/{part}")));
        }
    }
    expected
}

/// Each page, its view, and the view's fields. `at*` is a moment.
const SENT: &[(&str, &str, &[&str])] = &[
    (
        "/login",
        "Login",
        &[
            "next",
            "username",
            "refusal",
            "notice",
            "no_account",
            "has_key_page",
            "remember_for",
        ],
    ),
    ("/login/key", "LoginKey", &["next", "refusal"]),
    ("/logout", "Logout", &["display_name"]),
    (
        "/account/password",
        "Password",
        &["username", "min_chars", "refusal", "notice", "keys"],
    ),
    (
        "/account/keys",
        "AccessKeys",
        &[
            "keys",
            "keys/id",
            "keys/name",
            "keys/scopes",
            "keys/networks",
            "keys/created_at*",
            "keys/expires_at*",
            "keys/last_use",
            "keys/last_use/at",
            "keys/last_use/at/at*",
            "keys/last_use/at/seconds_away",
            "keys/last_use/address",
            "keys/last_use/program",
            "keys/state",
            // Each is as a key that has not ended.
            "ended",
            "scopes",
            "days",
            "draft",
            "draft/name",
            "draft/last_day",
            "draft/scopes",
            "draft/networks",
            "refusal",
            "made",
            "made/name",
            "made/text",
            "notice",
        ],
    ),
    (
        "/account/profile",
        "Profile",
        &[
            "username",
            "refusal",
            "notice",
            "draft",
            "draft/display_name",
            "draft/email",
            "draft/description",
        ],
    ),
    (
        "/account/sessions",
        "Sessions",
        &[
            "notice",
            "refused_name",
            "may_name",
            "current",
            "current/id",
            "current/is_new",
            "current/is_on_record",
            "current/session",
            "current/session/device",
            "current/session/address",
            "current/session/remember",
            "current/session/kind",
            "current/session/method",
            "current/session/name",
            "current/session/signed_in_at*",
            "current/session/idle_ends_at*",
            "current/session/absolute_ends_at*",
            "current/last_seen",
            "current/last_seen/at*",
            "current/last_seen/seconds_away",
            "current/idle_end",
            "current/idle_end/at*",
            "current/idle_end/seconds_away",
            "current/absolute_end",
            "current/absolute_end/at*",
            "current/absolute_end/seconds_away",
            // Each is as `current`.
            "others",
            "keys",
        ],
    ),
    (
        "/account/confirm",
        "Confirm",
        &["username", "next", "refusal"],
    ),
    (
        "/setup",
        "Setup",
        &[
            "draft",
            "draft/username",
            "draft/display_name",
            "draft/email",
            "min_chars",
            "refusal",
        ],
    ),
    (
        "/password-link",
        "PasswordLink",
        &[
            "min_chars",
            "link",
            "link/purpose",
            "link/display_name",
            "link/username",
            "link/email",
            "link/proof",
            "signed_in",
            "is_cookie_lost",
            "refusal",
        ],
    ),
    (
        "/admin/users/invite",
        "Invite",
        &[
            "draft",
            "draft/username",
            "draft/email",
            "draft/display_name",
            "draft/is_admin",
            "is_unsent",
            "refusal",
            "made",
        ],
    ),
    (
        "/admin/users/{id}",
        "Account",
        &[
            "user",
            "user/id",
            "user/username",
            "user/display_name",
            "user/email",
            "user/is_admin",
            "user/state",
            "user/created*",
            "user/last_sign_in*",
            "edit",
            "edit/draft",
            "edit/draft/username",
            "edit/draft/email",
            "edit/draft/display_name",
            "edit/is_unsaved",
            "edit/refusal",
            "edit/given_up",
            "is_own",
            "own_session",
            "sessions",
            "sessions/id",
            "sessions/is_new",
            "sessions/is_on_record",
            "sessions/session",
            "sessions/session/device",
            "sessions/session/address",
            "sessions/session/remember",
            "sessions/session/kind",
            "sessions/session/method",
            "sessions/session/name",
            "sessions/session/signed_in_at*",
            "sessions/session/idle_ends_at*",
            "sessions/session/absolute_ends_at*",
            "sessions/last_seen",
            "sessions/last_seen/at*",
            "sessions/last_seen/seconds_away",
            "sessions/idle_end",
            "sessions/idle_end/at*",
            "sessions/idle_end/seconds_away",
            "sessions/absolute_end",
            "sessions/absolute_end/at*",
            "sessions/absolute_end/seconds_away",
            "keys",
            "keys/id",
            "keys/name",
            "keys/scopes",
            "keys/networks",
            "keys/created_at*",
            "keys/expires_at*",
            "keys/last_use",
            "keys/last_use/at",
            "keys/last_use/at/at*",
            "keys/last_use/at/seconds_away",
            "keys/last_use/address",
            "keys/last_use/program",
            "keys/state",
            "notice",
            "refusal",
        ],
    ),
    (
        "/admin/activity?follow=on",
        "FollowedAudit",
        &[
            "query",
            "entries",
            "entries/id",
            "entries/at*",
            // A sentence, in pieces.
            "entries/what",
            "entries/what/Words",
            "entries/what/Name",
            "entries/what/Account",
            "entries/what/Account/id",
            "entries/what/Account/name",
            "entries/origin",
            "entries/origin/device",
            "entries/origin/address",
            "entries/origin/key",
            "entries/times",
            "older",
            "is_newest",
        ],
    ),
];

/// The pages that send no values: only the server renders them.
const STATIC: [&str; 7] = [
    "/help",
    "/signed-out",
    "/dashboard",
    "/account/activity",
    "/admin/users",
    "/admin/activity",
    "/admin/system",
];

/// What every page sends of its frame.
const FRAME: [&str; 2] = ["/is_signed_in", "/site"];

/// Above every page, if there are sign-ins to review.
const NEWS: [&str; 13] = [
    "/here",
    "/may_recognise",
    "/more",
    "/sign_ins",
    "/sign_ins/address",
    "/sign_ins/at",
    "/sign_ins/at/iso",
    "/sign_ins/at/words",
    "/sign_ins/device",
    "/sign_ins/has_ended",
    "/sign_ins/id",
    "/sign_ins/kind",
    "/sign_ins/name",
];

/// They only redirect.
const WITHOUT_VALUES: [&str; 2] = ["/", "/.well-known/change-password"];

/// Only purpose-built types reach the browser (ASVS V15.3.1). A field that is added to one has to
/// be added above too, after a decision whether a browser may receive it.
#[tokio::test(flavor = "multi_thread")]
async fn pages_send_these_values_and_no_others() {
    let without_accounts = TestApp::empty(TestDatabase::new(Engine::Sqlite).await).await;
    let app = TestApp::with_an_administrator(|_| ()).await;
    let root = users::find(&app.core, "root").await.unwrap();
    let mut signed_in = app.signed_in("root").await;
    let (_, key) = app.access_key("root", "profile:read").await;
    app.signed_in_with(&key).await.post_logout().await;
    support::settled(&app.core).await;
    // A previous sign-in.
    assert_eq!(signed_in.fetch_login("root", PASSWORD).await.status, 200);
    let mut anonymous = app.browser();
    let mut at_first = without_accounts.browser();

    let interactive = SENT
        .iter()
        .map(|&(path, page, fields)| (path, expected(page, fields)));
    let pages = interactive.chain(STATIC.map(|path| (path, BTreeSet::new())));
    for (path, expected) in pages {
        let browser = match path {
            "/setup" => &mut at_first,
            "/login" | "/login/key" | "/help" | "/signed-out" | "/password-link" => &mut anonymous,
            _ => &mut signed_in,
        };
        // That page exists when the confirmation has expired, and the others when it has not.
        let is_late = path == "/account/confirm";
        app.set_clock(if is_late {
            app.core.confirm_after
        } else {
            Duration::ZERO
        });
        if path == "/password-link" {
            let secret = app.password_link("ada").await;
            browser.open_link(&secret).await;
        }
        if path == "/account/keys" {
            let form = [("name", "x"), ("profile_read", "on")];
            let made = browser.post_form("/api/make_access_key", &form).await;
            assert_eq!(made.status, 303, "it is shown on the next page");
        }
        let values = values_of(&browser.get(&path.replace("{id}", &root.id.0)).await);
        let (mut found, mut around) = (BTreeSet::new(), BTreeSet::new());
        let view = &values["view"];
        let view = view.get("Administration").unwrap_or(view);
        names(view, "", &mut found);
        names(&values["frame"], "", &mut around);
        assert_eq!(found, expected, "{path}");
        assert_eq!(view.is_null(), expected.is_empty(), "{path}");
        assert_eq!(around, FRAME.map(str::to_owned).into(), "{path}");
        assert_eq!(values["news"], Value::Null, "{path}");
        assert_eq!(values.as_object().unwrap().len(), 3, "{path}");
        let text = values.to_string();
        let is_for_administrators = path.starts_with("/admin/");
        assert!(
            is_for_administrators || !text.contains(&root.id.0),
            "{path} has the account's id"
        );
    }
    assert_eq!(app.fetch_login("root", PASSWORD).await.status, 200);
    let mut news = BTreeSet::new();
    names(
        &values_of(&signed_in.get("/dashboard").await)["news"],
        "",
        &mut news,
    );
    assert_eq!(news, NEWS.map(str::to_owned).into());
    for path in page_paths() {
        let is_listed = SENT.iter().any(|(listed, ..)| *listed == path);
        let has_none = [STATIC.as_slice(), &WITHOUT_VALUES].concat();
        assert!(is_listed || has_none.contains(&path), "{path}");
    }
}
