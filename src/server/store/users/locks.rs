//! Locks of an account. Every change of an account, its keys, its links and its browsers writes the account first, so
//! that two of them are wholly one after the other, and none waits for another in a circle.

use crate::{
    domain::user::UserId,
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
