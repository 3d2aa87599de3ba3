//! `POST /api/update_profile`.

use crate::error::AppError;
use leptos::prelude::*;

/// Changes what is shown of the person who asks.
///
/// # Errors
/// [`AppError::IdentityRefused`], with the rule; [`AppError::EmailTaken`];
/// [`AppError::PasswordNeeded`] for another e-mail address; [`AppError::NotSignedIn`];
/// [`AppError::Unavailable`].
#[server(endpoint = "update_profile")]
pub async fn update_profile(
    display_name: String,
    email: String,
    description: String,
) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, profile::ProfileDraft},
        server::{
            core::accounts::profile,
            web::{
                context,
                cookies::{draft as drafts, flash::Flash},
            },
        },
    };
    const PAGE: &str = Page::Profile.path();
    let core = &context::state().core;
    let current = context::current_user()?;
    let draft = ProfileDraft {
        display_name,
        email,
        description,
    };
    match profile::update(core, &current, &context::browser(), &draft).await {
        Ok(()) => {
            context::set_cookie(Flash::ProfileSaved.set_cookie());
            context::forget_draft();
            context::redirect(PAGE);
            Ok(())
        }
        Err(AppError::PasswordNeeded) => {
            context::keep(drafts::keep_profile(&draft));
            context::ask_for_password(PAGE)
        }
        Err(refusal) if refusal.is_refusal() => {
            context::refuse(refusal, PAGE, &Flash::profile_refused(refusal, &draft))
        }
        Err(failure) => Err(failure),
    }
}
