//! The password once more, before what matters (ASVS V7.5.1, V7.5.3).

use super::attempt::{self, NotProved, Purpose};
use crate::{
    domain::{password::Password, session::CurrentUser, user::LookupKey},
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            actor::Owner,
            sessions::{self, Presented, Proven},
        },
        store,
        token::SessionToken,
    },
};

/// Lets the person who asks type their password again. The session goes on under a new token, so that a
/// copy of the cookie does not become a key to what matters (ASVS V7.2.4). Its ends stay where they are. The token
/// before opens pages until this one is used, for a minute at most: the answer may be lost.
///
/// # Errors
/// [`Refusal::CurrentPassword`]; [`Failure::NotSignedIn`] where the session has ended in the
/// meantime; [`Failure::Throttled`], [`Failure::Busy`] and [`Failure::Unavailable`].
pub async fn confirm(
    core: &Core,
    owner: Owner<'_>,
    presented: &Presented,
    typed: &Password,
) -> Result<SessionToken, AppError> {
    let (actor, purpose) = (owner.actor(), Purpose::Confirmation);
    let name = LookupKey::of(&owner.user().username);
    let proved = attempt::prove(core, actor, presented, purpose, &name, typed).await;
    let verified = match proved {
        Ok(verified) => verified,
        Err(NotProved::Refused) => return Err(refusal_for(core, owner).await?),
        Err(NotProved::Failed(failure)) => return Err(failure),
    };
    let brought = presented.session.as_ref().ok_or(Failure::NotSignedIn)?;
    let proven = Proven {
        brought: &brought.digest(),
        evidence: &verified.evidence,
    };
    let renewed = sessions::renew(core, owner, proven).await?;
    renewed.ok_or(Failure::NotSignedIn.into())
}

/// The refusal of a wrong password. A person who was disabled in the meantime learns nothing about the password.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn refusal_for(core: &Core, owner: Owner<'_>) -> Result<AppError, AppError> {
    let found = store::sessions::find(&core.db, &owner.session().id).await?;
    if found.is_some_and(|found| lives(core, &found)) {
        Ok(AppError::Refused(Refusal::CurrentPassword))
    } else {
        Ok(AppError::Failed(Failure::NotSignedIn))
    }
}

/// Whether the session is one with which things may still be changed.
pub fn lives(core: &Core, found: &CurrentUser) -> bool {
    !found.user.disabled && found.session.end_by(core.clock.now()).is_none()
}
