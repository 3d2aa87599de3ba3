//! `GET /api/v1/activity`, for administrators.

use super::{administered, bearer, call, document::DOCUMENT, get};
use crate::{
    app::{TestApp, WRONG},
    on_both_engines,
    support::{database::texts, http::Browser},
};
use serde_json::{Value, json as value};
use std::time::Duration;
use vestibule::domain::audit::Source;

const ACTIVITY: &str = "/api/v1/activity";

/// The kind of event and the name of the account, for each entry of a page.
fn events(page: &Value) -> Vec<(&str, &str)> {
    let items = page["items"].as_array().expect("a list").iter();
    let pairs = items.map(|item| (item["event"].as_str(), item["user"]["username"].as_str()));
    pairs
        .map(|(event, name)| (event.unwrap(), name.unwrap_or_default()))
        .collect()
}

fn ids(page: &Value) -> Vec<Value> {
    let items = page["items"].as_array().expect("a list").iter();
    items.map(|item| item["id"].clone()).collect()
}

async fn page(browser: &mut Browser, query: &str) -> Value {
    get(browser, &format!("{ACTIVITY}?{query}")).await
}

on_both_engines! {
    async fn the_log_is_filtered(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let ada = app.user("ada").await.id;
        app.set_clock(Duration::from_secs(60));
        app.fetch_login("ada", WRONG).await;
        let all = page(&mut root, "").await;
        assert_eq!(events(&all)[0], ("sign_in_refused", "ada"), "the newest first: {all}");
        let newest = &all["items"][0];
        assert_eq!((&newest["at"], &newest["reason"]), (&"2026-09-21T14:14:20Z".into(), &"wrong_password".into()));
        assert_eq!((&newest["source"], &newest["times"]), (&"browser".into(), &1.into()));
        assert_eq!(newest["user"]["id"], ada.0);
        let found = page(&mut root, &format!("user={ada}&event=signed_in")).await;
        assert_eq!(events(&found), [("signed_in", "ada")]);
        let found = page(&mut root, "since=2026-09-21T14:14:00Z").await;
        assert_eq!(events(&found), [("sign_in_refused", "ada")]);
        let found = page(&mut root, "since=2026-09-21T14:14:00Z&until=2026-09-21T14:14:20Z").await;
        assert_eq!(events(&found), []);
        let found = page(&mut root, "until=2026-09-21T14:14:20Z&event=signed_in").await;
        assert_eq!(events(&found).len(), 2);
        assert_eq!(events(&page(&mut root, "user=nobody").await), []);
        assert!(!all.to_string().contains(WRONG));
    }

    async fn events_of_a_newer_version_are_listed(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        let sql = "INSERT INTO activity (id, at, event, reason, source, address, user_agent, times) \
            VALUES ('x', 1, 'user_moved', 'to_mars', 'server', '', '', 1) RETURNING id";
        assert_eq!(texts(&app.core.db, sql).await, ["x"]);
        let all = page(&mut root, "").await;
        let oldest = all["items"].as_array().unwrap().last().unwrap();
        assert_eq!((&oldest["event"], &oldest["reason"]), (&"user_moved".into(), &"to_mars".into()));
        assert_eq!(events(&all)[0].0, "signed_in");
    }

    async fn pages_of_the_log_join_in_both_directions(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        for seconds in 1..=4 {
            app.set_clock(Duration::from_secs(seconds));
            app.fetch_login("ada", WRONG).await;
        }
        let filter = "event=sign_in_refused";
        let all = page(&mut root, filter).await;
        let follow = async |browser: &mut Browser, from: &Value, which: &str| {
            let cursor = from[which].as_str().expect("a cursor").to_owned();
            page(browser, &format!("{filter}&limit=3&cursor={cursor}")).await
        };
        let first = page(&mut root, &format!("{filter}&limit=3")).await;
        assert_eq!((ids(&first), &first["previous"]), (ids(&all)[..3].to_vec(), &Value::Null));
        let second = follow(&mut root, &first, "next").await;
        assert_eq!((ids(&second), &second["next"]), (ids(&all)[3..].to_vec(), &Value::Null));
        let again = follow(&mut root, &second, "previous").await;
        assert_eq!((ids(&again), &again["previous"]), (ids(&first), &Value::Null));
        assert_eq!(again["next"], first["next"]);
        // New entries are before the first page, and nothing is left out on the way back.
        app.set_clock(Duration::from_secs(5));
        app.fetch_login("ada", WRONG).await;
        let again = follow(&mut root, &second, "previous").await;
        assert_eq!(ids(&again), ids(&first));
        let newer = follow(&mut root, &again, "previous").await;
        assert_eq!((ids(&newer).len(), &newer["previous"]), (1, &Value::Null));
        assert_eq!(ids(&follow(&mut root, &newer, "next").await), ids(&first));
        // Both ends, if nothing is left there.
        let cursor = newer["next"].as_str().unwrap();
        let of_others = format!("user=nobody&cursor={cursor}");
        let empty = page(&mut root, &of_others).await;
        assert_eq!((ids(&empty).len(), &empty["next"]), (0, &Value::Null));
        assert!(ids(&follow(&mut root, &empty, "previous").await).contains(&ids(&newer)[0]));
    }

    /// The id of a counted row has spaces.
    async fn a_counted_row_begins_and_ends_a_page(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        for _ in 0..11 {
            app.fetch_login("ada", WRONG).await;
        }
        app.core.tallies.flush(&app.core.db).await;
        app.set_clock(Duration::from_secs(1));
        app.create_user("eve").await;
        let all = ids(&page(&mut root, "limit=200").await);
        let is_counted = |id: &Value| id.as_str().unwrap().contains(' ');
        let at = all.iter().position(is_counted).expect("a counted row");
        assert!(0 < at && at + 1 < all.len(), "{all:?}");
        let mut one = page(&mut root, "limit=1").await;
        let mut forwards = ids(&one);
        while let Some(cursor) = one["next"].as_str() {
            one = page(&mut root, &format!("limit=1&cursor={cursor}")).await;
            forwards.extend(ids(&one));
        }
        assert_eq!(forwards, all);
        let mut backwards = ids(&one);
        while let Some(cursor) = one["previous"].as_str() {
            one = page(&mut root, &format!("limit=1&cursor={cursor}")).await;
            backwards.extend(ids(&one));
        }
        backwards.reverse();
        assert_eq!(backwards, all);
    }

    async fn an_entry_names_the_key_and_the_credential(database: TestDatabase) {
        let (app, mut ada, mut root) = administered(database).await;
        let (id, key) = app.access_key("ada", "sessions:end").await;
        let named = value!({"id": id.0, "name": "A program"});
        let newest = async |browser: &mut Browser| page(browser, "limit=1").await["items"][0].clone();
        let made = newest(&mut root).await;
        assert_eq!((&made["event"], &made["source"], &made["key"]), (&"access_key_made".into(), &"command".into(), &named));
        let session = get(&mut ada, "/api/v1/me").await["session"]["id"].as_str().unwrap().to_owned();
        app.set_clock(Duration::from_secs(1));
        let end = call("DELETE", &format!("/api/v1/sessions/{session}"));
        assert_eq!(app.send(bearer(end, &key)).await.status, 204);
        let ended = newest(&mut root).await;
        assert_eq!((&ended["event"], &ended["source"], &ended["key"]), (&"session_ended".into(), &"access_key".into(), &named));
        app.fetch_login("ada", WRONG).await;
        let without = page(&mut root, "event=sign_in_refused").await["items"][0]["key"].clone();
        assert_eq!(without, Value::Null);
    }

    async fn the_log_is_read_from_its_beginning_as_well(database: TestDatabase) {
        let (app, _, mut root) = administered(database).await;
        for seconds in 1..=4 {
            app.set_clock(Duration::from_secs(seconds));
            app.fetch_login("ada", WRONG).await;
        }
        let list = "event=sign_in_refused&sort=at";
        let mut newest_first = page(&mut root, "event=sign_in_refused&sort=-at").await;
        assert_eq!(newest_first, page(&mut root, "event=sign_in_refused").await);
        newest_first["items"].as_array_mut().unwrap().reverse();
        let oldest_first = page(&mut root, list).await;
        assert_eq!(oldest_first["items"], newest_first["items"]);
        let first = page(&mut root, &format!("{list}&limit=3")).await;
        assert_eq!((&first["items"][0], &first["previous"]), (&oldest_first["items"][0], &Value::Null));
        let follow = async |browser: &mut Browser, from: &Value, which: &str| {
            let cursor = from[which].as_str().expect("a cursor").to_owned();
            page(browser, &format!("{list}&limit=3&cursor={cursor}")).await
        };
        let second = follow(&mut root, &first, "next").await;
        assert_eq!((&second["items"][0], &second["next"]), (&oldest_first["items"][3], &Value::Null));
        let again = follow(&mut root, &second, "previous").await;
        assert_eq!((&again["items"], &again["previous"]), (&first["items"], &Value::Null));
        // Whoever waits at the end gets what is written later.
        let at_the_end = second["previous"].as_str().expect("a cursor");
        let last = page(&mut root, &format!("{list}&limit=3&cursor={at_the_end}")).await;
        app.set_clock(Duration::from_secs(5));
        app.fetch_login("ada", WRONG).await;
        let later = follow(&mut root, &last, "next").await;
        assert_eq!(later["items"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_every_source() {
    let app = TestApp::sqlite().await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    let source = &document["components"]["schemas"]["Event"]["properties"]["source"];
    let source = source["$ref"].as_str().map_or(source, |reference| {
        document.pointer(&reference[1..]).expect("a schema")
    });
    assert_eq!(source["enum"], value!(Source::ALL.map(Source::as_str)));
}
