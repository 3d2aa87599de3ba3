//! `server::db`: opening, refusals, and the guarantees of each engine.

use crate::{
    given, on_both_engines,
    support::{
        self, START,
        database::{Engine, TestDatabase},
    },
};
use sqlx::{Connection as _, SqliteConnection};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use vestibule::{
    domain::{
        moment::Timestamp,
        session::EndReason,
        user::{UserFilter, UserSearch},
    },
    error::{AppError, Failure},
    server::{
        core::{background::filling, sessions::Resumed},
        db::{self, DatabaseUrl, Db, IfMissing, OpenError, Pool, StoreError},
        store,
        token::SessionToken,
    },
};

/// The file of an SQLite database.
fn file_of(database: &TestDatabase) -> PathBuf {
    match database.url() {
        DatabaseUrl::Sqlite(path) => path,
        DatabaseUrl::Postgres(_) => panic!("PostgreSQL has no file of ours"),
    }
}

fn mode_of(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

/// Turns the database into one of an earlier version, with these rows.
async fn of_version(database: &TestDatabase, version: i64, rows: String) {
    let mut migrations = sqlx::migrate!("./migrations");
    let made = migrations.migrations.to_mut();
    made.retain(|migration| migration.version <= version);
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(rows));
    match database.engine {
        Engine::Sqlite => {
            fs::create_dir_all(file_of(database).parent().unwrap()).unwrap();
            let address = format!("{}?mode=rwc", database.address);
            let pool = sqlx::SqlitePool::connect(&address).await.unwrap();
            migrations.run(&pool).await.unwrap();
            rows.execute(&pool).await.unwrap();
            pool.close().await;
        }
        Engine::Postgres => {
            let pool = sqlx::PgPool::connect(&database.address).await.unwrap();
            migrations.run(&pool).await.unwrap();
            rows.execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
}

/// Applies a migration of this name, as a later version would.
async fn apply(db: &Db, engine: Engine, name: &str, sql: &str) {
    let value = match engine {
        Engine::Sqlite => "1, x'00'",
        Engine::Postgres => "true, '\\x00'",
    };
    given::execute(
        db,
        &format!(
            "{sql}; INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, '{name}', {value}, 1)"
        ),
    )
    .await;
}

on_both_engines! {
    async fn opening_again_changes_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let written = given::everything_written(&core.db).await;
        core.db.close().await;
        for if_missing in [IfMissing::Create, IfMissing::Refuse] {
            let db = db::open(&database.url(), if_missing).await.unwrap();
            assert_eq!(given::everything_written(&db).await, written);
            assert!(store::sessions::find_by_digest(&db, &token.digest()).await.unwrap().is_some());
            db.close().await;
        }
    }

    /// A server and a command that start together do no harm, and a retry helps.
    async fn many_may_open_an_empty_database_at_once(database: TestDatabase) {
        let url = database.url();
        let open = || async { db::open(&url, IfMissing::Create).await.unwrap() };
        let (one, two, three, four) = tokio::join!(open(), open(), open(), open());
        for opened in [one, two, three, four] {
            opened.ping().await.unwrap();
        }
    }

    /// Servers are replaced one by one: those of the previous version start and work beside the new
    /// tables.
    async fn a_database_with_additions_of_a_newer_version_is_opened(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        apply(&core.db, database.engine, "labels of sessions", "ALTER TABLE sessions ADD COLUMN label TEXT NOT NULL DEFAULT ''").await;
        let before = given::everything_written(&core.db).await;
        let older = support::core(&database).await;
        assert_eq!(given::everything_written(&older.db).await, before);
        assert!(store::sessions::find_by_digest(&older.db, &token.digest()).await.unwrap().is_some());
        given::session(&older, &ada).await;
    }

    async fn a_database_that_lost_what_this_version_needs_is_refused(database: TestDatabase) {
        let core = support::core(&database).await;
        given::account(&core, "ada").await;
        apply(&core.db, database.engine, "no more descriptions needs 9998", "").await;
        let before = given::everything_written(&core.db).await;
        let refused = db::open(&database.url(), IfMissing::Create).await.expect_err("a refusal");
        assert!(matches!(refused, OpenError::Newer), "{refused:?}");
        assert!(refused.to_string().contains("newer version"), "{refused}");
        assert_eq!(given::everything_written(&core.db).await, before);
    }

    /// An update signs nobody out, and revives no session.
    async fn an_update_keeps_sessions_as_they_are(database: TestDatabase) {
        const BEFORE: i64 = 4;
        let (live, over) = (SessionToken::random(), SessionToken::random());
        let session = |id: &str, token: &SessionToken, end: &str| {
            let (start, ahead) = (START.as_millis(), START.as_millis() + 3_600_000);
            let digest = token.digest();
            // In two parts: sqlx logs its statements, and no log may contain a digest.
            let (first, second) = digest.as_str().split_at(20);
            format!("INSERT INTO sessions VALUES ('{id}', '{first}' || '{second}', 'u', {start}, {start}, {start}, {ahead}, {ahead}, \
                TRUE, '192.0.2.1', 'curl', {end})")
        };
        let rows = format!(
            "INSERT INTO users VALUES ('u', 'ada', 'ada', NULL, NULL, 'Ada', '', FALSE, 'hash', 1, NULL); {}; {}",
            session("live", &live, "NULL, NULL"),
            session("over", &over, "5, 'signed_out'"),
        );
        of_version(&database, BEFORE, rows).await;
        let core = support::core(&database).await;
        let resumed = vestibule::server::core::sessions::resume(&core, &live).await.unwrap();
        let Resumed::Live(current) = resumed else { panic!("{resumed:?}") };
        assert_eq!((current.session.id.0.as_str(), current.session.remember), ("live", true));
        let resumed = vestibule::server::core::sessions::resume(&core, &over).await.unwrap();
        assert_eq!(resumed, Resumed::Ended(EndReason::SignedOut));
    }

    /// A browser whose sign-in was unrecognised before the update is not known after it.
    async fn an_update_makes_no_new_browser_known(database: TestDatabase) {
        const BEFORE: i64 = 8;
        let session = |id: &str, at: u8, is_news: bool| format!(
            "INSERT INTO sessions VALUES ('{id}', '{id}', 'u', {at}, {at}, {at}, 9, 9, TRUE, '', '', {is_news}, NULL, NULL, NULL); \
             INSERT INTO devices VALUES ('of {id}', 'u', {at}, {at})"
        );
        let rows = format!(
            "INSERT INTO users (id, username, username_key, display_name, description, is_admin, password_hash, created_at) \
             VALUES ('u', 'ada', 'ada', 'Ada', '', FALSE, 'hash', 1); {}; {}",
            session("known", 1, false),
            session("news", 2, true),
        );
        of_version(&database, BEFORE, rows).await;
        let core = support::core(&database).await;
        let alerts = given::texts(&core.db, "SELECT token_digest || ': ' || COALESCE(alert_id, 'none') FROM devices ORDER BY 1").await;
        assert_eq!(alerts, ["of known: none", "of news: news"]);
    }

    /// Only where it is certain which session is in which browser.
    async fn an_update_matches_browsers_to_their_sessions(database: TestDatabase) {
        const BEFORE: i64 = 12;
        let session = |id: &str, at: u8| format!(
            "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at, idle_ends_at, \
             absolute_ends_at, remember, address, user_agent, new_device) \
             VALUES ('{id}', '{id}', 'u', {at}, {at}, {at}, 9, 9, TRUE, '', '', FALSE)"
        );
        let device = |id: &str, at: u8| format!("INSERT INTO devices VALUES ('of {id}', 'u', 1, {at}, NULL)");
        let rows = [
            "INSERT INTO users (id, username, username_key, display_name, description, is_admin, password_hash, created_at) \
             VALUES ('u', 'ada', 'ada', 'Ada', '', FALSE, 'hash', 1)".to_owned(),
            session("one", 2), device("one", 2),
            session("two", 3), device("two", 3),
            session("three", 3), device("three", 3),
            session("four", 4), device("five", 5),
        ];
        of_version(&database, BEFORE, rows.join("; ")).await;
        let core = support::core(&database).await;
        let matched = given::texts(&core.db, "SELECT COALESCE(d.id, s.device_id) FROM devices d, sessions s \
            WHERE COALESCE(d.id, s.device_id) IS NOT NULL").await;
        assert!(matched.is_empty(), "the update itself moves no rows: {matched:?}");
        assert_eq!(filling::fill(&core).await.unwrap(), 1);
        let devices = given::texts(&core.db, "SELECT token_digest || ': ' || COALESCE(id, 'none') || name FROM devices ORDER BY 1").await;
        assert_eq!(devices, ["of five: none", "of one: one", "of three: none", "of two: none"]);
        let sessions = given::texts(&core.db, "SELECT id || ': ' || COALESCE(device_id, 'none') || device_name FROM sessions ORDER BY 1").await;
        assert_eq!(sessions, ["four: none", "one: one", "three: none", "two: none"]);
    }

    /// At once: the update waits for no account, and the server completes them meanwhile.
    async fn an_update_finds_accounts_by_their_names(database: TestDatabase) {
        const BEFORE: i64 = 12;
        let account = |name: &str| format!(
            "INSERT INTO users (id, username, username_key, email, email_key, display_name, display_name_key, description, \
             is_admin, password_hash, created_at) VALUES ('{name}', '{name}', '{name}', '{name}@example.org', \
             '{name}@example.org', 'Of the {name}s', 'of the {name}s', '', FALSE, 'hash', 1)"
        );
        let rows = [
            account("ada"), account("bob"), account("eve"),
            "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at, idle_ends_at, \
             absolute_ends_at, remember, address, user_agent, new_device) \
             VALUES ('s', 's', 'ada', 7, 7, 7, 9, 9, TRUE, '', '', FALSE)".to_owned(),
            "INSERT INTO devices VALUES ('d', 'ada', 1, 5, NULL), ('e', 'bob', 1, 6, NULL)".to_owned(),
        ];
        of_version(&database, BEFORE, rows.join("; ")).await;
        let core = support::core(&database).await;
        let found = async |input: &str, filter| {
            let page = store::users::page(&core.db, &UserSearch::of(input, filter), None, 50).await.unwrap();
            page.users.into_iter().map(|user| (user.username, user.last_sign_in_at.map(Timestamp::as_millis))).collect::<Vec<_>>()
        };
        let all = |times: [Option<i64>; 3]| ["ada", "bob", "eve"].into_iter().map(str::to_owned).zip(times).collect::<Vec<_>>();
        for input in ["", "of", "of the"] {
            assert_eq!(found(input, None).await, all([None; 3]), "{input}");
        }
        assert_eq!(found("ada@ex", None).await, all([None; 3])[..1]);
        assert_eq!(found("", Some(UserFilter::NeverSignedIn)).await, [], "unknown");
        assert_eq!(filling::fill(&core).await.unwrap(), 3);
        for input in ["", "of", "the", "example"] {
            assert_eq!(found(input, None).await, all([Some(7), Some(6), None]), "{input}");
        }
        assert_eq!(found("", Some(UserFilter::NeverSignedIn)).await, all([None; 3])[2..]);
    }

    async fn a_database_answers_until_it_is_closed(database: TestDatabase) {
        let core = support::core(&database).await;
        core.db.ping().await.expect("an empty database is ready");
        core.db.close().await;
        let silent = core.db.ping().await.expect_err("no answer");
        assert!(matches!(silent, StoreError::Unavailable(_)), "{silent:?}");
        assert_eq!(AppError::from(silent), AppError::Failed(Failure::Unavailable));
    }

    async fn a_database_without_its_tables_is_not_ready(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        // Not dropped: other tables may reference them.
        let away = "ALTER TABLE sessions RENAME TO gone; ALTER TABLE users RENAME TO gone_too";
        given::execute(&core.db, away).await;
        assert!(matches!(core.db.ping().await, Err(StoreError::Unavailable(_))));
        let resumed = vestibule::server::core::sessions::resume(&core, &token).await;
        assert!(matches!(resumed, Err(StoreError::Unavailable(_))), "no answer is no session");
    }
}

#[test]
fn a_broken_store_is_one_word_to_a_browser() {
    let corrupt = StoreError::Corrupt {
        table: "sessions",
        id: "7".to_owned(),
    };
    assert_eq!(AppError::from(corrupt), AppError::Failed(Failure::Internal));
    assert_eq!(
        AppError::from(StoreError::NotUnique),
        AppError::Failed(Failure::Internal)
    );
}

#[test]
fn a_wrong_address_is_refused_without_its_password() {
    for address in [
        "postgres://app:s3cret@[::1/auth",
        "postgres://app:s3cret@host:port/auth",
        "mysql://app:s3cret@host/auth",
    ] {
        let refused = DatabaseUrl::parse(address, Path::new("")).expect_err(address);
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}

#[tokio::test]
async fn a_missing_file_is_refused_and_nothing_is_created() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let file = file_of(&database);
    let refused = db::open(&database.url(), IfMissing::Refuse)
        .await
        .expect_err("a refusal");
    assert!(
        matches!(&refused, OpenError::Missing(path) if *path == file),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("vestibule user create"),
        "{refused}"
    );
    assert!(!file.parent().unwrap().exists(), "not even the folder");
}

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let core = support::core(&database).await;
    given::account(&core, "ada").await;
    let file = file_of(&database);
    assert_eq!(mode_of(file.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{suffix}", file.display()));
        assert_eq!(mode_of(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn every_folder_on_the_way_is_its_owners_alone() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let folder = file_of(&database).parent().unwrap().to_owned();
    let deep = DatabaseUrl::Sqlite(folder.join("one/two/vestibule.db"));
    db::open(&deep, IfMissing::Create)
        .await
        .unwrap()
        .close()
        .await;
    for path in [folder.join("one"), folder.join("one/two")] {
        assert_eq!(mode_of(&path), 0o700, "{}", path.display());
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_created_is_reported() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let folder = file_of(&database).parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("file"), "").unwrap();
    let refused = db::open(
        &DatabaseUrl::Sqlite(folder.join("file/v.db")),
        IfMissing::Create,
    )
    .await
    .expect_err("a refusal");
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let file = file_of(&database);
    let text = "Dear diary, this is no database.\n".repeat(40);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, &text).unwrap();
    let refused = db::open(&database.url(), IfMissing::Create)
        .await
        .expect_err("a refusal");
    assert!(matches!(refused, OpenError::Damaged(_)), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

/// As root the file is given away; other users use a file of root's.
#[tokio::test]
async fn a_file_of_another_user_is_refused_with_the_remedy() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let own = file_of(&database);
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "").unwrap();
    let foreign = match std::os::unix::fs::chown(&own, Some(65_534), None) {
        Ok(()) => own,
        Err(_) => PathBuf::from("/etc/passwd"),
    };
    let owner = fs::metadata(&foreign).unwrap().uid();
    let refused = db::open(&DatabaseUrl::Sqlite(foreign.clone()), IfMissing::Create)
        .await
        .expect_err("a refusal");
    assert!(
        matches!(&refused, OpenError::ForeignOwner { path, owner: reported } if *path == foreign && *reported == owner),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains(&format!("sudo -u '#{owner}'")),
        "{refused}"
    );
}

/// On several connections at once: a setting of one connection would apply to some requests only.
#[tokio::test]
async fn sqlite_keeps_its_promises_on_every_connection() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let core = support::core(&database).await;
    let (Pool::Sqlite(pool), Pool::Sqlite(writer)) = (&core.db.pool, &core.db.writer) else {
        panic!("SQLite")
    };
    let mut connections = vec![(writer.acquire().await.unwrap(), 0)];
    for _ in 0..4 {
        connections.push((pool.acquire().await.unwrap(), 1));
    }
    for (connection, reads_only) in &mut connections {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut **connection)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        const FULL: i64 = 2;
        for (pragma, expected) in [
            ("PRAGMA synchronous", FULL),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA busy_timeout", 5_000),
            ("PRAGMA query_only", *reads_only),
        ] {
            let value: i64 = sqlx::query_scalar(pragma)
                .fetch_one(&mut **connection)
                .await
                .unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
    }
}
/// The write-ahead log cannot be overwritten from its beginning while a reader uses its old
/// content.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_blocks_the_journal_is_detected() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let core = support::core(&database).await;
    given::account(&core, "ada").await;
    let free = core.db.checkpoint().await.unwrap().unwrap();
    assert!(!free.is_blocked, "{free:?}");
    let mut reader = SqliteConnection::connect(&database.address).await.unwrap();
    let begin = "BEGIN; SELECT count(*) FROM users";
    sqlx::raw_sql(begin).fetch_all(&mut reader).await.unwrap();
    given::account(&core, "grace").await;
    let held = core.db.checkpoint().await.unwrap().unwrap();
    assert!(held.is_blocked && held.bytes > 0, "{held:?}");
    reader.close().await.unwrap();
    let free = core.db.checkpoint().await.unwrap().unwrap();
    assert!(!free.is_blocked, "{free:?}");
}
