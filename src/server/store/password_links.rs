//! The table `password_links`: at most one row a person and purpose.
//!
//! Whoever changes an account or its links writes the account first, so that no two wait for each other.

use super::users;
use crate::{
    domain::{
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        password_link::LinkPurpose,
        user::{User, UserId},
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, fetch_one, fetch_optional, fetch_optional_within,
            transact,
        },
        token::LinkDigest,
    },
};
use std::time::Duration;

/// A link that is made.
pub struct NewLink<'a> {
    pub user: &'a UserId,
    pub digest: &'a LinkDigest,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A link that was found by its secret.
pub struct Link {
    pub user: User,
    pub purpose: LinkPurpose,
}

/// Makes a link for an account that is enabled, and makes the one before void: an invitation where it has
/// no password, else a reset, which changes nothing until it is used. `None` where there is no such
/// account, or it is disabled.
pub async fn replace(
    db: &Db,
    link: &NewLink<'_>,
    actor: &Actor,
) -> Result<Option<LinkPurpose>, StoreError> {
    const HOLD: &str = "UPDATE users SET password_hash = password_hash \
        WHERE id = $1 AND disabled_at IS NULL RETURNING password_hash <> ''";
    transact!(db, transaction => {
    let has_password: Option<bool> = fetch_optional_within!(scalar transaction, HOLD, &link.user.0);
    let Some(has_password) = has_password else {
        return Ok(RollBack(None));
    };
    let purpose = LinkPurpose::of(has_password);
    insert_within(transaction, purpose, link, actor).await?;
    Ok(Commit(Some(purpose)))
    })
}

/// The same, together with what else happens to the account.
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

/// The link of this secret, while it is valid.
pub async fn find(
    db: &Db,
    digest: &LinkDigest,
    now: Timestamp,
) -> Result<Option<Link>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        users::user_columns!(),
        " FROM password_links l JOIN users u ON u.id = l.user_id \
         WHERE l.secret_digest = $1 AND l.expires_at > $2 AND u.disabled_at IS NULL"
    );
    let row: Option<users::UserRow> = fetch_optional!(db, SQL, digest.as_str(), now.as_millis());
    Ok(row.map(User::from).map(|user| Link {
        purpose: LinkPurpose::of(user.has_password),
        user,
    }))
}

/// Until when the link of an account is valid, where it has one.
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

/// Sets the password of an enabled account in exchange for the link, which is used up by it: all sessions
/// end, all devices are strangers again and all links void, in one transaction. `None` where the link is
/// not valid; else how many sessions ended.
///
/// Whoever deletes the link has it: of two at once the second waits for the account, and finds it gone.
pub async fn redeem(
    db: &Db,
    digest: &LinkDigest,
    password_hash: &str,
    purpose: LinkPurpose,
    now: Timestamp,
    actor: &Actor,
) -> Result<Option<u64>, StoreError> {
    const SET: &str = "UPDATE users SET password_hash = $3 WHERE disabled_at IS NULL AND id = \
        (SELECT user_id FROM password_links WHERE secret_digest = $1 AND expires_at > $2) RETURNING id";
    const TAKE: &str = "DELETE FROM password_links WHERE secret_digest = $1 AND expires_at > $2";
    transact!(db, transaction => {
    let user: Option<String> = fetch_optional_within!(
            scalar transaction, SET, digest.as_str(), now.as_millis(), password_hash
        );
    let Some(user) = user.map(UserId) else {
        return Ok(RollBack(None));
    };
    let taken = execute!(transaction, TAKE, digest.as_str(), now.as_millis());
    if taken == 0 {
        // Dropped without a commit, the transaction leaves everything as it was.
        return Ok(RollBack(None));
    }
    let entry = actor.entry(now, Event::LinkUsed(purpose), Some(&user), None);
    super::audit::insert_within(transaction, entry).await?;
    let count = users::end_everything_within(transaction, &user, now, actor).await?;
    Ok(Commit(Some(count)))
    })
}

/// Makes the links of an account useless, together with what else happens to it.
pub(super) async fn void_within(
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM password_links WHERE user_id = $1";
    execute!(transaction, SQL, &user.0);
    Ok(())
}

/// Restarts the life of links that a wrong clock has dated in the future. Returns how many there were.
pub async fn bring_to_present(db: &Db, now: Timestamp, life: Duration) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE password_links SET created_at = $1, expires_at = $3 WHERE created_at > $2";
    super::bring_to_present(db, SQL, now, life).await
}

/// Takes up to `limit` links away that have expired. Returns how many.
pub async fn delete_expired(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM password_links WHERE secret_digest IN \
        (SELECT secret_digest FROM password_links WHERE expires_at <= $1 LIMIT $2)";
    super::delete_some(db, SQL, now.as_millis(), limit).await
}
