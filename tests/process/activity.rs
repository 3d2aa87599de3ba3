//! The audit log, for an administrator and for a log collector.

use crate::{
    on_both_engines,
    program::{Home, sign_in},
    support::{PASSWORD, http::Request},
};
use serde_json::Value;
use std::fs;

/// A password entered in the wrong field.
const TYPED_BY_MISTAKE: &str = "canary typed as a name by mistake";

/// Event, reason, source and user of each entry, the oldest first.
fn summaries(entries: &[Value]) -> Vec<[String; 4]> {
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let summaries = entries
        .iter()
        .map(|entry| ["event", "reason", "source", "user"].map(|name| word(entry, name)));
    summaries.collect()
}

on_both_engines! {
    async fn events_are_listed_and_logged(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let server = home.serve_by(&["serve", "--log-format", "json"]);
        let mut browser = server.signed_in("ada").await;
        browser.post_logout().await;
        sign_in(&mut server.browser(), "ada", "canary wrong password").await;
        sign_in(&mut server.browser(), TYPED_BY_MISTAKE, PASSWORD).await;
        home.run(&["user", "disable", "ada"]).succeeds();
        home.run(&["user", "enable", "ada"]).succeeds();
        let expected = [
            ["user_created", "-", "command", "ada"],
            ["signed_in", "-", "browser", "ada"],
            ["session_ended", "signed_out", "browser", "ada"],
            ["sign_in_refused", "wrong_password", "browser", "ada"],
            ["sign_in_refused", "unknown_user", "browser", "-"],
            ["user_disabled", "-", "command", "ada"],
            ["user_enabled", "-", "command", "ada"],
        ];
        let mut listed = home.run(&["activity", "--json"]).succeeds().json();
        listed.reverse();
        assert_eq!(summaries(&listed), expected);
        for entry in &listed[1..5] {
            assert_eq!(entry["address"], "127.0.0.1");
        }
        assert!(listed[1]["session"].is_string() && listed[1]["session"] == listed[2]["session"]);
        let table = home.run(&["activity", "--user", "ada", "--limit", "2"]).succeeds().stdout;
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(table.contains("user_enabled") && table.contains("command"), "{table}");
        home.run(&["activity", "--user", "nobody"]).fails(1, &["there is no account"]);

        let log = server.stop();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let logged: Vec<_> = lines
            .filter(|line| line["target"] == "vestibule::activity")
            .map(|line| line["fields"].clone())
            .collect();
        assert_eq!(summaries(&logged), expected[1..5], "what the server did; a command writes to its own terminal");
        for secret in ["canary", PASSWORD] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

/// Visitors choose their user agent; an administrator reads it on a terminal, and a program line by
/// line.
#[tokio::test]
async fn json_holds_nothing_that_a_terminal_acts_on() {
    const AGENT: &str = "x\u{202e}y\u{2028}z\u{2067}\u{200f}\u{feff}\u{e0041}é";
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let login = Request::form("/api/login", &fields).header("user-agent", AGENT);
    assert_eq!(server.browser().send(login).await.status, 303);
    server.stop();
    for command in ["activity", "session"] {
        let listed = match command {
            "activity" => home.run(&["activity", "--json", "--event", "signed_in"]),
            _ => home.run(&["session", "list", "--json"]),
        };
        let listed = listed.succeeds();
        let raw = listed.stdout.find(|c: char| {
            (c.is_control() && c != '\n')
                || "\u{202e}\u{2028}\u{2067}\u{200f}\u{feff}\u{e0041}".contains(c)
        });
        assert_eq!(raw, None, "{:?}", listed.stdout);
        assert_eq!(listed.json()[0]["user_agent"], AGENT, "{command}");
    }
}

/// Input entered by mistake is not on the disk either.
#[tokio::test]
async fn the_database_holds_no_refused_input() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    for _ in 0..12 {
        sign_in(
            &mut server.browser(),
            TYPED_BY_MISTAKE,
            "canary wrong password",
        )
        .await;
        sign_in(&mut server.browser(), "ada", "canary wrong password").await;
    }
    server.stop();
    let throttled = home.run(&["activity", "--json"]).succeeds().json();
    let throttled = throttled
        .iter()
        .filter(|entry| entry["event"] == "sign_in_throttled");
    let times: u64 = throttled.filter_map(|entry| entry["times"].as_u64()).sum();
    assert_eq!(times, 4, "the counts are written at the stop");
    let path = home
        .database
        .address
        .trim_start_matches("sqlite:")
        .to_owned();
    for file in [path.clone(), format!("{path}-wal")] {
        // A clean stop removes the write-ahead log.
        let bytes = fs::read(&file).unwrap_or_default();
        for canary in ["canary", PASSWORD] {
            assert!(
                !bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_bytes()),
                "{canary} is in {file}"
            );
        }
    }
}
