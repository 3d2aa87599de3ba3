//! `vestibule key …`, beside a running server and after a restore.

use crate::{
    on_both_engines,
    program::{Home, Server},
};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use std::fs;

const CREATE: [&str; 7] = [
    "key",
    "create",
    "ada",
    "--name",
    "Nightly",
    "--scope",
    "profile:read",
];

fn listed(home: &Home, more: &[&str]) -> Vec<Value> {
    let arguments = [&["key", "list", "--json"], more].concat();
    home.run(&arguments).succeeds().json()
}

fn id_of(key: &str) -> String {
    key.split('_').nth(1).expect("a key").to_owned()
}

/// The status of a sign-in with a key.
async fn status(server: &Server, key: &str) -> u16 {
    let answer = server
        .browser()
        .fetch_form("/api/login_with_key", &[("key", key)])
        .await;
    answer.status
}

on_both_engines! {
    /// Only the key goes to standard output, for a program; everything else is for a person.
    async fn a_key_is_printed_once(database: TestDatabase) {
        let home = Home::new(database).with("VESTIBULE_KEYS__SIGN_IN", "true");
        home.create_user("ada");
        let made = home.run(&CREATE).succeeds().reports("Copy this access key of ada now. It is shown once");
        let key = made.stdout.strip_suffix('\n').expect("one line").to_owned();
        assert_eq!((key.len(), key.lines().count()), (110, 1), "nothing but the key");
        assert!(key.starts_with("vst_"));
        let server = home.serve();
        assert_eq!(status(&server, &key).await, 200);
        let rows = listed(&home, &[]);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["id"], id_of(&key));
        for (name, value) in [("user", "ada"), ("name", "Nightly"), ("scopes", "profile:read"), ("state", "live")] {
            assert_eq!(rows[0][name], value, "{name}");
        }
        assert!(rows[0]["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(rows[0]["revoke_reason"], Value::Null);
        let secret = key.split('_').nth(2).unwrap();
        let log = server.stop();
        for arguments in [&["key", "list"][..], &["key", "list", "--json"], &["key", "list", "--user", "ada"], &["activity", "--json"]] {
            let shown = home.run(arguments).succeeds();
            assert!(!format!("{shown:?}").contains(secret), "{arguments:?}");
        }
        assert!(!log.contains(secret), "{log}");
        let table = home.run(&["key", "list"]).succeeds().stdout;
        assert!(table.contains("Nightly") && table.contains(&id_of(&key)), "{table}");
    }

    async fn what_a_key_may_not_be_is_refused(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let with = |more: &[&'static str]| [&["key", "create", "ada", "--name", "x"], more].concat();
        home.run(&["key", "create", "nobody", "--name", "x", "--scope", "profile:read"]).fails(1, &["there is no account"]);
        home.run(&with(&[])).fails(2, &["--scope"]);
        home.run(&with(&["--scope", "profile:erase"])).fails(2, &["possible values", "profile:read"]);
        home.run(&with(&["--scope", "users:read"])).fails(1, &["role of an administrator"]);
        home.run(&with(&["--scope", "profile:read", "--last-day", "2020-01-01"])).fails(1, &["Choose a last day"]);
        home.run(&with(&["--scope", "profile:read", "--network", "example.org"])).fails(1, &["A network is"]);
        for network in ["", " ", ",", "10.0.0.0/8 0.0.0.0/0"] {
            home.run(&with(&["--scope", "profile:read", "--network", network])).fails(1, &["A network is"]);
        }
        home.run(&["key", "create", "ada", "--name", " ", "--scope", "profile:read"]).fails(1, &["Enter a name of at most 64 characters"]);
        home.run(&["user", "disable", "ada"]).succeeds();
        home.run(&CREATE).fails(1, &["disabled"]);
        assert!(listed(&home, &[]).is_empty());
        home.run(&["user", "enable", "ada"]).succeeds();
        let networks = ["--scope", "profile:read", "--scope", "sessions:read", "--network", "192.0.2.7", "--network", "10.0.0.0/8"];
        home.run(&with(&networks)).succeeds();
        let row = listed(&home, &[]).remove(0);
        assert_eq!((&row["scopes"], &row["networks"]), (&Value::from("profile:read sessions:read"), &serde_json::json!(["192.0.2.7/32", "10.0.0.0/8"])));
    }

    async fn keys_are_revoked_one_by_one_or_all_of_an_account(database: TestDatabase) {
        let home = Home::new(database).with("VESTIBULE_KEYS__SIGN_IN", "true");
        home.create_user("ada");
        home.create_user("grace");
        let make = || home.run(&CREATE).succeeds().stdout.trim().to_owned();
        let keys = [make(), make(), make()];
        let of_grace = [&["key", "create", "grace"], &CREATE[3..]].concat();
        let of_grace = home.run(&of_grace).succeeds().stdout.trim().to_owned();
        let server = home.serve();
        let mut program = server.browser();
        assert_eq!(program.fetch_form("/api/login_with_key", &[("key", &keys[0])]).await.status, 200);
        assert_eq!(program.get("/dashboard").await.status, 200);
        home.run(&["key", "revoke", &id_of(&keys[0])]).succeeds().reports("The access key is revoked.");
        assert_eq!(program.get("/dashboard").await.status, 303, "at the next request");
        assert_eq!((status(&server, &keys[0]).await, status(&server, &keys[1]).await), (401, 200));
        home.run(&["key", "revoke", &id_of(&keys[0])]).succeeds().reports("was already revoked");
        home.run(&["key", "revoke", &keys[0]]).succeeds().reports("was already revoked");
        home.run(&["key", "revoke", "vst_"]).fails(1, &["no access key with this id"]);
        home.run(&["key", "revoke", "0123"]).fails(1, &["no access key with this id"]);
        home.run(&["key", "revoke"]).fails(2, &["help"]);
        home.run(&["key", "revoke", "--user", "ADA"]).succeeds().reports("Revoked 2 access keys of ada.");
        assert_eq!((status(&server, &keys[2]).await, status(&server, &of_grace).await), (401, 200));
        server.stop();
        let states = |more: &[&str]| listed(&home, more).iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(states(&[]), ["live", "revoked", "revoked", "revoked"]);
        assert_eq!(states(&["--live"]), ["live"]);
        assert_eq!(states(&["--user", "ada"]), ["revoked", "revoked", "revoked"]);
        assert_eq!(states(&["--user", "ada", "--live"]), Vec::<String>::new());
        assert_eq!(listed(&home, &["--user", "ada"])[0]["revoke_reason"], "by_admin");
        let events = home.run(&["activity", "--json", "--event", "access_key_revoked"]).succeeds().json();
        assert_eq!(events.len(), 3);
        assert_eq!((&events[0]["source"], &events[0]["key_name"]), (&Value::from("command"), &Value::from("Nightly")));
        let table = home.run(&["activity", "--event", "access_key_revoked"]).succeeds().stdout;
        assert!(table.contains("  KEY  ") && table.contains("  Nightly  "), "{table}");
    }

    /// After PostgreSQL was restored; a file is recognised by itself.
    async fn all_keys_are_suspended_until_each_is_confirmed(database: TestDatabase) {
        let home = Home::new(database).with("VESTIBULE_KEYS__SIGN_IN", "true");
        home.create_user("ada");
        let keys = [(); 2].map(|()| home.run(&CREATE).succeeds().stdout.trim().to_owned());
        home.run(&["key", "suspend"]).fails(2, &["--all"]);
        home.run(&["key", "confirm", &id_of(&keys[0])]).fails(1, &["not suspended"]);
        let server = home.serve();
        let mut program = server.browser();
        assert_eq!(program.fetch_form("/api/login_with_key", &[("key", &keys[0])]).await.status, 200);
        assert_eq!(program.get("/dashboard").await.status, 200);
        home.run(&["key", "suspend", "--all"]).succeeds().reports("Suspended 2 access keys until they are confirmed.");
        assert_eq!(program.get("/dashboard").await.status, 303, "its session ends with the key");
        home.run(&["key", "suspend", "--all"]).succeeds().reports("Suspended 0 access keys");
        assert_eq!(status(&server, &keys[0]).await, 401);
        home.run(&["key", "confirm", &id_of(&keys[0])]).succeeds().reports("The access key is valid again.");
        assert_eq!((status(&server, &keys[0]).await, status(&server, &keys[1]).await), (200, 401));
        home.run(&["key", "confirm", "0123"]).fails(1, &["no access key with this id"]);
        server.stop();
        let states = listed(&home, &[]).iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(states, ["suspended", "live"]);
    }

    async fn a_key_signs_in_nowhere_unless_it_is_turned_on(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let key = home.run(&CREATE).succeeds().stdout;
        let server = home.serve();
        assert_eq!(status(&server, key.trim()).await, 404);
    }
}

/// The file is older than the heartbeat beside it: a key that was revoked since then would be valid again.
#[tokio::test]
async fn keys_revived_by_an_older_file_are_suspended_at_the_start() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_KEYS__SIGN_IN", "true");
    home.create_user("ada");
    let key = home.run(&CREATE).succeeds().stdout.trim().to_owned();
    let server = home.serve();
    assert_eq!(status(&server, &key).await, 200);
    server.stop();
    let before = fs::read(home.database_file()).unwrap();
    let server = home.serve();
    assert_eq!(status(&server, &key).await, 200);
    server.stop();
    home.run(&["key", "revoke", &id_of(&key)]).succeeds();
    fs::write(home.database_file(), &before).unwrap();
    let server = home.serve();
    let log = server.log_with("restored from an earlier state");
    assert!(log.contains("access keys are suspended"), "{log}");
    assert_eq!(status(&server, &key).await, 401);
    let anew = home.run(&CREATE).succeeds().stdout;
    assert_eq!(
        status(&server, anew.trim()).await,
        200,
        "one that was made anew"
    );
    home.run(&["key", "confirm", &id_of(&key)]).succeeds();
    assert_eq!(status(&server, &key).await, 200);
    server.stop();
    let server = home.serve();
    assert_eq!(status(&server, &key).await, 200, "once");
}

#[tokio::test]
async fn a_restore_suspends_the_keys_of_the_backup() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_KEYS__SIGN_IN", "true");
    home.create_user("ada");
    let key = home.run(&CREATE).succeeds().stdout.trim().to_owned();
    let backup = home.folder.join("b.db");
    let backup = backup.to_str().unwrap();
    home.run(&["backup", backup]).succeeds();
    home.run(&["key", "revoke", &id_of(&key)]).succeeds();
    home.run(&["restore", backup])
        .succeeds()
        .reports("access keys are suspended");
    assert_eq!(listed(&home, &[])[0]["state"], "suspended");
    let server = home.serve();
    assert_eq!(status(&server, &key).await, 401);
    // In the backup itself nothing has changed.
    let mut copy = SqliteConnection::connect(&format!("sqlite:{backup}"))
        .await
        .unwrap();
    let suspended: Vec<Option<i64>> = sqlx::query_scalar("SELECT suspended_at FROM access_keys")
        .fetch_all(&mut copy)
        .await
        .unwrap();
    assert_eq!(suspended, [None]);
}
