//! All SQL, one function a statement (or one transaction), named by its meaning. What ends in
//! `_within` is a part of somebody else's transaction.
//!
//! Every function runs on SQLite and on PostgreSQL, and `tests/store/` tries it on both.

pub mod activity;
mod administration;
pub mod devices;
pub mod keys;
pub mod password_links;
pub mod sessions;
pub mod setup_codes;
pub mod throttle;
pub mod users;

use super::db::{Db, Outcome::Commit, StoreError, in_transaction, transact};

/// Runs a statement that deletes up to `$2` rows of before `$1`. Returns how many.
async fn delete_some(
    db: &Db,
    sql: &'static str,
    before: i64,
    limit: u32,
) -> Result<u64, StoreError> {
    transact!(db, transaction => {
        let deleted = in_transaction!(transaction, connection => sqlx::query(sql)
            .bind(before)
            .bind(i64::from(limit))
            .execute(connection)
            .await?
            .rows_affected());
        Ok(Commit(deleted))
    })
}
