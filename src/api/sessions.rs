//! `POST /api/stay_signed_in`, `/api/end_session`, `/api/name_device`,
//! `/api/end_other_sessions` and `/api/end_all_sessions`.

use crate::{domain::checkbox::Checkbox, error::AppError};
use leptos::prelude::*;

/// Extends the idle end of this session: the answer to "are you still there?".
///
/// # Errors
/// [`Failure::NotSignedIn`] if the session has ended in the meantime; [`Failure::Unavailable`].
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
    if !sessions::extend(core, Owner::in_any_session(&actor)?).await? {
        return Err(Failure::NotSignedIn.into());
    }
    Reply::to(Page::Dashboard).send()
}

/// Ends one session of the owner. If it is the current one, the owner is signed out.
///
/// # Errors
/// [`Failure::NotFound`] if the owner has no session with this id; [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "end_session")]
pub async fn end_session(id: String) -> Result<(), AppError> {
    use crate::{
        domain::{access_key::Scope, page::Page, session::SessionId},
        error::Failure,
        server::{
            core::{actor::Permitted, sessions},
            web::{
                context,
                cookies::flash::Flash,
                reply::{Reply, notice_of_session},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Permitted::of(&actor, Scope::SessionsEnd)?;
    let id = SessionId::parse(id).ok_or(Failure::NotFound)?;
    let ended = sessions::end_own(core, owner, &id).await?;
    let (session, was_live) = ended.ok_or(Failure::NotFound)?;
    if owner.session().is_some_and(|current| current.id == id) {
        let message = Flash::SignedOut {
            display_name: owner.user().display_name.clone(),
            ended: None,
        };
        return Reply::signed_out(Some(&message)).send();
    }
    let notice = notice_of_session(&session, was_live);
    Reply::to(Page::Sessions)
        .with_message(&Flash::Sessions { notice })
        .send()
}

/// Names the browser of one of the owner's sessions, for all its later sessions too. An empty name removes it.
///
/// # Errors
/// [`Refusal::DeviceName`]; [`Failure::NotFound`] if the owner has no live session with this id in a browser on record,
/// or if the caller's browser is not known itself; [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "name_device")]
pub async fn name_device(id: String, name: String) -> Result<(), AppError> {
    use crate::{
        domain::{device::DeviceName, page::Page, session::SessionId, views::SessionsNotice},
        error::{Failure, Refusal},
        server::{
            core::{actor::Owner, sessions},
            web::{
                context,
                cookies::flash::Flash,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let id = SessionId::parse(id).ok_or(Failure::NotFound)?;
    let form = Form::on(Page::Sessions.path());
    let Some(parsed) = DeviceName::parse(&name) else {
        let refused = |refusal| Flash::device_name_refused(&id.0, refusal, &name);
        return form.answer_by(Err(Refusal::DeviceName.into()), refused);
    };
    if !sessions::name_device(core, owner, &id, &parsed).await? {
        return Err(Failure::NotFound.into());
    }
    let name = parsed.as_str().to_owned();
    let notice = SessionsNotice::Named { name };
    let reply = Reply::to(Page::Sessions).with_message(&Flash::Sessions { notice });
    form.answer(Ok(reply))
}

/// Ends all sessions of the owner except the current one.
///
/// # Errors
/// [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), AppError> {
    use crate::{
        domain::{access_key::Scope, page::Page, views::SessionsNotice},
        server::{
            core::{actor::Permitted, sessions},
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Permitted::of(&actor, Scope::SessionsEnd)?;
    let count = sessions::end_others(core, owner).await?;
    let notice = SessionsNotice::OthersSignedOut { count };
    Reply::to(Page::Sessions)
        .with_message(&Flash::Sessions { notice })
        .send()
}

/// Ends all sessions of the owner, and signs this browser out. The access keys are revoked, unless `keep_keys`.
///
/// # Errors
/// [`Failure::NotSignedIn`]; [`Failure::Unavailable`].
#[server(endpoint = "end_all_sessions")]
pub async fn end_all_sessions(#[server(default)] keep_keys: Checkbox) -> Result<(), AppError> {
    use crate::server::{
        core::{actor::Owner, sessions},
        web::{context, cookies::flash::Flash, reply::Reply},
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::of(&actor)?;
    let ended = sessions::end_all(core, owner, keep_keys.0).await?;
    let message = Flash::SignedOut {
        display_name: owner.user().display_name.clone(),
        ended: Some(ended),
    };
    Reply::signed_out(Some(&message)).send()
}
