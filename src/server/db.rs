//! The connection to one of two databases.

use super::ends::Ends;
use crate::error::AppError;
use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{io, path::PathBuf, str::FromStr, time::Duration};
use tokio::time::timeout;

mod address;
mod changes;
mod migrations;
mod sqlite;

pub use address::DatabaseUrl;
pub use changes::{Changes, ENDED, Hint};

/// A request waits this long for a connection, then answers 503 rather than hang (ASVS V16.5.2).
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
const POSTGRES_CONNECTIONS: u32 = 20;
/// PostgreSQL 15, in the form of `server_version_num`.
const OLDEST_POSTGRES: i64 = 150_000;

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
    Postgres(PgPool),
}

/// Runs the same body on whichever kind of pool it is.
macro_rules! on_either {
    ($which:expr, $pool:ident => $body:expr) => {
        match $which {
            $crate::server::db::Pool::Sqlite($pool) => $body,
            $crate::server::db::Pool::Postgres($pool) => $body,
        }
    };
}
pub(crate) use on_either;

/// Runs one statement that reads.
macro_rules! on_pool {
    ($db:expr, $pool:ident => $body:expr) => {
        $crate::server::db::on_either!(&$db.pool, $pool => $body)
    };
}
pub(crate) use on_pool;

/// Runs one statement that writes.
macro_rules! on_writer {
    ($db:expr, $pool:ident => $body:expr) => {
        $crate::server::db::on_either!(&$db.writer, $pool => $body)
    };
}
pub(crate) use on_writer;

/// Statements that happen together or not at all; dropped without [`Transaction::commit`], they
/// never happened. Begin it with a write: SQLite's writers then queue, and none can fail half-way.
pub struct Transaction {
    pub connection: Connection,
    pub ends: Ends,
    after_commit: Vec<AfterCommit>,
}

pub enum Connection {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

type AfterCommit = Box<dyn FnOnce() + Send>;

impl Transaction {
    /// What is to be said once it is true.
    pub fn after_commit(&mut self, say: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(say));
    }

    /// Returns when the changes are durable.
    ///
    /// # Errors
    /// [`StoreError`]: whether they happened is not known.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(transaction) => transaction.commit().await?,
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        self.after_commit.into_iter().for_each(|say| say());
        Ok(())
    }
}

/// Runs the same body within whichever transaction there is.
macro_rules! in_transaction {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match &mut $transaction.connection {
            $crate::server::db::Connection::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::server::db::Connection::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}
pub(crate) use in_transaction;

/// Whether a missing SQLite file is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    Create,
    Refuse,
}

/// Why the database cannot be opened, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no database at {0}. `vestibule serve` or `vestibule user create` makes one.")]
    Missing(PathBuf),
    #[error(
        "{path} belongs to another user (uid {owner}); files that this user would add beside it would lock its owner out. Run the command as its owner: sudo -u '#{owner}' vestibule …"
    )]
    ForeignOwner { path: PathBuf, owner: u32 },
    #[error("{path} cannot be used: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error(
        "the database was made by a newer version of Vestibule. Run that version, or restore a backup."
    )]
    Newer,
    #[error(
        "the database file is damaged, or no SQLite database: {0}. It is left as it is. Restore a backup, or let `database_url` name another file."
    )]
    Damaged(String),
    #[error("PostgreSQL 15 or newer is needed; this server is version {0}.")]
    OldPostgres(i64),
    #[error("the database does not open: {0}")]
    Connect(sqlx::Error),
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(MigrateError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        if sqlite::is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Connect(error)
        }
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) => Self::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
                if sqlite::is_damage(&error) =>
            {
                Self::from(error)
            }
            other => Self::Migrate(other),
        }
    }
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

