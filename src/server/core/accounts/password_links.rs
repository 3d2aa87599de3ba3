//! Links for setting a password: an administrator creates them, and each can be used once.

mod redemption;
mod ticket;

pub use crate::server::store::users::Link;
pub use redemption::{Redeemed, find, open, redeem};
pub use ticket::{proof_of, proves, secret_of};

use super::users::{self, CheckedDraft, UserError};
use crate::{
    domain::{
        moment::Timestamp,
        page::Page,
        password_link::{LinkPurpose, LinkSecret},
        user::{User, UserId},
    },
    server::{
        core::{Core, actor::Admin},
        db::StoreError,
        store::{self, password_links::NewLink},
        token,
    },
};
use std::time::Duration;

/// Covers a weekend. An unused link is a password that others may find, so it is short-lived (ASVS V6.6.3).
pub const LIFETIME: Duration = Duration::from_secs(72 * 3_600);

/// A new link. It is shown once, and cannot be read again.
#[derive(Debug)]
pub struct MadeLink {
    /// Whose password it sets.
    pub user: UserId,
    pub secret: LinkSecret,
    pub purpose: LinkPurpose,
    pub expires_at: Timestamp,
}

impl MadeLink {
    /// The address for its creator. `origin` is the server's public address. Browsers do not send what follows `#`, so
    /// the secret is in no log.
    pub fn address(&self, origin: &str) -> String {
        format!(
            "{origin}{}#{}",
            Page::PasswordLink.path(),
            self.secret.reveal()
        )
    }
}

/// Creates an account without a password, and a link with which its owner sets one.
///
/// # Errors
/// [`UserError::Refused`] if the username or the email address is in use.
pub async fn invite(
    core: &Core,
    admin: &Admin,
    draft: &CheckedDraft,
) -> Result<MadeLink, UserError> {
    let secret = token::new_link_secret();
    let digest = token::link_digest(&secret);
    let user = draft.with_hash(core, store::users::NO_PASSWORD);
    let link = NewLink {
        user: &user.id,
        digest: &digest,
        created_at: user.created_at,
        expires_at: user.created_at.after(LIFETIME),
    };
    let inserted = store::users::insert_invited(&core.db, &user, &link, admin.actor()).await;
    users::explain(core, draft.wanted(&user.id), inserted).await?;
    Ok(MadeLink {
        user: user.id.clone(),
        purpose: LinkPurpose::Invitation,
        expires_at: link.expires_at,
        secret,
    })
}

/// Creates a link for an account; the previous link becomes invalid. The password stays valid until the link is used.
///
/// # Errors
/// [`UserError::Disabled`], also if the account no longer exists.
pub async fn make(core: &Core, admin: &Admin, user: &User) -> Result<MadeLink, UserError> {
    let secret = token::new_link_secret();
    let digest = token::link_digest(&secret);
    let now = core.clock.now();
    let link = NewLink {
        user: &user.id,
        digest: &digest,
        created_at: now,
        expires_at: now.after(LIFETIME),
    };
    let made = store::password_links::replace(&core.db, &link, admin.actor()).await?;
    Ok(MadeLink {
        user: user.id.clone(),
        purpose: made.ok_or(UserError::Disabled)?,
        expires_at: link.expires_at,
        secret,
    })
}

/// When the account's link expires, if it has one.
pub async fn valid_until(core: &Core, user: &User) -> Result<Option<Timestamp>, StoreError> {
    store::password_links::valid_until(&core.db, &user.id, core.clock.now()).await
}
