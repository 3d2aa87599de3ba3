//! The table `setup_codes`: at most one row, and none once there is an account.

use super::users::{NewUser, bind_user, insert_user};
use crate::{
    domain::{audit::Entry, moment::Timestamp},
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, exists, in_transaction, transact,
        },
        token::SetupCodeDigest,
    },
};
use std::time::Duration;

/// Stores the code that is valid from now on, and voids the previous one. `false` if there is an account: then no code
/// is of use.
pub async fn replace(
    db: &Db,
    digest: &SetupCodeDigest,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO setup_codes (purpose, code_digest, created_at, expires_at) \
        SELECT 'first_account', $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM users) \
        ON CONFLICT (purpose) DO UPDATE SET code_digest = excluded.code_digest, \
        created_at = excluded.created_at, expires_at = excluded.expires_at";
    transact!(db, transaction => {
        let replaced = execute!(transaction, SQL, digest.as_str(), now.as_millis(), expires_at.as_millis());
        Ok(Commit(replaced == 1))
    })
}

/// Whether this is the code, and it is still valid.
pub async fn is_live(
    db: &Db,
    digest: &SetupCodeDigest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM setup_codes WHERE code_digest = $1 AND expires_at > $2";
    let found = exists!(db, SQL, digest.as_str(), now.as_millis());
    Ok(found)
}

/// Creates the first account in exchange for the code: one transaction. `false` if the code is not valid, or an account
/// exists.
///
/// Deleting the code decides: of two at once the second waits, and finds no code.
pub async fn redeem(
    db: &Db,
    digest: &SetupCodeDigest,
    user: &NewUser<'_>,
    entry: Entry,
) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM setup_codes WHERE code_digest = $1 AND expires_at > $2";
    const INSERT: &str = insert_user!(
        "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS (SELECT 1 FROM users)"
    );
    transact!(db, transaction => {
    let deleted = execute!(transaction, DELETE, digest.as_str(), user.created_at.as_millis());
    if deleted == 0 {
        return Ok(RollBack(false));
    }
    let inserted = in_transaction!(transaction, connection => bind_user!(sqlx::query(INSERT), user)
        .execute(connection)
        .await?
        .rows_affected());
    if inserted == 1 {
        super::users::write_words_within(transaction, &user.id).await?;
        super::audit::insert_within(transaction, entry.clone()).await?;
    }
    Ok(Commit(inserted == 1))
    })
}

/// Restarts the lifetime of a code that a wrong clock has dated in the future. Returns how many there were.
pub async fn reset_future_times(
    db: &Db,
    now: Timestamp,
    lifetime: Duration,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE setup_codes SET created_at = $1, expires_at = $3 WHERE created_at > $2";
    super::reset_future_times(db, SQL, now, lifetime).await
}

/// Voids the code, within a transaction that creates an account in another way.
pub(super) async fn void_within(transaction: &mut Transaction) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM setup_codes";
    execute!(transaction, SQL);
    Ok(())
}
