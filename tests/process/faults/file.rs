//! Faults of an SQLite file: full disk, locked, missing, damaged.

use super::{
    NOTICE_TIMEOUT, all_is_well, assert_unavailable, end_by_command, in_time, nobody_signs_in,
    nobody_signs_out, recovers, the_process_is_well,
};
use crate::{
    program::{Home, Server},
    support::{PASSWORD, http::Browser},
};
use sqlx::{Connection, SqliteConnection};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const PAGE: usize = 4_096;

/// A server with one account, and a signed-in browser.
async fn one_signed_in(home: &Home) -> (Server, Browser) {
    home.create_user("ada");
    let server = home.serve();
    let browser = server.signed_in("ada").await;
    (server, browser)
}

/// Another program at the same file.
async fn other_connection(home: &Home) -> SqliteConnection {
    SqliteConnection::connect(&home.database.address)
        .await
        .unwrap()
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// The sessions were used last some minutes ago, so that their next use is written.
async fn make_last_seen_due(home: &Home) {
    let earlier = "UPDATE sessions SET last_seen_at = last_seen_at - 300000";
    execute(&mut other_connection(home).await, earlier).await;
}

/// A limit of the process simulates the full disk: no file grows, and no block can be written. Its
/// signal, which a full disk does not send, is ignored.
#[tokio::test]
async fn with_a_full_disk_people_go_on_reading() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve_after("trap '' XFSZ");
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut left = server.signed_in("ada").await;
    let left_token = left.session().unwrap().to_owned();
    left.post_logout().await;
    make_last_seen_due(&home).await;

    server.limit_files(Some(0));
    server.lets_in(&token).await;
    server.log_with("last seen could not be written");
    nobody_signs_in(&server).await;
    // Any number of times: a failed request must not seem to succeed later.
    for _ in 0..5 {
        nobody_signs_out(&mut browser).await;
    }
    let input = [
        ("display_name", "Countess"),
        ("email", ""),
        ("description", ""),
    ];
    assert_unavailable(&in_time(browser.post_form("/api/update_profile", &input)).await);
    let passwords = [
        ("current_password", PASSWORD),
        ("new_password", "a new and longer password"),
    ];
    assert_unavailable(&in_time(browser.post_form("/api/change_password", &passwords)).await);
    for page in ["/dashboard", "/account/profile", "/account/password"] {
        let answer = in_time(browser.get(page)).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
        assert!(!answer.text().contains("Countess"), "it was not saved");
    }
    server.refuses(&left_token).await;
    // Pages are still shown; monitoring reports that the server cannot write.
    assert_eq!(server.browser().get("/readyz").await.status, 503);
    the_process_is_well(&server).await;

    server.limit_files(None);
    all_is_well(&server, &mut browser).await;
    // No failed transaction blocks writes of other programs.
    home.create_user("grace");
    server.refuses(&left_token).await;
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

/// Longer than the five seconds that a writer waits for its turn.
#[tokio::test]
async fn while_another_program_holds_the_file_people_go_on_reading() {
    let home = Home::on_sqlite().await;
    let (server, mut browser) = one_signed_in(&home).await;
    let token = browser.session().unwrap().to_owned();
    let mut holder = other_connection(&home).await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    let reading = async {
        for _ in 0..20 {
            let asked = Instant::now();
            server.lets_in(&token).await;
            assert!(asked.elapsed() < Duration::from_secs(4), "it waited");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::join!(
        reading,
        nobody_signs_in(&server),
        nobody_signs_out(&mut browser)
    );
    the_process_is_well(&server).await;
    execute(&mut holder, "ROLLBACK").await;
    all_is_well(&server, &mut browser).await;
}

/// More writers than connections: they are answered in time, and do not block reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_waits_for_the_file_is_answered_in_time_and_others_read_on() {
    let home = Home::on_sqlite().await;
    let (server, mut browser) = one_signed_in(&home).await;
    let reader = server.signed_in("ada").await;
    let token = reader.session().unwrap().to_owned();
    let mut holder = other_connection(&home).await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let mut one = browser.clone();
        crowd.spawn(async move { in_time(one.post_logout()).await });
    }
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let asked = Instant::now();
        server.lets_in(&token).await;
        assert!(asked.elapsed() < Duration::from_secs(2), "it waited");
    }
    assert!(crowd.try_join_next().is_none(), "all of them still wait");
    for answer in crowd.join_all().await {
        assert_unavailable(&answer);
    }
    execute(&mut holder, "ROLLBACK").await;
    all_is_well(&server, &mut browser).await;
}

