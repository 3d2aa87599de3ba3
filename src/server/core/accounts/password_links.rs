//! Links for setting a password: an administrator creates them, and each can be used once.

use super::users::{CheckedDraft, UserError};
use crate::{
    domain::{
        audit::Event,
        moment::Timestamp,
        page::Page,
        password::Password,
        password_link::{LinkPurpose, LinkSecret},
        user::{User, UserId},
    },
    error::{AppError, Refusal},
    server::{
        core::{
            Core,
            actor::{Actor, Admin},
            sign_in::throttle::{self, Subject},
        },
        db::StoreError,
        store::{self, password_links::NewLink, throttle::Outcome, users::Link},
        token::{self, LinkDigest},
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
/// [`UserError::Taken`] if the name or the e-mail address is in use.
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
    store::users::insert_invited(&core.db, &user, &link, admin.actor()).await?;
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

/// Sets the password of a link's owner. The link is used up, the sessions of the account end, and every browser of the
/// account counts as new again.
///
/// The secret is checked first: without it a caller learns nothing else and costs no hash. The database decides at the
/// end, so of two concurrent requests only one sets a password.
///
/// Returns the name of the account.
///
/// # Errors
/// [`Refusal::Link`]; [`Refusal::Password`], after which the link stays valid, with the name of the account;
/// `Failure::Throttled` after too many guesses.
pub async fn redeem(
    core: &Core,
    actor: &Actor,
    secret: &LinkSecret,
    password: &Password,
) -> Result<String, NotRedeemed> {
    let digest = token::link_digest(secret);
    let Link { user, purpose } = check(core, actor, &digest).await?;
    let rules = &core.password_rules;
    if let Err(refusal) = rules.check(password, &user.username, user.email.as_deref()) {
        return Err(NotRedeemed {
            failure: refusal.into(),
            username: Some(user.username),
        });
    }
    let hash = core.hasher.hash(password).await;
    let hash = hash.map_err(AppError::from)?;
    let (db, now) = (&core.db, core.clock.now());
    let redeemed = store::users::redeem_link(db, &digest, &hash, purpose, now, actor).await;
    match redeemed.map_err(AppError::from)? {
        Some(_) => Ok(user.username),
        None => Err(AppError::from(Refusal::Link).into()),
    }
}

/// Why no password was set by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRedeemed {
    pub failure: AppError,
    /// The owner of the link, if the link was valid and only the password was refused.
    pub username: Option<String>,
}

impl From<AppError> for NotRedeemed {
    fn from(failure: AppError) -> Self {
        Self {
            failure,
            username: None,
        }
    }
}

/// Guesses are throttled by address alone. 150 bits cannot be guessed, and guesses from elsewhere must not block the
/// owner of a link.
async fn check(core: &Core, actor: &Actor, digest: &LinkDigest) -> Result<Link, AppError> {
    let entry = |event| actor.entry(core.clock.now(), event, None, None);
    let throttled = || entry(Event::LinkThrottled);
    let refused = |refusal| throttle::refuse(core, refusal, throttled());
    let guesser = Subject::LinkFrom(&actor.browser().address);
    let counters = core.throttle.counters(&[guesser], None);
    let mut guess = throttle::admit(core, counters).await.map_err(refused)?;
    guess.begin();
    let found = store::users::find_by_link(&core.db, digest, core.clock.now()).await?;
    let outcome = match &found {
        Some(_) => Outcome::Right,
        None => Outcome::Wrong(entry(Event::LinkRefused)),
    };
    let decided = guess.decide(core, outcome, throttled()).await;
    let passed = decided.map_err(refused)?;
    found.filter(|_| passed).ok_or(Refusal::Link.into())
}

/// When the account's link expires, if it has one.
pub async fn valid_until(core: &Core, user: &User) -> Result<Option<Timestamp>, StoreError> {
    store::password_links::valid_until(&core.db, &user.id, core.clock.now()).await
}
