//! Which name of an account another account has.

use super::UserError;
use crate::{
    domain::user::{Email, UserId, Username},
    error::{AccountRefusal, Refusal, Refusals},
    server::{core::Core, db::StoreError, store},
};

/// The names that were to be written for the account `id`.
pub struct Wanted<'a> {
    pub id: &'a UserId,
    pub username: Option<&'a Username>,
    pub email: Option<&'a Email>,
}

/// Replaces [`StoreError::NotUnique`], by which the database refuses names, with a refusal of each name that another
/// account has.
pub async fn explain<T>(
    core: &Core,
    Wanted {
        id,
        username,
        email,
    }: Wanted<'_>,
    written: Result<T, StoreError>,
) -> Result<T, UserError> {
    match written {
        Err(StoreError::NotUnique) => {}
        other => return Ok(other?),
    }
    let is_username_taken = match username {
        Some(username) => store::users::is_username_taken(&core.db, username, id).await?,
        None => false,
    };
    let is_email_taken = match email {
        Some(email) => store::users::is_email_taken(&core.db, email, id).await?,
        None => false,
    };
    let refusals = [
        is_username_taken.then_some(Refusal::from(AccountRefusal::UsernameTaken)),
        is_email_taken.then_some(Refusal::from(AccountRefusal::EmailTaken)),
    ];
    // If neither is taken any more, the form can be sent again.
    let otherwise = match username {
        Some(_) => AccountRefusal::UsernameTaken,
        None => AccountRefusal::EmailTaken,
    };
    let refusals = Refusals::of(refusals.into_iter().flatten());
    Err(refusals.unwrap_or(otherwise.into()).into())
}
