//! `POST /api/make_access_key`, `/api/revoke_access_key` and `/api/confirm_access_key`.

#![allow(
    clippy::too_many_arguments,
    reason = "the macro makes functions of them: one argument for each field of the form"
)]

use crate::{domain::checkbox::Checkbox, error::AppError};
use leptos::prelude::*;

/// Makes an access key for the owner, and shows it once. There is a box for each scope: a form without the script
/// cannot send a list.
///
/// # Errors
/// `Refusal::AccessKey`, with the rule; `Failure::PasswordNeeded`; `Failure::NotSignedIn`; `Failure::Unavailable`.
#[server(endpoint = "make_access_key")]
pub async fn make_access_key(
    name: String,
    #[server(default)] last_day: String,
    #[server(default)] networks: String,
    #[server(default)] profile_read: Checkbox,
    #[server(default)] sessions_read: Checkbox,
    #[server(default)] sessions_end: Checkbox,
    #[server(default)] users_read: Checkbox,
    #[server(default)] users_write: Checkbox,
    #[server(default)] activity_read: Checkbox,
    #[server(default)] tokens_introspect: Checkbox,
) -> Result<(), AppError> {
    use crate::{
        domain::{
            access_key::{AccessKeyDraft, Scope},
            page::Page,
        },
        server::{
            core::{accounts::access_keys, actor::Owner},
            web::{
                context,
                cookies::{draft as drafts, flash::Flash},
                reply::{Form, Reply},
            },
        },
    };
    let boxes = [
        (Scope::ProfileRead, profile_read),
        (Scope::SessionsRead, sessions_read),
        (Scope::SessionsEnd, sessions_end),
        (Scope::UsersRead, users_read),
        (Scope::UsersWrite, users_write),
        (Scope::ActivityRead, activity_read),
        (Scope::TokensIntrospect, tokens_introspect),
    ];
    let ticked = boxes.into_iter().filter(|(_, ticked)| ticked.0);
    let draft = AccessKeyDraft {
        name,
        last_day,
        scopes: ticked.map(|(scope, _)| scope.as_str().to_owned()).collect(),
        networks,
    };
    let core = &context::state().core;
    let actor = context::actor();
    let made = access_keys::make(core, Owner::of(&actor)?, &draft).await;
    let reply = made.map(|made| {
        let message = Flash::AccessKeyMade {
            name: made.name,
            text: made.text,
        };
        Reply::to(Page::AccessKeys)
            .with_message(&message)
            .without_draft()
    });
    Form::on(Page::AccessKeys.path())
        .with_draft(drafts::keep_access_key(&draft))
        .answer_by(reply, |refusal| Flash::access_key_refused(refusal, &draft))
}

/// Revokes an access key of the owner, and ends the sessions that were started with it.
///
/// # Errors
/// `Failure::NotFound` if the owner has no such key; `Failure::NotSignedIn`; `Failure::Unavailable`.
#[server(endpoint = "revoke_access_key")]
pub async fn revoke_access_key(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{access_key::AccessKeyId, page::Page, views::AccessKeyNotice},
        error::Failure,
        server::{
            core::{accounts::access_keys, actor::Owner},
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let id = AccessKeyId::parse(id).ok_or(Failure::NotFound)?;
    if !access_keys::revoke_own(core, Owner::of(&actor)?, &id).await? {
        return Err(Failure::NotFound.into());
    }
    let notice = AccessKeyNotice::Revoked;
    Reply::to(Page::AccessKeys)
        .with_message(&Flash::AccessKey { notice })
        .send()
}

/// Confirms an access key of the owner that was suspended after a restore.
///
/// # Errors
/// `Failure::NotFound` if the owner has no such key, or it is not suspended; `Failure::PasswordNeeded`;
/// `Failure::NotSignedIn`; `Failure::Unavailable`.
#[server(endpoint = "confirm_access_key")]
pub async fn confirm_access_key(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{access_key::AccessKeyId, page::Page, views::AccessKeyNotice},
        error::Failure,
        server::{
            core::{accounts::access_keys, actor::Owner},
            web::{
                context,
                cookies::flash::Flash,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let id = AccessKeyId::parse(id).ok_or(Failure::NotFound)?;
    let confirmed = access_keys::confirm_own(core, Owner::of(&actor)?, &id).await;
    let reply = confirmed.and_then(|is_confirmed| {
        let notice = AccessKeyNotice::Confirmed;
        is_confirmed
            .then(|| Reply::to(Page::AccessKeys).with_message(&Flash::AccessKey { notice }))
            .ok_or(Failure::NotFound.into())
    });
    Form::on(Page::AccessKeys.path()).answer(reply)
}
