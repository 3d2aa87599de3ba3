//! Signing in and out.

use super::attempt::{self, Purpose};
use crate::{
    domain::{
        password::Password,
        session::EndReason,
        user::{LookupKey, User},
    },
    error::AppError,
    server::{
        core::{
            Core,
            sessions::{self, Started, Visitor, begun},
        },
        token::SessionToken,
    },
};

/// What a person typed.
pub struct Credentials<'a> {
    /// A name or an e-mail address.
    pub username: &'a str,
    pub password: &'a Password,
}

/// Signs a person in: admit the attempt, check the password, start a session; else one vague answer.
///
/// # Errors
/// [`AppError::SignInRefused`] for every kind of refusal; [`AppError::Throttled`] after too many
/// of them; [`AppError::Busy`], [`AppError::Unavailable`] and [`AppError::Internal`] where no
/// answer can be given.
pub async fn login(
    core: &Core,
    credentials: &Credentials<'_>,
    visitor: Visitor,
    remember: bool,
) -> Result<Started, AppError> {
    let name = LookupKey::of(credentials.username);
    let verified =
        attempt::prove(core, Purpose::SignIn, &name, credentials.password, &visitor).await?;
    begun::start(core, verified, visitor, remember).await
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
