//! The table `throttle`: failures of signing in, counted.

use crate::{
    domain::moment::{AHEAD, Timestamp},
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool},
        token::KeyedDigest,
    },
};
use std::time::Duration;

/// How many failures are let through, and how fast after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub failures: u32,
    /// Failures are counted this long from the first one.
    pub window: Duration,
    /// Beyond their number, one attempt goes through in this time.
    pub pause: Duration,
}

/// The failures of one account, device or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Counter {
    pub failures: i64,
    last_at: i64,
    window_ends_at: i64,
}

impl Counter {
    /// How long the next attempt has to wait; `None` where it may be made now.
    pub fn wait(&self, now: Timestamp, pace: &Pace) -> Option<Duration> {
        let last_at = Timestamp::from_millis(self.last_at);
        let is_over = self.failures >= i64::from(pace.failures);
        // A last attempt, or a window, that lies ahead was noted by a clock that was wrong.
        let ends_at = Timestamp::from_millis(self.window_ends_at);
        let counts =
            ends_at > now && !ends_at.is_ahead_of(now.after(pace.window)) && last_at <= now;
        let wait = pace.pause.saturating_sub(now.since(last_at));
        (is_over && counts && !wait.is_zero()).then_some(wait)
    }
}

/// An attempt that was counted before it was made, so that many at once cannot all slip through.
#[derive(Debug)]
pub struct Admission {
    pub counters: Vec<KeyedDigest>,
    pub at: Timestamp,
}

pub async fn find(db: &Db, key: &KeyedDigest) -> Result<Option<Counter>, StoreError> {
    const SQL: &str = "SELECT failures, last_at, window_ends_at FROM throttle WHERE key = $1";
    Ok(on_pool!(db, pool => sqlx::query_as(SQL).bind(key.as_str()).fetch_optional(pool).await?))
}

/// Counts an attempt at every counter, or at none where one of them says that it has to wait: then
/// returns which.
/// The counters come in the same order from everybody, so that no two wait for each other.
pub async fn count(
    db: &Db,
    counters: &[(KeyedDigest, Pace)],
    now: Timestamp,
) -> Result<Option<KeyedDigest>, StoreError> {
    let mut transaction = db.begin().await?;
    for (key, pace) in counters {
        if !count_within(&mut transaction, key, pace, now).await? {
            return Ok(Some(key.clone()));
        }
    }
    transaction.commit().await?;
    Ok(None)
}

/// The condition is that of [`Counter::wait`], decided by the database. Whoever goes on beyond the
/// number keeps the window open: it ends when they have been quiet for its length.
async fn count_within(
    transaction: &mut Transaction,
    key: &KeyedDigest,
    pace: &Pace,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO throttle (key, failures, last_at, before_last_at, window_ends_at) \
        VALUES ($1, 1, $2, 0, $3) \
        ON CONFLICT (key) DO UPDATE SET \
        failures = CASE WHEN throttle.window_ends_at <= $2 OR throttle.window_ends_at > $6 THEN 1 \
        ELSE throttle.failures + 1 END, \
        window_ends_at = CASE WHEN throttle.window_ends_at <= $2 OR throttle.window_ends_at > $6 \
        OR throttle.failures >= $4 \
        THEN $3 ELSE throttle.window_ends_at END, \
        before_last_at = throttle.last_at, last_at = $2 \
        WHERE throttle.window_ends_at <= $2 OR throttle.window_ends_at > $6 OR throttle.failures < $4 \
        OR throttle.last_at <= $5 OR throttle.last_at > $2";
    let pause = i64::try_from(pace.pause.as_millis()).unwrap_or(i64::MAX);
    let counted = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(key.as_str())
        .bind(now.as_millis())
        .bind(now.after(pace.window).as_millis())
        .bind(i64::from(pace.failures))
        .bind(now.as_millis().saturating_sub(pause))
        .bind(now.after(pace.window).after(AHEAD).as_millis())
        .execute(connection)
        .await?
        .rows_affected());
    Ok(counted == 1)
}

/// Takes back the counting of an attempt that did not fail.
pub async fn give_back(db: &Db, admission: &Admission) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    give_back_within(&mut transaction, admission).await?;
    transaction.commit().await
}

/// The same, together with the sign-in that succeeded. The pause is what it was before, no
/// shorter: signing in to one's own account must not buy a guess at another's.
pub(super) async fn give_back_within(
    transaction: &mut Transaction,
    admission: &Admission,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE throttle SET failures = failures - 1, \
        last_at = CASE WHEN last_at = $2 THEN before_last_at ELSE last_at END \
        WHERE key = $1 AND failures > 0";
    for key in &admission.counters {
        in_transaction!(transaction, connection => sqlx::query(SQL)
            .bind(key.as_str())
            .bind(admission.at.as_millis())
            .execute(connection)
            .await
            .map(|_| ())?);
    }
    Ok(())
}

/// Takes up to `limit` counters away whose windows are over. Returns how many.
pub async fn delete_over(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM throttle WHERE key IN \
        (SELECT key FROM throttle WHERE window_ends_at <= $1 LIMIT $2)";
    super::delete_some(db, SQL, now.as_millis(), limit).await
}
