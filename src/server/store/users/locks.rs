//! Locks of an account, and the time of its last sign-in. Every change of an account, its keys, its links and its
//! browsers writes the account first, so that two of them are wholly one after the other, and none waits for another in
//! a circle.

use crate::{
    domain::{moment::Timestamp, user::UserId},
    server::db::{StoreError, Transaction, execute},
};

/// Writes the account, whatever its state.
pub async fn lock_within(transaction: &mut Transaction, id: &UserId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET disabled_at = disabled_at WHERE id = $1";
    execute!(transaction, SQL, &id.0);
    Ok(())
}

/// Writes an enabled account. `false` if it is disabled or gone.
pub async fn lock_enabled_within(
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE users SET disabled_at = disabled_at WHERE id = $1 AND disabled_at IS NULL";
    Ok(execute!(transaction, SQL, &id.0) == 1)
}

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
