//! The credential of a request, and the caller whom it identifies: the session cookie, or on the JSON API
//! `Authorization: Bearer`. The two never act together: beside a bearer credential the cookie is not read.
//!
//! There are no keys and tokens yet, so no bearer credential is valid.

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
use axum::http::{Extensions, HeaderMap, Method, header};

/// Whether the request has a well-formed credential, which may or may not be valid.
pub fn is_present(target: Target, headers: &HeaderMap) -> bool {
    takes_bearer(target) && has_bearer(headers)
        || cookies::session::session_token(headers).is_some()
}

/// Whether the request has `Authorization: Bearer`, however malformed. Other schemes are not ours: `Basic` may be that
/// of a proxy in front, and browsers attach it by themselves, also to forged requests.
pub fn has_bearer(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    values.any(|value| {
        let value = value.as_bytes().trim_ascii_start();
        let scheme = value.split(|byte| !byte.is_ascii_alphanumeric()).next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    })
}

const fn takes_bearer(target: Target) -> bool {
    matches!(target, Target::Api(_))
}

/// Looks the credential up. Without one, or with an unknown one, the caller is anonymous.
///
/// # Errors
/// If the database does not answer.
pub async fn identify(
    state: &AppState,
    target: Target,
    method: &Method,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, StoreError> {
    if takes_bearer(target) && has_bearer(headers) {
        return Ok(Caller::InvalidToken);
    }
    let Some(token) = cookies::session::session_token(headers) else {
        return Ok(Caller::Anonymous);
    };
    let by = match target {
        // A client checks whether it is signed in, without a person.
        Target::Api(_) if *method == Method::HEAD => LookUp::Peek,
        target => target.look_up(),
    };
    Ok(match look_up(state, &token, by).await? {
        Resumed::Live(user) => {
            if let Some(slot) = extensions.get::<ConnectionSlot>() {
                slot.session_found();
            }
            Caller::SignedIn(user)
        }
        Resumed::Superseded(user) => caller_in_grace_period(target, method, user),
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
fn caller_in_grace_period(target: Target, method: &Method, user: Box<CurrentUser>) -> Caller {
    match target {
        Target::Page(_) | Target::Viewer(_) | Target::Stream(Stream::Session) => {
            Caller::SignedIn(user)
        }
        Target::Api(_) if method.is_safe() => Caller::SignedIn(user),
        Target::Function(CONFIRMATION) => Caller::Confirming(user),
        Target::Download(_)
        | Target::Stream(Stream::Audit)
        | Target::Function(_)
        | Target::Api(_) => Caller::Anonymous,
    }
}
