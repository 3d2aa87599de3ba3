//! The password once more, before what matters (ASVS V7.5.1, V7.5.3).

use super::{
    Core,
    attempt::{self, Purpose},
    password,
    sessions::Visitor,
    store::{
        self,
        sessions::{Confirmation, Hashes},
    },
    token::SessionToken,
};
use crate::{
    domain::{activity::Event, password::Password, session::CurrentUser, user::LookupKey},
    error::AppError,
};

/// Demands that the password was typed not long ago, in this very session: a browser that was left open
/// is no key to the account.
///
/// # Errors
/// [`AppError::PasswordNeeded`].
pub fn demand(core: &Core, current: &CurrentUser) -> Result<(), AppError> {
    if is_fresh(core, current) {
        Ok(())
    } else {
        Err(AppError::PasswordNeeded)
    }
}

pub fn is_fresh(core: &Core, current: &CurrentUser) -> bool {
    let (now, at) = (core.clock.now(), current.session.authenticated_at);
    // A confirmation of a clock that was ahead would else be good for as long as it was.
    !at.is_ahead_of(now) && now.since(at) < core.confirm_after
}

/// Lets the person who asks type their password again. The session goes on under a new token, so that a
/// copy of the cookie does not become a key to what matters (ASVS V7.2.4). Its ends stay where they are.
///
/// # Errors
/// [`AppError::CurrentPasswordWrong`]; [`AppError::NotSignedIn`] where the session has ended in the
/// meantime; [`AppError::Throttled`], [`AppError::Busy`] and [`AppError::Unavailable`].
pub async fn confirm(
    core: &Core,
    current: &CurrentUser,
    visitor: &Visitor,
    typed: &Password,
) -> Result<SessionToken, AppError> {
    let name = LookupKey::of(&current.user.username);
    let proved = attempt::prove(core, Purpose::Confirmation, &name, typed, visitor).await;
    let verified = match proved {
        Err(AppError::SignInRefused) => return Err(password::refusal_for(core, current).await?),
        outcome => outcome?,
    };
    let (user, session) = (&current.user.id, &current.session.id);
    let token = SessionToken::random();
    let confirmation = Confirmation {
        session,
        user,
        token_digest: &token.digest(),
        hashes: Hashes {
            verified: &verified.verified_hash,
            kept: &verified.kept_hash,
        },
        admission: &verified.admission,
        entry: (visitor.browser).entry(core, Event::PasswordConfirmed, Some(user), Some(session)),
    };
    if store::sessions::renew_token(&core.db, confirmation).await? {
        Ok(token)
    } else {
        Err(AppError::NotSignedIn)
    }
}
