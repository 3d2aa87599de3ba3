//! Confirms the password before critical actions (ASVS V7.5.1, V7.5.3).

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

/// Checks the owner's password again. The session gets a new token, so that a copy of the cookie gives no access to
/// critical actions (ASVS V7.2.4). Its ends do not move. The previous token opens pages until the new one is used, for
/// a minute at most: the answer may be lost.
///
/// # Errors
/// [`Refusal::CurrentPassword`]; [`Failure::NotSignedIn`] if the session has ended in the meantime;
/// [`Failure::Throttled`], [`Failure::Busy`] and [`Failure::Unavailable`].
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

/// The refusal of a wrong password. A user who was disabled in the meantime learns nothing about the password.
pub async fn refusal_for(core: &Core, owner: Owner<'_>) -> Result<AppError, AppError> {
    let found = store::sessions::find(&core.db, &owner.session().id).await?;
    if found.is_some_and(|found| lives(core, &found)) {
        Ok(AppError::Refused(Refusal::CurrentPassword))
    } else {
        Ok(AppError::Failed(Failure::NotSignedIn))
    }
}

/// Whether the session may still be used for changes.
pub fn lives(core: &Core, found: &CurrentUser) -> bool {
    !found.user.disabled && found.session.end_by(core.clock.now()).is_none()
}
