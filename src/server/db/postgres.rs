//! The connections to a PostgreSQL server.

use super::{CONNECTION_WAIT, OpenError};
use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::str::FromStr;
use tokio::time::timeout;

const POSTGRES_CONNECTIONS: u32 = 20;
/// PostgreSQL 15, in the form of `server_version_num`.
const OLDEST_POSTGRES: i64 = 150_000;

/// The pool of the server at `url`, which is asked for its version.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open(url: &str) -> Result<PgPool, OpenError> {
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
