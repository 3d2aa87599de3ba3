//! `POST /api/set_up`.

use crate::{
    domain::{password::Password, setup::SetupCode},
    error::AppError,
};
use leptos::prelude::*;

/// Makes the first account in exchange for the one-time code, and signs the person in.
///
/// # Errors
/// [`AppError::NotFound`] once there is an account; [`AppError::SetupCodeRefused`];
/// [`AppError::IdentityRefused`] and [`AppError::PasswordRefused`], with the rule.
#[server(endpoint = "set_up")]
pub async fn set_up(
    code: SetupCode,
    username: String,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    password: Password,
) -> Result<(), AppError> {
    use crate::{
        domain::{next_path::NextPath, page::Page, setup::SetupDraft},
        server::{
            core::accounts::setup,
            web::{context, cookies::flash::Flash},
        },
    };
    let core = &context::state().core;
    let draft = SetupDraft {
        username,
        email,
        display_name,
    };
    match setup::create_first_admin(core, &code, &draft, &password, context::visitor()).await {
        Ok(started) => {
            context::begin_session(&started, None);
            context::redirect(&NextPath::home().cookie_check_page());
            Ok(())
        }
        Err(refusal) if refusal.is_refusal() => context::refuse(
            refusal,
            Page::Setup.path(),
            &Flash::setup_refused(refusal, &draft),
        ),
        Err(failure) => Err(failure),
    }
}
