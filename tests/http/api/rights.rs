//! What an access key of an administrator may not do: make administrators, or give away accounts.

use super::{administered, assert_problem, bearer, call, json, send};
use crate::{
    on_both_engines,
    support::{
        PASSWORD,
        database::{Engine, TestDatabase, texts},
        http::Request,
    },
};

const USERS: &str = "/api/v1/users";
const ROLE: [&str; 2] = [r#"{"administrator": true}"#, r#"{"administrator": false}"#];
const INVITATION: &str = r#"{"username": "eve", "administrator": true}"#;

on_both_engines! {
    async fn roles_and_links_are_for_sessions_with_all_rights(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let account = format!("{USERS}/{}", app.user("ada").await.id);
        let link = format!("{account}/password-link");
        let of_root = format!("{USERS}/{}/password-link", app.user("root").await.id);
        let accounts = async || (app.user("ada").await, app.user("root").await);
        let before = accounts().await;
        let (_, key) = app.access_key("root", "users:read users:write").await;
        for request in [
            send("PATCH", &account, ROLE[0]),
            send("PATCH", &account, ROLE[1]),
            send("POST", USERS, INVITATION),
            call("POST", &link),
            call("POST", &of_root),
        ] {
            let answer = app.send(bearer(request, &key)).await;
            assert_problem(&answer, 403, "session_needed");
        }
        assert_eq!(accounts().await, before);
        assert!(texts(&app.core.db, "SELECT user_id FROM password_links").await.is_empty());
        // What the permission names works.
        let invited = app.send(bearer(send("POST", USERS, r#"{"username": "eve"}"#), &key)).await;
        let eve = format!("{USERS}/{}", json(&invited)["user"]["id"].as_str().unwrap());
        let disabled = app.send(bearer(send("PATCH", &account, r#"{"disabled": true}"#), &key)).await;
        assert_eq!(json(&disabled)["state"], "disabled");
        assert_eq!(app.send(bearer(call("DELETE", &eve), &key)).await.status, 204);
        // And a session does all of it.
        assert_eq!(root.send(send("PATCH", &account, r#"{"disabled": false}"#)).await.status, 200);
        assert_eq!(root.send(call("POST", &link)).await.status, 201);
        assert_eq!(root.send(send("PATCH", &account, ROLE[0])).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_fewer_scopes_makes_no_link() {
    let (app, _, _) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let form = format!(
        "grant_type=password&username=root&password={}&scope=users:write",
        PASSWORD.replace(' ', "+")
    );
    let request = Request::post("/api/v1/token", form.as_bytes());
    let mut browser = app.browser();
    let answer = browser
        .send(request.header("content-type", "application/x-www-form-urlencoded"))
        .await;
    let token = json(&answer)["access_token"].as_str().unwrap().to_owned();
    let link = format!("{USERS}/{}/password-link", app.user("ada").await.id);
    let answer = app.send(bearer(call("POST", &link), &token)).await;
    assert_problem(&answer, 403, "session_needed");
}
