//! The audit log, followed as it grows and downloaded as a file.

use crate::{
    app::{TestApp, assert_contains, assert_redirect, visible_text},
    on_both_engines,
    support::{
        PASSWORD,
        database::{TestDatabase, texts},
        http::{Browser, Events, Request},
    },
};
use serde_json::Value;
use std::time::Duration;
use vestibule::{
    domain::{audit::Event, page::Download, views::EditDraft},
    server::{
        core::{accounts::users, actor, sessions},
        store::{self, audit::Filter},
        web::state::MAX_AUDIT_STREAMS,
    },
};

const EVENTS: &str = "/admin/activity/events";
const JSON_LINES: &str = "/admin/activity.jsonl";
const CSV: &str = "/admin/activity.csv";
/// The time limit of a notification, with a margin for a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(10);
const CONFIRM_AFTER: Duration = Duration::from_secs(600);

/// With the administrators `ada`, signed in, and `eve`.
async fn administered(database: TestDatabase) -> (TestApp, Browser) {
    let app = TestApp::new(database).await;
    app.create_user("eve").await;
    for name in ["ada", "eve"] {
        let user = app.user(name).await;
        let promoted = users::promote(&app.core, &actor::on_this_machine(), &user).await;
        promoted.unwrap();
    }
    let browser = app.signed_in("ada").await;
    (app, browser)
}

/// This number of old sign-ins without an account, each a second older than the previous.
async fn crowd(app: &TestApp, number: u32, user_agent: &str) {
    let sql = format!(
        "INSERT INTO activity (id, at, event, source, address, user_agent, times) \
         WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {number}) \
         SELECT 'row' || n, 1000 * n, 'signed_in', 'browser', '192.0.2.' || (n % 250), '{user_agent}', 1 FROM series \
         RETURNING id"
    );
    assert_eq!(texts(&app.core.db, &sql).await.len(), number as usize);
}

async fn next(events: &mut Events) -> Option<(String, Value)> {
    let event = tokio::time::timeout(NOTICE_TIMEOUT, events.next()).await;
    event.expect("notified in time")
}

/// A page that has received the existing entries.
async fn follows(browser: &Browser, query: &str) -> (Events, Value) {
    let mut events = browser.listen(&format!("{EVENTS}{query}")).await;
    assert_eq!(events.answer.status, 200, "{}", events.answer.text());
    let (name, newest) = next(&mut events).await.expect("the newest");
    assert_eq!(name, "newest");
    (events, newest)
}

/// The sentences of entries, the newest first.
fn sentences(entries: &Value) -> Vec<String> {
    let text = |part: &Value| {
        let part = part.as_object().unwrap().values().next().unwrap();
        // An account has its id as well.
        part.as_str().or(part["name"].as_str()).unwrap().to_owned()
    };
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| entry["what"].as_array().unwrap().iter().map(text).collect())
        .collect()
}

async fn downloads(app: &TestApp) -> usize {
    let kind = Some(Event::AuditDownloaded.as_str());
    let filter = Filter {
        event: kind,
        ..Filter::default()
    };
    let found = store::audit::list(&app.core.db, &filter, None, 100).await;
    found.unwrap().len()
}

