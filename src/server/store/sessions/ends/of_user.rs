//! Ends all sessions of a user, or all but some.

use super::{EndedRow, count, end_sessions, end_where, record_ends};
use crate::{
    domain::{
        access_key::{AccessKeyId, RevokeReason},
        actor::Actor,
        moment::Timestamp,
        session::{EndReason, Ended, EndedElsewhere, Session, SessionId},
        user::UserId,
    },
    server::{
        db::{Db, Outcome::Commit, StoreError, Transaction, fetch_all_within, transact},
        store::{access_keys, sessions::NewSession, users},
    },
};

/// Ends all sessions of a user. Returns how many were live.
pub async fn end_all_of_user(
    db: &Db,
    user: &UserId,
    ended: Ended,
    actor: &Actor,
) -> Result<u64, StoreError> {
    transact!(db, transaction => {
        let count = end_all_within(transaction, user, ended, actor).await?;
        Ok(Commit(count))
    })
}

/// The same within a transaction that changes the account. Sessions that had timed out before are not counted.
pub async fn end_all_within(
    transaction: &mut Transaction,
    user: &UserId,
    ended: Ended,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!("user_id = $1");
    let rows = end_where!(transaction, actor, ended, SQL, &user.0);
    Ok(count(&rows, ended.reason))
}

/// Ends the sessions that were started with an access key, within a transaction that revokes or suspends it.
pub async fn end_all_of_key_within(
    transaction: &mut Transaction,
    key: &AccessKeyId,
    ended: Ended,
    actor: &Actor,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("key_id = $1");
    end_where!(transaction, actor, ended, SQL, &key.0);
    Ok(())
}

/// Ends all sessions of a user but one. Returns how many were live.
pub async fn end_all_but(
    db: &Db,
    user: &UserId,
    kept: &SessionId,
    ended: Ended,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!("user_id = $1 AND id <> $4");
    transact!(db, transaction => {
        let rows = end_where!(transaction, actor, ended, SQL, &user.0, &kept.0);
        Ok(Commit(count(&rows, ended.reason)))
    })
}

/// Ends all sessions of a user at the request of `current`, which is signed out, and revokes the access keys, unless
/// `keep_keys`. Returns how many other sessions, and how many keys, were live.
pub async fn end_all_and_sign_out(
    db: &Db,
    current: &Session,
    keep_keys: bool,
    now: Timestamp,
    actor: &Actor,
) -> Result<EndedElsewhere, StoreError> {
    const SQL: &str = end_sessions!(
        "user_id = $1",
        "CASE WHEN id = $4 THEN 'signed_out' ELSE $3 END"
    );
    let ended = Ended {
        at: now,
        reason: EndReason::EndedByOwner,
    };
    let (user, current) = (&current.user_id, &current.id.0);
    transact!(db, transaction => {
        // A key that is made at the same time is revoked, or not made.
        users::lock_within(transaction, user).await?;
        let rows = end_where!(transaction, actor, ended, SQL, &user.0, current);
        let keys = if keep_keys {
            0
        } else {
            let reason = RevokeReason::SignedOutEverywhere;
            access_keys::revoke_all_within(transaction, user, reason, now, actor).await?
        };
        Ok(Commit(EndedElsewhere { sessions: count(&rows, ended.reason), keys }))
    })
}

/// Ends the sessions that have been idle longest, except `started`, if there are more than `max` with it.
pub async fn end_longest_idle_within(
    transaction: &mut Transaction,
    started: &NewSession<'_>,
    max: u32,
    actor: &Actor,
) -> Result<(), StoreError> {
    // SQLite has no OFFSET without a LIMIT, and no value for "all" works on both engines.
    const SQL: &str = end_sessions!(
        "id IN (SELECT id FROM sessions WHERE user_id = $1 AND id <> $4 AND ended_at IS NULL \
         AND idle_ends_at > $2 ORDER BY last_seen_at DESC, id DESC LIMIT 1000000 OFFSET $5)"
    );
    let ended = Ended {
        at: started.created_at,
        reason: EndReason::TooMany,
    };
    let (user, started) = (&started.user_id.0, &started.id.0);
    let others = i64::from(max.saturating_sub(1));
    end_where!(transaction, actor, ended, SQL, user, started, others);
    Ok(())
}

/// Ends all sessions of a user because of a new password, except `renewed`, whose row stays locked in the transaction.
/// Returns how many others ended; `None` if `renewed` was no longer live.
///
/// One statement locks them all, in the same order as every other statement, and its result shows whether `renewed`
/// was still live.
pub async fn end_all_but_renewed_within(
    transaction: &mut Transaction,
    user: &UserId,
    renewed: &SessionId,
    now: Timestamp,
    actor: &Actor,
) -> Result<Option<u64>, StoreError> {
    const SQL: &str = end_sessions!(
        "user_id = $1",
        "$3",
        "id = $4 AND idle_ends_at > $2 AND absolute_ends_at > $2",
        "id, user_id, COALESCE(ended_at, 0) AS ended_at, COALESCE(end_reason, '') AS end_reason, address, user_agent"
    );
    let mut rows: Vec<EndedRow> = fetch_all_within!(
        transaction,
        SQL,
        &user.0,
        now.as_millis(),
        EndReason::PasswordChanged.as_str(),
        &renewed.0
    );
    let total = rows.len();
    rows.retain(|row| !row.end_reason.is_empty());
    if rows.len() == total {
        return Ok(None);
    }
    let ended = record_ends(transaction, rows, actor).await?;
    Ok(Some(count(&ended, EndReason::PasswordChanged)))
}
