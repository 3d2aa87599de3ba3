//! What administrators do: `POST /api/invite_user`, `/api/change_user`, `/api/end_user_session` and
//! `/api/delete_user`. Each asks for the password where it was typed too long ago.

use crate::{
    domain::{checkbox::Checkbox, user::AccountChange},
    error::AppError,
};
use leptos::prelude::*;

/// Creates an account without a password, and shows the link by which its owner sets one, once.
///
/// # Errors
/// [`AppError::NotFound`] for whoever is no administrator; [`AppError::IdentityRefused`] and
/// [`AppError::NameTaken`]; [`AppError::PasswordNeeded`].
#[server(endpoint = "invite_user")]
pub async fn invite_user(
    username: String,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    #[server(default)] is_admin: Checkbox,
) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, views::InvitationDraft},
        server::{
            core::accounts::administration,
            web::{
                context,
                cookies::{draft as drafts, flash::Flash},
            },
        },
    };
    const PAGE: &str = Page::Users.path();
    let draft = InvitationDraft {
        username,
        email,
        display_name,
        is_admin: is_admin.0,
    };
    let state = context::state();
    match administration::invite(&state.core, &context::admin()?, &draft).await {
        Ok(link) => {
            let notice = context::link_notice(&draft.username, link);
            context::set_cookie(Flash::User { notice }.set_cookie());
            context::forget_draft();
            context::redirect(PAGE);
            Ok(())
        }
        Err(AppError::PasswordNeeded) => {
            context::keep(drafts::keep_invitation(&draft));
            context::ask_for_password(PAGE)
        }
        Err(refusal) if refusal.is_refusal() => {
            context::refuse(refusal, PAGE, &Flash::invitation_refused(refusal, &draft))
        }
        Err(failure) => Err(failure),
    }
}

/// Disables, enables, promotes or demotes an account, ends its sessions, or makes a link for it.
///
/// # Errors
/// [`AppError::NotFound`] for whoever is no administrator, and where there is no such account;
/// [`AppError::LastAdministrator`], [`AppError::UserDisabled`]; [`AppError::PasswordNeeded`].
#[server(endpoint = "change_user")]
pub async fn change_user(id: String, change: AccountChange) -> Result<(), AppError> {
    use crate::server::{core::accounts::administration, web::context};
    let state = context::state();
    let outcome = administration::change(&state.core, &context::admin()?, &id, change).await;
    let outcome = outcome.map(context::change_notice);
    context::answer_of_account(&id, outcome)
}

/// Ends one session of an account.
///
/// # Errors
/// [`AppError::NotFound`] for whoever is no administrator, and where there is no such session;
/// [`AppError::PasswordNeeded`].
#[server(endpoint = "end_user_session")]
pub async fn end_user_session(id: String, session: String) -> Result<(), AppError> {
    use crate::{
        domain::views::UserNotice,
        server::{core::accounts::administration, web::context},
    };
    let state = context::state();
    let ended = administration::end_session(&state.core, &context::admin()?, &id, session).await;
    let outcome = ended.map(|lived| UserNotice::SessionsEnded {
        count: u64::from(lived),
    });
    context::answer_of_account(&id, outcome)
}

/// Deletes an account whose name was typed once more.
///
/// # Errors
/// [`AppError::NotFound`] for whoever is no administrator, and where there is no such account;
/// [`AppError::NameNotRepeated`] and [`AppError::LastAdministrator`]; [`AppError::PasswordNeeded`].
#[server(endpoint = "delete_user")]
pub async fn delete_user(id: String, name: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, views::UserNotice},
        server::{
            core::accounts::administration,
            web::{context, cookies::flash::Flash},
        },
    };
    let state = context::state();
    match administration::delete(&state.core, &context::admin()?, &id, &name).await {
        Ok((username, ended)) => {
            let notice = UserNotice::Deleted { username, ended };
            context::set_cookie(Flash::User { notice }.set_cookie());
            context::redirect(Page::Users.path());
            Ok(())
        }
        Err(refusal) => context::answer_of_account(&id, Err(refusal)),
    }
}
