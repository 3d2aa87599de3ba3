//! Revocations. With a key end the sessions that were started with it.

use crate::{
    domain::{
        access_key::{AccessKeyId, RevokeReason},
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        session::{EndReason, Ended},
        user::UserId,
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, fetch_all_within, transact,
        },
        store::{audit, sessions, users},
    },
};

/// Revokes a key of this account. `false` if it has no such key, or it was revoked before: the first reason is kept.
pub async fn revoke(
    db: &Db,
    user: &UserId,
    id: &AccessKeyId,
    reason: RevokeReason,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE access_keys SET revoked_at = $2, revoke_reason = $3 \
        WHERE user_id = $1 AND id = $4 AND revoked_at IS NULL RETURNING id";
    transact!(db, transaction => {
        // In the order of all changes of an account, so that no two of them wait for each other.
        users::lock_within(transaction, user).await?;
        let revoked: Vec<String> = fetch_all_within!(
            scalar transaction, SQL, &user.0, now.as_millis(), reason.as_str(), &id.0
        );
        let is_revoked = !revoked.is_empty();
        record_within(transaction, user, revoked, reason, now, actor).await?;
        Ok(if is_revoked { Commit(true) } else { RollBack(false) })
    })
}

/// Revokes all keys of an account. Returns how many were live.
pub async fn revoke_all(
    db: &Db,
    user: &UserId,
    reason: RevokeReason,
    now: Timestamp,
    actor: &Actor,
) -> Result<u64, StoreError> {
    transact!(db, transaction => {
        users::lock_within(transaction, user).await?;
        let count = revoke_all_within(transaction, user, reason, now, actor).await?;
        Ok(Commit(count))
    })
}

/// The same within a transaction that has written the account. If it ends all sessions, it does so before: two
/// transactions that lock the sessions of an account in two orders would wait for each other.
///
/// Expired keys are revoked, too, and not counted: if the clock was ahead, they would be valid again once it is right.
pub async fn revoke_all_within(
    transaction: &mut Transaction,
    user: &UserId,
    reason: RevokeReason,
    now: Timestamp,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE access_keys SET revoked_at = $2, revoke_reason = $3 \
        WHERE user_id = $1 AND revoked_at IS NULL RETURNING id, expires_at";
    let revoked: Vec<(String, i64)> =
        fetch_all_within!(transaction, SQL, &user.0, now.as_millis(), reason.as_str());
    let live = revoked.iter().filter(|(_, end)| *end > now.as_millis());
    let count = live.count() as u64;
    let revoked = revoked.into_iter().map(|(id, _)| id).collect();
    record_within(transaction, user, revoked, reason, now, actor).await?;
    Ok(count)
}

/// Ends the sessions of revoked keys, and writes the audit log.
async fn record_within(
    transaction: &mut Transaction,
    user: &UserId,
    revoked: Vec<String>,
    reason: RevokeReason,
    now: Timestamp,
    actor: &Actor,
) -> Result<(), StoreError> {
    let ended = Ended {
        at: now,
        reason: EndReason::KeyRevoked,
    };
    for id in revoked.into_iter().map(AccessKeyId) {
        let entry = actor.entry(now, Event::AccessKeyRevoked(reason), Some(user), None);
        audit::insert_within(transaction, entry.about_key(&id)).await?;
        sessions::end_all_of_key_within(transaction, &id, ended, actor).await?;
    }
    Ok(())
}
