//! `POST /api/change_password`.

use crate::{domain::password::Password, error::AppError};
use leptos::prelude::*;

/// Changes the password of the person who asks, who gets a new session in the place of this one.
///
/// # Errors
/// [`AppError::CurrentPasswordWrong`] and [`AppError::PasswordRefused`], with the rule;
/// [`AppError::NotSignedIn`]; [`AppError::Throttled`], [`AppError::Busy`] and
/// [`AppError::Unavailable`].
#[server(endpoint = "change_password")]
pub async fn change_password(
    current_password: Password,
    new_password: Password,
) -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::accounts::password,
            web::{
                context,
                cookies::{self, flash::Flash},
            },
        },
    };
    const PAGE: &str = Page::Password.path();
    let core = &context::state().core;
    let current = context::current_user()?;
    let visitor = context::visitor();
    match password::change(core, &current, &visitor, &current_password, &new_password).await {
        Ok(renewed) => {
            let kept_for = core.lifetimes.cookie_age(current.session.remember);
            context::set_cookie(cookies::session::set_session(&renewed.token, kept_for));
            let others_ended = renewed.others_ended;
            context::set_cookie(Flash::PasswordChanged { others_ended }.set_cookie());
            context::redirect(PAGE);
            Ok(())
        }
        Err(refusal) if refusal.is_refusal() => {
            context::refuse(refusal, PAGE, &Flash::PasswordRefused { refusal })
        }
        Err(failure) => Err(failure),
    }
}
