//! People change their password.

use super::{
    Core,
    sessions::{self, Browser, Renewed},
    store::{self, sessions::PasswordChange},
};
use crate::{
    domain::{password::Password, session::CurrentUser, user::LookupKey},
    error::AppError,
};

/// Changes the password of the person who asks: all other sessions of the account end, and this
/// one goes on under a new token (ASVS V6.2.2, V6.2.3, V7.4.3).
///
/// The new password is judged first, which costs no hash.
///
/// # Errors
/// [`AppError::PasswordRefused`] and [`AppError::CurrentPasswordWrong`]; [`AppError::NotSignedIn`]
/// where the session has ended in the meantime; [`AppError::Busy`] and [`AppError::Unavailable`]
/// where trying again helps. Nothing is changed then.
pub async fn change(
    core: &Core,
    current: &CurrentUser,
    browser: &Browser,
    current_password: &Password,
    new_password: &Password,
) -> Result<Renewed, AppError> {
    let user = &current.user;
    core.password_rules
        .check(new_password, &user.username, user.email.as_deref())?;
    let verified_hash = verify(core, current, current_password).await?;
    let new_hash = core.hasher.hash(new_password).await?;
    let change = PasswordChange {
        verified_hash: &verified_hash,
        new_hash: &new_hash,
    };
    match sessions::renew_with_password(core, &current.session, browser, &change).await? {
        Some(renewed) => Ok(renewed),
        None => Err(why_not(core, current).await?),
    }
}

/// The stored hash, if it is that of the password that was typed. Whoever sits down at a browser
/// that was left open does not get past this.
async fn verify(core: &Core, current: &CurrentUser, typed: &Password) -> Result<String, AppError> {
    if typed.is_too_long() {
        return Err(AppError::CurrentPasswordWrong);
    }
    let key = LookupKey::of(&current.user.username);
    let found = store::users::find_credentials(&core.db, &key).await?;
    let found = found.ok_or(AppError::NotSignedIn)?;
    let checked = core.hasher.check(typed, Some(&found.password_hash)).await?;
    checked
        .matches
        .then_some(found.password_hash)
        .ok_or(AppError::CurrentPasswordWrong)
}

/// Something else came first. As a rule it has ended the session; where only the stored hash got
/// newer parameters by a sign-in elsewhere, trying again helps.
async fn why_not(core: &Core, current: &CurrentUser) -> Result<AppError, AppError> {
    let found = store::sessions::find(&core.db, &current.session.id).await?;
    let lives = found.is_some_and(|found| {
        !found.user.disabled && found.session.end_by(core.clock.now()).is_none()
    });
    Ok(if lives {
        AppError::Unavailable
    } else {
        AppError::NotSignedIn
    })
}
