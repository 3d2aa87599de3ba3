//! All SQL, one function a statement (or one transaction), named by its meaning. What ends in
//! `_within` is a part of somebody else's transaction.
//!
//! Every function runs on SQLite and on PostgreSQL, and `tests/store/` tries it on both.

mod administration;
pub mod audit;
pub mod devices;
pub mod evidence;
pub mod heartbeat;
pub mod keys;
pub mod password_links;
pub mod sessions;
pub mod setup_codes;
pub mod throttle;
pub mod users;

use crate::{
    domain::moment::{AHEAD, Timestamp},
    server::db::{Db, Outcome::Commit, StoreError, in_transaction, transact},
};
use std::time::Duration;

/// Runs one statement with these numbers, and with `text` behind them. Returns how many rows it has changed.
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

/// Runs a statement that gives what began behind `$2` the beginning `$1` and the end `$3`. Returns how many rows
/// there were.
async fn bring_to_present(
    db: &Db,
    sql: &'static str,
    now: Timestamp,
    life: Duration,
) -> Result<u64, StoreError> {
    let numbers = [now, now.after(AHEAD), now.after(life)].map(Timestamp::as_millis);
    execute(db, sql, &numbers, None).await
}

/// Runs a statement that deletes up to `$2` rows of before `$1`. Returns how many.
async fn delete_some(
    db: &Db,
    sql: &'static str,
    before: i64,
    limit: u32,
) -> Result<u64, StoreError> {
    execute(db, sql, &[before, i64::from(limit)], None).await
}

/// Rows a statement: the database's one writer is taken for a few milliseconds at a time.
pub const STEP: u32 = 200;
