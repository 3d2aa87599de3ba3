//! People change what is shown of them.

use super::{
    Core,
    db::StoreError,
    store::{self, users::Profile},
    users,
};
use crate::{
    domain::{
        profile::ProfileDraft,
        user::{Email, User},
    },
    error::AppError,
};

/// Changes display name, e-mail address and description of the person who asks.
///
/// # Errors
/// [`AppError::IdentityRefused`], the first rule that is broken; [`AppError::EmailTaken`];
/// [`AppError::NotSignedIn`] where the account was disabled in the meantime.
pub async fn update(core: &Core, user: &User, draft: &ProfileDraft) -> Result<(), AppError> {
    let display_name = users::display_name_of(&draft.display_name, &user.username)?;
    let email = users::typed_email(&draft.email)
        .map(Email::parse)
        .transpose()?;
    let description = users::description_of(&draft.description)?;
    let profile = Profile {
        display_name: &display_name,
        email: email.as_ref(),
        description: &description,
    };
    match store::users::update_profile(&core.db, &user.id, &profile).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(AppError::NotSignedIn),
        Err(StoreError::NotUnique) => Err(AppError::EmailTaken),
        Err(error) => Err(error.into()),
    }
}