async fn connect(url: &DatabaseUrl, if_missing: IfMissing) -> Result<Db, OpenError> {
    let (pool, writer) = match url {
        DatabaseUrl::Sqlite(path) => {
            let pools = sqlite::open(path, if_missing).await?;
            (Pool::Sqlite(pools.readers), Pool::Sqlite(pools.writer))
        }
        DatabaseUrl::Postgres(url) => {
            let pool = Pool::Postgres(postgres_pool(url).await?);
            (pool.clone(), pool)
        }
    };
    Ok(Db {
        pool,
        writer,
        ends: Ends::default(),
    })
}

async fn postgres_pool(url: &str) -> Result<PgPool, OpenError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("vestibule")
        // Durable before it is answered, whatever the server's default.
        .options([("synchronous_commit", "on"), ("statement_timeout", "10s")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(CONNECTION_WAIT)
        .after_release(|connection, _| Box::pin(is_as_new(connection)))
        .connect_lazy_with(options);
    let mut connection = pool.acquire().await?;
    let version: String = sqlx::query_scalar("SHOW server_version_num")
        .fetch_one(&mut *connection)
        .await?;
    drop(connection);
    refuse_old_postgres(&version)?;
    Ok(pool)
}

/// Whether a connection that a request has given back may serve another one.
///
/// It may wait for an answer that will never come, after the network or the machine behind it has
/// gone without a word: the pool would miss it for as long as TCP waits.
async fn is_as_new(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // A rollback that was begun is over when this is answered.
    let answered = timeout(CONNECTION_WAIT, connection.ping()).await;
    answered.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
    Ok(!connection.is_in_transaction())
}

/// A version that is no number is none that we know to be too old.
fn refuse_old_postgres(version_num: &str) -> Result<(), OpenError> {
    match version_num.parse::<i64>() {
        Ok(version) if version < OLDEST_POSTGRES => Err(OpenError::OldPostgres(version / 10_000)),
        _ => Ok(()),
    }
}

impl Db {
    /// Answers when the database does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        on_pool!(self, pool => sqlx::query("SELECT 1 FROM users LIMIT 1").execute(pool).await.map(|_| ()))?;
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let connection = match &self.writer {
            Pool::Sqlite(pool) => Connection::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        Ok(Transaction {
            connection,
            ends: self.ends.clone(),
            after_commit: Vec::new(),
        })
    }

    /// Lets statements under way finish and closes the files.
    pub async fn close(&self) {
        on_pool!(self, pool => pool.close().await);
        // The last to close an SQLite file tidies up behind all, which is writing.
        on_writer!(self, pool => pool.close().await);
    }
}

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database gave no answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A unique value is taken.
    #[error("the value is taken")]
    NotUnique,
    /// Nobody could administer any more.
    #[error("the last administrator is kept")]
    LastAdministrator,
    /// Whoever asked for it was no administrator any more when it came to it.
    #[error("not an administrator any more")]
    NotAdministrator,
    /// A stored value that no version of ours writes.
    #[error("corrupt row {id} in {table}")]
    Corrupt { table: &'static str, id: String },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(answer) if answer.is_unique_violation() => Self::NotUnique,
            _ => Self::Unavailable(error),
        }
    }
}

/// The details go to the log, the kind to the browser.
impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        if matches!(
            error,
            StoreError::Unavailable(_) | StoreError::NotUnique | StoreError::Corrupt { .. }
        ) {
            tracing::error!(%error, "store");
        }
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::LastAdministrator => Self::LastAdministrator,
            StoreError::NotAdministrator => Self::NotFound,
            StoreError::NotUnique | StoreError::Corrupt { .. } => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_postgres_is_refused() {
        for (version, major) in [("90624", 9), ("130001", 13), ("149999", 14)] {
            let refused = refuse_old_postgres(version).expect_err(version);
            assert!(matches!(refused, OpenError::OldPostgres(told) if told == major));
            let told = format!("15 or newer is needed; this server is version {major}.");
            assert!(refused.to_string().ends_with(&told), "{refused}");
        }
        for version in ["150000", "180002", "200000", "a development build"] {
            assert!(refuse_old_postgres(version).is_ok(), "{version}");
        }
    }
}
