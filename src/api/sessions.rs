//! `POST /api/stay_signed_in`, `/api/end_session`, `/api/end_other_sessions` and `/api/end_all_sessions`.

use crate::error::AppError;
use leptos::prelude::*;

/// Puts the idle end of this session off: the answer to "are you still there?".
///
/// # Errors
/// [`Failure::NotSignedIn`] where the session has ended in the meantime; [`Failure::Unavailable`].
#[server(endpoint = "stay_signed_in")]
pub async fn stay_signed_in() -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        error::Failure,
        server::{
            core::{actor::Owner, sessions},
            web::{context, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    if !sessions::stay(core, Owner::of(&actor)?).await? {
        return Err(Failure::NotSignedIn.into());
    }
    Reply::to(Page::Dashboard).send()
}

/// Ends one session of the person who asks; where it is this one, they are signed out.
///
/// # Errors
/// [`Failure::NotFound`] where they have no session with this id; [`Failure::NotSignedIn`];
/// [`Failure::Unavailable`].
#[server(endpoint = "end_session")]
pub async fn end_session(id: String) -> Result<(), AppError> {
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
    let id = SessionId::given(id).ok_or(Failure::NotFound)?;
    let lived = sessions::end_own(core, owner, &id).await?;
    let lived = lived.ok_or(Failure::NotFound)?;
    if id == owner.session().id {
        let message = Flash::SignedOut {
            display_name: owner.user().display_name.clone(),
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
/// [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::{actor::Owner, sessions},
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let count = sessions::end_others(core, Owner::of(&actor)?).await?;
    Reply::to(Page::Sessions)
        .with_message(&Flash::SessionsEnded { count })
        .send()
}

/// Ends all sessions of the person who asks, and signs them out here.
///
/// # Errors
/// [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "end_all_sessions")]
pub async fn end_all_sessions() -> Result<(), AppError> {
    use crate::server::{
        core::{actor::Owner, sessions},
        web::{context, cookies::flash::Flash, reply::Reply},
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let others_ended = sessions::end_all(core, owner).await?;
    let message = Flash::SignedOut {
        display_name: owner.user().display_name.clone(),
        others_ended: Some(others_ended),
    };
    Reply::signed_out(Some(&message)).send()
}
