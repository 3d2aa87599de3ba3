//! The password once more, before what matters (ASVS V7.5.1, V7.5.3).

use super::attempt::{self, Purpose};
use crate::{
    domain::{password::Password, session::CurrentUser, user::LookupKey},
    error::AppError,
    server::{
        core::{
            Core,
            accounts::password,
            sessions::{self, Proven, Visitor},
        },
        store::sessions::Hashes,
        token::SessionToken,
    },
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
/// copy of the cookie does not become a key to what matters (ASVS V7.2.4). Its ends stay where they are. The token
/// before opens pages until this one is used, for a minute at most: the answer may be lost.
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
    let brought = visitor.session.as_ref().ok_or(AppError::NotSignedIn)?;
    let proven = Proven {
        brought: &brought.digest(),
        hashes: Hashes {
            verified: &verified.verified_hash,
            kept: &verified.kept_hash,
        },
    };
    let renewed = sessions::renew(core, &current.session, &visitor.browser, proven).await?;
    renewed.ok_or(AppError::NotSignedIn)
}
