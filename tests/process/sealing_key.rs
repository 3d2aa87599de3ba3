//! The sealing key of a server: made, given, lost, and broken.

use crate::{
    program::{Home, Server},
    support::{
        SEALING_KEY,
        database::{Engine, TestDatabase},
    },
};
use sqlx::{Connection, SqliteConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

const NONE: &str = "issues no access tokens";
const MADE: &str = "a sealing key for the signing keys was created";
const CHANGED: &str = "sealed with another sealing key";

fn key_file(home: &Home) -> PathBuf {
    format!("{}.sealing-key", home.database_file().display()).into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Waits until there are this many signing keys.
async fn signing_keys(home: &Home, expected: i64) {
    let mut connection = SqliteConnection::connect(&home.database.address)
        .await
        .unwrap();
    for _ in 0..600 {
        let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM signing_keys")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if found == expected {
            return;
        }
        assert!(found < expected, "{found} signing keys");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server has not made its signing key");
}

async fn session_of_ada(server: &Server) -> String {
    let browser = server.signed_in("ada").await;
    browser.session().expect("a session").to_owned()
}

#[tokio::test]
async fn the_first_start_makes_a_private_file() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    assert!(!key_file(&home).exists(), "a command needs no key");
    let server = home.serve();
    let file = key_file(&home);
    assert_eq!(mode(&file), 0o600);
    let content = fs::read_to_string(&file).unwrap();
    assert_eq!(content.trim_end().len(), 64);
    signing_keys(&home, 1).await;
    let backup = home.folder.join("b.db");
    home.run(&["backup", backup.to_str().unwrap()]).succeeds();
    let copied = fs::read(&backup).unwrap();
    let digits = content.trim_end().as_bytes();
    assert!(!copied.windows(64).any(|window| window == digits));
    let log = server.stop();
    assert!(log.contains(MADE) && !log.contains(NONE), "{log}");
    assert!(!log.contains(content.trim_end()), "{log}");
    let server = home.serve();
    signing_keys(&home, 1).await;
    let log = server.stop();
    assert!(!log.contains(MADE) && !log.contains(CHANGED), "{log}");
    assert_eq!(fs::read_to_string(&file).unwrap(), content);
}

#[tokio::test]
async fn a_lost_key_signs_nobody_out() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let token = session_of_ada(&server).await;
    signing_keys(&home, 1).await;
    server.stop();
    fs::remove_file(key_file(&home)).unwrap();
    let server = home.serve();
    server.lets_in(&token).await;
    signing_keys(&home, 2).await;
    let log = server.stop();
    assert_eq!(log.matches(CHANGED).count(), 1, "{log}");
    let log = home.serve().stop();
    assert!(!log.contains(CHANGED), "it was reported: {log}");
}

/// People sign in without access tokens, and the file may be the right one with a typing error.
#[tokio::test]
async fn a_broken_file_takes_the_tokens_and_nothing_else() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let file = key_file(&home);
    fs::write(&file, "5ea1ed").unwrap();
    home.run(&["config", "check"])
        .succeeds()
        .reports("holds no sealing key");
    let server = home.serve();
    server.lets_in(&session_of_ada(&server).await).await;
    let log = server.stop();
    assert!(
        log.contains("no access tokens are issued") && log.contains("holds no sealing key"),
        "{log}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "5ea1ed");
    let elsewhere = home.folder.join("seal");
    let home = home.with(
        "VESTIBULE_TOKENS__SEALING_KEY_FILE",
        elsewhere.to_str().unwrap(),
    );
    home.run(&["config", "check"])
        .succeeds()
        .reports("cannot be read");
    let log = home.serve().stop();
    assert!(log.contains("no access tokens are issued"), "{log}");
    assert!(!elsewhere.exists(), "a configured file is never made");
    fs::write(&elsewhere, SEALING_KEY).unwrap();
    fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o644)).unwrap();
    home.run(&["config", "check"])
        .succeeds()
        .reports("has the mode 0644");
    let log = home.serve().stop();
    assert!(
        log.contains("has the mode 0644") && !log.contains("no access tokens are issued"),
        "{log}"
    );
}

#[tokio::test]
async fn a_key_of_the_environment_needs_no_file() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_TOKENS__SEALING_KEY", SEALING_KEY);
    let server = home.serve();
    signing_keys(&home, 1).await;
    let log = server.stop();
    assert!(!key_file(&home).exists());
    assert!(!log.contains(SEALING_KEY), "{log}");
    let home = home.with("VESTIBULE_TOKENS__SEALING_KEY", &SEALING_KEY[1..]);
    let refused = home
        .run(&["serve"])
        .fails(1, &["VESTIBULE_TOKENS__SEALING_KEY must be 64"]);
    assert!(!refused.stderr.contains(&SEALING_KEY[1..]), "{refused:?}");
}

#[tokio::test]
async fn postgresql_needs_a_configured_key_for_tokens_alone() {
    let home = Home::new(TestDatabase::new(Engine::Postgres).await);
    home.create_user("ada");
    let server = home.serve();
    server.lets_in(&session_of_ada(&server).await).await;
    let log = server.stop();
    assert_eq!(log.matches(NONE).count(), 1, "{log}");
    let home = home.with("VESTIBULE_TOKENS__SEALING_KEY", SEALING_KEY);
    let server = home.serve();
    server.log_with("a new signing key");
    let log = server.stop();
    assert!(!log.contains(NONE), "{log}");
}
