//! The credential of a request, and the caller whom it identifies. The only credential is the session cookie.

use crate::{
    domain::{page::Stream, session::CurrentUser},
    server::{
        core::sessions::{self, Resumed},
        db::StoreError,
        token::SessionToken,
        web::{
            connection_slots::ConnectionSlot,
            context::Caller,
            cookies,
            state::AppState,
            target::{CONFIRMATION, LookUp, Target},
        },
    },
};
use axum::http::{Extensions, HeaderMap};

/// Whether the request has a well-formed credential, which may or may not be valid.
pub fn is_present(headers: &HeaderMap) -> bool {
    cookies::session::session_token(headers).is_some()
}

/// Looks the credential up. Without one, or with an unknown one, the caller is anonymous.
///
/// # Errors
/// If the database does not answer.
pub async fn identify(
    state: &AppState,
    target: Target,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, StoreError> {
    let Some(token) = cookies::session::session_token(headers) else {
        return Ok(Caller::Anonymous);
    };
    Ok(match look_up(state, &token, target.look_up()).await? {
        Resumed::Live(user) => {
            if let Some(slot) = extensions.get::<ConnectionSlot>() {
                slot.session_found();
            }
            Caller::SignedIn(user)
        }
        Resumed::Superseded(user) => caller_in_grace_period(target, user),
        Resumed::Ended(reason) => Caller::Ended(reason),
        Resumed::Unknown => Caller::Anonymous,
    })
}

async fn look_up(
    state: &AppState,
    token: &SessionToken,
    look_up: LookUp,
) -> Result<Resumed, StoreError> {
    match look_up {
        LookUp::Use => sessions::resume(&state.core, token).await,
        LookUp::UseWithSignIns => sessions::resume_with_sign_ins(&state.core, token).await,
        LookUp::Peek => sessions::peek(&state.core, token).await,
    }
}

/// The rights of a browser whose token was replaced a moment ago: the answer with the new one may not have arrived.
/// It may read pages and confirm the password again, but neither change anything nor download a file. (Signing out
/// needs no session.)
fn caller_in_grace_period(target: Target, user: Box<CurrentUser>) -> Caller {
    match target {
        Target::Page(_) | Target::Stream(Stream::Session) => Caller::SignedIn(user),
        Target::Function(CONFIRMATION) => Caller::Confirming(user),
        Target::Download(_) | Target::Stream(Stream::Audit) | Target::Function(_) => {
            Caller::Anonymous
        }
    }
}
