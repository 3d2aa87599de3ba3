//! Changes the owner's profile.

use super::users;
use crate::{
    domain::{audit::Event, profile::ProfileDraft, user::Email},
    error::{AccountRefusal, AppError, Failure, Refusal},
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store::{self, users::Profile},
    },
};

/// Changes the owner's display name, e-mail address and description.
///
/// # Errors
/// [`Refusal::Identity`] with the first rule that is broken; [`Failure::PasswordNeeded`] for another e-mail address, if
/// the password was entered too long ago; [`AccountRefusal::EmailTaken`]; [`Failure::NotSignedIn`] if the account was
/// disabled in the meantime.
pub async fn update(core: &Core, owner: Owner<'_>, draft: &ProfileDraft) -> Result<(), AppError> {
    let user = owner.user();
    let display_name = users::display_name_of(&draft.display_name, &user.username)?;
    let email = users::email_of(&draft.email)
        .map(Email::parse)
        .transpose()?;
    // The address is a sign-in name: an attacker at an unattended browser must not take over the account.
    if email.as_ref().map(Email::as_str) != user.email.as_deref() {
        owner.demand_fresh(core)?;
    }
    let description = users::description_of(&draft.description)?;
    let profile = Profile {
        display_name: &display_name,
        email: email.as_ref(),
        description: &description,
    };
    let (now, session) = (core.clock.now(), Some(&owner.session().id));
    let entry = owner
        .actor()
        .entry(now, Event::ProfileChanged, Some(&user.id), session);
    match store::users::update_profile(&core.db, &user.id, &profile, entry).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::NotSignedIn.into()),
        Err(StoreError::NotUnique) => Err(AppError::Refused(Refusal::Account(
            AccountRefusal::EmailTaken,
        ))),
        Err(error) => Err(error.into()),
    }
}
