//! A column changes beside a server that has prepared its statements: no answer is lost
//! (PostgreSQL).

use crate::{
    given,
    support::{
        self, START,
        database::{Engine, TestDatabase},
    },
};
use sqlx::Connection;
use std::{collections::BTreeSet, fs, path::Path};
use tokio::task::JoinSet;
use vestibule::{
    domain::{
        access_key::AccessKeyId,
        actor::Actor,
        session::{EndReason, Ended, SessionId},
        user::{Email, LookupKey, UserFilter, UserId, UserSearch, Username},
    },
    server::{
        core::{Core, sessions},
        db::StoreError,
        store,
        token::{DeviceToken, Digest, SessionToken},
    },
};

/// More than one connection, so that each has statements of its own.
const READERS: usize = 8;

/// Runs every reading statement once. Returns each result, by its function.
async fn read_all(core: &Core) -> Vec<(&'static str, Result<(), StoreError>)> {
    let db = &core.db;
    let key = LookupKey::of("ada");
    let (user, session) = (UserId("u".to_owned()), SessionId("s".to_owned()));
    let access_key = AccessKeyId("k".to_owned());
    let token = SessionToken::random().digest();
    let device = DeviceToken::random().digest();
    let (by, reason) = (Actor::command(), EndReason::EndedByAdmin);
    let ended = Ended { at: START, reason };
    let log_start = store::audit::Cursor {
        at: START,
        id: String::new(),
    };
    let mut read = vec![
        (
            "users::find_credentials",
            store::users::find_credentials(db, &key).await.map(drop),
        ),
        ("users::find", store::users::find(db, &user).await.map(drop)),
        (
            "users::any_exists",
            store::users::any_exists(db).await.map(drop),
        ),
        (
            "users::words::fold_some_display_names",
            store::users::fold_some_display_names(db, 10)
                .await
                .map(drop),
        ),
        (
            "users::words::fill_some_words",
            store::users::fill_some_words(db, 10).await.map(drop),
        ),
        (
            "users::sign_ins::record_missed",
            store::users::record_missed(db, &log_start, START, 10)
                .await
                .map(drop),
        ),
        (
            "users::names::given_up_names",
            store::users::given_up_names(db, &user).await.map(drop),
        ),
        (
            "users::names::find_by_given_up_name",
            store::users::find_by_given_up_name(db, &LookupKey::of("x"))
                .await
                .map(drop),
        ),
        (
            "users::names::is_username_taken",
            store::users::is_username_taken(db, &Username::parse("x").unwrap(), &user)
                .await
                .map(drop),
        ),
        (
            "users::names::is_email_taken",
            store::users::is_email_taken(db, &Email::parse("x@example.org").unwrap(), &user)
                .await
                .map(drop),
        ),
        (
            "audit::names::deleted_account",
            store::audit::deleted_account(db, "x").await.map(drop),
        ),
        (
            "sessions::find_by_digest",
            store::sessions::find_by_digest(db, &token).await.map(drop),
        ),
        (
            "sessions::find",
            store::sessions::find(db, &session).await.map(drop),
        ),
        (
            "sessions::renewals::find_by_any_token",
            store::sessions::find_by_any_token(db, &token)
                .await
                .map(drop),
        ),
        (
            "sessions::renewals::find_earlier",
            store::sessions::find_earlier(db, &token).await.map(drop),
        ),
        (
            // Below every id: it ends nothing.
            "sessions::all_users::end_some",
            store::sessions::end_some(db, ended, &SessionId(String::new()), 10, &by)
                .await
                .map(drop),
        ),
        (
            "heartbeat::find",
            store::heartbeat::find(db).await.map(drop),
        ),
        (
            "sessions::lists::list",
            store::sessions::list(db, None, None, 10).await.map(drop),
        ),
        (
            "sessions::lists::list",
            store::sessions::list(db, Some(&user), None, 10)
                .await
                .map(drop),
        ),
        (
            "sessions::lists::live_of_user",
            store::sessions::live_of_user(db, &user, START)
                .await
                .map(drop),
        ),
        (
            "sessions::sign_in_reviews::find_with_sign_ins",
            store::sessions::find_with_sign_ins(db, &token)
                .await
                .map(drop),
        ),
        (
            "sessions::sign_in_reviews::newest_to_review",
            store::sessions::newest_to_review(db, &session)
                .await
                .map(drop),
        ),
        (
            "sessions::sign_in_reviews::newest_to_review_of",
            store::sessions::newest_to_review_of(db, std::slice::from_ref(&user))
                .await
                .map(drop),
        ),
        (
            "users::existing",
            store::users::existing(db, std::slice::from_ref(&user))
                .await
                .map(drop),
        ),
        (
            "sessions::validity::validities",
            store::sessions::validities(db, std::slice::from_ref(&session))
                .await
                .map(drop),
        ),
        (
            "sessions::validity::ended_among",
            store::sessions::ended_among(db, &[session]).await.map(drop),
        ),
        (
            "devices::is_known",
            store::devices::is_known(db, &device, &user).await.map(drop),
        ),
        (
            "keys::find_or_insert",
            store::keys::find_or_insert(db, "throttle").await.map(drop),
        ),
        (
            "signing_keys::list",
            store::signing_keys::list(db).await.map(drop),
        ),
        (
            "setup_codes::is_live",
            store::setup_codes::is_live(db, &Digest::stored(String::new()), START)
                .await
                .map(drop),
        ),
        (
            "users::by_link::find_by_link",
            store::users::find_by_link(db, &Digest::stored(String::new()), START)
                .await
                .map(drop),
        ),
        (
            "password_links::valid_until",
            store::password_links::valid_until(db, &user, START)
                .await
                .map(drop),
        ),
        (
            "access_keys::find",
            store::access_keys::find(db, &access_key).await.map(drop),
        ),
        (
            "access_keys::list_of",
            store::access_keys::list_of(db, &user).await.map(drop),
        ),
        (
            "access_keys::count_live",
            store::access_keys::count_live(db, &user, START)
                .await
                .map(drop),
        ),
        (
            "access_keys::list_all",
            store::access_keys::list_all(db, None, 10).await.map(drop),
        ),
        ("db::ping", db.ping().await),
    ];
    let subject = store::keys::find_or_insert(db, "throttle")
        .await
        .map(|key| key.digest("account", "ada"));
    match subject {
        Ok(subject) => read.push((
            "throttle::find",
            store::throttle::find(db, &subject).await.map(drop),
        )),
        Err(error) => read.push(("throttle::find", Err(error))),
    }
    for user in [None, Some(&user)] {
        for event in [None, Some("signed_in")] {
            let filter = store::audit::Filter {
                user,
                event,
                ..Default::default()
            };
            read.push((
                "audit::lists::list",
                store::audit::list(db, &filter, None, 10).await.map(drop),
            ));
            let position = store::audit::Cursor {
                at: START,
                id: "z".to_owned(),
            };
            let newer = store::audit::list_newer(db, &filter, &position, 10).await;
            read.push(("audit::lists::list_newer", newer.map(drop)));
            let written = store::audit::written_since(db, &filter, START, START, 10).await;
            read.push(("audit::lists::written_since", written.map(drop)));
        }
    }
    read.extend(search_all(core, &user).await);
    read
}

