//! The table `password_links`: at most one row for each user and purpose.
//!
//! A change of an account or its links writes the account first, so that no two transactions deadlock.

use crate::{
    domain::{
        actor::Actor, audit::Event, moment::Timestamp, password_link::LinkPurpose, user::UserId,
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, fetch_one, fetch_optional_within, transact,
        },
        token::LinkDigest,
    },
};
use std::time::Duration;

/// A link to create.
pub struct NewLink<'a> {
    pub user: &'a UserId,
    pub digest: &'a LinkDigest,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Creates a link for an enabled account, and voids the previous one. It is an invitation if the account has no
/// password, else a reset, which changes nothing until it is used. `None` if the account does not exist or is disabled.
pub async fn replace(
    db: &Db,
    link: &NewLink<'_>,
    actor: &Actor,
) -> Result<Option<LinkPurpose>, StoreError> {
    const LOCK: &str = "UPDATE users SET password_hash = password_hash \
        WHERE id = $1 AND disabled_at IS NULL RETURNING password_hash <> ''";
    transact!(db, transaction => {
    let has_password: Option<bool> = fetch_optional_within!(scalar transaction, LOCK, &link.user.0);
    let Some(has_password) = has_password else {
        return Ok(RollBack(None));
    };
    let purpose = LinkPurpose::of(has_password);
    insert_within(transaction, purpose, link, actor).await?;
    Ok(Commit(Some(purpose)))
    })
}

/// The same, within a transaction that changes the account.
pub(super) async fn insert_within(
    transaction: &mut Transaction,
    purpose: LinkPurpose,
    link: &NewLink<'_>,
    actor: &Actor,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO password_links \
        (user_id, purpose, secret_digest, created_at, expires_at, made_by) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (user_id, purpose) DO UPDATE SET secret_digest = excluded.secret_digest, \
        created_at = excluded.created_at, expires_at = excluded.expires_at, made_by = excluded.made_by";
    execute!(
        transaction,
        SQL,
        &link.user.0,
        purpose.as_str(),
        link.digest.as_str(),
        link.created_at.as_millis(),
        link.expires_at.as_millis(),
        actor.administrator().map(|admin| &*admin.0)
    );
    let entry = actor.entry(
        link.created_at,
        Event::LinkMade(purpose),
        Some(link.user),
        None,
    );
    super::audit::insert_within(transaction, entry).await
}

/// The expiry of an account's link, if it has one.
pub async fn valid_until(
    db: &Db,
    user: &UserId,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str =
        "SELECT MAX(expires_at) FROM password_links WHERE user_id = $1 AND expires_at > $2";
    let until: Option<i64> = fetch_one!(scalar db, SQL, &user.0, now.as_millis());
    Ok(until.map(Timestamp::from_millis))
}

/// Voids the links of an account, within a transaction that changes the account.
pub(super) async fn void_within(
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM password_links WHERE user_id = $1";
    execute!(transaction, SQL, &user.0);
    Ok(())
}

/// Restarts the lifetime of links that a wrong clock has dated in the future. Returns how many there were.
pub async fn reset_future_times(
    db: &Db,
    now: Timestamp,
    lifetime: Duration,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE password_links SET created_at = $1, expires_at = $3 WHERE created_at > $2";
    super::reset_future_times(db, SQL, now, lifetime).await
}

/// Deletes up to `limit` expired links. Returns how many.
pub async fn delete_expired(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM password_links WHERE secret_digest IN \
        (SELECT secret_digest FROM password_links WHERE expires_at <= $1 LIMIT $2)";
    super::delete_some(db, SQL, now.as_millis(), limit).await
}
