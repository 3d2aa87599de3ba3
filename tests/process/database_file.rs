//! The database file: changes while the server runs, and its creation.

use crate::{
    program::{Home, sign_in},
    support::PASSWORD,
};
use std::{fs, path::Path};

#[tokio::test]
async fn with_its_file_removed_nobody_is_let_in() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    fs::remove_dir_all(
        Path::new(home.database.address.trim_start_matches("sqlite:"))
            .parent()
            .unwrap(),
    )
    .unwrap();
    let mut browser = server.browser();
    assert_eq!(browser.get("/healthz").await.status, 200);
    let answer = sign_in(&mut browser, "ada", PASSWORD).await;
    assert_eq!(
        browser.session(),
        None,
        "signed in to a file that is gone: {answer:?}"
    );
    assert_eq!(server.dashboard_with(&token).await.status, 503);
    assert_eq!(browser.get("/readyz").await.status, 503);
}

/// An administrator restores a backup while the server runs, and then disables an account.
#[tokio::test]
async fn ends_by_the_command_line_hold_after_the_file_was_replaced() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let file = home
        .database
        .address
        .trim_start_matches("sqlite:")
        .to_owned();
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    // A complete copy (checkpointed), moved over the original.
    let mut c = <sqlx::SqliteConnection as sqlx::Connection>::connect(&home.database.address)
        .await
        .unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("VACUUM INTO '{file}.copy'")))
        .execute(&mut c)
        .await
        .unwrap();
    drop(c);
    fs::rename(format!("{file}.copy"), &file).unwrap();
    let _ = fs::remove_file(format!("{file}-wal"));
    let _ = fs::remove_file(format!("{file}-shm"));
    home.run(&["user", "disable", "ada"])
        .succeeds()
        .reports("1 session ended");
    let status = server.dashboard_with(&token).await.status;
    assert_ne!(
        status, 200,
        "the account was disabled, and its session continues"
    );
}

#[tokio::test]
async fn a_refused_name_makes_no_database() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_DATABASE_URL", "sqlite:data/v.db");
    home.run_with_input(&["user", "create", "a b", "--password-stdin"], PASSWORD)
        .fails(1, &["A username has letters and digits"]);
    assert!(!home.folder.join("data").exists());
}
