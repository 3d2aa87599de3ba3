//! The table `throttle`: counters of failed attempts.

use crate::{
    domain::{
        audit::Entry,
        moment::{MAX_CLOCK_SKEW, Timestamp},
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, fetch_optional, transact,
        },
        token::KeyedDigest,
    },
};
use std::time::Duration;

/// The number of failures that is allowed, and the rate beyond that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub failures: u32,
    /// Failures are counted for this long from the first one.
    pub window: Duration,
    /// Beyond that number, one attempt is allowed in this time.
    pub pause: Duration,
}

/// The counters of one attempt, and the rate that each allows.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Those that refuse an attempt openly. Every attempt locks them in the same order, to avoid deadlocks.
    pub open: Vec<(KeyedDigest, Limit)>,
    /// One that refuses it silently: the answer is that of a wrong password. It is locked last, so that its
    /// row is locked for the shortest time.
    pub hidden: Option<(KeyedDigest, Limit)>,
}

/// The failures of one account, spelling, device or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Counter {
    pub failures: i64,
    last_at: i64,
    window_ends_at: i64,
}

impl Counter {
    /// How many concurrent attempts are allowed, or how long the next one has to wait.
    pub fn capacity(&self, now: Timestamp, limit: &Limit) -> Result<u32, Duration> {
        let ends_at = Timestamp::from_millis(self.window_ends_at);
        // A window further ahead than one that begins now was recorded by a wrong clock.
        if ends_at <= now || ends_at.is_ahead_of(now.after(limit.window)) {
            return Ok(limit.failures);
        }
        let left = i64::from(limit.failures) - self.failures;
        if let Some(left) = u32::try_from(left).ok().filter(|left| *left > 0) {
            return Ok(left);
        }
        let last_at = Timestamp::from_millis(self.last_at);
        let wait = limit.pause.saturating_sub(now.since(last_at));
        // A last attempt in the future was recorded by a wrong clock.
        if last_at > now || wait.is_zero() {
            Ok(1)
        } else {
            Err(wait)
        }
    }
}

pub async fn find(db: &Db, key: &KeyedDigest) -> Result<Option<Counter>, StoreError> {
    const SQL: &str = "SELECT failures, last_at, window_ends_at FROM throttle WHERE key = $1";
    Ok(fetch_optional!(db, SQL, key.as_str()))
}

/// The result of verifying an attempt.
pub enum Outcome {
    Right,
    /// Refused, with its audit entry.
    Wrong(Box<Entry>),
}

/// The decision on an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was right, and is not counted.
    Passed,
    /// It is counted and recorded.
    Failed,
    /// This counter has reached its limit meanwhile. The result of the attempt must not be disclosed.
    MustWait(KeyedDigest),
}

/// Decides an attempt, serialised with all others at its counters. The attempts of a burst queue for the rows, on
/// every server, so that no more of them are verified than the limit allows. `throttled` is recorded if the hidden
/// counter has reached its limit.
///
/// A right attempt is counted like a wrong one and rolled back: so it waits for earlier failures, and costs no durable
/// write.
pub async fn decide(
    db: &Db,
    counters: &Counters,
    outcome: Outcome,
    throttled: Entry,
) -> Result<Verdict, StoreError> {
    let now = throttled.at;
    transact!(db, transaction => {
        if let Some(full) = count_open_within(transaction, counters, now).await? {
            return Ok(RollBack(Verdict::MustWait(full)));
        }
        let has_capacity = count_hidden_within(transaction, counters, now).await?;
        let entry = match &outcome {
            Outcome::Right if has_capacity => return Ok(RollBack(Verdict::Passed)),
            Outcome::Wrong(refused) if has_capacity => &**refused,
            Outcome::Right | Outcome::Wrong(_) => &throttled,
        };
        super::audit::insert_within(transaction, entry.clone()).await?;
        Ok(Commit(Verdict::Failed))
    })
}

/// Counts an attempt without a result as a failure.
pub async fn count(db: &Db, counters: &Counters, now: Timestamp) -> Result<(), StoreError> {
    transact!(db, transaction => {
        if count_open_within(transaction, counters, now).await?.is_some() {
            return Ok(RollBack(()));
        }
        count_hidden_within(transaction, counters, now).await?;
        Ok(Commit(()))
    })
}

/// Returns the first counter that has reached its limit; then nothing may be committed.
async fn count_open_within(
    transaction: &mut Transaction,
    counters: &Counters,
    now: Timestamp,
) -> Result<Option<KeyedDigest>, StoreError> {
    for (key, limit) in &counters.open {
        if !count_within(transaction, key, limit, now).await? {
            return Ok(Some(key.clone()));
        }
    }
    Ok(None)
}

/// `false` if the hidden counter has reached its limit.
async fn count_hidden_within(
    transaction: &mut Transaction,
    counters: &Counters,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match &counters.hidden {
        Some((key, limit)) => count_within(transaction, key, limit, now).await,
        None => Ok(true),
    }
}

/// The condition is that of [`Counter::capacity`], evaluated by the database. Further attempts beyond the
/// number keep the window open: it ends when there was none for its length.
///
/// `before_last_at` is for servers of the previous version, which undo attempts by it.
async fn count_within(
    transaction: &mut Transaction,
    key: &KeyedDigest,
    limit: &Limit,
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
    let pause = i64::try_from(limit.pause.as_millis()).unwrap_or(i64::MAX);
    let counted = execute!(
        transaction,
        SQL,
        key.as_str(),
        now.as_millis(),
        now.after(limit.window).as_millis(),
        i64::from(limit.failures),
        now.as_millis().saturating_sub(pause),
        now.after(limit.window).after(MAX_CLOCK_SKEW).as_millis()
    );
    Ok(counted == 1)
}

/// Deletes up to `limit` counters whose windows are over. Returns how many.
pub async fn delete_over(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM throttle WHERE key IN \
        (SELECT key FROM throttle WHERE window_ends_at <= $1 LIMIT $2)";
    super::delete_some(db, SQL, now.as_millis(), limit).await
}
