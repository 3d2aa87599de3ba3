//! Great numbers of accounts and sessions, written directly into the file of a closed database:
//! with the product itself ten million sign-ins would take days.

use crate::{
    Failure,
    program::{Fixture, READER, SESSION_COOKIE, name_of},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};
use std::{
    env,
    fs::{self, File},
    path::Path,
};

pub const FIRST_NAMES: [&str; 16] = [
    "Ada", "Björn", "Chen", "Dilan", "Elif", "Farid", "Grace", "Hana", "Ines", "Jonas", "Kofi",
    "Lea", "Mia", "Noor", "Omar", "Priya",
];
pub const LAST_NAMES: [&str; 16] = [
    "Adeyemi", "Becker", "Costa", "Demir", "Eriksen", "Fischer", "García", "Huber", "Ito",
    "Jansen", "Kumar", "Lovelace", "Moreau", "Nguyen", "Okafor", "Petrov",
];

/// The sessions started within the last two months.
const MONTHS: i64 = 60 * 86_400_000;
const DAY: i64 = 86_400_000;
/// A typical browser's.
pub const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
/// The symbols of base64url, in the sort order of the database.
const SYMBOLS: &str = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// A time in the format of the database.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub fn require_space(gigabytes: u64) -> Result<(), Failure> {
    let folder = env::temp_dir();
    let stats = rustix::fs::statvfs(&folder)?;
    let free = stats.f_bavail * stats.f_frsize / 1_000_000_000;
    if free >= gigabytes {
        return Ok(());
    }
    let folder = folder.display();
    Err(format!(
        "{folder} has {free} GB left, and {gigabytes} are needed: set TMPDIR to a folder with more"
    )
    .into())
}

/// A folder in memory, if it has twice this space. Some machines evict cached pages of a large
/// file, and then the disk would be measured.
pub fn folder_in_memory(gigabytes: u64) -> Option<&'static Path> {
    let folder = Path::new("/dev/shm");
    let stats = rustix::fs::statvfs(folder).ok()?;
    let space = (stats.f_bavail * stats.f_frsize).min(memory("MemAvailable:")?);
    (space / 1_000_000_000 >= 2 * gigabytes).then_some(folder)
}

/// A value of `/proc/meminfo`, in bytes.
pub fn memory(what: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(what))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

/// The size of a fixture's database, in bytes.
pub fn bytes_of(fixture: &Fixture) -> Result<u64, Failure> {
    Ok(fs::metadata(fixture.database())?.len())
}

/// Fast, and safe enough for files that each run recreates.
pub async fn open(fixture: &Fixture) -> Result<SqliteConnection, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(fixture.database())
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .foreign_keys(false)
        // In KiB: half a gigabyte, to sort the indexes in memory.
        .pragma("cache_size", "-500000")
        .pragma("threads", "2")
        .disable_statement_logging();
    Ok(options.connect().await?)
}

async fn execute(connection: &mut SqliteConnection, sql: String) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

/// Fills a table without its indexes and creates them afterwards: sorting once is much faster than
/// inserting ten million rows in order. Unique indexes stay.
async fn without_indexes(
    connection: &mut SqliteConnection,
    table: &str,
    fill: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL",
    )
    .bind(table)
    .fetch_all(&mut *connection)
    .await?;
    execute(connection, "BEGIN".to_owned()).await?;
    for (name, _) in &indexes {
        execute(connection, format!("DROP INDEX {name}")).await?;
    }
    fill(connection).await?;
    for (_, sql) in indexes {
        execute(connection, sql).await?;
    }
    execute(connection, "COMMIT".to_owned()).await
}

/// The id of the synthetic account with this number, as SQL. Like the product's own they are
/// ordered by time.
fn user_id(number: &str) -> String {
    format!(
        "printf('018f0000-%04x-7%03x-8000-%012x', ({number}) / 4096, ({number}) % 4096, {number})"
    )
}

/// Numbers from 0, as the table `n` with the column `i`.
fn numbers(count: u32) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1)")
}

/// The kinds of words of a synthetic account, as SQL for account `i`.
const WORDS: [&str; 8] = [
    "f.key",
    "l.key",
    "f.key || '.' || l.key || '.' || i",
    "l.key || '.' || i",
    "l.key || '.' || f.key || i || '@example.org'",
    "f.key || i || '@example.org'",
    "'example.org'",
    "'org'",
];

/// The same words of one account.
fn words_of(first: &str, last: &str, number: &str) -> [String; 8] {
    [
        first.to_owned(),
        last.to_owned(),
        format!("{first}.{last}.{number}"),
        format!("{last}.{number}"),
        format!("{last}.{first}{number}@example.org"),
        format!("{first}{number}@example.org"),
        "example.org".to_owned(),
        "org".to_owned(),
    ]
}

