//! What the database's server has for the time.

use super::{Db, Pool, StoreError};

/// The server's time, between two readings of another clock.
#[derive(Clone, Copy, Debug)]
pub struct Reading<T> {
    pub asked: T,
    /// In Unix milliseconds.
    pub time: i64,
    pub answered: T,
}

impl Db {
    /// Asks the server for the time, and `read` right before and after that: waiting for a connection does not
    /// count. `None` for a file, which has no clock of its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn time<T>(&self, read: impl Fn() -> T) -> Result<Option<Reading<T>>, StoreError> {
        const SQL: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
        let Pool::Postgres(pool) = &self.pool else {
            return Ok(None);
        };
        let mut connection = pool.acquire().await?;
        let asked = read();
        let time = sqlx::query_scalar(SQL).fetch_one(&mut *connection).await?;
        let answered = read();
        Ok(Some(Reading {
            asked,
            time,
            answered,
        }))
    }
}
