//! The database of a command, present or missing.

use crate::{
    on_both_engines,
    program::Home,
    support::{PASSWORD, database::Engine},
};
use sqlx::Connection;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
};

on_both_engines! {
    async fn additions_of_a_newer_version_are_kept_and_removals_are_noticed(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        apply(&home, 9998, "labels of sessions").await;
        home.run(&["user", "list"]).succeeds();
        let server = home.serve();
        server.lets_in(server.signed_in("ada").await.session().unwrap()).await;
        let log = server.stop();
        assert!(log.contains("migrated by a newer version"), "{log}");

        apply(&home, 9999, "no more descriptions needs 9998").await;
        for arguments in [&["user", "list"][..], &["session", "list"], &["user", "disable", "ada"], &["serve"], &[]] {
            home.run(arguments).fails(1, &["newer version of Vestibule", "restore a backup"]);
        }
    }
}

/// A migration of a later version, by its number and the name of its file.
async fn apply(home: &Home, version: i64, name: &str) {
    let insert =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)";
    match home.database.engine {
        Engine::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(&home.database.address)
                .await
                .unwrap();
            let sql = format!("{insert} VALUES ({version}, '{name}', 1, x'00', 1)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
        }
        Engine::Postgres => {
            let mut connection = sqlx::PgConnection::connect(&home.database.address)
                .await
                .unwrap();
            let sql = format!("{insert} VALUES ({version}, '{name}', true, '\\x00', 1)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn without_a_database_nothing_is_listed_and_nothing_created() {
    let home = Home::on_sqlite().await;
    let commands = [
        &["user", "list"][..],
        &["user", "show", "ada"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
        &["user", "set-password", "ada", "--password-stdin"],
        &["session", "list"],
        &["session", "end", "--user", "ada"],
    ];
    for command in commands {
        home.run_with_input(command, PASSWORD).fails(
            1,
            &[
                "there is no database at",
                "`vestibule user create` makes one",
            ],
        );
    }
    assert!(!home.database_file().parent().unwrap().exists());
    assert_eq!(fs::read_dir(&home.folder).unwrap().count(), 0);
}

#[tokio::test]
async fn the_database_is_made_for_its_owner_alone() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_DATABASE_URL", "sqlite:data/own.db");
    home.create_user("ada");
    let mode = |path: &str| {
        fs::metadata(home.folder.join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("data"), mode("data/own.db")), (0o700, 0o600));
}

/// Even root would lock the owner out, by the files that SQLite creates beside the database.
#[tokio::test]
async fn a_database_of_another_user_is_refused_with_the_remedy() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let own = home.database_file();
    // As root the file is given away; other users use a file of root's.
    let (home, foreign) = match chown(&own, Some(65_534), None) {
        Ok(()) => (home, own),
        Err(_) => (
            home.with("VESTIBULE_DATABASE_URL", "sqlite:/etc/passwd"),
            PathBuf::from("/etc/passwd"),
        ),
    };
    let owner = fs::metadata(&foreign).unwrap().uid();
    let remedy = format!("sudo -u '#{owner}' vestibule");
    let commands = [
        &["user", "list"][..],
        &["session", "list"],
        &["serve"],
        &["user", "create", "grace", "--password-stdin"],
    ];
    for command in commands {
        home.run_with_input(command, PASSWORD)
            .fails(1, &["belongs to another user", &remedy]);
    }
}

/// The error of a database server is shown with its address and without its password.
#[tokio::test]
async fn a_database_that_does_not_answer_is_reported_without_its_password() {
    let home = Home::on_sqlite().await.with(
        "VESTIBULE_DATABASE_URL",
        "postgres://app:s3cret@127.0.0.1:1/auth",
    );
    let refused = home
        .run(&["user", "list"])
        .fails(1, &["the database does not open"]);
    assert!(!refused.stderr.contains("s3cret"), "{refused:?}");
}
