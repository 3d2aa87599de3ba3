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
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let current = context::confirming_user()?;
    let next = NextPath::or_home(&next);
    let confirmed = confirmation::confirm(core, &current, &context::visitor(), &password).await;
    let reply = confirmed.map(|token| {
        let kept_for = core.lifetimes.cookie_age(current.session.remember);
        let cookie = cookies::session::set_session(&token, kept_for);
        Reply::to_path(next.to_string()).with_cookie(cookie)
    });
    Form::on(&next.confirm_page()).answer(reply, |refusal| Flash::PasswordRefused { refusal })
}
