//! The credential of a request, and the caller whom it identifies: the session cookie, or on the JSON API
//! `Authorization: Bearer`. The two never act together: beside a bearer credential the cookie gives no right.

use crate::{
    domain::{
        page::{Access, Stream},
        session::CurrentUser,
    },
    error::{AppError, Failure},
    server::{
        core::{
            sessions::{self, Resumed},
            sign_in::{access_key, access_token},
        },
        db::StoreError,
        token::{
            SessionToken,
            key::{KEY_PREFIX, PresentedKey},
        },
        web::{
            connection_slots::ConnectionSlot,
            context::{self, Caller},
            cookies,
            layers::{bearer, forwarded::Client},
            state::AppState,
            target::{CONFIRMATION, Demand, LookUp, Target},
        },
    },
};
use axum::http::{Extensions, HeaderMap, Method};

/// Whether the request has a well-formed credential, which may or may not be valid.
pub fn is_present(target: Target, headers: &HeaderMap) -> bool {
    takes_bearer(target) && bearer::is_present(headers)
        || cookies::session::session_token(headers).is_some()
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
) -> Result<Caller, AppError> {
    if takes_bearer(target) && bearer::is_present(headers) {
        return identify_bearer(state, headers, extensions).await;
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
        // The newer token is on its way to the client, which may retry. A 401 would make it leave. An access token for
        // the previous one would outlive it.
        Resumed::Superseded(_) if is_change_by_program(target, method) => {
            return Err(Failure::Unavailable.into());
        }
        Resumed::Superseded(user) => caller_in_grace_period(target, method, user),
        Resumed::Ended(reason) => Caller::Ended(reason),
        Resumed::Unknown => Caller::Anonymous,
    })
}

/// The caller of an access key or an access token; [`Caller::InvalidToken`] for everything else.
async fn identify_bearer(
    state: &AppState,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, AppError> {
    let Some(credential) = bearer::credential(headers) else {
        return Ok(Caller::InvalidToken);
    };
    let caller = if credential.starts_with(KEY_PREFIX.as_bytes()) {
        with_key(state, credential, headers, extensions).await?
    } else {
        with_token(state, credential, headers).await?
    };
    Ok(caller.unwrap_or(Caller::InvalidToken))
}

/// A cookie beside the key has to be that of the same person: a page that acts for one must not show the data of
/// another.
async fn with_key(
    state: &AppState,
    text: &[u8],
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Option<Caller>, AppError> {
    let (Some(key), Some(client)) = (PresentedKey::parse(text), extensions.get::<Client>()) else {
        return Ok(None);
    };
    let browser = context::browser_of(client, headers);
    let Some(holder) = access_key::recognise(&state.core, &key, &browser).await? else {
        return Ok(None);
    };
    let belongs = |current: &CurrentUser| current.user.id == holder.user.id;
    let is_alone_or_belongs = cookie_belongs(state, headers, belongs).await?;
    Ok(is_alone_or_belongs.then_some(Caller::WithKey(holder)))
}

/// The session of the token has to be live now. A cookie beside the token has to be that of the same session: otherwise
/// somebody else has signed in in this browser, and the page has to leave.
async fn with_token(
    state: &AppState,
    text: &[u8],
    headers: &HeaderMap,
) -> Result<Option<Caller>, AppError> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Ok(None);
    };
    let found = access_token::recognise(&state.core, &state.issuer, text).await?;
    let Some((current, claims)) = found else {
        return Ok(None);
    };
    let belongs = |other: &CurrentUser| other.session.id == current.session.id;
    if !cookie_belongs(state, headers, belongs).await? {
        return Ok(None);
    }
    // Of a newer version some may be unknown: then it may do nothing.
    let scopes = claims.scope.parse().unwrap_or_default();
    Ok(Some(Caller::WithToken(current, scopes)))
}

/// Whether the request has no session cookie, or that of a live session for which `belongs` holds.
async fn cookie_belongs(
    state: &AppState,
    headers: &HeaderMap,
    belongs: impl FnOnce(&CurrentUser) -> bool,
) -> Result<bool, StoreError> {
    let Some(token) = cookies::session::session_token(headers) else {
        return Ok(true);
    };
    Ok(match sessions::peek(&state.core, &token).await? {
        Resumed::Live(current) | Resumed::Superseded(current) => belongs(&current),
        Resumed::Ended(_) | Resumed::Unknown => false,
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

fn is_change_by_program(target: Target, method: &Method) -> bool {
    matches!(target, Target::Api(_)) && target.access() != Access::Anyone && !method.is_safe()
}

/// The rights of a browser whose token was replaced a moment ago: the answer with the new one may not have arrived.
/// It may read pages and confirm the password again, but neither change anything nor download a file. (Signing out
/// needs no session.)
fn caller_in_grace_period(target: Target, method: &Method, user: Box<CurrentUser>) -> Caller {
    match target {
        Target::Page(_) | Target::Viewer(_) | Target::Stream(Stream::Session) => {
            Caller::SignedIn(user)
        }
        // A sign-in is refused, as in a browser that is signed in.
        Target::Api(Demand::Public) => Caller::SignedIn(user),
        Target::Api(_) if method.is_safe() => Caller::SignedIn(user),
        Target::Function(CONFIRMATION) => Caller::Confirming(user),
        Target::Download(_)
        | Target::Stream(Stream::Audit)
        | Target::Function(_)
        | Target::Api(_) => Caller::Anonymous,
    }
}
