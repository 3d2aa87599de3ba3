//! Keys of a restored database: they may have been revoked since, so each has to be confirmed.

use crate::{
    domain::{
        access_key::AccessKeyId,
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
            StoreError, execute, fetch_all_within, transact,
        },
        store::{audit, sessions},
    },
};

/// Suspends up to `limit` keys that are neither revoked nor suspended, and ends the sessions that were started with them.
/// Returns how many keys.
pub async fn suspend_some(
    db: &Db,
    now: Timestamp,
    limit: u32,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE access_keys SET suspended_at = $1 WHERE id IN (SELECT id FROM access_keys \
        WHERE revoked_at IS NULL AND suspended_at IS NULL ORDER BY id LIMIT $2) RETURNING id, user_id";
    transact!(db, transaction => {
        let suspended: Vec<(String, String)> =
            fetch_all_within!(transaction, SQL, now.as_millis(), i64::from(limit));
        let count = suspended.len() as u64;
        for (id, user) in suspended {
            let (id, user) = (AccessKeyId(id), UserId(user));
            let entry = actor.entry(now, Event::AccessKeySuspended, Some(&user), None);
            audit::insert_within(transaction, entry.about_key(&id)).await?;
            let ended = Ended { at: now, reason: EndReason::Restored };
            sessions::end_all_of_key_within(transaction, &id, ended, actor).await?;
        }
        Ok(Commit(count))
    })
}

/// Confirms a suspended key of this account. `false` if the account has no such key, or the key is not suspended.
pub async fn confirm(
    db: &Db,
    user: &UserId,
    id: &AccessKeyId,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE access_keys SET suspended_at = NULL \
        WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL AND suspended_at IS NOT NULL";
    transact!(db, transaction => {
        if execute!(transaction, SQL, &user.0, &id.0) == 0 {
            return Ok(RollBack(false));
        }
        let entry = actor.entry(now, Event::AccessKeyConfirmed, Some(user), None);
        audit::insert_within(transaction, entry.about_key(id)).await?;
        Ok(Commit(true))
    })
}
