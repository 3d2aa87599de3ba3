//! The file of an embedded database.

pub mod backup;
pub mod file;
pub mod heartbeat_file;
pub mod wal;

use super::{CONNECTION_WAIT, Hint, IfMissing, OpenError};
use file::FileLock;
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

/// SQLite has one writer at a time; the others wait this long for the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 8;
/// The maximum number of attempts to open a busy file, within [`BUSY_TIMEOUT`].
const MAX_ATTEMPTS: u32 = 100;

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
    let lock = file::lock_shared(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits at a power failure, and with them a sign-out that was confirmed.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", cache_size(path))
        .disable_statement_logging();
    let file = Arc::new(WatchedFile::new(path, lock));
    let writer = pool(1, options.clone(), Arc::clone(&file));
    let mut attempts = 1;
    while let Err(error) = writer.acquire().await {
        if attempts == MAX_ATTEMPTS || !is_busy(&error) {
            return Err(error.into());
        }
        attempts += 1;
        sleep(BUSY_TIMEOUT / MAX_ATTEMPTS).await;
    }
    // A write that comes here by mistake fails in every test, and not under load alone.
    let readers = pool(READERS, options.pragma("query_only", "ON"), file);
    Ok(Pools { readers, writer })
}

fn pool(connections: u32, options: SqliteConnectOptions, file: Arc<WatchedFile>) -> SqlitePool {
    SqlitePoolOptions::new()
        // sqlx pings a connection when it is returned, and a file does not disconnect like a network. Another ping
        // would double the round trips to SQLite's thread.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let is_reusable = file.is_current(metadata.age) && !is_left_in_transaction(connection);
            Box::pin(async move { Ok(is_reusable) })
        })
        .max_connections(connections)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_lazy_with(options)
}

/// If the disk is full SQLite rolls back by itself, and sqlx does not notice. Two failures later a "commit" would
/// release a savepoint, which writes nothing and succeeds.
fn is_left_in_transaction(connection: &SqliteConnection) -> bool {
    connection.is_in_transaction()
}

/// Switching a new file to WAL needs exclusive access, and SQLite's busy timeout does not apply to it. Programs that
/// do it at the same time would fail.
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    primary_code(error) == Some(SQLITE_BUSY)
}

/// Whether SQLite reports a corrupt file.
pub fn is_damage(error: &sqlx::Error) -> bool {
    const SQLITE_CORRUPT: i32 = 11;
    const SQLITE_NOTADB: i32 = 26;
    matches!(primary_code(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// The low byte is the primary code; the others refine it (sqlite.org/rescode.html).
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let answer = error.as_database_error()?;
    let code = answer.try_downcast_ref::<SqliteError>()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Whether [`check_integrity`] is fast enough for a start: 25 ms for this size; 200 MB took 0.7 s.
pub async fn is_small(pool: &SqlitePool) -> Result<bool, OpenError> {
    const SMALL: i64 = 8_000_000;
    let bytes: i64 = sqlx::query_scalar(
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    )
    .fetch_one(pool)
    .await?;
    Ok(bytes <= SMALL)
}

/// Checks the integrity of the whole file.
///
/// # Errors
/// [`OpenError::Damaged`], with the first finding.
pub async fn check_integrity(pool: &SqlitePool) -> Result<(), OpenError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await?;
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged(found))
    }
}

/// The page cache of each connection, in SQLite's notation: KiB, negative. The inner pages of the B-trees are less
/// than 1 % of a file. If they are not cached, every look-up among millions of sessions reads the path from the root.
/// The cache is at least SQLite's default of 2 MB, and at most what a server can spare.
fn cache_size(path: &Path) -> String {
    const SHARE: u64 = 100;
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    format!("-{}", (bytes / SHARE / 1_024).clamp(2_000, 65_536))
}

/// Detects that the file was removed or replaced. A connection keeps the file that it has opened, and would go on to
/// admit users by its old content.
struct WatchedFile {
    path: PathBuf,
    state: Mutex<FileState>,
    /// As long as there are connections.
    _lock: Option<FileLock>,
}

/// The file at the path at the last check.
struct FileState {
    file: Option<FileIdentity>,
    /// When it was found to be another file than before.
    changed: Option<Instant>,
}

/// Device and inode.
type FileIdentity = (u64, u64);

impl WatchedFile {
    fn new(path: &Path, lock: Option<FileLock>) -> Self {
        let state = FileState {
            file: identity(path),
            changed: None,
        };
        Self {
            path: path.to_owned(),
            state: Mutex::new(state),
            _lock: lock,
        }
    }

    /// Whether a connection of this age has opened the file that is at the path now.
    fn is_current(&self, age: Duration) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let file = identity(&self.path);
        if state.file != file {
            tracing::warn!(path = %self.path.display(), "the database file was removed or replaced");
            *state = FileState {
                file,
                changed: Some(Instant::now()),
            };
        }
        file.is_some() && state.changed.is_none_or(|changed| age < changed.elapsed())
    }
}

fn identity(path: &Path) -> Option<FileIdentity> {
    fs::metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Detects writes of others, on a connection of its own: SQLite's counter covers what other connections
/// committed.
pub struct ChangeCounter {
    pool: SqlitePool,
    counted: Option<Counted>,
}

struct Counted {
    connection: SqliteConnection,
    /// The file at the path when it was opened: another file has another count.
    file: FileIdentity,
    count: i64,
}

impl ChangeCounter {
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
        // A connection that does not answer is replaced.
        let Ok(count) = count(&mut counted.connection).await else {
            return Hint::Unchanged;
        };
        let before = std::mem::replace(&mut counted.count, count);
        self.counted = Some(counted);
        if count == before {
            Hint::Unchanged
        } else {
            Hint::Changed
        }
    }

    async fn begin(&mut self, file: Option<FileIdentity>) -> Hint {
        let options = self.pool.connect_options();
        let opened = SqliteConnection::connect_with(&options).await;
        let (Some(file), Ok(mut connection)) = (file, opened) else {
            return Hint::Unchanged;
        };
        let Ok(count) = count(&mut connection).await else {
            return Hint::Unchanged;
        };
        self.counted = Some(Counted {
            connection,
            file,
            count,
        });
        Hint::Unknown
    }
}

async fn count(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar("PRAGMA data_version");
    count.fetch_one(connection).await
}
