//! `POST /api/update_profile`.

use crate::error::AppError;
use leptos::prelude::*;

/// Changes the owner's profile.
///
/// # Errors
/// `Refusal::Identity`, with the rule; `AccountRefusal::EmailTaken`;
/// `Failure::PasswordNeeded` for another email address; `Failure::NotSignedIn`;
/// `Failure::Unavailable`.
#[server(endpoint = "update_profile")]
pub async fn update_profile(
    display_name: String,
    email: String,
    description: String,
) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, profile::ProfileDraft},
        server::{
            core::{accounts::profile, actor::Owner},
            web::{
                context,
                cookies::{draft as drafts, flash::Flash},
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let draft = ProfileDraft {
        display_name,
        email,
        description,
    };
    let saved = profile::update(core, owner, &draft).await;
    let reply = saved.map(|()| {
        Reply::to(Page::Profile)
            .with_message(&Flash::ProfileSaved)
            .without_draft()
    });
    Form::on(Page::Profile.path())
        .with_draft(drafts::keep_profile(&draft))
        .answer_by(reply, |refusal| Flash::profile_refused(refusal, &draft))
}
