//! All SQL, one function a statement (or one transaction), named by its meaning. A name that ends in `_within` runs in
//! the caller's transaction.
//!
//! Every function runs on SQLite and on PostgreSQL, and `tests/store/` tests it on both.

pub mod access_keys;
mod administration;
mod among;
pub mod audit;
pub mod devices;
pub mod evidence;
pub mod heartbeat;
pub mod keys;
pub mod password_links;
pub mod sessions;
pub mod setup_codes;
pub mod signing_keys;
pub mod throttle;
pub mod users;

use crate::{
    domain::moment::{MAX_CLOCK_SKEW, Timestamp},
    server::db::{Db, Outcome::Commit, StoreError, in_transaction, transact},
};
use std::time::Duration;

/// Runs one statement with these numbers, followed by `text`. Returns the number of rows changed.
async fn execute(
    db: &Db,
    sql: &'static str,
    numbers: &[i64],
    text: Option<&str>,
) -> Result<u64, StoreError> {
    transact!(db, transaction => {
        let changed = in_transaction!(transaction, connection => {
            let query = numbers.iter().fold(sqlx::query(sql), |query, number| query.bind(*number));
            let query = text.into_iter().fold(query, |query, text| query.bind(text));
            query.execute(connection).await?.rows_affected()
        });
        Ok(Commit(changed))
    })
}

/// Runs a statement that gives rows that begin after `$2` the beginning `$1` and the end `$3`. Returns the number of
/// rows.
async fn reset_future_times(
    db: &Db,
    sql: &'static str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<u64, StoreError> {
    let numbers = [now, now.after(MAX_CLOCK_SKEW), now.after(lifetime)].map(Timestamp::as_millis);
    execute(db, sql, &numbers, None).await
}

/// Runs a statement that deletes up to `$2` rows from before `$1`. Returns how many.
async fn delete_some(
    db: &Db,
    sql: &'static str,
    before: i64,
    limit: u32,
) -> Result<u64, StoreError> {
    execute(db, sql, &[before, i64::from(limit)], None).await
}

/// Rows a statement, so that each takes the database's one writer for a few milliseconds only.
pub const STEP: u32 = 200;
