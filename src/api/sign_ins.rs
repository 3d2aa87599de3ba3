//! `POST /api/recognise_sign_in` and `POST /api/disown_sign_in`.

use crate::error::AppError;
use leptos::prelude::*;

/// Records that the owner recognises a sign-in from a new browser, and returns to the page `next`.
///
/// # Errors
/// [`Failure::NotFound`] if there is no such sign-in to be recognised; [`Failure::NotSignedIn`];
/// [`Failure::Unavailable`].
#[server(endpoint = "recognise_sign_in")]
pub async fn recognise_sign_in(
    id: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::{next_path::NextPath, session::SessionId},
        error::Failure,
        server::{
            core::{actor::Owner, sessions},
            web::{context, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let id = SessionId::parse(id).ok_or(Failure::NotFound)?;
    if !sessions::recognise_sign_in(core, owner, &id).await? {
        return Err(Failure::NotFound.into());
    }
    Reply::to_path(NextPath::or_home(&next).to_string()).send()
}

/// Ends the session of a sign-in that the owner disowns, and redirects to the page for a new password.
///
/// # Errors
/// [`Failure::NotFound`] if there is no such sign-in to be recognised; [`Failure::NotSignedIn`];
/// [`Failure::Unavailable`].
#[server(endpoint = "disown_sign_in")]
pub async fn disown_sign_in(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, session::SessionId},
        error::Failure,
        server::{
            core::{actor::Owner, sessions},
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let id = SessionId::parse(id).ok_or(Failure::NotFound)?;
    if !sessions::disown_sign_in(core, owner, &id).await? {
        return Err(Failure::NotFound.into());
    }
    Reply::to(Page::Password)
        .with_message(&Flash::SignInDisowned)
        .send()
}
