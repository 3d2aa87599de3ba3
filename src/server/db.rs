//! The connection to one of two databases.

use super::ends::Ends;
use sqlx::SqlitePool;
use std::time::Duration;

mod address;
mod changes;
mod errors;
mod migrations;
mod postgres;
mod sqlite;
mod transaction;

pub use address::{DatabaseUrl, PostgresUrl};
pub use changes::{Changes, ENDED, Hint};
pub use errors::{OpenError, StoreError};
pub use postgres::Link;
pub(crate) use transaction::in_transaction;
pub use transaction::{Connection, Transaction};

/// A request waits this long for a connection, then answers 503 rather than hang (ASVS V16.5.2).
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// The database in use, and who in this process wants to hear of what ends in it.
#[derive(Clone, Debug)]
pub struct Db {
    /// For what reads, by [`on_pool!`]. SQLite refuses to write on it.
    pub pool: Pool,
    /// For what writes, by [`on_writer!`] and [`Db::begin`]. SQLite lets one write at a time: who waits
    /// for that waits here in a row, and takes no connection from those who read. PostgreSQL has one pool.
    pub writer: Pool,
    pub ends: Ends,
}

/// A pool of the database in use. One SQL text serves both.
#[derive(Clone, Debug)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(Link),
}

/// Runs one statement that reads.
macro_rules! on_pool {
    ($db:expr, $pool:ident => $body:expr) => {
        match &$db.pool {
            $crate::server::db::Pool::Sqlite($pool) => $body,
            $crate::server::db::Pool::Postgres(link) => {
                let mut held = link.reader().await?;
                let $pool = held.line();
                $body
            }
        }
    };
}
pub(crate) use on_pool;

/// Runs one statement that writes.
macro_rules! on_writer {
    ($db:expr, $pool:ident => $body:expr) => {
        match &$db.writer {
            $crate::server::db::Pool::Sqlite($pool) => $body,
            $crate::server::db::Pool::Postgres(link) => {
                let mut held = link.writer().await?;
                let $pool = held.line();
                let answer = $body;
                held.commit().await?;
                answer
            }
        }
    };
}
pub(crate) use on_writer;

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
    let db = connect(url, if_missing).await?;
    migrations::run(&db).await?;
    Ok(db)
}

/// The same for a server, which will live with the database for long: a file with damage anywhere is
/// refused, and not when somebody asks for what is lost. A large file is to be read through while the
/// server answers already, by [`read_through`]. PostgreSQL looks after its own files.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open_to_serve(url: &DatabaseUrl) -> Result<(Db, IsReadThrough), OpenError> {
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

async fn connect(url: &DatabaseUrl, if_missing: IfMissing) -> Result<Db, OpenError> {
    let (pool, writer) = match url {
        DatabaseUrl::Sqlite(path) => {
            let pools = sqlite::open(path, if_missing).await?;
            (Pool::Sqlite(pools.readers), Pool::Sqlite(pools.writer))
        }
        DatabaseUrl::Postgres(url) => {
            let pool = Pool::Postgres(postgres::open(url).await?);
            (pool.clone(), pool)
        }
    };
    Ok(Db {
        pool,
        writer,
        ends: Ends::default(),
    })
}

impl Db {
    /// Answers when the database does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(self, pool => sqlx::query("SELECT 1 FROM users LIMIT 1").execute(pool).await.map(|_| ())?);
        Ok(())
    }

    /// Lets statements under way finish and closes the files.
    pub async fn close(&self) {
        for pool in [&self.pool, &self.writer] {
            match pool {
                // The last to close an SQLite file tidies up behind all, which is writing: the writer.
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(link) => link.close().await,
            }
        }
    }
}