/// The disk with the file is gone and comes back, or the file was moved away and back.
#[tokio::test]
async fn a_file_that_comes_back_is_used_again() {
    let whole_folder = |file: &Path| file.parent().unwrap().to_owned();
    let file_alone = |file: &Path| file.to_owned();
    let ways: [&dyn Fn(&Path) -> PathBuf; 2] = [&whole_folder, &file_alone];
    for what in ways {
        let home = Home::on_sqlite().await;
        let (server, mut browser) = one_signed_in(&home).await;
        let token = browser.session().unwrap().to_owned();
        let mut left = server.signed_in("ada").await;
        let left_token = left.session().unwrap().to_owned();
        left.post_logout().await;
        let file = home.database_file();
        let (here, away) = (what(&file), home.folder.join("away"));
        fs::rename(&here, &away).unwrap();

        assert_unavailable(&in_time(server.dashboard_with(&token)).await);
        assert_unavailable(&in_time(server.dashboard_with(&left_token)).await);
        nobody_signs_in(&server).await;
        nobody_signs_out(&mut browser).await;
        assert_eq!(server.browser().get("/readyz").await.status, 503);
        the_process_is_well(&server).await;
        assert!(!file.exists(), "an empty database in its place");

        fs::rename(&away, &here).unwrap();
        recovers(&server, &token).await;
        server.refuses(&left_token).await;
        all_is_well(&server, &mut browser).await;
    }
}

/// An open page continues while the file is away, and is notified of ends in the new file.
#[tokio::test]
async fn open_pages_are_notified_of_ends_in_a_file_that_came_back_or_was_replaced() {
    let home = Home::on_sqlite().await;
    let (server, browser) = one_signed_in(&home).await;
    let other = server.signed_in("ada").await;
    let (mut page, mut others) = (browser.watch().await, other.watch().await);
    let names = [page.lives().await, others.lives().await];
    let names = names.map(|event| event["session"].as_str().unwrap().to_owned());
    let (file, away) = (home.database_file(), home.folder.join("away"));
    fs::rename(&file, &away).unwrap();
    assert_eq!(browser.watch().await.answer.status, 503);
    fs::rename(&away, &file).unwrap();
    recovers(&server, browser.session().unwrap()).await;
    end_by_command(&home, &names[0]);
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, page.ended()).await;
    assert_eq!(reason.expect("notified in time"), "ended_by_admin");

    execute(
        &mut other_connection(&home).await,
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .await;
    fs::copy(&file, &away).unwrap();
    for suffix in ["-wal", "-shm"] {
        // SQLite may have removed them already.
        let _ = fs::remove_file(format!("{}{suffix}", file.display()));
    }
    fs::rename(&away, &file).unwrap();
    end_by_command(&home, &names[1]);
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, others.ended()).await;
    assert_eq!(reason.expect("notified in time"), "ended_by_admin");
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

/// Overwrites these pages of the file; the first one begins with the header.
fn damage_file(file: &Path, pages: impl IntoIterator<Item = usize>) {
    let mut bytes = fs::read(file).unwrap();
    for page in pages {
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xa5);
    }
    // In place: a running server has this very file open.
    let mut open = fs::OpenOptions::new().write(true).open(file).unwrap();
    std::io::Write::write_all(&mut open, &bytes).unwrap();
}

