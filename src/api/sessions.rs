//! `POST /api/stay_signed_in`, `/api/end_session`, `/api/end_other_sessions` and `/api/end_all_sessions`.

use crate::error::AppError;
use leptos::prelude::*;

/// Puts the idle end of this session off: the answer to "are you still there?".
///
/// # Errors
/// [`AppError::NotSignedIn`] where the session has ended in the meantime; [`AppError::Unavailable`].
#[server(endpoint = "stay_signed_in")]
pub async fn stay_signed_in() -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::sessions,
            web::{context, reply::Reply},
        },
    };
    let core = &context::state().core;
    if !sessions::stay(core, &context::current_user()?).await? {
        return Err(AppError::NotSignedIn);
    }
    Reply::to(Page::Dashboard).send()
}

/// Ends one session of the person who asks; where it is this one, they are signed out.
///
/// # Errors
/// [`AppError::NotFound`] where they have no session with this id; [`AppError::NotSignedIn`];
/// [`AppError::Unavailable`].
#[server(endpoint = "end_session")]
pub async fn end_session(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{page::Page, session::SessionId},
        server::{
            core::sessions,
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let current = context::current_user()?;
    let id = SessionId::given(id).ok_or(AppError::NotFound)?;
    let lived = sessions::end_own(core, &current, &id).await?;
    let lived = lived.ok_or(AppError::NotFound)?;
    if id == current.session.id {
        let display_name = current.user.display_name;
        let message = Flash::SignedOut {
            display_name,
            others_ended: None,
        };
        return Reply::signed_out(Some(&message)).send();
    }
    let count = u64::from(lived);
    Reply::to(Page::Sessions)
        .with_message(&Flash::SessionsEnded { count })
        .send()
}

/// Ends all sessions of the person who asks, but for this one.
///
/// # Errors
/// [`AppError::NotSignedIn`]; [`AppError::Unavailable`].
#[server(endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::sessions,
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let count = sessions::end_others(core, &context::current_user()?).await?;
    Reply::to(Page::Sessions)
        .with_message(&Flash::SessionsEnded { count })
        .send()
}

/// Ends all sessions of the person who asks, and signs them out here.
///
/// # Errors
/// [`AppError::NotSignedIn`]; [`AppError::Unavailable`].
#[server(endpoint = "end_all_sessions")]
pub async fn end_all_sessions() -> Result<(), AppError> {
    use crate::server::{
        core::sessions,
        web::{context, cookies::flash::Flash, reply::Reply},
    };
    let core = &context::state().core;
    let current = context::current_user()?;
    let others_ended = sessions::end_all(core, &current).await?;
    let message = Flash::SignedOut {
        display_name: current.user.display_name,
        others_ended: Some(others_ended),
    };
    Reply::signed_out(Some(&message)).send()
}
