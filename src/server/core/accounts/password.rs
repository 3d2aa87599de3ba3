//! People change their password.

use crate::{
    domain::{password::Password, user::LookupKey},
    error::{AppError, Failure},
    server::{
        core::{
            Core,
            actor::Owner,
            sessions::{self, Presented, Proven, Renewed},
            sign_in::{
                attempt::{self, NotProved, Purpose},
                confirmation,
            },
        },
        store::{self, evidence::Evidence},
        token::TokenDigest,
    },
};

/// Changes the password of the person who asks: all other sessions of the account end, and this
/// one goes on under a new token (ASVS V6.2.2, V6.2.3, V7.4.3).
///
/// The new password is judged first, which costs no hash.
///
/// # Errors
/// `Refusal::Password` and `Refusal::CurrentPassword`; [`Failure::NotSignedIn`]
/// where the session has ended in the meantime; [`Failure::Throttled`], [`Failure::Busy`] and [`Failure::Unavailable`]
/// where trying again helps. Nothing is changed then.
pub async fn change(
    core: &Core,
    owner: Owner<'_>,
    presented: &Presented,
    current_password: &Password,
    new_password: &Password,
) -> Result<Renewed, AppError> {
    let user = owner.user();
    core.password_rules
        .check(new_password, &user.username, user.email.as_deref())?;
    // Whoever sits down at a browser that was left open does not get past this, and does not get to
    // guess: it is slowed and written down like a sign-in (ASVS V6.3.4).
    let (actor, purpose) = (owner.actor(), Purpose::PasswordChange);
    let name = LookupKey::of(&user.username);
    let proved = attempt::prove(core, actor, presented, purpose, &name, current_password).await;
    let verified = match proved {
        Ok(verified) => verified,
        Err(NotProved::Refused) => return Err(confirmation::refusal_for(core, owner).await?),
        Err(NotProved::Failed(failure)) => return Err(failure),
    };
    let new_hash = core.hasher.hash(new_password).await?;
    let brought = presented.session.as_ref().ok_or(Failure::NotSignedIn)?;
    let Evidence::Password { verified: hash, .. } = verified.evidence;
    let proven = Proven {
        brought: &brought.digest(),
        evidence: &Evidence::Password {
            verified: hash,
            kept: new_hash,
        },
    };
    let device = verified.known_device.as_ref();
    match sessions::renew_with_password(core, owner, device, proven).await? {
        Some(renewed) => Ok(renewed),
        // Something else came first. As a rule it has ended the session or given it another token; where only
        // the stored hash got newer parameters by a sign-in elsewhere, trying again helps.
        None if has_token(core, &brought.digest()).await? => Err(Failure::Unavailable.into()),
        None => Err(Failure::NotSignedIn.into()),
    }
}

/// Whether a session goes on under this token.
async fn has_token(core: &Core, brought: &TokenDigest) -> Result<bool, AppError> {
    let found = store::sessions::find_by_digest(&core.db, brought).await?;
    Ok(found.is_some_and(|found| confirmation::lives(core, &found)))
}
