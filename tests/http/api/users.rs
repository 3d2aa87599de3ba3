//! `/api/v1/users`, for administrators.

use super::{LATER, administered, assert_problem, call, get, json, send};
use crate::{
    app::TestApp,
    on_both_engines,
    support::{PASSWORD, http::Browser},
};
use serde_json::Value;
use vestibule::domain::session::EndReason;

const USERS: &str = "/api/v1/users";
const NEW: &str = "a new password, long enough";

/// The names on a page.
fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a list").iter();
    items
        .map(|user| user["username"].as_str().unwrap())
        .collect()
}

async fn path_of(app: &TestApp, name: &str) -> String {
    format!("{USERS}/{}", app.user(name).await.id)
}

async fn patch(browser: &mut Browser, path: &str, body: &str) -> Value {
    json(&browser.send(send("PATCH", path, body)).await)
}

on_both_engines! {
    async fn accounts_are_read_page_by_page_in_both_directions(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        for name in ["bob", "carol", "dave"] {
            app.create_user(name).await;
        }
        let first = get(&mut root, &format!("{USERS}?limit=2")).await;
        assert_eq!(names(&first), ["ada", "bob"]);
        assert_eq!(first["previous"], Value::Null);
        let follow = async |browser: &mut Browser, page: &Value, which: &str| {
            let cursor = page[which].as_str().expect("a cursor").to_owned();
            get(browser, &format!("{USERS}?limit=2&cursor={cursor}")).await
        };
        let second = follow(&mut root, &first, "next").await;
        assert_eq!(names(&second), ["carol", "dave"]);
        let third = follow(&mut root, &second, "next").await;
        assert_eq!((names(&third), &third["next"]), (vec!["root"], &Value::Null));
        assert_eq!(follow(&mut root, &third, "previous").await, second);
        let again = follow(&mut root, &second, "previous").await;
        assert_eq!((names(&again), &again["previous"]), (vec!["ada", "bob"], &Value::Null));
        assert_eq!(again["next"], first["next"]);
        for total in ["total", "count", "offset", "page"] {
            assert_eq!(first.get(total), None, "it would cost more with every account");
        }
    }

    async fn accounts_are_read_in_the_reverse_order_as_well(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        for name in ["adam", "bob", "carol"] {
            app.create_user(name).await;
        }
        for (filter, reversed) in [("", vec!["root", "carol", "bob", "adam", "ada"]), ("AD", vec!["adam", "ada"])] {
            let list = format!("{USERS}?filter={filter}&sort=-name");
            assert_eq!(names(&get(&mut root, &list).await), reversed, "{filter}");
            let mut page = get(&mut root, &format!("{list}&limit=1")).await;
            assert_eq!(page["previous"], Value::Null, "{filter}");
            let mut read = vec![names(&page)[0].to_owned()];
            while let Some(next) = page["next"].as_str() {
                let following = get(&mut root, &format!("{list}&limit=1&cursor={next}")).await;
                let previous = following["previous"].as_str().expect("a page before");
                let again = get(&mut root, &format!("{list}&limit=1&cursor={previous}")).await;
                assert_eq!(again, page, "{filter}");
                read.extend(names(&following).first().map(|name| (*name).to_owned()));
                page = following;
            }
            assert_eq!(read, reversed, "{filter}");
        }
        let by_name = get(&mut root, &format!("{USERS}?sort=name")).await;
        assert_eq!(by_name, get(&mut root, USERS).await);
    }

    async fn accounts_are_found_by_the_beginning_of_a_name(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        app.create_user("adam").await;
        for (filter, expected) in [
            ("AD", vec!["ada", "adam"]),
            ("adam%40example", vec!["adam"]),
            ("adam+of", vec!["adam"]),
            ("of+org+ada", vec!["ada", "adam"]),
            ("%20", vec!["ada", "adam", "root"]),
            ("x", vec![]),
            ("%25", vec![]),
        ] {
            let page = get(&mut root, &format!("{USERS}?filter={filter}")).await;
            assert_eq!(names(&page), expected, "{filter}");
        }
        let page = get(&mut root, &format!("{USERS}?filter=ad&limit=1")).await;
        let next = page["next"].as_str().unwrap();
        let page = get(&mut root, &format!("{USERS}?filter=ad&limit=1&cursor={next}")).await;
        assert_eq!(names(&page), ["adam"]);
        let text = page.to_string();
        assert!(!text.contains("$argon2"), "{text}");
    }

    async fn an_invited_person_sets_a_password_by_the_link(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let body = r#"{"username":"Grace","email":"grace@example.org","display_name":"Grace H."}"#;
        let answer = root.send(send("POST", USERS, body)).await;
        assert_eq!(answer.status, 201);
        let invited = json(&answer);
        let path = path_of(&app, "grace").await;
        assert_eq!(answer.location(), path);
        assert_eq!(invited["user"]["state"], "invited");
        assert_eq!(invited["user"]["display_name"], "Grace H.");
        assert_eq!(invited["link"]["purpose"], "invitation");
        assert_eq!(invited["link"]["expires_at"], "2026-09-24T14:13:20Z");
        let url = invited["link"]["url"].as_str().unwrap();
        let (page, secret) = url.split_once('#').expect("browsers send no fragment");
        assert!(page.ends_with("/password-link"), "{page}");
        let fields = [("secret", secret), ("new_password", NEW)];
        let used = app.browser().fetch_form("/api/use_password_link", &fields).await;
        assert_eq!(used.status, 200, "{}", used.text());
        let user = get(&mut root, &path).await;
        assert_eq!(user["state"], "enabled");
        assert!(!user.to_string().contains(secret), "it cannot be read again");
    }

    async fn a_forgotten_password_is_replaced_by_a_link(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let path = path_of(&app, "ada").await;
        let target = format!("{path}/password-link");
        let answer = root.send(call("POST", &target)).await;
        assert_eq!(answer.status, 201);
        let void = json(&answer)["url"].as_str().unwrap().to_owned();
        let link = json(&root.send(call("POST", &target)).await);
        assert_eq!(link["purpose"], "reset");
        assert_eq!(ada.send(call("GET", "/api/v1/me")).await.status, 200, "nothing has changed yet");
        for (url, status) in [(void.as_str(), 422), (link["url"].as_str().unwrap(), 200)] {
            let secret = url.split_once('#').unwrap().1;
            let fields = [("secret", secret), ("new_password", NEW)];
            let used = app.browser().fetch_form("/api/use_password_link", &fields).await;
            assert_eq!(used.status, status, "{}", used.text());
        }
        assert_problem(&ada.send(call("GET", "/api/v1/me")).await, 401, "not_signed_in");
        patch(&mut root, &path, r#"{"disabled":true}"#).await;
        assert_problem(&root.send(call("POST", &target)).await, 422, "account_disabled");
    }

    async fn an_account_is_disabled_enabled_and_given_the_role(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let path = path_of(&app, "ada").await;
        assert_eq!(get(&mut root, &path).await["state"], "enabled");
        assert_eq!(patch(&mut root, &path, r#"{"administrator":true}"#).await["administrator"], true);
        assert_eq!(get(&mut ada, USERS).await["items"].as_array().unwrap().len(), 2);
        assert_eq!(patch(&mut root, &path, r#"{"administrator":false}"#).await["administrator"], false);
        // The role counts at the next request.
        assert_problem(&ada.send(call("GET", USERS)).await, 404, "not_found");
        assert_eq!(patch(&mut root, &path, r#"{"disabled":true}"#).await["state"], "disabled");
        assert_problem(&ada.send(call("GET", "/api/v1/me")).await, 401, "not_signed_in");
        assert_eq!(app.endings().await, [None, Some(EndReason::UserDisabled)]);
        assert_eq!(patch(&mut root, &path, r#"{"disabled":false}"#).await["state"], "enabled");
        assert_problem(&ada.send(call("GET", "/api/v1/me")).await, 401, "not_signed_in");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// Those that are given, at once. The name before is nobody else's.
    async fn the_names_of_an_account_are_changed(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let path = path_of(&app, "ada").await;
        let user = get(&mut root, &path).await;
        assert_eq!((&user["created_at"], &user["last_sign_in_at"]), (&Value::from("2026-09-21T14:13:20Z"), &Value::from("2026-09-21T14:13:20Z")));
        let names = r#"{"names":{"username":"Lovelace","display_name":"Ada L.","email":null}}"#;
        let changed = patch(&mut root, &path, names).await;
        assert_eq!((&changed["username"], &changed["display_name"], &changed["email"]), (&Value::from("Lovelace"), &Value::from("Ada L."), &Value::Null));
        let taken = send("POST", USERS, r#"{"username":"ada"}"#);
        assert_problem(&root.send(taken).await, 422, "name_taken");
        for (body, status, code) in [
            (r#"{"names":{"username":"ROOT","display_name":"","email":null}}"#, 422, "name_taken"),
            (r#"{"names":{"email":"ROOT@example.org"}}"#, 422, "email_taken"),
            (r#"{"names":{"username":"a b","display_name":"","email":null}}"#, 422, "name_grammar"),
            (r#"{"names":{"username":null}}"#, 400, "wrong_members"),
            (r#"{"names":{"nickname":"x"}}"#, 400, "wrong_members"),
            (r#"{"names":{"username":"x","display_name":"","email":null},"disabled":true}"#, 400, "wrong_members"),
        ] {
            assert_problem(&root.send(send("PATCH", &path, body)).await, status, code);
        }
        assert_eq!(get(&mut root, &path).await, changed);
        for (body, member, expected) in [
            (r#"{"names":{"email":"ada@example.net"}}"#, "email", "ada@example.net"),
            (r#"{"names":{"display_name":""}}"#, "display_name", "Lovelace"),
            (r#"{"names":{}}"#, "username", "Lovelace"),
        ] {
            assert_eq!(patch(&mut root, &path, body).await[member], expected, "{body}");
        }
        let kept = get(&mut root, &path).await;
        assert_eq!((&kept["username"], &kept["email"]), (&Value::from("Lovelace"), &Value::from("ada@example.net")));
        // Not by a key, even one with every scope.
        let (_, key) = app.access_key("root", "users:read users:write").await;
        let by_key = send("PATCH", &path, names).header("authorization", &format!("Bearer {key}"));
        assert_problem(&app.browser().send(by_key).await, 403, "session_needed");
        let log = get(&mut root, "/api/v1/activity?event=user_renamed").await;
        assert_eq!((&log["items"][0]["previous_name"], &log["items"][0]["user"]["username"]), (&Value::from("ada"), &Value::from("Lovelace")));
    }

    async fn accounts_are_listed_by_their_status(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        root.send(send("POST", USERS, r#"{"username":"grace"}"#)).await;
        let path = path_of(&app, "ada").await;
        patch(&mut root, &path, r#"{"disabled":true}"#).await;
        for (query, expected) in [
            ("status=administrators", vec!["root"]),
            ("status=disabled", vec!["ada"]),
            ("status=invited", vec!["grace"]),
            ("status=never_signed_in&filter=g", vec!["grace"]),
            ("status=disabled&filter=g", vec![]),
        ] {
            let page = get(&mut root, &format!("{USERS}?{query}")).await;
            assert_eq!(names(&page), expected, "{query}");
            let page = get(&mut root, &format!("{USERS}?{query}&sort=-name")).await;
            assert_eq!(names(&page), expected, "{query}");
        }
        let refused = root.send(call("GET", &format!("{USERS}?status=fly"))).await;
        assert_problem(&refused, 400, "invalid_parameter");
    }

    async fn the_last_administrator_is_kept(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let path = path_of(&app, "root").await;
        for request in [
            send("PATCH", &path, r#"{"administrator":false}"#),
            send("PATCH", &path, r#"{"disabled":true}"#),
            call("DELETE", &path),
        ] {
            assert_problem(&root.send(request).await, 422, "last_administrator");
        }
        assert!(app.user("root").await.administers());
    }

    async fn an_account_is_deleted(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let path = path_of(&app, "ada").await;
        let answer = root.send(call("DELETE", &path)).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_problem(&ada.send(call("GET", "/api/v1/me")).await, 401, "not_signed_in");
        for (method, path) in [("GET", path.clone()), ("DELETE", path.clone()), ("GET", format!("{path}/sessions"))] {
            assert_problem(&root.send(call(method, &path)).await, 404, "not_found");
        }
        assert_eq!(names(&get(&mut root, USERS).await), ["root"]);
    }

    /// Applications know people by their id (ASVS V10.3.3).
    async fn a_name_that_is_given_again_is_another_account(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let before = app.user("ada").await.id;
        assert_eq!(root.send(call("DELETE", &path_of(&app, "ada").await)).await.status, 204);
        let invited = json(&root.send(send("POST", USERS, r#"{"username":"ada"}"#)).await);
        assert_ne!(invited["user"]["id"], before.to_string());
        let old = root.send(call("GET", &format!("{USERS}/{before}"))).await;
        assert_problem(&old, 404, "not_found");
    }

    async fn sessions_of_an_account_are_listed_and_ended(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let (second, third) = (app.signed_in("ada").await, app.signed_in("ada").await);
        let path = format!("{}/sessions", path_of(&app, "ada").await);
        let list = get(&mut root, &path).await;
        let items = list["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 3);
        assert!(items.iter().all(|one| one["current"] == false), "{list}");
        let own = format!("{}/sessions", path_of(&app, "root").await);
        assert_eq!(get(&mut root, &own).await["items"][0]["current"], true);
        // The session has to be one of that account.
        let own = app.sessions().await.into_iter().find(|one| one.user_id.0 != list["items"][0]["id"]);
        let root_id = app.user("root").await.id;
        let of_root = app.sessions().await.into_iter().find(|one| one.user_id == root_id).unwrap().id;
        assert!(own.is_some());
        let foreign = root.send(call("DELETE", &format!("{path}/{of_root}"))).await;
        assert_problem(&foreign, 404, "not_found");
        let one = items[0]["id"].as_str().unwrap();
        assert_eq!(root.send(call("DELETE", &format!("{path}/{one}"))).await.status, 204);
        assert_eq!(get(&mut root, &path).await["items"].as_array().unwrap().len(), 2);
        assert_eq!(root.send(call("DELETE", &path)).await.status, 204);
        for browser in [&mut ada, &mut second.clone(), &mut third.clone()] {
            assert_problem(&browser.send(call("GET", "/api/v1/me")).await, 401, "not_signed_in");
        }
        let ended = app.endings().await.into_iter().flatten();
        assert_eq!(ended.collect::<Vec<_>>(), [EndReason::EndedByAdmin; 3]);
        assert_eq!(root.send(call("GET", "/api/v1/me")).await.status, 200);
    }

    /// For everybody else nothing of it exists, and an unattended browser of an administrator must not give access to
    /// other people's accounts (ASVS V7.5.3).
    async fn others_and_unattended_browsers_change_nothing(database: TestDatabase) {
        let (app, ada, root) = administered(database).await;
        let account = path_of(&app, "ada").await;
        let session = app.sessions().await.into_iter().next().unwrap().id;
        app.set_clock(LATER);
        for browser in [&ada, &root] {
            browser.clone().get("/dashboard").await;
        }
        crate::support::settled(&app.core).await;
        let before = app.rows().await;
        for request in [
            call("GET", &account),
            send("POST", USERS, r#"{"username":"eve"}"#),
            send("PATCH", &account, r#"{"disabled":true}"#),
            call("DELETE", &account),
            call("POST", &format!("{account}/password-link")),
            call("GET", &format!("{account}/sessions")),
            call("DELETE", &format!("{account}/sessions")),
            call("DELETE", &format!("{account}/sessions/{session}")),
            call("GET", "/api/v1/activity"),
        ] {
            assert_problem(&ada.clone().send(request.clone()).await, 404, "not_found");
            assert_problem(&root.clone().send(request).await, 403, "password_needed");
        }
        assert_problem(&ada.clone().send(call("GET", USERS)).await, 404, "not_found");
        assert_eq!(app.rows().await, before);
    }
}
