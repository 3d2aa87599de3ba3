//! Accounts by the link with which their owner sets a password.

use super::{UserRow, end_everything_within, user_columns};
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
            StoreError, Transaction, execute, fetch_optional, fetch_optional_within, transact,
        },
        store::audit,
        token::LinkDigest,
    },
};

/// A link that was found by its secret.
pub struct Link {
    pub user: User,
    pub purpose: LinkPurpose,
}

/// The link of this secret, if it is valid.
pub async fn find_by_link(
    db: &Db,
    digest: &LinkDigest,
    now: Timestamp,
) -> Result<Option<Link>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!(),
        " FROM password_links l JOIN users u ON u.id = l.user_id \
         WHERE l.secret_digest = $1 AND l.expires_at > $2 AND u.disabled_at IS NULL"
    );
    let row: Option<UserRow> = fetch_optional!(db, SQL, digest.as_str(), now.as_millis());
    Ok(row.map(User::from).map(|user| Link {
        purpose: LinkPurpose::of(user.has_password),
        user,
    }))
}

/// The use of a link.
pub struct Redemption<'a> {
    pub link: &'a LinkDigest,
    /// For which it was found: an invitation sets the first password of an account, a reset another one.
    pub purpose: LinkPurpose,
    pub password_hash: &'a str,
    pub at: Timestamp,
}

/// Sets the password of an enabled account in exchange for the link: all sessions end, all devices are forgotten and
/// all links void, in one transaction. Returns how many sessions ended; `None` if the link is not valid.
pub async fn redeem_link(
    db: &Db,
    redemption: &Redemption<'_>,
    actor: &Actor,
) -> Result<Option<u64>, StoreError> {
    transact!(db, transaction => {
        Ok(match redeem_within(transaction, redemption, actor).await? {
            Some((_, count)) => Commit(Some(count)),
            None => RollBack(None),
        })
    })
}

/// The same within a transaction, which is rolled back if the link is not valid. Returns the account as well.
///
/// Deleting the link decides: of two at once the second waits for the account, and finds no link.
pub(in crate::server::store) async fn redeem_within(
    transaction: &mut Transaction,
    redemption: &Redemption<'_>,
    actor: &Actor,
) -> Result<Option<(UserId, u64)>, StoreError> {
    const SET: &str = "UPDATE users SET password_hash = $3 WHERE disabled_at IS NULL \
        AND (password_hash = '') = $4 AND id = \
        (SELECT user_id FROM password_links WHERE secret_digest = $1 AND expires_at > $2) RETURNING id";
    const DELETE: &str = "DELETE FROM password_links WHERE secret_digest = $1 AND expires_at > $2";
    let Redemption {
        link,
        purpose,
        password_hash,
        at,
    } = *redemption;
    let is_first = purpose == LinkPurpose::Invitation;
    let user: Option<String> = fetch_optional_within!(
        scalar transaction, SET, link.as_str(), at.as_millis(), password_hash, is_first
    );
    let Some(user) = user.map(UserId) else {
        return Ok(None);
    };
    let deleted = execute!(transaction, DELETE, link.as_str(), at.as_millis());
    if deleted == 0 {
        return Ok(None);
    }
    let entry = actor.entry(at, Event::LinkUsed(purpose), Some(&user), None);
    audit::insert_within(transaction, entry).await?;
    let count = end_everything_within(transaction, &user, at, actor).await?;
    Ok(Some((user, count)))
}
