//! `POST /api/use_password_link`.

use crate::{
    domain::{password::Password, password_link::LinkSecret},
    error::AppError,
};
use leptos::prelude::*;

/// Sets the password of the person whose link it is, and leads to the sign-in page. The secret comes in
/// the body of a form: never in an address.
///
/// # Errors
/// [`AppError::LinkRefused`]; [`AppError::PasswordRefused`], with the rule; [`AppError::Throttled`],
/// [`AppError::Busy`] and [`AppError::Unavailable`].
#[server(endpoint = "use_password_link")]
pub async fn use_password_link(secret: LinkSecret, new_password: Password) -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::accounts::password_links::{self, NotRedeemed},
            web::{context, cookies::flash::Flash},
        },
    };
    const PAGE: &str = Page::PasswordLink.path();
    let core = &context::state().core;
    let browser = context::browser();
    match password_links::redeem(core, &secret, &new_password, &browser).await {
        Ok(username) => {
            context::set_cookie(Flash::PasswordSet { username }.set_cookie());
            context::redirect(Page::Login.path());
            Ok(())
        }
        Err(NotRedeemed { failure, username }) if failure.is_refusal() => {
            let refusal = failure;
            context::refuse(refusal, PAGE, &Flash::LinkRefused { refusal, username })
        }
        Err(NotRedeemed { failure, .. }) => Err(failure),
    }
}
