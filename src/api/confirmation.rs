//! `POST /api/confirm_password`.

use crate::{domain::password::Password, error::AppError};
use leptos::prelude::*;

/// Takes the password of the person who asks once more, and leads them on to `next`, a path of this site.
/// The session goes on under a new token.
///
/// # Errors
/// [`AppError::CurrentPasswordWrong`]; [`AppError::NotSignedIn`]; [`AppError::Throttled`],
/// [`AppError::Busy`] and [`AppError::Unavailable`].
#[server(endpoint = "confirm_password")]
pub async fn confirm_password(
    password: Password,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::next_path::NextPath,
        server::{
            core::sign_in::confirmation,
            web::{
                context,
                cookies::{self, flash::Flash},
            },
        },
    };
    let core = &context::state().core;
    let current = context::confirming_user()?;
    let next = NextPath::or_home(&next);
    match confirmation::confirm(core, &current, &context::visitor(), &password).await {
        Ok(token) => {
            let kept_for = core.lifetimes.cookie_age(current.session.remember);
            context::set_cookie(cookies::session::set_session(&token, kept_for));
            context::redirect(&next.to_string());
            Ok(())
        }
        Err(refusal) if refusal.is_refusal() => {
            let flash = Flash::PasswordRefused { refusal };
            context::refuse(refusal, &next.confirm_page(), &flash)
        }
        Err(failure) => Err(failure),
    }
}