/// Every list of accounts, and every kind of search.
async fn search_all(core: &Core, user: &UserId) -> Vec<(&'static str, Result<(), StoreError>)> {
    let db = &core.db;
    let position = store::users::Cursor {
        key: "adam".to_owned(),
        id: user.clone(),
    };
    let filters = UserFilter::ALL.into_iter().map(Some).chain([None]);
    let searches =
        filters.flat_map(|filter| ["", "a", "a b"].map(|input| UserSearch::of(input, filter)));
    let mut read = Vec::new();
    for search in searches {
        let pages = [
            store::users::page(db, &search, None, 10).await,
            store::users::page_before(db, &search, &position, 10).await,
            store::users::last_page(db, &search, 10).await,
        ];
        read.extend(pages.map(|page| ("users::search::page", page.map(drop))));
    }
    read
}

/// The same on many connections concurrently. Returns the functions that succeeded each time.
async fn read_all_at_once(core: &Core) -> (BTreeSet<&'static str>, Vec<String>) {
    let mut reading = JoinSet::new();
    for _ in 0..READERS {
        let core = core.clone();
        reading.spawn(async move { read_all(&core).await });
    }
    let (mut read, mut failed) = (BTreeSet::new(), Vec::new());
    for (name, outcome) in reading.join_all().await.concat_all() {
        match outcome {
            Ok(()) => drop(read.insert(name)),
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    (read, failed)
}

trait ConcatAll<T> {
    fn concat_all(self) -> Vec<T>;
}

impl<T> ConcatAll<T> for Vec<Vec<T>> {
    fn concat_all(self) -> Vec<T> {
        self.into_iter().flatten().collect()
    }
}

/// The beginning of a statement that reads on the pool.
const READS: [&str; 6] = [
    "on_pool!(",
    "fetch_among!(",
    "fetch_all!(",
    "fetch_optional!(",
    "fetch_one!(",
    "exists!(",
];

/// The reading functions of the store, found in the source.
fn functions_that_read(folder: &Path, module: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let inner = format!("{module}{name}::");
        if path.is_dir() {
            functions_that_read(&path, &inner, found);
            continue;
        }
        let (mut function, mut is_macro) = (String::new(), false);
        for line in fs::read_to_string(&path).unwrap().lines() {
            if line.starts_with("macro_rules!") {
                is_macro = true;
            }
            if let Some((_, rest)) = line.split_once("async fn ") {
                function = rest.split(['(', '<']).next().unwrap().to_owned();
                is_macro = false;
            }
            if !is_macro && READS.iter().any(|read| line.contains(read)) {
                found.insert(format!("{inner}{function}"));
            }
        }
    }
}

/// Parts of functions, which are called by others.
const PARTS: [(&str, &str); 12] = [
    (
        "sessions::sign_in_reviews::browsers_in_use",
        "sessions::sign_in_reviews::find_with_sign_ins",
    ),
    (
        "sessions::sign_in_reviews::count_others",
        "sessions::sign_in_reviews::find_with_sign_ins",
    ),
    ("users::search::read", "users::search::page"),
    ("users::search::unsplit::by_name", "users::search::page"),
    ("users::search::all", "users::search::page"),
    ("users::search::sparse::rarest_word", "users::search::page"),
    ("users::search::sparse::of_word", "users::search::page"),
    (
        "users::search::sparse::are_few_in_state",
        "users::search::page",
    ),
    (
        "users::search::windows::end_of_window",
        "users::search::page",
    ),
    ("users::search::windows::by_word", "users::search::page"),
    ("users::search::windows::in_window", "users::search::page"),
    ("keys::find", "keys::find_or_insert"),
];

#[tokio::test(flavor = "multi_thread")]
async fn all_that_reads_is_asked() {
    let mut written = BTreeSet::new();
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store");
    functions_that_read(&store, "", &mut written);
    for (part, whole) in PARTS {
        assert!(written.remove(part), "{part}");
        written.insert(whole.to_owned());
    }
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let (mut read, failed) = read_all_at_once(&core).await;
    assert!(failed.is_empty(), "{failed:?}");
    assert!(read.remove("db::ping"));
    let read: BTreeSet<_> = read.into_iter().map(str::to_owned).collect();
    assert_eq!(read, written);
}

/// One of each kind of change in an update.
const SCHEMA_CHANGES: [&str; 9] = [
    "ALTER TABLE sessions ALTER COLUMN address TYPE varchar(200)",
    "ALTER TABLE users ALTER COLUMN display_name TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE users ALTER COLUMN username TYPE varchar(200) COLLATE \"POSIX\"",
    "ALTER TABLE activity ALTER COLUMN address TYPE varchar(200)",
    "ALTER TABLE users ADD COLUMN made_up TEXT NOT NULL DEFAULT 'x'",
    "ALTER TABLE users ALTER COLUMN made_up DROP DEFAULT; ALTER TABLE users ALTER COLUMN made_up SET DEFAULT ''",
    "CREATE INDEX made_up ON sessions (address)",
    "ALTER TABLE sessions ALTER COLUMN user_agent SET NOT NULL",
    "ALTER TABLE keys ALTER COLUMN value TYPE varchar(1000)",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_changes_needs_no_restart() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let ada = given::account(&core, "ada").await;
    for change in SCHEMA_CHANGES {
        let mut tokens = Vec::new();
        for _ in 0..READERS {
            tokens.push(given::session(&core, &ada).await);
        }
        let (before, failed) = read_all_at_once(&core).await;
        assert!(failed.is_empty(), "before {change}: {failed:?}");
        // By another process.
        let mut other = sqlx::PgConnection::connect(&database.address)
            .await
            .unwrap();
        sqlx::raw_sql(change).execute(&mut other).await.unwrap();
        let (after, failed) = read_all_at_once(&core).await;
        assert!(failed.is_empty(), "after {change}: {failed:?}");
        assert_eq!(before, after);
        // Writing statements return columns, too.
        let mut leaving = JoinSet::new();
        for token in tokens {
            let core = core.clone();
            leaving.spawn(async move {
                sessions::end(&core, &given::visitor(), &token, EndReason::SignedOut).await
            });
        }
        for ended in leaving.join_all().await {
            assert!(matches!(ended, Ok(Some(_))), "{change}: {ended:?}");
        }
    }
}

/// Migrations one by one, under a server that does not know the later ones: a statement that has
/// once succeeded succeeds from then on.
#[tokio::test(flavor = "multi_thread")]
async fn each_migration_lets_a_running_server_read_on() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let mut other = sqlx::PgConnection::connect(&database.address)
        .await
        .unwrap();
    let empty = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    sqlx::raw_sql(empty).execute(&mut other).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files =
        [folder.clone(), folder.join("postgres")].map(|folder| fs::read_dir(folder).unwrap());
    let files = files.into_iter().flatten().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|it| it == "sql"))
        .collect();
    files.sort_by_key(|file| file.file_name().map(ToOwned::to_owned));
    let mut read = BTreeSet::new();
    for file in &files {
        let sql = fs::read_to_string(file).unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut other)
            .await
            .unwrap();
        let (now, failed) = read_all_at_once(&core).await;
        assert!(
            !failed.iter().any(|failure| failure.contains("cached plan")),
            "{file:?}: {failed:?}"
        );
        assert!(now.is_superset(&read), "{file:?}: {failed:?}");
        read = now;
    }
    let (_, failed) = read_all_at_once(&core).await;
    assert!(failed.is_empty(), "{failed:?}");
}
