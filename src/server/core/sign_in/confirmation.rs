//! Confirms the password before critical actions (ASVS V7.5.1, V7.5.3).

use super::password::{self, NotProved, Purpose};
use crate::{
    domain::{password::Password, session::CurrentUser, user::LookupKey},
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            actor::Owner,
            sessions::{self, Presented, Proven, Verified},
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
    password: &Password,
) -> Result<SessionToken, AppError> {
    let verified = verify_again(core, owner, presented, Purpose::Confirmation, password).await?;
    let token = presented.session.as_ref().ok_or(Failure::NotSignedIn)?;
    let proven = Proven {
        presented: &token.digest(),
        evidence: &verified.evidence,
    };
    let renewed = sessions::renew(core, owner, proven).await?;
    renewed.ok_or(Failure::NotSignedIn.into())
}

/// Checks the password of a signed-in owner, with the throttle and the audit of a sign-in.
///
/// # Errors
/// [`Refusal::CurrentPassword`]; [`Failure::NotSignedIn`] if the session has ended or the user was disabled in the
/// meantime: then the answer does not depend on the password. The failures of an attempt.
pub async fn verify_again(
    core: &Core,
    owner: Owner<'_>,
    presented: &Presented,
    purpose: Purpose,
    password: &Password,
) -> Result<Verified, AppError> {
    let (actor, name) = (owner.actor(), LookupKey::of(&owner.user().username));
    match password::prove(core, actor, presented, purpose, &name, password).await {
        Ok(verified) => Ok(verified),
        Err(NotProved::Failed(failure)) => Err(failure),
        Err(NotProved::Refused) => {
            let found = store::sessions::find(&core.db, &owner.session().id).await?;
            if found.is_some_and(|found| is_live(core, &found)) {
                Err(Refusal::CurrentPassword.into())
            } else {
                Err(Failure::NotSignedIn.into())
            }
        }
    }
}

/// Whether the session may still be used for changes.
pub fn is_live(core: &Core, found: &CurrentUser) -> bool {
    !found.user.disabled && found.session.end_by(core.clock.now()).is_none()
}