on_both_engines! {
    /// The log keeps the names of a deleted account, and is found by each of them.
    async fn the_log_of_a_deleted_account_is_found(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let id = app.user("eve").await.id.0;
        ada.post_form("/api/edit_user", &[("id", &id), ("username", "Ärger")]).await;
        assert_redirect(&ada.post_form("/api/delete_user", &[("id", &id), ("name", "ärger")]).await, "/admin/users");
        for name in ["Eve", "%C3%84RGER"] {
            let found = ada.get(&format!("/admin/activity?user={name}")).await;
            assert_contains(&found, "ada changed the username eve to Ärger");
            assert_contains(&found, "ada deleted the account of Ärger");
            assert!(!visible_text(&found).contains("ada signed in"));
        }
        assert_contains(&ada.get("/admin/activity?user=nobody").await, "No entries match.");
    }

    async fn a_download_has_every_entry_the_newest_first(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        crowd(&app, 1_700, "A browser").await;
        let answer = ada.get(JSON_LINES).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/jsonl; charset=utf-8"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"audit-log-2026-09-21.jsonl\""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let text = answer.text();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let listed = store::audit::list(&app.core.db, &Filter::default(), None, 10_000).await.unwrap();
        assert_eq!(rows.len(), listed.len());
        assert!(rows.len() > 1_700 && text.ends_with('\n'));
        for (row, record) in rows.iter().zip(&listed) {
            assert_eq!(row["event"], record.entry.event.as_str());
            assert_eq!(row["address"], record.entry.address);
            assert_eq!(row["user"].as_str(), record.username.as_deref());
        }
        let own = rows.iter().find(|row| row["event"] == "activity_downloaded").expect("the download itself");
        assert_eq!((own["user"].as_str(), own["address"].as_str()), (Some("ada"), Some("127.0.0.1")));

        let answer = ada.get(CSV).await;
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"audit-log-2026-09-21.csv\""));
        assert!(answer.body.starts_with(b"\xef\xbb\xbf\"at\","), "Excel reads it as UTF-8");
        let text = answer.text();
        let lines: Vec<_> = text.trim_start_matches('\u{feff}').split("\r\n").collect();
        assert_eq!(lines.len(), 1 + listed.len() + 1 + 1, "the names, each entry, the second download, nothing");
        assert_eq!(lines[0], r#""at","event","reason","source","user","actor","session","key","key_name","address","user_agent","times","previous_name""#);
        assert_eq!(lines[lines.len() - 2], r#""1970-01-01T00:00:01Z","signed_in","","browser","","","","","","192.0.2.1","A browser","1","""#);
        assert_eq!(lines[lines.len() - 1], "");
        assert_eq!(downloads(&app).await, 2);
    }

    /// A server of a newer version writes to the same log. An event that this one does not know hides no other.
    async fn events_of_a_newer_version_are_shown(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let sql = format!(
            "INSERT INTO activity (id, at, event, reason, source, user_id, username, address, user_agent, times) \
             VALUES ('x', 1790000000000, 'user_moved', 'to_<mars>', 'browser', '{}', 'ada', '', '', 1) RETURNING id",
            app.user("ada").await.id
        );
        assert_eq!(texts(&app.core.db, &sql).await, ["x"]);
        let (own, all) = (ada.get("/account/activity").await, ada.get("/admin/activity").await);
        assert_contains(&own, "An event that this version does not know: user_moved, to_&lt;mars&gt;");
        assert_contains(&all, "that this version does not know: user_moved, to_&lt;mars&gt;");
        for page in [&own, &all] {
            assert!(page.text().contains("signed in"), "the other events");
        }
        let (lines, table) = (ada.get(JSON_LINES).await, ada.get(CSV).await);
        assert!(lines.text().contains(r#""event":"user_moved","reason":"to_<mars>""#));
        assert!(table.text().contains(r#""user_moved","to_<mars>""#));
        let (_, newest) = follows(&ada, "").await;
        assert!(newest.to_string().contains("user_moved, to_<mars>"), "{newest}");
    }

    async fn a_download_is_narrowed_as_the_page_is(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        crowd(&app, 90_000, "").await;
        let lines = async |ada: &mut Browser, query: &str| ada.get(&format!("{JSON_LINES}?{query}")).await.text().lines().count();
        assert_eq!(lines(&mut ada, "until=1970-01-01").await, 86_399, "the first of them is a second old");
        assert_eq!(lines(&mut ada, "since=1970-01-02&until=1970-01-02").await, 3_601);
        assert_eq!(lines(&mut ada, "user=EVE&event=user_promoted").await, 1);
        assert_eq!(lines(&mut ada, "user=nobody").await, 0);
        let before = lines(&mut ada, "user=eve").await;
        let eve = app.user("eve").await;
        let draft = EditDraft { username: Some("mallory".to_owned()), ..EditDraft::default() };
        users::edit(&app.core, &actor::on_this_machine(), &eve.id, &draft).await.unwrap();
        for name in ["eve", "mallory"] {
            assert_eq!(lines(&mut ada, &format!("user={name}")).await, before + 1, "{name}");
        }
        assert_eq!(lines(&mut ada, "event=user_created&since=2026-09-21").await, 2);
    }

    /// Visitors choose their user agent, and an administrator opens the file.
    async fn formulas_for_a_spreadsheet_are_text(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        for agent in ["=cmd|'/C calc'!A0", "@SUM(1)", "+1", "-1", "a \"quoted\", =1"] {
            let form = Request::form("/api/login", &[("username", "eve"), ("password", "a wrong password")]);
            app.send(form.header("user-agent", agent).header("accept", "application/json")).await;
        }
        let text = ada.get(&format!("{CSV}?event=sign_in_refused")).await.text();
        for cell in [r#","'=cmd|'/C calc'!A0","#, r#","'@SUM(1)","#, r#","'+1","#, r#","'-1","#, r#","a ""quoted"", =1","#] {
            assert!(text.contains(cell), "{cell} in {text}");
        }
        let json = ada.get(&format!("{JSON_LINES}?event=sign_in_refused")).await.text();
        assert!(json.contains(r#""user_agent":"=cmd|'/C calc'!A0""#), "programs get it as it was");
    }

    async fn a_head_takes_nothing_away(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        for (path, kind) in [(JSON_LINES, "application/jsonl; charset=utf-8"), (CSV, "text/csv; charset=utf-8; header=present"), (EVENTS, "text/event-stream")] {
            let answer = ada.send(Request::new("HEAD", path)).await;
            assert_eq!((answer.status, answer.header("content-type"), answer.body.len()), (200, Some(kind), 0), "{path}");
        }
        assert_eq!(downloads(&app).await, 0);
    }

    /// Members get neither file nor stream, and other sites cannot link to them.
    async fn only_administrators_get_them(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        app.create_user("mallory").await;
        let mut mallory = app.signed_in("mallory").await;
        for path in [JSON_LINES, CSV, EVENTS] {
            assert_eq!(mallory.get(path).await.status, 404, "{path}");
            for method in ["POST", "PUT", "DELETE"] {
                assert_eq!(ada.send(Request::new(method, path)).await.status, 405, "{method} {path}");
            }
            for site in ["cross-site", "same-site", ""] {
                let answer = ada.send(Request::get(path).header("sec-fetch-site", site)).await;
                assert_eq!(answer.status, 403, "{path} {site}");
            }
        }
        for file in Download::ALL {
            let answer = app.browser().get(&format!("{}?event=set_up", file.path())).await;
            assert_redirect(&answer, "/login?next=/admin/activity?event=set_up");
        }
        assert_eq!(app.browser().get(EVENTS).await.status, 401);
        assert_eq!(downloads(&app).await, 0);
        users::demote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        for path in [JSON_LINES, CSV, EVENTS] {
            assert_eq!(ada.get(path).await.status, 404, "{path}");
        }
    }

    async fn they_need_a_recently_confirmed_password(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        app.set_clock(CONFIRM_AFTER);
        for path in [JSON_LINES, CSV] {
            assert_redirect(&ada.get(&format!("{path}?user=eve")).await, "/account/confirm?next=/admin/activity?user=eve");
        }
        let answer = ada.listen(EVENTS).await.answer;
        assert_eq!((answer.status, answer.text().as_str()), (403, r#"{"failed":"password_needed"}"#));
        assert_eq!(downloads(&app).await, 0);
        ada.post_form("/api/confirm_password", &[("password", PASSWORD), ("next", "/")]).await;
        assert_eq!(ada.get(CSV).await.status, 200);
    }

    /// After the end of the session the download stops, and is recognisable as incomplete.
    async fn a_download_breaks_off_when_its_session_ends(database: TestDatabase) {
        let (app, ada) = administered(database).await;
        crowd(&app, 30_000, &"x".repeat(1_000)).await;
        let whole = "?until=1970-01-02";
        let mut file = ada.listen(&format!("{JSON_LINES}{whole}")).await;
        let lines = |rest: Vec<u8>| rest.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!((lines(file.rest().await), file.broke_off), (30_000, false));
        let eve = app.signed_in("eve").await;
        let mut files = [ada.listen(&format!("{JSON_LINES}{whole}")).await, eve.listen(&format!("{CSV}{whole}")).await];
        users::demote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let of_eve = app.sessions().await.remove(0);
        assert!(sessions::end_as_admin(&app.core, &actor::on_this_machine(), &of_eve).await.unwrap());
        for file in &mut files {
            assert_eq!(file.answer.status, 200);
            let lines = lines(file.rest().await);
            assert!(file.broke_off && lines < 25_000, "{lines}");
        }
    }

    async fn a_page_that_follows_receives_new_entries(database: TestDatabase) {
        let (app, ada) = administered(database).await;
        let before = app.rows().await;
        let (mut all, newest) = follows(&ada, "").await;
        assert_eq!(sentences(&newest)[0], "ada signed in");
        assert_eq!(newest.as_array().unwrap().len(), 5);
        let header = |name| all.answer.header(name).unwrap_or_default();
        assert_eq!((header("content-type"), header("cache-control")), ("text/event-stream", "no-store"));
        assert_eq!(header("x-accel-buffering"), "no");
        let (mut of_eve, newest) = follows(&ada, "?user=eve&event=sign_in_refused").await;
        assert_eq!(newest, serde_json::json!([]));
        assert_eq!(app.rows().await, before, "watching is no activity");
        app.post_login("ada", "a wrong password").await;
        let (name, more) = next(&mut all).await.unwrap();
        assert_eq!((name.as_str(), sentences(&more)), ("more", vec!["A sign-in as ada was refused: the password was wrong".to_owned()]));
        app.post_login("eve", "a wrong password").await;
        let (_, more) = next(&mut of_eve).await.unwrap();
        assert_eq!(sentences(&more), ["A sign-in as eve was refused: the password was wrong"]);
        assert_eq!(more[0]["origin"]["address"], "127.0.0.1");
        assert_eq!(sentences(&next(&mut all).await.unwrap().1).len(), 1);
        // Two updates of one aggregate: the same entry, with a higher number.
        for times in 11..13 {
            for _ in 0..times {
                app.fetch_login("eve", "a wrong password").await;
            }
            app.core.tallies.flush(&app.core.db).await;
        }
        let mut throttled = Vec::new();
        while throttled.len() < 2 {
            let (_, more) = next(&mut all).await.unwrap();
            let more = more.as_array().unwrap().clone();
            throttled.extend(more.into_iter().filter(|entry| entry["times"] != 1));
            if throttled.last().is_some_and(|entry| entry["times"] == 14) {
                break;
            }
        }
        assert_eq!(throttled.last().unwrap()["times"], 14);
    }

    async fn following_ends_with_its_permission(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (mut page, _) = follows(&ada, "").await;
        app.set_clock(CONFIRM_AFTER);
        assert_eq!(next(&mut page).await.map(|(name, _)| name).as_deref(), Some("over"), "the password was typed too long ago");
        assert_eq!((next(&mut page).await, page.broke_off), (None, false));
        ada.post_form("/api/confirm_password", &[("password", PASSWORD), ("next", "/")]).await;
        let (mut page, _) = follows(&ada, "?event=set_up").await;
        let mut copy = ada.clone();
        copy.post_form("/api/confirm_password", &[("password", PASSWORD), ("next", "/")]).await;
        assert_eq!(next(&mut page).await, None, "under another token the old one is no key any more");
        assert_eq!(ada.get(EVENTS).await.status, 401);
        let (mut page, _) = follows(&copy, "?event=set_up").await;
        users::demote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        assert_eq!(next(&mut page).await, None, "an administrator no more");
        users::promote(&app.core, &actor::on_this_machine(), &app.user("ada").await).await.unwrap();
        let (mut page, _) = follows(&copy, "?event=set_up").await;
        copy.post_logout().await;
        assert_eq!(next(&mut page).await, None, "signed out");
    }
}

/// A closed page releases its slot.
#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_followers_is_limited() {
    let app = TestApp::with_an_administrator(|config| {
        config.http.watchers.per_session = 2 * MAX_AUDIT_STREAMS;
    })
    .await;
    let root = app.signed_in("root").await;
    let mut pages = Vec::new();
    for _ in 0..MAX_AUDIT_STREAMS {
        pages.push(follows(&root, "").await);
    }
    let refused = root.listen(EVENTS).await;
    assert_eq!(refused.answer.status, 503);
    pages.pop();
    let deadline = tokio::time::timeout(NOTICE_TIMEOUT, async {
        while root.listen(EVENTS).await.answer.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    deadline.await.expect("a free slot again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_script_a_page_that_follows_loads_itself_again() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut root = app.signed_in("root").await;
    let refreshes = "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>";
    for (query, is_followed) in [
        ("", false),
        ("?follow=on", true),
        ("?user=ada&follow=on", true),
        ("?until=2026-09-21&follow=on", false),
        ("?follow=on&before=1&id=1", true),
    ] {
        let page = root.get(&format!("/admin/activity{query}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.text().contains(refreshes), is_followed, "{query}");
        assert_eq!(visible_text(&page).contains("Stop"), is_followed, "{query}");
    }
    app.set_clock(CONFIRM_AFTER);
    let late = root.get("/admin/activity?follow=on").await;
    assert_redirect(&late, "/account/confirm?next=/admin/activity?follow=on");
}