/// Any page of it: the damage is found at the start and not at the first request for the lost data.
#[tokio::test]
async fn a_damaged_file_is_refused_at_the_start_with_the_remedy() {
    let home = Home::on_sqlite().await;
    let (server, browser) = one_signed_in(&home).await;
    server.stop();
    let file = home.database_file();
    let intact = fs::read(&file).unwrap();
    let pages = intact.len() / PAGE;
    assert!(pages > 10, "{pages} pages");
    let damages = (0..pages)
        .map(|page| page..page + 1)
        .chain(std::iter::once(0..pages));
    for damage in damages {
        fs::write(&file, &intact).unwrap();
        damage_file(&file, damage.clone());
        let damaged = fs::read(&file).unwrap();
        let outcome = home
            .run(&["serve"])
            .fails(1, &["the database file is damaged", "Restore a backup"]);
        assert!(
            !outcome.stderr.contains("panicked"),
            "{damage:?}: {outcome:?}"
        );
        assert!(fs::read(&file).unwrap() == damaged, "{damage:?}: changed");
    }
    home.run(&["user", "list"])
        .fails(1, &["the database file is damaged", "Restore a backup"]);
    fs::write(&file, &intact).unwrap();
    home.serve().lets_in(browser.session().unwrap()).await;
}

/// A large file is read through while the server already answers.
#[tokio::test]
async fn damage_in_a_large_file_stops_the_server() {
    const SMALL: u64 = 8_000_000;
    let home = Home::on_sqlite().await;
    let (server, browser) = one_signed_in(&home).await;
    server.stop();
    let fill = "WITH RECURSIVE rows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < 4000) \
        INSERT INTO activity (id, at, event, source, address, user_agent, times) \
        SELECT 'row-' || n, 1000 * unixepoch(), 'signed-out', 'browser', '', printf('%.*c', 3000, 'x'), 1 FROM rows";
    execute(&mut other_connection(&home).await, fill).await;
    let file = home.database_file();
    assert!(fs::metadata(&file).unwrap().len() > SMALL);
    let server = home.serve();
    server.lets_in(browser.session().unwrap()).await;
    server.stop();

    let pages = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap() / PAGE;
    damage_file(&file, [pages - 1]);
    let (status, log) = home.serve().ended();
    assert_eq!(status.code(), Some(1), "{log}");
    for words in [
        "It listens on",
        "the database file is damaged",
        "Restore a backup",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
}

#[tokio::test]
async fn with_a_file_that_is_damaged_under_way_nobody_is_let_in() {
    let home = Home::on_sqlite().await;
    let (server, mut browser) = one_signed_in(&home).await;
    let token = browser.session().unwrap().to_owned();
    let file = home.database_file();
    // Everything is in the file and nothing in the journal, nor in the server's memory.
    let mut writer = other_connection(&home).await;
    for _ in 0..2 {
        execute(
            &mut writer,
            "UPDATE users SET description = description || 'x'",
        )
        .await;
        execute(&mut writer, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
    let intact = fs::read(&file).unwrap();
    damage_file(&file, 0..intact.len() / PAGE);

    assert_unavailable(&in_time(server.dashboard_with(&token)).await);
    nobody_signs_in(&server).await;
    nobody_signs_out(&mut browser).await;
    assert_eq!(server.browser().get("/readyz").await.status, 503);
    the_process_is_well(&server).await;
    drop(writer);
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
    home.run(&["serve"]).fails(1, &["Restore a backup"]);

    // As in docs/operations.md: stop, remove the journal, move the backup into place, start.
    for suffix in ["-wal", "-shm"] {
        // SQLite may have removed them already.
        let _ = fs::remove_file(format!("{}{suffix}", file.display()));
    }
    fs::write(&file, &intact).unwrap();
    let server = home.serve();
    server.lets_in(&token).await;
}
