//! Signing in and out.

use super::{
    Core,
    hashing::Checked,
    sessions::{self, Browser, Verified},
    store,
    token::SessionToken,
};
use crate::{
    domain::{
        password::Password,
        session::EndReason,
        user::{LookupKey, User},
    },
    error::AppError,
};

/// What a person typed, and from where.
pub struct Credentials<'a> {
    /// A name or an e-mail address.
    pub username: &'a str,
    pub password: &'a Password,
}

/// Signs a person in: find them by their credentials, start a session; else one vague answer.
///
/// # Errors
/// [`AppError::SignInRefused`] for every kind of refusal; [`AppError::Busy`],
/// [`AppError::Unavailable`] and [`AppError::Internal`] where no answer can be given.
pub async fn login(
    core: &Core,
    credentials: &Credentials<'_>,
    browser: &Browser,
    remember: bool,
    brought: Option<&SessionToken>,
) -> Result<SessionToken, AppError> {
    let verified = verify(core, credentials).await?;
    let token = sessions::start(core, &verified, browser, remember, brought).await?;
    token.ok_or(AppError::SignInRefused)
}

/// Checks the password, with the same work and the same answer for accounts that are unknown or
/// disabled (ASVS V6.3.8; CVE-2026-22746 skipped the work for disabled ones).
async fn verify(core: &Core, credentials: &Credentials<'_>) -> Result<Verified, AppError> {
    if credentials.password.is_too_long() {
        return Err(AppError::SignInRefused);
    }
    let key = LookupKey::of(credentials.username);
    let found = store::users::find_credentials(&core.db, &key).await?;
    let stored_hash = found.as_ref().map(|found| found.password_hash.as_str());
    let checked = core.hasher.check(credentials.password, stored_hash).await?;
    match found {
        Some(found) if checked.matches && !found.user.disabled => Ok(Verified {
            kept_hash: todays_hash(core, credentials.password, &found.password_hash, checked).await,
            verified_hash: found.password_hash,
            user: found.user,
        }),
        _ => Err(AppError::SignInRefused),
    }
}

/// The hash to keep: the stored one, or a new one where its parameters are no longer today's
/// (ASVS V11.2.2). An upgrade that cannot be made now is made at another sign-in.
async fn todays_hash(
    core: &Core,
    password: &Password,
    stored_hash: &str,
    checked: Checked,
) -> String {
    if !checked.is_outdated {
        return stored_hash.to_owned();
    }
    core.hasher.hash(password).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a password hash was not upgraded");
        stored_hash.to_owned()
    })
}

/// Signs a browser out for good: the session is ended, durably, before the answer is sent. Works
/// as well with a dead token or none, so that signing out twice is no error.
///
/// # Errors
/// [`AppError::Unavailable`]: then the session lives on, and the person must be told so.
pub async fn logout(core: &Core, token: Option<&SessionToken>) -> Result<Option<User>, AppError> {
    match token {
        Some(token) => Ok(sessions::end(core, token, EndReason::SignedOut).await?),
        None => Ok(None),
    }
}
