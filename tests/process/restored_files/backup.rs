//! `vestibule backup` and `vestibule restore`.

use super::{REASON, RESTORED, mode, sidecar, sign_in_page};
use crate::{
    program::Home,
    support::database::{Engine, TestDatabase},
};
use sqlx::{Connection, SqliteConnection};
use std::{fs, path::Path};

#[tokio::test]
async fn a_backup_is_whole_private_and_never_in_the_place_of_another_file() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    server.signed_in("ada").await;
    let target = home.folder.join("b.db");
    let target_name = target.to_str().unwrap();
    home.run(&["backup", target_name])
        .succeeds()
        .reports("password hashes");
    assert_eq!(mode(&target), 0o600);
    let first = fs::read(&target).unwrap();
    home.run(&["backup", target_name]).fails(1, &["exists"]);
    assert!(fs::read(&target).unwrap() == first);
    let nowhere = home.folder.join("no/such/folder/b.db");
    home.run(&["backup", nowhere.to_str().unwrap()])
        .fails(1, &["No such file"]);
    // No partial file is left, of the refused ones either.
    let left = fs::read_dir(&home.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["b.db"]);
    server.stop();
    let copy = format!("sqlite:{target_name}");
    let mut copy = SqliteConnection::connect(&copy).await.unwrap();
    let users: Vec<String> = sqlx::query_scalar("SELECT username FROM users")
        .fetch_all(&mut copy)
        .await
        .unwrap();
    assert_eq!(users, ["ada"]);
}

#[tokio::test]
async fn a_restore_is_the_backup_with_all_its_sessions_ended() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    let backup = home.folder.join("b.db");
    let backup = backup.to_str().unwrap();
    home.run(&["backup", backup]).succeeds();
    home.create_user("grace");
    home.run(&["restore", backup])
        .fails(1, &["is in use", "Stop it first"]);
    server.lets_in(&token).await;
    // With a journal that would be applied to the copy.
    server.kill();
    let file = home.database_file();
    assert!(fs::metadata(sidecar(&file, "-wal")).unwrap().len() > 0);
    home.run(&["restore", backup])
        .succeeds()
        .reports("1 session had not ended in it")
        .reports("roles");
    assert_eq!(mode(&file), 0o600);
    let listed = home.run(&["user", "list", "--json"]).succeeds().json();
    assert_eq!(listed.len(), 1, "grace came later: {listed:?}");
    let server = home.serve();
    server.refuses(&token).await;
    assert!(sign_in_page(&server, &token).await.contains(REASON));
    server.signed_in("ada").await;
    let log = server.stop();
    assert!(!log.contains(RESTORED), "it was settled: {log}");
    let folder = file.parent().unwrap();
    let mut left: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "test.db",
            "test.db.heartbeat",
            "test.db.lock",
            "test.db.sealing-key"
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_no_backup_is_not_restored() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let file = home.database_file();
    let intact = fs::read(&file).unwrap();
    let (bad, file_name) = (home.folder.join("bad.db"), file.to_str().unwrap());
    let bad_name = bad.to_str().unwrap();
    home.run(&["restore", bad_name]).fails(1, &["No such file"]);
    home.run(&["restore", file_name])
        .fails(1, &["the database itself"]);
    let mut damaged = intact.clone();
    damaged[4_096..].fill(0xa5);
    for content in [b"no database".repeat(1_000), damaged] {
        fs::write(&bad, content).unwrap();
        home.run(&["restore", bad_name]).fails(1, &["damaged"]);
        assert!(fs::read(&file).unwrap() == intact);
        home.run(&["user", "show", "ada"]).succeeds();
    }
    // On a machine that has no database yet.
    fs::write(&bad, &intact).unwrap();
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    home.run(&["restore", bad_name]).succeeds();
    home.run(&["user", "show", "ada"]).succeeds();
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    let log = home.serve().stop();
    assert!(
        !log.contains("heartbeat") && !log.contains(RESTORED),
        "{log}"
    );
}

/// Damages the first page of the accounts. Opening the file does not read it.
async fn damage_file(file: &Path) {
    let address = format!("sqlite:{}", file.display());
    let mut connection = SqliteConnection::connect(&address).await.unwrap();
    const PAGE: &str = "SELECT rootpage FROM sqlite_master WHERE name = 'users'";
    let page: i64 = sqlx::query_scalar(PAGE)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let size: i64 = sqlx::query_scalar("PRAGMA page_size")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut bytes = fs::read(file).unwrap();
    let (begin, size) = (
        usize::try_from((page - 1) * size).unwrap(),
        usize::try_from(size).unwrap(),
    );
    bytes[begin..begin + size].fill(0xa5);
    fs::write(file, bytes).unwrap();
}

/// Damage that is met midway leaves no partial copy, under any name.
#[tokio::test]
async fn a_failed_copy_leaves_no_file() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let (first, second) = (home.folder.join("a.db"), home.folder.join("b.db"));
    home.run(&["backup", first.to_str().unwrap()]).succeeds();
    let file = home.database_file();
    let intact = fs::read(&file).unwrap();
    damage_file(&file).await;
    home.run(&["backup", second.to_str().unwrap()])
        .fails(1, &["damaged"]);
    let left = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(left(&home.folder), ["a.db"]);
    // Such damage in a backup is found before it is restored.
    fs::write(&file, &intact).unwrap();
    let before = left(file.parent().unwrap());
    damage_file(&first).await;
    home.run(&["restore", first.to_str().unwrap()])
        .fails(1, &["damaged"]);
    assert!(fs::read(&file).unwrap() == intact);
    assert_eq!(left(file.parent().unwrap()), before);
}

#[tokio::test]
async fn with_postgres_backup_and_restore_name_its_own_programs() {
    let home = Home::new(TestDatabase::new(Engine::Postgres).await);
    home.create_user("ada");
    home.run(&["backup", "b"]).fails(1, &["pg_dump"]);
    home.run(&["restore", "b"]).fails(
        1,
        &[
            "pg_restore",
            "vestibule key suspend --all",
            "vestibule session end --all",
        ],
    );
    assert!(!home.folder.join("b").exists());
}

/// A backup that was copied over the file beside the journal of the previous one.
#[tokio::test]
async fn a_damaged_file_beside_a_journal_is_reported() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    server.signed_in("ada").await;
    server.kill();
    let file = home.database_file();
    let wal = sidecar(&file, "-wal");
    assert!(fs::metadata(&wal).unwrap().len() > 0);
    fs::write(&file, b"something else".repeat(1_000)).unwrap();
    for command in [&["serve"][..], &["session", "list"]] {
        home.run(command)
            .fails(1, &["damaged", "test.db-wal", "vestibule restore FILE"]);
    }
}
