//! `POST /api/recognise_sign_in` and `POST /api/disown_sign_in`.

use crate::error::AppError;
use leptos::prelude::*;

/// Notes that a sign-in from a new browser was the person who asks.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such sign-in to be looked at; [`AppError::NotSignedIn`];
/// [`AppError::Unavailable`].
#[server(endpoint = "recognise_sign_in")]
pub async fn recognise_sign_in(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, session::SessionId},
        server::{
            core::{actor::Owner, sessions},
            web::{context, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let id = SessionId::given(id).ok_or(AppError::NotFound)?;
    if !sessions::recognise_sign_in(core, owner, &id).await? {
        return Err(AppError::NotFound);
    }
    Reply::to(Page::Dashboard).send()
}

/// Ends the session of a sign-in that was not the person who asks, and leads them to a new password.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such sign-in to be looked at; [`AppError::NotSignedIn`];
/// [`AppError::Unavailable`].
#[server(endpoint = "disown_sign_in")]
pub async fn disown_sign_in(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, session::SessionId},
        server::{
            core::{actor::Owner, sessions},
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let id = SessionId::given(id).ok_or(AppError::NotFound)?;
    if !sessions::disown_sign_in(core, owner, &id).await? {
        return Err(AppError::NotFound);
    }
    Reply::to(Page::Password)
        .with_message(&Flash::SignInDisowned)
        .send()
}
