//! The password once more, before what matters (ASVS V7.5.1, V7.5.3).

use super::attempt::{self, Purpose};
use crate::{
    domain::{password::Password, session::CurrentUser, user::LookupKey},
    error::AppError,
    server::{
        core::{
            Core,
            sessions::{self, Proven, Visitor},
        },
        store::{self, sessions::Hashes},
        token::SessionToken,
    },
};

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
        Err(AppError::SignInRefused) => return Err(refusal_for(core, current).await?),
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

/// The refusal of a wrong password. A person who was disabled in the meantime learns nothing about the password.
///
/// # Errors
/// [`AppError::Unavailable`].
pub async fn refusal_for(core: &Core, current: &CurrentUser) -> Result<AppError, AppError> {
    let found = store::sessions::find(&core.db, &current.session.id).await?;
    if found.is_some_and(|found| lives(core, &found)) {
        Ok(AppError::CurrentPasswordWrong)
    } else {
        Ok(AppError::NotSignedIn)
    }
}

/// Whether the session is one with which things may still be changed.
pub fn lives(core: &Core, found: &CurrentUser) -> bool {
    !found.user.disabled && found.session.end_by(core.clock.now()).is_none()
}
