//! `POST /api/set_up`.

use crate::{
    domain::{password::Password, setup::SetupCode},
    error::AppError,
};
use leptos::prelude::*;

/// Creates the first account in exchange for the one-time code, and signs the user in.
///
/// # Errors
/// `Failure::NotFound` once an account exists; `Refusal::SetupCode`; `Refusal::Identity` and `Refusal::Password`, with
/// the rule.
#[server(endpoint = "set_up")]
pub async fn set_up(
    code: SetupCode,
    username: String,
    #[server(default)] email: String,
    #[server(default)] display_name: String,
    password: Password,
) -> Result<(), AppError> {
    use crate::{
        domain::{next_path::NextPath, page::Page, setup::SetupDraft, views::Welcome},
        server::{
            core::accounts::setup,
            web::{
                context,
                cookies::flash::Flash,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let draft = SetupDraft {
        username,
        email,
        display_name,
    };
    let (actor, presented) = (context::actor(), context::presented());
    let created =
        setup::create_first_admin(core, &actor, presented, &code, &draft, &password).await;
    let reply = created.map(|started| {
        let welcome = Welcome::FirstAccount;
        Reply::with_session(&started, None, NextPath::home().cookie_check_page())
            .with_message(&Flash::Welcome { welcome })
    });
    Form::on(Page::Setup.path()).answer_by(reply, |refusal| Flash::setup_refused(refusal, &draft))
}
