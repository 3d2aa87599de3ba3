//! The connection to one of two databases.

use crate::server::watchers::Watchers;
use sqlx::SqlitePool;
use std::time::Duration;
use tokio::time::timeout;

mod address;
mod beside;
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
pub use beside::{Beside, Claim};
pub use changes::{Changes, ENDED, Hint};
pub use errors::{OpenError, StoreError};
pub use postgres::Link;
pub(crate) use postgres::in_time;
pub use sqlite::{
    backup::{Restoring, backup},
    file::doubts,
    neighbour::Neighbour,
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

/// The database in use, and who in this process wants to hear of what ends in it.
#[derive(Clone, Debug)]
pub struct Db {
    /// For what reads, by [`on_pool!`]. Writes cannot take its connections, so pages are shown while no write
    /// gets through (ADR 28, ADR 32). SQLite refuses to write on it.
    pub pool: Pool,
    /// For what writes, by [`transact!`]. SQLite lets one write at a time: the others wait here in a row.
    pub writer: Pool,
    pub watchers: Watchers,
    /// Whether writes get through.
    pub writes: Writes,
    /// Writes that no answer waits for.
    pub beside: Beside,
}

/// A pool of the database in use. One SQL text serves both.
#[derive(Clone, Debug)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(Link),
}

/// Runs one statement that reads. On PostgreSQL it is run once more where a column has changed since the connection
/// prepared it, so the body must not move what it binds.
macro_rules! on_pool {
    ($db:expr, $reader:ident => $body:expr) => {
        match &$db.pool {
            $crate::server::db::Pool::Sqlite($reader) => $body,
            $crate::server::db::Pool::Postgres(link) => {
                let mut held = link.reader().await?;
                let mut attempts = 0;
                loop {
                    let statement = async {
                        let $reader = held.timed();
                        Ok($body)
                    };
                    attempts += 1;
                    match $crate::server::db::in_time(statement).await {
                        Ok(found) => break found,
                        Err(error) => held.once_more(error, attempts).await?,
                    }
                }
            }
        }
    };
}
pub(crate) use on_pool;

/// Whether a missing SQLite file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    Refuse,
}

/// Opens the database and brings its tables up to date.
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

/// Names the journal beside a damaged file: copied without it, or with that of another file, a backup is damaged.
fn with_wal(url: &DatabaseUrl, error: OpenError) -> OpenError {
    let (DatabaseUrl::Sqlite(path), OpenError::Damaged(found)) = (url, &error) else {
        return error;
    };
    let wal = sqlite::file::beside(path, "-wal");
    match std::fs::metadata(&wal) {
        Ok(metadata) if metadata.len() > 0 => OpenError::DamagedBesideWal {
            found: found.clone(),
            wal,
        },
        _ => error,
    }
}

/// The same for a server, which will live with the database for long: a file with damage anywhere is
/// refused, and not when somebody asks for what is lost. A large file is to be read through while the
/// server answers already, by [`read_through`]. PostgreSQL looks after its own files.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open_to_serve(url: &DatabaseUrl) -> Result<(Db, IsReadThrough), OpenError> {
    if let DatabaseUrl::Sqlite(path) = url {
        sqlite::file::close_to_others(path);
    }
    let opening = open_and_read(url);
    opening.await.map_err(|error| with_wal(url, error))
}

async fn open_and_read(url: &DatabaseUrl) -> Result<(Db, IsReadThrough), OpenError> {
    let db = connect(url, IfMissing::Create).await?;
    let is_read_through = match &db.pool {
        Pool::Sqlite(pool) if !sqlite::is_small(pool).await? => IsReadThrough::No,
        Pool::Sqlite(_) | Pool::Postgres(_) => {
            read_through(&db).await?;
            IsReadThrough::Yes
        }
    };
    migrations::run(&db).await?;
    Ok((db, is_read_through))
}

/// Whether damage anywhere would have been found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsReadThrough {
    Yes,
    No,
}

/// Reads the whole file of an embedded database and looks whether its pages belong together.
///
/// # Errors
/// [`OpenError::Damaged`], with what was found first.
pub async fn read_through(db: &Db) -> Result<(), OpenError> {
    match &db.pool {
        Pool::Sqlite(pool) => sqlite::read_through(pool).await,
        Pool::Postgres(_) => Ok(()),
    }
}

/// What the operator has to know of the database, a sentence each with its remedy.
///
/// # Errors
/// [`OpenError`], where a server would not start.
pub async fn warnings(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match url {
        DatabaseUrl::Sqlite(_) => Ok(Vec::new()),
        DatabaseUrl::Postgres(url) => postgres::warnings(url).await,
    }
}

/// Opens the database as it is.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn connect(url: &DatabaseUrl, if_missing: IfMissing) -> Result<Db, OpenError> {
    let (pool, writer, places) = match url {
        DatabaseUrl::Sqlite(path) => {
            let pools = sqlite::open(path, if_missing).await?;
            (Pool::Sqlite(pools.readers), Pool::Sqlite(pools.writer), 1)
        }
        DatabaseUrl::Postgres(url) => {
            let pools = postgres::open(url).await?;
            let places = postgres::WRITERS;
            (
                Pool::Postgres(pools.readers),
                Pool::Postgres(pools.writers),
                places,
            )
        }
    };
    Ok(Db {
        pool,
        writer,
        watchers: Watchers::default(),
        writes: Writes::on(places),
        beside: Beside::on(places),
    })
}

impl Db {
    /// Answers when the database does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(self, reader => {
            let query = sqlx::query("SELECT 1 FROM users LIMIT 1");
            query.execute(reader).await.map(|_| ())?;
        });
        Ok(())
    }

    /// Waits briefly for statements under way and closes the files. A commit that the server has not answered may
    /// take hours: it is not waited for, and the server goes on with it.
    pub async fn close(&self) {
        let over = async {
            self.beside.settled().await;
            for pool in [&self.pool, &self.writer] {
                match pool {
                    // The last to close an SQLite file tidies up behind all, which is writing: the writer.
                    Pool::Sqlite(pool) => pool.close().await,
                    Pool::Postgres(link) => link.close().await,
                }
            }
        };
        let patience = if self.writes.left_behind() == 0 {
            CONNECTION_WAIT
        } else {
            Duration::ZERO
        };
        if timeout(patience, over).await.is_err() {
            tracing::warn!(
                not_known = self.writes.left_behind(),
                "the database did not finish in time; whether the last changes happened is not known"
            );
        }
    }
}
