//! The last sign-in of accounts, in two columns of `users`. Servers of older versions do not write them.

use crate::{
    domain::{
        moment::{MAX_CLOCK_SKEW, Timestamp},
        user::UserId,
    },
    server::{
        db::{Db, Outcome::Commit, StoreError, Transaction, execute, fetch_all, transact},
        store::{audit::Cursor, devices},
    },
};

/// Records the start of a session.
pub async fn record_sign_in_within(
    transaction: &mut Transaction,
    id: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET last_sign_in_at = $2, has_signed_in = TRUE WHERE id = $1";
    execute!(transaction, SQL, &id.0, now.as_millis());
    Ok(())
}

/// Completes a new account, or one of an older version, by its sessions and browsers. An account that is complete is
/// unchanged.
pub(super) async fn complete_within(
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET \
        has_signed_in = EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = $1) \
            OR EXISTS (SELECT 1 FROM devices d WHERE d.user_id = $1), \
        last_sign_in_at = (SELECT MAX(known.at) FROM \
            (SELECT MAX(s.created_at) AS at FROM sessions s WHERE s.user_id = $1 \
            UNION ALL SELECT MAX(d.last_used_at) FROM devices d WHERE d.user_id = $1) AS known) \
        WHERE id = $1 AND has_signed_in IS NULL";
    if execute!(transaction, SQL, &id.0) == 1 {
        devices::match_to_sessions_within(transaction, id).await?;
    }
    Ok(())
}

/// A sign-in in the log.
#[derive(sqlx::FromRow)]
struct Logged {
    at: i64,
    id: String,
    /// The account, if it has no such sign-in on record.
    missed_by: Option<String>,
    signed_in_at: Option<i64>,
}

/// Records sign-ins that a server of an older version has only logged: among up to `limit` after `after`, until `now`.
/// Returns where the log continues, and how many were recorded.
pub async fn record_missed(
    db: &Db,
    after: &Cursor,
    now: Timestamp,
    limit: u32,
) -> Result<(Option<Cursor>, u64), StoreError> {
    const FIND: &str = "SELECT a.at, a.id, u.id AS missed_by, s.created_at AS signed_in_at FROM activity a \
        LEFT JOIN sessions s ON s.id = a.session_id AND s.created_at <= $3 \
        LEFT JOIN users u ON u.id = s.user_id AND u.has_signed_in IS NOT NULL \
            AND (u.last_sign_in_at IS NULL OR u.last_sign_in_at < s.created_at) \
        WHERE a.event = 'signed_in' AND (a.at, a.id) > ($1, $2) AND a.at <= $3 ORDER BY a.at, a.id LIMIT $4";
    const RECORD: &str = "UPDATE users SET last_sign_in_at = $2, has_signed_in = TRUE \
        WHERE id = $1 AND (last_sign_in_at IS NULL OR last_sign_in_at < $2)";
    let (at, until, number) = (after.at.as_millis(), now.as_millis(), i64::from(limit));
    let rows: Vec<Logged> = fetch_all!(db, FIND, at, &after.id, until, number);
    let mut recorded = 0;
    for row in &rows {
        let (Some(user), Some(at)) = (&row.missed_by, row.signed_in_at) else {
            continue;
        };
        // Each in a transaction of its own: one that waits for an account holds no other.
        recorded += transact!(db, transaction => {
            Ok(Commit(execute!(transaction, RECORD, user, at)))
        })?;
    }
    let is_last = rows.len() < limit as usize;
    let last = rows.into_iter().next_back().filter(|_| !is_last);
    let next = last.map(|row| Cursor {
        at: Timestamp::from_millis(row.at),
        id: row.id,
    });
    Ok((next, recorded))
}

/// Moves last sign-ins that a wrong clock recorded in the future to now: of up to `limit` accounts. The log leads to
/// them, because it keeps the times that were written. Returns the number of accounts.
pub async fn reset_some_future_sign_ins(
    db: &Db,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE users SET last_sign_in_at = $1 WHERE last_sign_in_at > $2 AND id IN \
        (SELECT DISTINCT u.id FROM activity a JOIN users u ON u.id = a.user_id \
        WHERE a.event = 'signed_in' AND a.at > $2 AND u.last_sign_in_at > $2 LIMIT $3)";
    let ahead = now.after(MAX_CLOCK_SKEW);
    let numbers = [now.as_millis(), ahead.as_millis(), i64::from(limit)];
    crate::server::store::execute(db, SQL, &numbers, None).await
}
