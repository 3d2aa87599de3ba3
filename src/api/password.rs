//! `POST /api/change_password`.

use crate::{
    domain::{checkbox::Checkbox, password::Password},
    error::AppError,
};
use leptos::prelude::*;

/// Changes the owner's password. Their session gets a new token, and their access keys are revoked, unless `keep_keys`.
///
/// # Errors
/// `Refusal::CurrentPassword` and `Refusal::Password`, with the rule;
/// `Failure::NotSignedIn`; `Failure::Throttled`, `Failure::Busy` and
/// `Failure::Unavailable`.
#[server(endpoint = "change_password")]
pub async fn change_password(
    current_password: Password,
    new_password: Password,
    #[server(default)] keep_keys: Checkbox,
) -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::{accounts::password, actor::Owner},
            web::{
                context,
                cookies::{self, flash::Flash},
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let presented = context::presented();
    let (current, new) = (&current_password, &new_password);
    let changed = password::change(core, owner, &presented, current, new, keep_keys.0).await;
    let reply = changed.map(|renewed| {
        let max_age = core.lifetimes.cookie_age(owner.session().remember);
        let ended = renewed.ended;
        Reply::to(Page::Password)
            .with_cookie(cookies::session::set_session(&renewed.token, max_age))
            .with_message(&Flash::PasswordChanged { ended })
    });
    Form::on(Page::Password.path()).answer(reply)
}
