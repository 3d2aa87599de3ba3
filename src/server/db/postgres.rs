//! The connections to a PostgreSQL server.

use super::{CONNECTION_WAIT, OpenError};
use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{io, str::FromStr, time::Duration};
use tokio::time::timeout;

const READERS: u32 = 20;
/// With the readers and the connection for notices three servers fit into PostgreSQL's own `max_connections` of 100.
pub const WRITERS: u32 = 10;
/// How each transaction begins, whatever the database's defaults are. Statements were written for READ COMMITTED. A
/// lock is waited for a little less than a commit, so that the answer is known: also for the one lock that all commits
/// with a notice take, and that one keeps which waits for a standby.
pub const BEGIN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '4s'";
/// PostgreSQL 15, in the form of `server_version_num`.
const OLDEST_POSTGRES: i64 = 150_000;

/// The connections to one server.
pub struct Pools {
    pub readers: PgPool,
    pub writers: PgPool,
}

/// The pools of the server at `url`, which is asked for its version.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open(url: &str) -> Result<Pools, OpenError> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("vestibule")
        // Durable before it is answered, whatever the server's default.
        .options([("synchronous_commit", "on"), ("statement_timeout", "10s")])
        .disable_statement_logging();
    let readers = pool(READERS, options.clone());
    let mut connection = readers.acquire().await?;
    let version: String = sqlx::query_scalar("SHOW server_version_num")
        .fetch_one(&mut *connection)
        .await?;
    drop(connection);
    refuse_old_postgres(&version)?;
    let writers = pool(WRITERS, options);
    Ok(Pools { readers, writers })
}

fn pool(connections: u32, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECTION_WAIT)
        .after_release(|connection, _| Box::pin(is_as_new(connection)))
        .connect_lazy_with(options)
}

/// The outcome of one statement, which the server itself would have given up before: `statement_timeout` is of no help
/// where the server is gone without a word.
///
/// # Errors
/// Those of the statement; [`sqlx::Error::Io`] after the deadline.
pub async fn in_time<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    const DEADLINE: Duration = Duration::from_secs(12);
    timeout(DEADLINE, statement)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}

/// Whether any process of the server works at a commit of ours for long, this node's or another's.
///
/// # Errors
/// Where the server does not answer: then it is not known.
pub async fn is_committing(readers: &PgPool) -> Result<bool, sqlx::Error> {
    // What the processes do is not to be seen where `track_activities` is off.
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
        AND usename = current_user AND (state = 'disabled' OR (state = 'active' AND query LIKE 'COMMIT%' \
        AND query_start < now() - interval '3 seconds')))";
    let query = sqlx::query_scalar(SQL).persistent(false);
    in_time(query.fetch_one(readers)).await
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
