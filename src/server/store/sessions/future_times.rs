//! Sessions that a wrong clock has dated in the future: otherwise they would live until then.

use crate::{
    domain::{
        moment::{MAX_CLOCK_SKEW, Timestamp},
        session::SessionId,
    },
    server::{
        db::{Db, StoreError},
        store::execute,
    },
};
use std::time::Duration;

/// The current time, and the lifetimes of sessions from it.
#[derive(Clone, Copy, Debug)]
pub struct ResetTimes {
    pub now: Timestamp,
    pub idle: Duration,
    pub absolute: Duration,
    /// The same two for "stay signed in on this device".
    pub remember_idle: Duration,
    pub remember_absolute: Duration,
}

/// Beginnings and last uses after `$2` become `$1`. A confirmation after `$2` becomes the epoch, so that it does
/// not become valid later. The absolute end is computed first: it bounds the idle end. A time-out is not undone: a new
/// password whose token was never used ends after five minutes.
macro_rules! reset_future_times {
    ($which:literal) => {
        concat!(
            "UPDATE sessions SET ",
            "idle_ends_at = CASE WHEN created_at <= $2 AND absolute_ends_at < ",
            "CASE WHEN remember THEN $5 ELSE $3 END THEN absolute_ends_at ",
            "WHEN remember THEN $5 ELSE $3 END, ",
            "idle_end_if_used = CASE WHEN idle_end_if_used IS NULL THEN NULL ",
            "WHEN created_at <= $2 AND absolute_ends_at < CASE WHEN remember THEN $5 ELSE $3 END THEN absolute_ends_at ",
            "WHEN remember THEN $5 ELSE $3 END, ",
            "absolute_ends_at = CASE WHEN created_at <= $2 THEN absolute_ends_at ",
            "WHEN remember THEN $6 ELSE $4 END, ",
            "created_at = CASE WHEN created_at > $2 THEN $1 ELSE created_at END, ",
            "last_seen_at = $1, ",
            "authenticated_at = CASE WHEN authenticated_at > $2 THEN 0 ELSE authenticated_at END ",
            "WHERE ended_at IS NULL AND idle_ends_at > $1 ",
            "AND (created_at > $2 OR last_seen_at > $2 OR authenticated_at > $2) AND ",
            $which
        )
    };
}

impl ResetTimes {
    /// `$1` to `$6`: now, the limit beyond which an instant is in the future, and the ends of a session that
    /// begins or is used now.
    fn numbers(&self) -> [i64; 6] {
        let after = |duration| self.now.after(duration);
        [
            self.now,
            after(MAX_CLOCK_SKEW),
            after(self.idle),
            after(self.absolute),
            after(self.remember_idle),
            after(self.remember_absolute),
        ]
        .map(Timestamp::as_millis)
    }
}

/// One session. It is unchanged if it has ended, or is no longer dated in the future.
pub async fn reset_future_times(
    db: &Db,
    id: &SessionId,
    times: &ResetTimes,
) -> Result<(), StoreError> {
    const SQL: &str = reset_future_times!("id = $7");
    execute(db, SQL, &times.numbers(), Some(&id.0)).await?;
    Ok(())
}

/// Up to `limit` sessions of any user. Returns how many there were.
pub async fn reset_some_future_times(
    db: &Db,
    times: &ResetTimes,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = reset_future_times!(
        "id IN (SELECT id FROM sessions WHERE ended_at IS NULL AND idle_ends_at > $1 \
         AND (created_at > $2 OR last_seen_at > $2 OR authenticated_at > $2) LIMIT $7)"
    );
    let numbers = times.numbers().into_iter().chain([i64::from(limit)]);
    execute(db, SQL, &numbers.collect::<Vec<_>>(), None).await
}
