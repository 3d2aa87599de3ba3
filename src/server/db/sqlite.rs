//! The file of an embedded database.

pub mod backup;
pub mod file;
pub mod neighbour;
pub mod wal;

use super::{CONNECTION_WAIT, Hint, IfMissing, OpenError};
use file::InUse;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    error::DatabaseError,
    sqlite::{
        SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// SQLite has one writer at a time; the others wait this long for their turn.
const WRITER_WAIT: Duration = Duration::from_secs(5);
const READERS: u32 = 8;
/// To open a file that is busy, within [`WRITER_WAIT`].
const MOST_ATTEMPTS: u32 = 100;

/// The connections to one file.
pub struct Pools {
    pub readers: SqlitePool,
    /// Of one connection.
    pub writer: SqlitePool,
}

/// The pools of the file at `path`.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open(path: &Path, if_missing: IfMissing) -> Result<Pools, OpenError> {
    file::prepare(path, if_missing)?;
    let in_use = file::hold(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits when the power fails, and a sign-out that was answered
        // would come undone (lessons 7).
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WRITER_WAIT)
        .pragma("cache_size", cache_size(path))
        .disable_statement_logging();
    let file = Arc::new(WatchedFile::new(path, in_use));
    let writer = pool(1, options.clone(), Arc::clone(&file));
    let mut attempts = 1;
    while let Err(error) = writer.acquire().await {
        if attempts == MOST_ATTEMPTS || !is_busy(&error) {
            return Err(error.into());
        }
        attempts += 1;
        sleep(WRITER_WAIT / MOST_ATTEMPTS).await;
    }
    // A statement that writes and comes here by mistake fails in every test, and not under load alone.
    let readers = pool(READERS, options.pragma("query_only", "ON"), file);
    Ok(Pools { readers, writer })
}

fn pool(connections: u32, options: SqliteConnectOptions, file: Arc<WatchedFile>) -> SqlitePool {
    SqlitePoolOptions::new()
        // sqlx asks a connection for an answer when it is given back, and a file is not lost between
        // two requests as a network is: asking again would double the way to SQLite's thread.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let is_as_new = file.is_current(metadata.age) && !is_left_in_transaction(connection);
            Box::pin(async move { Ok(is_as_new) })
        })
        .max_connections(connections)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_lazy_with(options)
}

/// Where the disk is full SQLite rolls back by itself, and sqlx counts on as if it had not: two failures
/// later a "commit" would be the end of a savepoint, which writes nothing and succeeds.
fn is_left_in_transaction(connection: &SqliteConnection) -> bool {
    connection.is_in_transaction()
}

/// Making WAL the journal of a new file needs that file alone, and for that SQLite itself does not
/// wait: programs that meet there would fail.
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    primary_code(error) == Some(SQLITE_BUSY)
}

/// Whether SQLite cannot make sense of what stands in the file.
pub fn is_damage(error: &sqlx::Error) -> bool {
    const SQLITE_CORRUPT: i32 = 11;
    const SQLITE_NOTADB: i32 = 26;
    matches!(primary_code(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// The low byte is the primary code; those above it say more (sqlite.org/rescode.html).
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let answer = error.as_database_error()?;
    let code = answer.try_downcast_ref::<SqliteError>()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Whether [`read_through`] takes no longer than a start may: 25 ms for so much, where 200 MB took 0.7 s.
///
/// # Errors
/// [`OpenError`].
pub async fn is_small(pool: &SqlitePool) -> Result<bool, OpenError> {
    const SMALL: i64 = 8_000_000;
    let bytes: i64 = sqlx::query_scalar(
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    )
    .fetch_one(pool)
    .await?;
    Ok(bytes <= SMALL)
}

/// Reads the whole file and looks whether its pages belong together.
///
/// # Errors
/// [`OpenError::Damaged`], with what was found first.
pub async fn read_through(pool: &SqlitePool) -> Result<(), OpenError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged(found))
    }
}

/// How much of the file each connection remembers, in the words of SQLite: so many KiB, with a sign. The inner
/// pages of its trees are less than a hundredth of a file, and where they are forgotten every session of millions
/// is looked for from the top. Never less than SQLite's own 2 MB, and no more than a server can spare.
fn cache_size(path: &Path) -> String {
    const SHARE: u64 = 100;
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    format!("-{}", (bytes / SHARE / 1_024).clamp(2_000, 65_536))
}

/// Notices that the file was removed or another one put in its place. A connection keeps the file
/// that it has opened, and would go on to let people in by what stood there.
struct WatchedFile {
    path: PathBuf,
    seen: Mutex<Seen>,
    /// For as long as there are connections.
    _in_use: Option<InUse>,
}

/// What stood at the path when it was last looked at.
struct Seen {
    file: Option<FileIdentity>,
    /// When it was seen to be another file than before.
    changed: Option<Instant>,
}

/// Device and inode.
type FileIdentity = (u64, u64);

impl WatchedFile {
    fn new(path: &Path, in_use: Option<InUse>) -> Self {
        let seen = Seen {
            file: identity(path),
            changed: None,
        };
        Self {
            path: path.to_owned(),
            seen: Mutex::new(seen),
            _in_use: in_use,
        }
    }

    /// Whether a connection of this age has opened the file that stands there now.
    fn is_current(&self, age: Duration) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let file = identity(&self.path);
        if seen.file != file {
            tracing::warn!(path = %self.path.display(), "the database file was removed or replaced");
            *seen = Seen {
                file,
                changed: Some(Instant::now()),
            };
        }
        file.is_some() && seen.changed.is_none_or(|changed| age < changed.elapsed())
    }
}

fn identity(path: &Path) -> Option<FileIdentity> {
    fs::metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Notices that others have written, on a connection of its own: SQLite counts for a connection what
/// it did not commit itself.
pub struct Counter {
    pool: SqlitePool,
    counted: Option<Counted>,
}

struct Counted {
    connection: SqliteConnection,
    /// What stood at the path when it was opened: another file has another count.
    file: FileIdentity,
    count: i64,
}

impl Counter {
    pub fn of(pool: &SqlitePool) -> Self {
        Self {
            pool: pool.clone(),
            counted: None,
        }
    }

    /// Whether something was written since the last poll.
    pub async fn poll(&mut self) -> Hint {
        let file = identity(self.pool.connect_options().get_filename());
        match self
            .counted
            .take()
            .filter(|counted| Some(counted.file) == file)
        {
            Some(counted) => self.compare(counted).await,
            None => self.begin(file).await,
        }
    }

    async fn compare(&mut self, mut counted: Counted) -> Hint {
        // A connection that gave no answer is replaced.
        let Ok(count) = count(&mut counted.connection).await else {
            return Hint::Nothing;
        };
        let before = std::mem::replace(&mut counted.count, count);
        self.counted = Some(counted);
        if count == before {
            Hint::Nothing
        } else {
            Hint::Something
        }
    }

    async fn begin(&mut self, file: Option<FileIdentity>) -> Hint {
        let options = self.pool.connect_options();
        let opened = SqliteConnection::connect_with(&options).await;
        let (Some(file), Ok(mut connection)) = (file, opened) else {
            return Hint::Nothing;
        };
        let Ok(count) = count(&mut connection).await else {
            return Hint::Nothing;
        };
        self.counted = Some(Counted {
            connection,
            file,
            count,
        });
        Hint::Anything
    }
}

async fn count(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar("PRAGMA data_version");
    count.fetch_one(connection).await
}
