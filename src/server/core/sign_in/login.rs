//! Signing in and out. The audit entry of a sign-in is written with its session, by [`store::sessions::start`].
//!
//! [`store::sessions::start`]: crate::server::store::sessions::start

use super::password::{self, NotProved, Purpose};
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
            sessions::{self, Presented, Started, pending},
        },
        token::SessionToken,
    },
};

/// The input of a sign-in.
pub struct Credentials<'a> {
    /// A name or an email address.
    pub username: &'a str,
    pub password: &'a Password,
}

/// Signs a user in: admits the attempt, checks the password and starts a session. Every refusal has the same answer.
///
/// # Errors
/// [`Refusal::SignIn`] for every kind of refusal; `Failure::Throttled` after too many of them; `Failure::Busy`,
/// `Failure::Unavailable` and `Failure::Internal` if the attempt was not decided.
pub async fn login(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    credentials: &Credentials<'_>,
    remember: bool,
) -> Result<Started, AppError> {
    let name = LookupKey::of(credentials.username);
    let (purpose, password) = (Purpose::SignIn, credentials.password);
    let proved = password::prove(core, actor, &presented, purpose, &name, password).await;
    let verified = proved.map_err(|refused| match refused {
        NotProved::Refused => Refusal::SignIn.into(),
        NotProved::Failed(failure) => failure,
    })?;
    pending::start(core, actor, presented, verified, remember).await
}

/// Signs a browser out: the session is ended durably before the answer is sent. Also succeeds with an ended session or
/// none, so that signing out twice is no error.
///
/// # Errors
/// `Failure::Unavailable`: the session is still live, and the user must learn of it.
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