/// For each first and last name and each kind of word the bytes that it shares with the word before it, as rows. The
/// number of the account decides none of them.
fn repeats() -> String {
    let mut rows = Vec::new();
    for (first_number, first) in FIRST_NAMES.iter().enumerate() {
        for (last_number, last) in LAST_NAMES.iter().enumerate() {
            let words = words_of(&first.to_lowercase(), &last.to_lowercase(), "1");
            let mut order: Vec<usize> = (0..words.len()).collect();
            order.sort_by_key(|kind| &words[*kind]);
            let mut before = "";
            for kind in order {
                let word = words[kind].as_str();
                let pairs = before.bytes().zip(word.bytes());
                let repeats = pairs.take_while(|(one, other)| one == other).count();
                rows.push(format!(
                    "({first_number}, {last_number}, {kind}, {repeats})"
                ));
                before = word;
            }
        }
    }
    rows.join(", ")
}

/// Fills the table by which accounts are found.
async fn words(connection: &mut SqliteConnection, numbers: &str, id: &str) -> Result<(), Failure> {
    let kinds = WORDS.iter().enumerate().map(|(kind, word)| {
        format!(
            "SELECT {word} AS word, {id} AS user_id, r.repeats FROM n \
             JOIN first_names f ON f.number = (i * 2654435761 >> 8) % 16 \
             JOIN last_names l ON l.number = (i * 2654435761 >> 16) % 16 \
             JOIN repeats r ON r.first = f.number AND r.last = l.number AND r.kind = {kind}"
        )
    });
    let kinds = kinds.collect::<Vec<_>>().join(" UNION ALL ");
    let repeats = repeats();
    let insert = format!(
        "CREATE TEMP TABLE repeats (first INTEGER, last INTEGER, kind INTEGER, repeats INTEGER, \
         PRIMARY KEY (first, last, kind)); INSERT INTO repeats VALUES {repeats}; \
         {numbers} INSERT INTO user_words (word, user_id, repeats) \
         SELECT word, user_id, repeats FROM ({kinds}) ORDER BY 1, 2, 3; \
         UPDATE users SET words_of = \
         username_key || ' ' || COALESCE(email_key, '') || ' ' || COALESCE(display_name_key, '') \
         WHERE description = 'synthetic'"
    );
    without_indexes(connection, "user_words", async |connection| {
        execute(connection, insert).await
    })
    .await
}

/// Gives some of the accounts the states by which lists are filtered: few administrators, and more of each other state.
async fn states(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let set = |what: &str, one_of: u32| {
        format!(
            "UPDATE users SET {what} WHERE description = 'synthetic' AND rowid % {one_of} = 7; "
        )
    };
    let all = [
        set(
            "last_sign_in_at = created_at, has_signed_in = rowid % 10 <> 0",
            1,
        )
        .replace("% 1 = 7", "% 1 = 0"),
        set("is_admin = TRUE", 20_000),
        set("disabled_at = created_at", 100),
        set("password_hash = ''", 50),
    ];
    without_indexes(connection, "users", async |connection| {
        execute(connection, all.concat()).await
    })
    .await
}

