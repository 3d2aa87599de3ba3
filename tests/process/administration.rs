//! The commands of an administrator who may be locked out, beside a running server.

use crate::{
    on_both_engines,
    program::{Home, Server, sign_in},
    support::PASSWORD,
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

const NEW: &str = "a new password, long enough";

fn shown(home: &Home, name: &str) -> Value {
    let mut shown = home
        .run(&["user", "show", name, "--json"])
        .succeeds()
        .json();
    shown.remove(0)
}

fn create_administrator(home: &Home, name: &str) {
    let arguments = ["user", "create", name, "--admin", "--password-stdin"];
    home.run_with_input(&arguments, PASSWORD).succeeds();
}

/// Whether this password signs in to the account.
async fn lets_in(server: &Server, name: &str, password: &str) -> bool {
    let answer = sign_in(&mut server.browser(), name, password).await;
    answer.header("location") != Some("/login") && answer.status < 400
}

on_both_engines! {
    async fn an_administrator_is_made_and_the_last_one_is_kept(database: TestDatabase) {
        let home = Home::new(database);
        create_administrator(&home, "root");
        home.create_user("ada");
        home.run(&["user", "promote", "ADA"]).succeeds().reports("ada is now an administrator");
        home.run(&["user", "promote", "ada"]).succeeds().reports("ada is already an administrator");
        assert_eq!(shown(&home, "ada")["admin"], true);
        home.run(&["user", "demote", "ada"]).succeeds().reports("ada is no longer an administrator");
        home.run(&["user", "demote", "ada"]).succeeds().reports("ada is not an administrator.");
        for arguments in [&["user", "demote", "root"][..], &["user", "disable", "root"], &["user", "delete", "root", "--yes"]] {
            home.run(arguments).fails(1, &["the last administrator"]);
        }
        assert_eq!(shown(&home, "root")["admin"], true);
        home.run(&["user", "promote", "ada"]).succeeds();
        home.run(&["user", "demote", "root"]).succeeds();
        home.run(&["user", "demote", "ada"]).fails(1, &["make another one first"]);
        for command in ["promote", "demote", "delete", "reset"] {
            home.run(&["user", command, "nobody"]).fails(1, &["there is no account"]);
        }
    }

    async fn an_account_is_deleted_when_its_name_is_typed_again(database: TestDatabase) {
        let home = Home::new(database);
        create_administrator(&home, "root");
        home.create_user("ada");
        let server = home.serve();
        let mut browser = server.signed_in("ada").await;
        for input in ["", "\n", "root\n", "ada2\n", "yes\n"] {
            home.run_with_input(&["user", "delete", "ada"], input).fails(1, &["Nothing was deleted", "--yes"]);
        }
        assert_eq!(browser.get("/dashboard").await.status, 200);
        home.run_with_input(&["user", "delete", "ada"], " ADA \n").succeeds().reports("ada is deleted; 1 session ended");
        assert_eq!(browser.get("/dashboard").await.status, 303);
        home.run(&["user", "show", "ada"]).fails(1, &["there is no account"]);
        let left = home.run(&["session", "list", "--json"]).succeeds().stdout;
        assert_eq!(left, "");
        let events = home.run(&["activity", "--json", "--event", "user_deleted"]).succeeds().json();
        assert_eq!((&events[0]["user"], events.len()), (&Value::from("ada"), 1));
        let all = home.run(&["activity", "--json", "--user", "Ada"]).succeeds().json();
        assert!(all.len() > 1 && all.iter().all(|row| row["user"] == "ada"), "{all:?}");
        home.run(&["activity", "--user", "nobody"]).fails(1, &["there is no account"]);
        home.create_user("ada");
        home.run(&["user", "delete", "ada", "--yes"]).succeeds();
    }

    /// What is not given stays, and the old username stays reserved.
    async fn an_account_is_edited(database: TestDatabase) {
        let home = Home::new(database);
        for name in ["ada", "eve"] {
            home.create_user(name);
        }
        let before = shown(&home, "ada");
        home.run(&["user", "edit", "ADA", "--username", "Lovelace"]).succeeds().reports("Lovelace was changed.");
        let renamed = shown(&home, "lovelace");
        assert_eq!(renamed["username"], "Lovelace");
        for kept in ["id", "email", "display_name", "created_at"] {
            assert_eq!(renamed[kept], before[kept], "{kept}");
        }
        home.run(&["user", "edit", "eve", "--username", "ada"]).fails(1, &["once did"]);
        let found = home.run(&["user", "show", "ada", "--json"]).succeeds().reports("Lovelace had this username before.");
        assert_eq!(found.json()[0]["id"], before["id"]);
        let entries = |name: &str| home.run(&["activity", "--user", name, "--json"]).succeeds().json();
        assert_eq!(entries("ada"), entries("lovelace"));
        home.run(&["user", "edit", "lovelace", "--email", "", "--display-name", "Ada L."]).succeeds();
        let edited = shown(&home, "lovelace");
        assert_eq!((&edited["email"], &edited["display_name"]), (&Value::Null, &Value::from("Ada L.")));
        home.run(&["user", "edit", "lovelace"]).fails(2, &["--username"]);
        let log = home.run(&["activity", "--json", "--event", "user_renamed"]).succeeds().json();
        assert_eq!((&log[0]["user"], &log[0]["previous_name"]), (&Value::from("Lovelace"), &Value::from("ada")));
    }

    /// The link is data: only the link goes to standard output, for a person and for a program.
    async fn a_link_is_printed_once(database: TestDatabase) {
        let home = Home::new(database);
        create_administrator(&home, "root");
        let invited = home.run(&["user", "invite", "ada", "--email", "ada@example.org", "--display-name", "Ada L."]).succeeds();
        invited.reports("It is shown once and works once");
        let user = shown(&home, "ada");
        assert_eq!((&user["has_password"], &user["display_name"]), (&Value::from(false), &Value::from("Ada L.")));
        let table = home.run(&["user", "list"]).succeeds().stdout;
        assert!(table.contains("invited"), "{table}");

        let again = home.run(&["user", "invite", "ADA", "--json"]).succeeds().json();
        assert_eq!((&again[0]["user"], &again[0]["purpose"]), (&Value::from("ada"), &Value::from("invitation")));
        let link = again[0]["link"].as_str().unwrap();
        let (page, secret) = link.split_once('#').unwrap();
        assert!(page.starts_with("http://") && page.ends_with("/password-link"), "{link}");
        assert_eq!(secret.len(), 35);
        assert!(again[0]["expires_at"].as_str().unwrap().ends_with('Z'));
        home.run(&["user", "invite", "ada", "--admin"]).fails(1, &["this account already exists"]);
        home.run(&["user", "reset", "ada"]).fails(1, &["no password yet", "user invite"]);
        home.run(&["user", "invite", "a b"]).fails(1, &["A username has letters and digits"]);
        home.run_with_input(&["user", "set-password", "ada", "--password-stdin"], NEW).succeeds();
        home.run(&["user", "invite", "ada"]).fails(1, &["already has a password", "user reset"]);
        let reset = home.run(&["user", "reset", "ada"]).succeeds();
        let lines: Vec<_> = reset.stdout.lines().collect();
        assert!(lines.len() == 1 && lines[0].contains("/password-link#"), "{lines:?}");
        home.run(&["user", "disable", "ada"]).succeeds();
        home.run(&["user", "reset", "ada"]).fails(1, &["disabled", "enable it first"]);

        let everything = home.run(&["activity", "--json"]).succeeds().stdout;
        for secret in [secret, lines[0].split_once('#').unwrap().1] {
            assert!(!everything.contains(secret), "{everything}");
        }
    }

    async fn nobody_signs_in_to_an_invited_account(database: TestDatabase) {
        let home = Home::new(database);
        create_administrator(&home, "root");
        home.run(&["user", "invite", "ada"]).succeeds();
        let server = home.serve();
        assert!(lets_in(&server, "root", PASSWORD).await);
        for password in [PASSWORD, NEW] {
            assert!(!lets_in(&server, "ada", password).await);
        }
    }

    async fn all_sessions_of_all_are_ended(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        home.create_user("grace");
        let server = home.serve();
        let mut browsers = [server.signed_in("ada").await, server.signed_in("grace").await, server.signed_in("ada").await];
        let would = home.run(&["session", "end", "--all", "--dry-run", "--json"]).succeeds().json();
        assert_eq!(would.len(), 3);
        let of_ada = home.run(&["session", "end", "--user", "ada", "--dry-run", "--json"]).succeeds().json();
        assert_eq!(of_ada.len(), 2);
        let id = would[0]["id"].as_str().unwrap();
        let table = home.run(&["session", "end", id, "--dry-run"]).succeeds().stdout;
        assert!(table.lines().count() == 2 && table.contains(id), "{table}");
        for browser in &mut browsers {
            assert_eq!(browser.get("/dashboard").await.status, 200, "a dry run ends nothing");
        }
        home.run(&["session", "end", "--all"]).succeeds().reports("Ended 3 sessions");
        for browser in &mut browsers {
            assert_eq!(browser.get("/dashboard").await.status, 303);
        }
        assert_eq!(home.run(&["session", "end", "--all", "--dry-run", "--json"]).succeeds().stdout, "");
        let ended = home.run(&["session", "end", id, "--dry-run", "--json"]).succeeds().stdout;
        assert_eq!(ended, "", "it has ended before");
        for arguments in [&["session", "end", "--all", "--user", "ada"][..], &["session", "end", "--all", id], &["session", "end", "--all", "--json"]] {
            home.run(arguments).fails(2, &[]);
        }
    }

    async fn accounts_are_searched_and_the_log_is_narrowed(database: TestDatabase) {
        let home = Home::new(database);
        for name in ["ada", "adam", "grace"] {
            home.create_user(name);
        }
        let names = |arguments: &[&str]| {
            let listed = home.run(arguments).succeeds().json();
            listed.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["user", "list", "--search", "AD", "--json"]), ["ada", "adam"]);
        assert!(names(&["user", "list", "--search", "x", "--json"]).is_empty());
        assert_eq!(names(&["user", "list", "--search", "ad adam", "--json"]), ["adam"]);
        assert!(names(&["user", "list", "--only", "disabled", "--json"]).is_empty());
        home.run(&["user", "list", "--only", "x"]).fails(2, &["never_signed_in"]);
        home.run(&["user", "disable", "ada"]).succeeds();
        assert_eq!(names(&["user", "list", "--only", "disabled", "--json"]), ["ada"]);
        assert_eq!(shown(&home, "ada")["last_sign_in_at"], Value::Null);
        let count = |arguments: &[&str]| {
            let arguments = [&["activity", "--json"], arguments].concat();
            home.run(&arguments).succeeds().json().len()
        };
        assert_eq!(count(&[]), 4);
        assert_eq!(count(&["--event", "user_created"]), 3);
        assert_eq!(count(&["--event", "user_created", "--user", "ada"]), 1);
        assert_eq!(count(&["--since", "1h"]), 4);
        assert_eq!(count(&["--since", "2099-01-01T00:00:00Z"]), 0);
        home.run(&["activity", "--event", "nonsense"]).fails(2, &["possible values", "user_created"]);
        home.run(&["activity", "--since", "yesterday"]).fails(2, &["neither an instant"]);
    }

    /// Events are written to the pipe of a follower, once each, for every process.
    async fn the_log_is_followed(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let server = home.serve();
        let mut following = home.start(&["activity", "--follow", "--json"]);
        let lines = BufReader::new(following.stdout.take().expect("a pipe")).lines();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let next = || {
            let line = receiver.recv_timeout(Duration::from_secs(20)).expect("a line in time");
            serde_json::from_str::<Value>(&line).unwrap()["event"].as_str().unwrap().to_owned()
        };
        assert_eq!(next(), "user_created");
        server.signed_in("ada").await;
        assert_eq!(next(), "signed_in");
        home.run(&["user", "disable", "ada"]).succeeds();
        let mut both = [next(), next()];
        both.sort_unstable();
        assert_eq!(both, ["session_ended", "user_disabled"]);
        home.run(&["user", "enable", "ada"]).succeeds();
        assert_eq!(next(), "user_enabled", "no entry is repeated");
        following.kill().expect("a running command");
        following.wait().expect("it ends");
    }
}
