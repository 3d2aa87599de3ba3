//! The table `devices`: browsers in which somebody has signed in.

use crate::{
    domain::{
        moment::{AHEAD, Timestamp},
        user::UserId,
    },
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool},
        token::DeviceDigest,
    },
};

/// The browser of a sign-in that succeeds.
pub struct KnownDevice<'a> {
    pub digest: &'a DeviceDigest,
    /// What the browser was known by before, to this person or to others who use it.
    pub known_as: Option<&'a DeviceDigest>,
}

/// Whether this person has signed in with this browser since the last reset of the password.
pub async fn is_known(db: &Db, digest: &DeviceDigest, user: &UserId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM devices WHERE token_digest = $1 AND user_id = $2";
    let found = on_pool!(db, pool => sqlx::query(SQL)
        .bind(digest.as_str())
        .bind(&user.0)
        .fetch_optional(pool)
        .await?
        .is_some());
    Ok(found)
}

/// Notes that a person uses a browser. Everybody who was known in it stays known under its new
/// digest.
pub(super) async fn remember_within(
    transaction: &mut Transaction,
    device: &KnownDevice<'_>,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const MOVE: &str = "UPDATE devices SET token_digest = $2 WHERE token_digest = $1";
    const UPSERT: &str = "INSERT INTO devices (token_digest, user_id, created_at, last_used_at) \
        VALUES ($1, $2, $3, $3) \
        ON CONFLICT (token_digest, user_id) DO UPDATE SET last_used_at = excluded.last_used_at";
    if let Some(known_as) = device.known_as {
        in_transaction!(transaction, connection => sqlx::query(MOVE)
            .bind(known_as.as_str())
            .bind(device.digest.as_str())
            .execute(connection)
            .await
            .map(|_| ())?);
    }
    in_transaction!(transaction, connection => sqlx::query(UPSERT)
        .bind(device.digest.as_str())
        .bind(&user.0)
        .bind(now.as_millis())
        .execute(connection)
        .await
        .map(|_| ())?);
    Ok(())
}

/// Makes every browser of a person a stranger again.
pub(super) async fn forget_all_within(
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE user_id = $1";
    in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&user.0)
        .execute(connection)
        .await
        .map(|_| ())?);
    Ok(())
}

/// The same, but for the browser in which the person has just changed the password.
pub(super) async fn forget_others_within(
    transaction: &mut Transaction,
    user: &UserId,
    known: Option<&DeviceDigest>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE user_id = $1 AND token_digest <> $2";
    let known = known.map(DeviceDigest::as_str).unwrap_or_default();
    in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&user.0)
        .bind(known)
        .execute(connection)
        .await
        .map(|_| ())?);
    Ok(())
}

/// Counts browsers that were used ahead of now by a wrong clock as used now. Returns how many there were.
pub async fn bring_to_present(db: &Db, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE devices SET last_used_at = $1, \
        created_at = CASE WHEN created_at > $2 THEN $1 ELSE created_at END WHERE last_used_at > $2";
    let numbers = [now, now.after(AHEAD)].map(Timestamp::as_millis);
    super::execute(db, SQL, &numbers, None).await
}

/// Takes up to `limit` browsers away whose cookies are over. Returns how many.
pub async fn delete_unused_since(db: &Db, since: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE (token_digest, user_id) IN \
        (SELECT token_digest, user_id FROM devices WHERE last_used_at < $1 LIMIT $2)";
    super::delete_some(db, SQL, since.as_millis(), limit).await
}