/// This number of accounts, named by first and last name and a number, with an email address that
/// begins with the last name, and a full name that many share.
pub async fn users(fixture: &Fixture, count: u32) -> Result<(), Failure> {
    let mut connection = open(fixture).await?;
    let names = |values: [&str; 16]| {
        let rows = values.iter().enumerate();
        let rows = rows.map(|(number, name)| {
            // The server normalises names as well; here both normalisations agree.
            format!("({number}, '{name}', '{}')", name.to_lowercase())
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    let (first, last) = (names(FIRST_NAMES), names(LAST_NAMES));
    let id = user_id("i");
    let numbers = numbers(count);
    let created_at = now() - 2 * MONTHS;
    let insert = format!(
        "CREATE TEMP TABLE first_names (number INTEGER PRIMARY KEY, name TEXT, key TEXT); \
         INSERT INTO first_names VALUES {first}; \
         CREATE TEMP TABLE last_names (number INTEGER PRIMARY KEY, name TEXT, key TEXT); \
         INSERT INTO last_names VALUES {last}; \
         {numbers} INSERT INTO users (id, username, username_key, email, email_key, display_name, description, \
         is_admin, password_hash, created_at, display_name_key) \
         SELECT {id}, f.key || '.' || l.key || '.' || i, f.key || '.' || l.key || '.' || i, \
         l.key || '.' || f.key || i || '@example.org', l.key || '.' || f.key || i || '@example.org', \
         f.name || ' ' || l.name, 'synthetic', FALSE, 'none', {created_at} + i, f.key || ' ' || l.key \
         FROM n JOIN first_names f ON f.number = (i * 2654435761 >> 8) % 16 \
         JOIN last_names l ON l.number = (i * 2654435761 >> 16) % 16"
    );
    without_indexes(&mut connection, "users", async |connection| {
        execute(connection, insert).await
    })
    .await?;
    words(&mut connection, &numbers, &id).await?;
    states(&mut connection).await?;
    Ok(connection.close().await?)
}

/// This number of live sessions, of this number of accounts: session `i` is of account `i %
/// accounts`. Rows are in the order of their ids and digests, which is the fastest to write.
/// Sessions that get [`Tokens`] get random digests.
async fn insert_sessions(
    connection: &mut SqliteConnection,
    count: u32,
    accounts: u32,
) -> Result<(), Failure> {
    // The first four symbols of one of 16,777,216: in order and spread over the alphabet.
    let position = format!("(i * 16777216 / {count})");
    let symbol = |shift: u32| format!("substr('{SYMBOLS}', 1 + (({position} >> {shift}) & 63), 1)");
    let digest = [18, 12, 6, 0].map(symbol).join(" || ");
    let (now, id) = (now(), user_id(&format!("i % {accounts}")));
    // Started from two months ago until an hour ago; last used within ten days, after the start.
    let created = format!("({now} - {MONTHS} - 3600000 + i * {MONTHS} / {count})");
    let last_seen = format!("max({created}, {now} - (i * 7919) % (10 * {DAY}))");
    let numbers = numbers(count);
    let insert = format!(
        "{numbers} INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at, \
         idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device) \
         SELECT printf('%08x-%04x-7%03x-8000-%012x', {created} >> 16, {created} & 65535, i & 4095, i), \
         {digest} || substr(hex(randomblob(20)), 1, 39), {id}, {created}, {last_seen}, {created}, \
         {last_seen} + 14 * {DAY}, {created} + 90 * {DAY}, TRUE, '203.0.113.' || (i % 256), '{USER_AGENT}', FALSE FROM n"
    );
    execute(connection, insert).await
}

/// Gives this number of sessions, spread over the whole table, known tokens. Their last use is an
/// hour from now, so a check reads and does not write, as nearly all do, for any number of
/// sessions.
async fn give_tokens(
    connection: &mut SqliteConnection,
    count: u32,
    tokens: u32,
) -> Result<Vec<String>, Failure> {
    let last_seen = now() + 3_600_000;
    let mut cookies = Vec::new();
    for number in 0..tokens {
        let token: [u8; 32] = Sha256::digest(number.to_le_bytes()).into();
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let row = 1 + i64::from(number) * i64::from(count) / i64::from(tokens);
        sqlx::query("UPDATE sessions SET token_digest = $1, last_seen_at = $2 WHERE rowid = $3")
            .bind(digest)
            .bind(last_seen)
            .bind(row)
            .execute(&mut *connection)
            .await?;
        let value = BASE64_URL_SAFE_NO_PAD.encode(token);
        cookies.push(format!("{SESSION_COOKIE}{value}"));
    }
    Ok(cookies)
}

/// This number of live sessions and new accounts, and the cookies of those with tokens.
pub async fn sessions(
    fixture: &Fixture,
    count: u32,
    accounts: u32,
    tokens: u32,
) -> Result<Vec<String>, Failure> {
    users(fixture, accounts).await?;
    let mut connection = open(fixture).await?;
    // The session of a disabled account is not live.
    sqlx::query("UPDATE users SET disabled_at = NULL")
        .execute(&mut connection)
        .await?;
    let mut cookies = Vec::new();
    let fill = async |connection: &mut SqliteConnection| {
        insert_sessions(connection, count, accounts).await?;
        cookies = give_tokens(connection, count, tokens).await?;
        Ok(())
    };
    without_indexes(&mut connection, "sessions", fill).await?;
    connection.close().await?;
    // Otherwise the system would write gigabytes during a measurement.
    File::open(fixture.database())?.sync_all()?;
    Ok(cookies)
}

/// This number of live sessions of the account with which the bench signs in.
pub async fn sessions_of_first_account(fixture: &Fixture, count: u32) -> Result<(), Failure> {
    let mut connection = open(fixture).await?;
    // Of a missing account, until the next statement.
    insert_sessions(&mut connection, count, 1).await?;
    sqlx::query("UPDATE sessions SET user_id = (SELECT id FROM users WHERE username_key = $1)")
        .bind(name_of(READER))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// The ids of all sessions, in the order of [`sessions`].
pub async fn session_ids(fixture: &Fixture) -> Result<Vec<String>, Failure> {
    let mut connection = open(fixture).await?;
    let ids = sqlx::query_scalar("SELECT id FROM sessions ORDER BY rowid");
    let ids = ids.fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(ids)
}
