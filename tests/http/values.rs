//! What pages send besides their HTML: the values that they were drawn from, and nothing else.

use crate::{
    app::{TestApp, page_paths},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::Answer,
    },
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use vestibule::server::users;

const MOMENT: [&str; 2] = ["iso", "words"];

/// The values behind a page: the script that Leptos writes them into.
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

/// Every name in `value`, with the names that it stands in.
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

/// Purpose-built types are all that crosses to the browser (ASVS V15.3.1): a field that is added to one
/// has to be added here too, by somebody who asks whether a browser may know it.
#[tokio::test(flavor = "multi_thread")]
async fn pages_send_these_values_and_no_others() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let empty = TestApp::empty(database).await;
    let app = TestApp::with_an_administrator(|_| ()).await;
    let root = users::find(&app.core, "root").await.unwrap();
    let mut browser = app.signed_in("root").await;
    // So that there is a sign-in before this one.
    assert_eq!(browser.fetch_login("root", PASSWORD).await.status, 200);
    let nobody = &mut app.browser();
    let nobody_at_first = &mut empty.browser();

    let sent = BTreeMap::from([
        (
            "/login",
            (
                values_of(&nobody.get("/login").await),
                "Login",
                &["next", "username", "refusal", "notice", "no_account"][..],
            ),
        ),
        (
            "/logout",
            (
                values_of(&browser.get("/logout").await),
                "Logout",
                &["display_name"],
            ),
        ),
        (
            "/signed-out",
            (
                values_of(&nobody.get("/signed-out").await),
                "SignedOut",
                &["display_name"],
            ),
        ),
        (
            "/setup",
            (
                values_of(&nobody_at_first.get("/setup").await),
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
        ),
        (
            "/account/password",
            (
                values_of(&browser.get("/account/password").await),
                "Password",
                &[
                    "display_name",
                    "username",
                    "min_chars",
                    "refusal",
                    "others_ended",
                ],
            ),
        ),
        (
            "/account/profile",
            (
                values_of(&browser.get("/account/profile").await),
                "Profile",
                &[
                    "display_name",
                    "username",
                    "refusal",
                    "notice",
                    "draft",
                    "draft/display_name",
                    "draft/email",
                    "draft/description",
                ],
            ),
        ),
        (
            "/dashboard",
            (
                values_of(&browser.get("/dashboard").await),
                "Dashboard",
                &[
                    "username",
                    "display_name",
                    "email",
                    "description",
                    "is_admin",
                    "reach",
                    "reach/address",
                    "reach/peer",
                    "reach/scheme",
                    "reach/host",
                    "reach/forwarded",
                    "reach/findings",
                    "session",
                    "session/device",
                    "session/address",
                    "session/remember",
                    "session/signed_in_at*",
                    "session/idle_ends_at*",
                    "session/absolute_ends_at*",
                    "previous_sign_in",
                    "previous_sign_in/device",
                    "previous_sign_in/address",
                    "previous_sign_in/at*",
                ],
            ),
        ),
    ]);
    for (path, (values, page, fields)) in &sent {
        let mut found = BTreeSet::new();
        names(values, "", &mut found);
        assert_eq!(found, expected(page, fields), "{path}");
        assert!(
            !values.to_string().contains(&root.id.0),
            "{path} names the account by its id"
        );
    }
    let without_values = ["/", "/.well-known/change-password"];
    for path in page_paths() {
        assert!(
            sent.contains_key(path) || without_values.contains(&path),
            "{path} is missing here"
        );
    }
}
