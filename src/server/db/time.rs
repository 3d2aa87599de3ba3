//! The time of the database's server.

use super::{Db, Pool, StoreError, with_deadline};

/// The server's time, between two readings of another clock.
#[derive(Clone, Copy, Debug)]
pub struct ServerTime<T> {
    pub asked: T,
    /// In Unix milliseconds.
    pub time: i64,
    pub answered: T,
}

impl Db {
    /// Asks the server for the time, and calls `read` immediately before and after: waiting for a connection is not
    /// included. `None` for a file, which has no clock of its own.
    pub async fn time<T>(&self, read: impl Fn() -> T) -> Result<Option<ServerTime<T>>, StoreError> {
        const SQL: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
        let Pool::Postgres(pool) = &self.pool else {
            return Ok(None);
        };
        let mut connection = pool.reader().await?;
        let asked = read();
        let time = with_deadline(sqlx::query_scalar(SQL).fetch_one(connection.executor())).await?;
        let answered = read();
        Ok(Some(ServerTime {
            asked,
            time,
            answered,
        }))
    }
}
