//! Changes of an account by administrators. Each writes the account first: a concurrent sign-in either
//! sees the change, or has its new session ended by it.

use crate::{
    domain::{
        access_key::RevokeReason,
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
            StoreError, Transaction, execute, transact,
        },
        store::{access_keys, administration, audit, devices, password_links, sessions},
    },
};

/// Disables the account, ends all its sessions, voids its links and revokes its access keys, in one transaction.
/// Returns how many sessions ended.
///
/// # Errors
/// [`StoreError::LastAdministrator`], [`StoreError::NotAdministrator`].
pub async fn disable(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        administration::keep_last_within(transaction, id).await?;
        let disabled = execute!(transaction, SQL, &id.0, now.as_millis());
        if disabled == 1 {
            audit::insert_within(transaction, actor.entry(now, Event::UserDisabled, Some(id), None)).await?;
        }
        password_links::void_within(transaction, id).await?;
        let ended = Ended {
            at: now,
            reason: EndReason::UserDisabled,
        };
        let count = sessions::end_all_within(transaction, id, ended, actor).await?;
        let reason = RevokeReason::UserDisabled;
        access_keys::revoke_all_within(transaction, id, reason, now, actor).await?;
        Ok(Commit(count))
    })
}

/// Enables a disabled account. Its ended sessions stay ended.
///
/// # Errors
/// [`StoreError::NotAdministrator`].
pub async fn enable(db: &Db, id: &UserId, now: Timestamp, actor: &Actor) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        change(transaction, SQL, id, Event::UserEnabled, now, actor).await?;
        Ok(Commit(()))
    })
}

/// Makes the account an administrator. `false` if it is one already.
///
/// # Errors
/// [`StoreError::NotAdministrator`].
pub async fn promote(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET is_admin = TRUE WHERE id = $1 AND NOT is_admin";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        let changed = change(transaction, SQL, id, Event::UserPromoted, now, actor).await?;
        Ok(Commit(changed))
    })
}

/// Removes the role of administrator from the account. `false` if it has not got it.
///
/// # Errors
/// [`StoreError::LastAdministrator`], [`StoreError::NotAdministrator`].
pub async fn demote(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET is_admin = FALSE WHERE id = $1 AND is_admin";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        administration::keep_last_within(transaction, id).await?;
        let changed = change(transaction, SQL, id, Event::UserDemoted, now, actor).await?;
        Ok(Commit(changed))
    })
}

/// A change of one column, with an audit entry if it changed something.
async fn change(
    transaction: &mut Transaction,
    sql: &'static str,
    id: &UserId,
    event: Event,
    now: Timestamp,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let changed = execute!(transaction, sql, &id.0);
    if changed == 1 {
        audit::insert_within(transaction, actor.entry(now, event, Some(id), None)).await?;
    }
    Ok(changed == 1)
}

/// Deletes the account, with its sessions, devices and links; the audit log keeps its name. Returns how
/// many sessions ended; `None` if there is no such account.
///
/// The account is written first, as everywhere: a concurrent sign-in finds no password to verify, or has
/// its new session ended and deleted.
///
/// # Errors
/// [`StoreError::LastAdministrator`], [`StoreError::NotAdministrator`].
pub async fn delete(
    db: &Db,
    id: &UserId,
    now: Timestamp,
    actor: &Actor,
) -> Result<Option<u64>, StoreError> {
    const LOCK: &str = "UPDATE users SET disabled_at = $2 WHERE id = $1";
    const DELETE: &str = "DELETE FROM users WHERE id = $1";
    transact!(db, transaction => {
        administration::lock_within(transaction, actor).await?;
        administration::keep_last_within(transaction, id).await?;
        let locked = execute!(transaction, LOCK, &id.0, now.as_millis());
        if locked == 0 {
            return Ok(RollBack(None));
        }
        let ended = Ended {
            at: now,
            reason: EndReason::UserDeleted,
        };
        let count = sessions::end_all_within(transaction, id, ended, actor).await?;
        // Before the deletion, while there is a name to record.
        audit::insert_within(transaction, actor.entry(now, Event::UserDeleted, Some(id), None)).await?;
        execute!(transaction, DELETE, &id.0);
        Ok(Commit(Some(count)))
    })
}

/// Sets a new password for a user who may have lost the old one. In the same transaction all sessions end, all
/// devices are forgotten and all links voided. Returns how many sessions ended.
pub async fn set_password(
    db: &Db,
    id: &UserId,
    password_hash: &str,
    now: Timestamp,
    actor: &Actor,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
    transact!(db, transaction => {
        execute!(transaction, SQL, &id.0, password_hash);
        let entry = actor.entry(now, Event::PasswordSet, Some(id), None);
        audit::insert_within(transaction, entry).await?;
        let count = end_everything_within(transaction, id, now, actor).await?;
        Ok(Commit(count))
    })
}

/// Removes what depends on a password that its owner may have lost: sessions, devices, links and access keys. Returns
/// how many sessions ended.
pub(super) async fn end_everything_within(
    transaction: &mut Transaction,
    id: &UserId,
    now: Timestamp,
    actor: &Actor,
) -> Result<u64, StoreError> {
    password_links::void_within(transaction, id).await?;
    devices::forget_all_within(transaction, id).await?;
    let ended = Ended {
        at: now,
        reason: EndReason::PasswordChanged,
    };
    let count = sessions::end_all_within(transaction, id, ended, actor).await?;
    let reason = RevokeReason::PasswordChanged;
    access_keys::revoke_all_within(transaction, id, reason, now, actor).await?;
    Ok(count)
}
