//! Actions of administrators: `POST /api/invite_user`, `/api/edit_user`, `/api/change_user`, `/api/end_user_session`,
//! `/api/change_user_key` and `/api/delete_user`. Each requires the password again if it was entered too long ago.

use crate::{
    domain::{access_key::KeyChange, checkbox::Checkbox, user::AccountChange},
    error::AppError,
};
use leptos::prelude::*;

/// Creates an account without a password, and shows a link with which its owner sets one, once.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role; `Refusal::Identity`;
/// `AccountRefusal::UsernameTaken` and `AccountRefusal::EmailTaken`; `Failure::PasswordNeeded`.
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
                reply::{Form, Reply, notice_of_link},
            },
        },
    };
    let draft = InvitationDraft {
        username,
        email,
        display_name,
        is_admin: is_admin.0,
    };
    let state = context::state();
    let invited = administration::invite(&state.core, &context::admin()?, &draft).await;
    let reply = invited.map(|link| {
        let notice = notice_of_link(&draft.username, link);
        Reply::to(Page::Invite)
            .with_message(&Flash::User { notice })
            .without_draft()
    });
    Form::on(Page::Invite.path())
        .with_draft(drafts::keep_invitation(&draft))
        .answer_by(reply, |refusal| Flash::invitation_refused(refusal, &draft))
}

/// Changes those names of an account that differ from the ones that the form was shown with.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role, and if the account does not exist;
/// `Refusal::Identity`; `AccountRefusal::UsernameTaken` and `AccountRefusal::EmailTaken`; `Failure::PasswordNeeded`.
#[server(endpoint = "edit_user")]
pub async fn edit_user(
    id: String,
    username: String,
    #[server(default)] display_name: String,
    #[server(default)] email: String,
    #[server(default)] shown_username: String,
    #[server(default)] shown_display_name: String,
    #[server(default)] shown_email: String,
) -> Result<(), AppError> {
    use crate::{
        domain::{
            page::Page,
            views::{EditDraft, NameFields, UserNotice},
        },
        server::{
            core::accounts::administration,
            web::{
                context,
                cookies::{draft as drafts, flash::Flash},
                reply::{Form, Reply},
            },
        },
    };
    let shown = NameFields {
        username: shown_username,
        display_name: shown_display_name,
        email: shown_email,
    };
    let input = NameFields {
        username,
        display_name,
        email,
    };
    let draft = EditDraft::of_form(&shown, input);
    let state = context::state();
    let page = Page::of_account(&id);
    let edited = administration::edit(&state.core, &context::admin()?, &id, &draft).await;
    let reply = edited.map(|()| {
        let notice = UserNotice::Edited;
        Reply::to_path(page.clone())
            .with_message(&Flash::User { notice })
            .without_draft()
    });
    Form::on(&page)
        .with_draft(drafts::keep_names(&id, &draft))
        .answer_by(reply, |refusal| Flash::edit_refused(&id, refusal, &draft))
}

/// Disables, enables, promotes or demotes an account, ends its sessions, or creates a link for it.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role, and if the account does not exist;
/// `AccountRefusal::LastAdministrator`, `AccountRefusal::Disabled`; `Failure::PasswordNeeded`.
#[server(endpoint = "change_user")]
pub async fn change_user(id: String, change: AccountChange) -> Result<(), AppError> {
    use crate::server::{
        core::accounts::administration,
        web::{
            context,
            reply::{answer_on_account, notice_of},
        },
    };
    let state = context::state();
    let changed = administration::change(&state.core, &context::admin()?, &id, change).await;
    answer_on_account(&id, changed.map(notice_of))
}

/// Ends one session of an account.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role, and if the session does not exist;
/// `Failure::PasswordNeeded`.
#[server(endpoint = "end_user_session")]
pub async fn end_user_session(id: String, session: String) -> Result<(), AppError> {
    use crate::{
        domain::views::UserNotice,
        server::{
            core::accounts::administration,
            web::{context, reply::answer_on_account},
        },
    };
    let state = context::state();
    let ended = administration::end_session(&state.core, &context::admin()?, &id, session).await;
    let notice = ended.map(|was_live| UserNotice::SessionsEnded {
        count: u64::from(was_live),
    });
    answer_on_account(&id, notice)
}

/// Revokes an access key of an account, or confirms a suspended one.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role, and if the account has no such key;
/// `Failure::PasswordNeeded`.
#[server(endpoint = "change_user_key")]
pub async fn change_user_key(id: String, key: String, change: KeyChange) -> Result<(), AppError> {
    use crate::server::{
        core::accounts::administration,
        web::{
            context,
            reply::{answer_on_account, notice_of},
        },
    };
    let state = context::state();
    let admin = context::admin()?;
    let changed = administration::change_key(&state.core, &admin, &id, key, change).await;
    answer_on_account(&id, changed.map(notice_of))
}

/// Deletes an account after its name was repeated.
///
/// # Errors
/// `Failure::NotFound` for callers without the administrator role, and if the account does not exist;
/// `AccountRefusal::NameNotRepeated` and `AccountRefusal::LastAdministrator`; `Failure::PasswordNeeded`.
#[server(endpoint = "delete_user")]
pub async fn delete_user(id: String, name: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, views::UserNotice},
        server::{
            core::accounts::administration,
            web::{
                context,
                cookies::flash::Flash,
                reply::{Reply, answer_on_account},
            },
        },
    };
    let state = context::state();
    match administration::delete(&state.core, &context::admin()?, &id, &name).await {
        Ok((username, ended)) => {
            let notice = UserNotice::Deleted { username, ended };
            Reply::to(Page::Users)
                .with_message(&Flash::User { notice })
                .send()
        }
        Err(refusal) => answer_on_account(&id, Err(refusal)),
    }
}
