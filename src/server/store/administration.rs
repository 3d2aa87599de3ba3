//! The table `administration`: one row, which serialises changes of administrators.

use crate::{
    domain::{actor::Actor, audit::Source, user::UserId},
    server::db::{StoreError, Transaction, execute, exists_within},
};

/// Serialises changes of administrators until the end of the transaction: of two administrators who demote each other,
/// the second has lost the role. A transaction begins with it.
///
/// # Errors
/// [`StoreError::NotAdministrator`] if the actor is no longer an administrator.
pub(super) async fn lock_within(
    transaction: &mut Transaction,
    actor: &Actor,
) -> Result<(), StoreError> {
    const LOCK: &str = "UPDATE administration SET changes = changes + 1 WHERE id = 1";
    const ACTOR: &str = "SELECT 1 FROM users WHERE id = $1 AND is_admin AND disabled_at IS NULL";
    let locked = execute!(transaction, LOCK);
    if locked != 1 {
        return Err(StoreError::Corrupt {
            table: "administration",
            id: "1".to_owned(),
        });
    }
    let may = match actor.administrator() {
        Some(admin) => exists_within!(transaction, ACTOR, &admin.0),
        None => actor.source() == Source::Command,
    };
    if may {
        Ok(())
    } else {
        Err(StoreError::NotAdministrator)
    }
}

/// Keeps the last account that can administer: enabled and with a password.
///
/// # Errors
/// [`StoreError::LastAdministrator`].
pub(super) async fn keep_last_within(
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT 1 FROM users WHERE id = $1 AND is_admin AND disabled_at IS NULL \
        AND password_hash <> '' AND NOT EXISTS (SELECT 1 FROM users other WHERE other.is_admin \
        AND other.disabled_at IS NULL AND other.password_hash <> '' AND other.id <> $1)";
    let is_last = exists_within!(transaction, SQL, &id.0);
    if is_last {
        return Err(StoreError::LastAdministrator);
    }
    Ok(())
}
