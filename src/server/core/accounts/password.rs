//! Changes the owner's password.

use crate::{
    domain::password::{Password, PasswordRefusal},
    error::{AppError, Failure, Refusals},
    server::{
        core::{
            Core,
            actor::Owner,
            sessions::{self, Presented, Proven, Renewed},
            sign_in::{confirmation, password::Purpose},
        },
        hashing,
        store::{self, evidence::Evidence},
        token::TokenDigest,
    },
};

/// Changes the owner's password. All other sessions of the account end, and this one gets a new token
/// (ASVS V6.2.2, V6.2.3, V7.4.3). The access keys are revoked, unless `keep_keys`.
///
/// # Errors
/// `Refusal::CurrentPassword` and `Refusal::Password`, both at once; [`Failure::NotSignedIn`] if the session has ended in the
/// meantime; [`Failure::Throttled`], [`Failure::Busy`] and [`Failure::Unavailable`], after which a retry may succeed.
/// On an error nothing is changed.
pub async fn change(
    core: &Core,
    owner: Owner<'_>,
    presented: &Presented,
    current_password: &Password,
    new_password: &Password,
    keep_keys: bool,
) -> Result<Renewed, AppError> {
    let user = owner.user();
    let rules = &core.password_rules;
    let checked = rules.check(new_password, &user.username, user.email.as_deref());
    // An attacker at an unattended browser must not get past this, nor guess here. The check is throttled and audited
    // like a sign-in (ASVS V6.3.4).
    let purpose = Purpose::PasswordChange;
    let verified =
        confirmation::verify_again(core, owner, presented, purpose, current_password).await;
    let verified = match (verified, checked) {
        (Err(AppError::Refused(current)), Err(new)) => {
            let both = current.iter().chain([new.into()]);
            return Err(Refusals::of(both).unwrap_or(current).into());
        }
        (Ok(_), Err(new)) => return Err(new.into()),
        // Only told to those who know it.
        (Ok(_), Ok(())) if hashing::nfc(new_password) == hashing::nfc(current_password) => {
            return Err(PasswordRefusal::Unchanged.into());
        }
        (verified, _) => verified?,
    };
    let new_hash = core.hasher.hash(new_password).await?;
    let token = presented.session.as_ref().ok_or(Failure::NotSignedIn)?;
    let Evidence::Password { verified: hash, .. } = verified.evidence else {
        return Err(Failure::Internal.into());
    };
    let proven = Proven {
        presented: &token.digest(),
        evidence: &Evidence::Password {
            verified: hash,
            kept: new_hash,
        },
    };
    let device = verified.known_device.as_ref();
    match sessions::renew_with_password(core, owner, device, proven, keep_keys).await? {
        Some(renewed) => Ok(renewed),
        // Another change came first. Usually it has ended the session or renewed its token. If only the stored hash was
        // upgraded by another sign-in, a retry helps.
        None if has_token(core, &token.digest()).await? => Err(Failure::Unavailable.into()),
        None => Err(Failure::NotSignedIn.into()),
    }
}

/// Whether a live session has this token.
async fn has_token(core: &Core, digest: &TokenDigest) -> Result<bool, AppError> {
    let found = store::sessions::find_by_digest(&core.db, digest).await?;
    Ok(found.is_some_and(|found| confirmation::is_live(core, &found)))
}
