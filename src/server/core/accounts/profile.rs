//! Changes the owner's profile.

use super::users;
use crate::{
    domain::{audit::Event, profile::ProfileDraft, user::Email},
    error::{AccountRefusal, AppError, Failure, Refusals, refusal_in},
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store::{self, users::Profile},
    },
};

/// Changes the owner's full name, email address and description.
///
/// # Errors
/// `Refusal::Identity`, one for each field; [`Failure::PasswordNeeded`] for another email address, if
/// the password was entered too long ago; [`AccountRefusal::EmailTaken`]; [`Failure::NotSignedIn`] if the account was
/// disabled in the meantime.
pub async fn update(core: &Core, owner: Owner<'_>, draft: &ProfileDraft) -> Result<(), AppError> {
    let user = owner.user();
    let display_name = users::display_name_of(&draft.display_name, &user.username);
    let email = users::email_of(&draft.email).map(Email::parse).transpose();
    let description = users::description_of(&draft.description);
    let refusals = [
        refusal_in(&display_name),
        refusal_in(&email),
        refusal_in(&description),
    ];
    Refusals::none_in(refusals.into_iter().flatten())?;
    let (display_name, email, description) = (display_name?, email?, description?);
    // The address is a sign-in name: an attacker at an unattended browser must not take over the account.
    if email.as_ref().map(Email::as_str) != user.email.as_deref() {
        owner.demand_fresh(core)?;
    }
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
        Err(StoreError::NotUnique) => Err(AccountRefusal::EmailTaken.into()),
        Err(error) => Err(error.into()),
    }
}
