//! The write-ahead log of an embedded database.

use crate::server::db::{Db, Pool, StoreError};

/// The result of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wal {
    pub bytes: i64,
    /// A reader needs the old content, so the log cannot be reset.
    pub is_blocked: bool,
}

impl Db {
    /// Moves as much as possible from the log into the file, without waiting for readers. `None` for PostgreSQL.
    pub async fn checkpoint(&self) -> Result<Option<Wal>, StoreError> {
        let Pool::Sqlite(pool) = &self.writer else {
            return Ok(None);
        };
        let mut connection = pool.acquire().await?;
        let (_, pages, checkpointed): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
                .fetch_one(&mut *connection)
                .await?;
        let page: i64 = sqlx::query_scalar("PRAGMA page_size")
            .fetch_one(&mut *connection)
            .await?;
        Ok(Some(Wal {
            bytes: pages.saturating_mul(page),
            is_blocked: checkpointed < pages,
        }))
    }
}
