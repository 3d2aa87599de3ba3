//! Signing in and out.

use super::attempt::{self, NotProved, Purpose};
use crate::{
    domain::{
        password::Password,
        session::EndReason,
        user::{LookupKey, User},
    },
    error::{AppError, Refusal},
    server::{
        core::{
            Core,
            actor::Actor,
            sessions::{self, Presented, Started, begun},
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
/// [`Refusal::SignIn`] for every kind of refusal; `Failure::Throttled` after too many
/// of them; `Failure::Busy`, `Failure::Unavailable` and `Failure::Internal` where no
/// answer can be given.
pub async fn login(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    credentials: &Credentials<'_>,
    remember: bool,
) -> Result<Started, AppError> {
    let name = LookupKey::of(credentials.username);
    let (purpose, password) = (Purpose::SignIn, credentials.password);
    let proved = attempt::prove(core, actor, &presented, purpose, &name, password).await;
    let verified = proved.map_err(|refused| match refused {
        NotProved::Refused => Refusal::SignIn.into(),
        NotProved::Failed(failure) => failure,
    })?;
    begun::start(core, actor, presented, verified, remember).await
}

/// Signs a browser out for good: the session is ended, durably, before the answer is sent. Works
/// as well with a dead token or none, so that signing out twice is no error.
///
/// # Errors
/// `Failure::Unavailable`: then the session lives on, and the person must be told so.
pub async fn logout(
    core: &Core,
    actor: &Actor,
    token: Option<&SessionToken>,
) -> Result<Option<User>, AppError> {
    match token {
        Some(token) => Ok(sessions::end(core, actor, token, EndReason::SignedOut).await?),
        None => Ok(None),
    }
}
