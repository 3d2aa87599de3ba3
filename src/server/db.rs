//! Access to one of two databases.

use crate::server::watchers::Watchers;
use sqlx::SqlitePool;
use std::time::Duration;
use tokio::time::timeout;

mod address;
mod background_writes;
mod changes;
mod errors;
mod migrations;
mod postgres;
mod sqlite;
mod statements;
mod time;
mod transaction;
mod writes;

pub use address::{DatabaseUrl, PostgresUrl};
pub use background_writes::{BackgroundWrites, Claim};
pub use changes::{Changes, ENDED, Hint, PERSON};
pub use errors::{OpenError, StoreError};
pub use postgres::PostgresPool;
pub(crate) use postgres::with_deadline;
pub use sqlite::{
    backup::{Restoring, backup},
    file::permission_warnings,
    heartbeat_file::HeartbeatFile,
    wal::Wal,
};
pub(crate) use statements::{
    execute, exists, exists_within, fetch_all, fetch_all_within, fetch_one, fetch_one_within,
    fetch_optional, fetch_optional_within,
};
pub use transaction::{Attempts, Connection, Outcome, Transaction};
pub(crate) use transaction::{in_transaction, transact};
pub use writes::Writes;

/// A request waits this long for a connection, then answers 503 rather than hang (ASVS V16.5.2).
const CONNECTION_WAIT: Duration = Duration::from_secs(5);

/// The database in use, and the watchers of what ends in it.
#[derive(Clone, Debug)]
pub struct Db {
    /// For reads, by [`on_pool!`]. Writes cannot take its connections, so pages are shown while writes
    /// are blocked (ADR 28, ADR 32). SQLite refuses to write on it.
    pub pool: Pool,
    /// For writes, by [`transact!`]. SQLite has one writer at a time: the others queue here.
    pub writer: Pool,
    pub watchers: Watchers,
    /// Whether writes succeed.
    pub writes: Writes,
    /// Writes that no answer waits for.
    pub background_writes: BackgroundWrites,
}

/// A pool of the database in use. One SQL text serves both.
#[derive(Clone, Debug)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(PostgresPool),
}

/// Runs one statement that reads. On PostgreSQL it is run again if a column has changed since the connection prepared
/// it. So the body must not move the values that it binds.
macro_rules! on_pool {
    ($db:expr, $reader:ident => $body:expr) => {
        match &$db.pool {
            $crate::server::db::Pool::Sqlite($reader) => $body,
            $crate::server::db::Pool::Postgres(pool) => {
                let mut connection = pool.reader().await?;
                let mut attempts = 0;
                loop {
                    let statement = async {
                        let $reader = connection.executor();
                        Ok($body)
                    };
                    attempts += 1;
                    match $crate::server::db::with_deadline(statement).await {
                        Ok(found) => break found,
                        Err(error) => connection.prepare_retry(error, attempts).await?,
                    }
                }
            }
        }
    };
}
pub(crate) use on_pool;

/// Whether a missing SQLite file is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    Refuse,
}

/// Opens the database and migrates it.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open(url: &DatabaseUrl, if_missing: IfMissing) -> Result<Db, OpenError> {
    let opening = async {
        let db = connect(url, if_missing).await?;
        migrations::run(&db).await?;
        Ok(db)
    };
    opening.await.map_err(|error| with_wal(url, error))
}

/// Names the journal beside a damaged file: a backup that was copied without it, or with that of another file, is
/// damaged.
fn with_wal(url: &DatabaseUrl, error: OpenError) -> OpenError {
    let (DatabaseUrl::Sqlite(path), OpenError::Damaged(found)) = (url, &error) else {
        return error;
    };
    let wal = sqlite::file::with_suffix(path, "-wal");
    match std::fs::metadata(&wal) {
        Ok(metadata) if metadata.len() > 0 => OpenError::DamagedBesideWal {
            found: found.clone(),
            wal,
        },
        _ => error,
    }
}

/// The same for a server. It refuses a file with damage anywhere at the start, and not when a request needs
/// the lost page. A large file has to be checked by [`check_integrity`] while the server runs. PostgreSQL checks its
/// own files.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open_to_serve(url: &DatabaseUrl) -> Result<(Db, IntegrityCheck), OpenError> {
    if let DatabaseUrl::Sqlite(path) = url {
        sqlite::file::restrict_permissions(path);
    }
    let opening = open_and_check(url);
    opening.await.map_err(|error| with_wal(url, error))
}

async fn open_and_check(url: &DatabaseUrl) -> Result<(Db, IntegrityCheck), OpenError> {
    let db = connect(url, IfMissing::Create).await?;
    let integrity_check = match &db.pool {
        Pool::Sqlite(pool) if !sqlite::is_small(pool).await? => IntegrityCheck::Pending,
        Pool::Sqlite(_) | Pool::Postgres(_) => {
            check_integrity(&db).await?;
            IntegrityCheck::Done
        }
    };
    migrations::run(&db).await?;
    Ok((db, integrity_check))
}

/// Whether the whole file was checked for damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrityCheck {
    Done,
    Pending,
}

/// Checks the integrity of the whole file of an embedded database.
///
/// # Errors
/// [`OpenError::Damaged`], with the first finding.
pub async fn check_integrity(db: &Db) -> Result<(), OpenError> {
    match &db.pool {
        Pool::Sqlite(pool) => sqlite::check_integrity(pool).await,
        Pool::Postgres(_) => Ok(()),
    }
}

/// Warnings about the database for the operator, each with its remedy.
///
/// # Errors
/// [`OpenError`], if a server would not start.
pub async fn warnings(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match url {
        DatabaseUrl::Sqlite(_) => Ok(Vec::new()),
        DatabaseUrl::Postgres(url) => postgres::warnings(url).await,
    }
}

/// Opens the database without migrating it.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn connect(url: &DatabaseUrl, if_missing: IfMissing) -> Result<Db, OpenError> {
    let (pool, writer, connections) = match url {
        DatabaseUrl::Sqlite(path) => {
            let pools = sqlite::open(path, if_missing).await?;
            (Pool::Sqlite(pools.readers), Pool::Sqlite(pools.writer), 1)
        }
        DatabaseUrl::Postgres(url) => {
            let pools = postgres::open(url).await?;
            let connections = postgres::WRITERS;
            (
                Pool::Postgres(pools.readers),
                Pool::Postgres(pools.writers),
                connections,
            )
        }
    };
    Ok(Db {
        pool,
        writer,
        watchers: Watchers::default(),
        writes: Writes::new(connections),
        background_writes: BackgroundWrites::new(connections),
    })
}

impl Db {
    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(self, reader => {
            let query = sqlx::query("SELECT 1 FROM users LIMIT 1");
            query.execute(reader).await.map(|_| ())?;
        });
        Ok(())
    }

    /// Waits briefly for running statements and closes the files. It does not wait for a commit that the server has not
    /// confirmed: that may take hours, and the server completes it anyway.
    pub async fn close(&self) {
        let over = async {
            self.background_writes.settled().await;
            for pool in [&self.pool, &self.writer] {
                match pool {
                    // The last connection to an SQLite file runs a checkpoint at its end, which writes: the writer.
                    Pool::Sqlite(pool) => pool.close().await,
                    Pool::Postgres(pool) => pool.close().await,
                }
            }
        };
        let limit = if self.writes.pending_commits() == 0 {
            CONNECTION_WAIT
        } else {
            Duration::ZERO
        };
        if timeout(limit, over).await.is_err() {
            tracing::warn!(
                not_known = self.writes.pending_commits(),
                "the database did not finish in time; whether the last changes happened is not known"
            );
        }
    }
}
