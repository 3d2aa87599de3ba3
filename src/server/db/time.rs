//! The time of the database's server.

use super::{Db, Pool, StoreError, in_time};

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
        let Pool::Postgres(link) = &self.pool else {
            return Ok(None);
        };
        let mut held = link.reader().await?;
        let asked = read();
        let time = in_time(sqlx::query_scalar(SQL).fetch_one(held.timed())).await?;
        let answered = read();
        Ok(Some(ServerTime {
            asked,
            time,
            answered,
        }))
    }
}
