//! The database file among other files: restored from an older copy, backed up, and used by others.

mod backup;
mod others;

use crate::{
    program::{Home, Server},
    support::http::{ACCEPT_PAGE, Request, SESSION_COOKIE, send},
};
use sqlx::{Connection, SqliteConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const RESTORED: &str = "restored from an earlier state";
const REASON: &str = "You were signed out because the server was restored from a backup.";

/// The text of the sign-in page for a browser with this cookie.
async fn sign_in_page(server: &Server, token: &str) -> String {
    let request = Request::get("/login?next=/dashboard")
        .header("accept", ACCEPT_PAGE)
        .header("cookie", &format!("{SESSION_COOKIE}={token}"));
    send(server.address, request).await.text()
}

fn sidecar(file: &Path, ending: &str) -> PathBuf {
    format!("{}{ending}", file.display()).into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

async fn execute(home: &Home, sql: &'static str) {
    let mut connection = SqliteConnection::connect(&home.database.address)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Signs in, stops, copies the file, and restarts the server: from then on the copy is older.
async fn a_file_from_before(home: &Home) -> (String, Vec<u8>) {
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    let log = server.stop();
    assert!(
        !log.contains(".heartbeat"),
        "a new file has no heartbeat file: {log}"
    );
    let before = fs::read(home.database_file()).unwrap();
    let server = home.serve();
    server.lets_in(&token).await;
    let log = server.stop();
    assert!(
        !log.contains(RESTORED) && !log.contains(".heartbeat"),
        "{log}"
    );
    (token, before)
}

#[tokio::test]
async fn sessions_revived_by_an_older_file_end_at_the_start() {
    let home = Home::on_sqlite().await;
    let (token, before) = a_file_from_before(&home).await;
    home.run(&["user", "invite", "grace"]).succeeds();
    fs::write(home.database_file(), &before).unwrap();
    execute(
        &home,
        "INSERT INTO password_links SELECT id, 'reset', 'x', 1, 9e15, NULL FROM users",
    )
    .await;
    // Commands open the file as well: they neither hide nor resolve it.
    home.run(&["user", "list"]).succeeds();
    let server = home.serve();
    let log = server.log_with(RESTORED);
    for words in [
        "sessions=1",
        "roles",
        "disable accounts again",
        "password links",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    server.refuses(&token).await;
    assert!(sign_in_page(&server, &token).await.contains(REASON));
    let new = server.signed_in("ada").await.session().unwrap().to_owned();
    server.stop();
    let listed = home.run(&["session", "list", "--json"]).succeeds().json();
    assert_eq!(listed[1]["end_reason"], "restored", "{listed:?}");
    // Once.
    let server = home.serve();
    server.lets_in(&new).await;
    assert!(!server.stop().contains(RESTORED));
}

/// The same with events in between: `kill -9`, and a command before the start.
#[tokio::test]
async fn a_file_in_use_is_not_mistaken_for_an_older_one() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    server.kill();
    for _ in 0..3 {
        home.run(&["user", "list"]).succeeds();
        let server = home.serve();
        server.lets_in(&token).await;
        server.kill();
    }
    // A server that was interrupted after the database file and before the file beside it.
    execute(&home, "UPDATE heartbeat SET beats = beats + 1").await;
    let server = home.serve();
    server.lets_in(&token).await;
    // Two servers on one file.
    let other = home.serve();
    other.lets_in(&token).await;
    for log in [server.stop(), other.stop()] {
        assert!(
            !log.contains(RESTORED) && !log.contains(".heartbeat"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn without_a_heartbeat_file_there_is_a_warning_and_a_new_one() {
    let home = Home::on_sqlite().await;
    let (token, _) = a_file_from_before(&home).await;
    let heartbeat = sidecar(&home.database_file(), ".heartbeat");
    assert_eq!(mode(&heartbeat), 0o600);
    for (content, words) in [
        (None, "there is no .heartbeat"),
        (Some("\0?"), "cannot be read"),
    ] {
        match content {
            None => fs::remove_file(&heartbeat).unwrap(),
            Some(content) => fs::write(&heartbeat, content).unwrap(),
        }
        let server = home.serve();
        let log = server.log_with(words);
        assert!(log.contains("vestibule session end --all"), "{log}");
        server.lets_in(&token).await;
        server.stop();
        let log = home.serve().stop();
        assert!(!log.contains("heartbeat"), "there is one again: {log}");
    }
}

/// The folder of the heartbeat file is read-only, or full.
#[tokio::test]
async fn a_heartbeat_that_cannot_be_written_keeps_nobody_out() {
    let home = Home::on_sqlite().await;
    let (token, _) = a_file_from_before(&home).await;
    // A folder of that name fails for root as well.
    let new = sidecar(&home.database_file(), ".heartbeat.new");
    fs::create_dir(&new).unwrap();
    let server = home.serve();
    server.log_with("the heartbeat could not be written");
    server.lets_in(&token).await;
    server.stop();
    fs::remove_dir(&new).unwrap();
    let log = home.serve().stop();
    assert!(!log.contains("heartbeat"), "{log}");
}

/// By the file beside the database, which records when it was in use.
#[tokio::test]
async fn a_clock_that_does_not_fit_the_file_is_reported() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    for (at, words) in [
        (4_000_000_000_000_i64, "it is behind"),
        (1_000_000_000_000, "clock is ahead"),
    ] {
        let heartbeat = sidecar(&home.database_file(), ".heartbeat");
        fs::write(heartbeat, format!("0 {at}\n")).unwrap();
        home.run(&["config", "check"]).succeeds().reports(words);
        let server = home.serve();
        server.log_with(words);
        // It still answers.
        assert_eq!(server.browser().get("/readyz").await.status, 200);
        server.signed_in("ada").await;
        server.stop();
        execute(&home, "UPDATE heartbeat SET known_at = 0").await;
    }
}
