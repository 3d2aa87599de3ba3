//! The caller's own sessions.

use super::{
    body::Json,
    caller::Called,
    rejection::{OperationError, Rejection},
};
use crate::{
    domain::{
        device,
        scope::Scope,
        session::{Session, SessionId},
    },
    error::{AppError, Failure},
    server::{
        clock::rfc3339,
        core::{
            actor::{Owner, Permitted},
            sessions, sign_in,
        },
        web::{context::Caller, cookies, state::AppState},
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A live session: one signed-in browser.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionBody {
    /// It gives no access.
    id: String,
    /// Whether it is the session of this request.
    current: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// Written at most once a minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// When the password was last entered in it.
    #[schema(format = DateTime)]
    authenticated_at: String,
    /// It ends then, unless it is used before.
    #[schema(format = DateTime)]
    idle_ends_at: String,
    /// It ends then in any case.
    #[schema(format = DateTime)]
    absolute_ends_at: String,
    /// "Stay signed in on this device".
    remember: bool,
    /// The id of the access key with which it was started. It ends with the key, and may do no more.
    #[schema(required)]
    access_key: Option<String>,
    /// From which it was started.
    address: String,
    user_agent: String,
    /// The browser in words.
    device: String,
}

/// Live sessions, the last used first. An account has at most as many as the server is configured for, so there are
/// no further pages.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub struct SessionsBody {
    items: Vec<SessionBody>,
}

impl SessionBody {
    /// `current` is the session of the request, if it has one.
    pub fn of(session: &Session, current: Option<&SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            current: current == Some(&session.id),
            created_at: rfc3339(session.created_at),
            last_seen_at: rfc3339(session.last_seen_at),
            authenticated_at: rfc3339(session.authenticated_at),
            idle_ends_at: rfc3339(session.idle_ends_at),
            absolute_ends_at: rfc3339(session.absolute_ends_at),
            remember: session.remember,
            access_key: session.key.as_ref().map(|key| key.id.to_string()),
            address: session.address.clone(),
            user_agent: session.user_agent.clone(),
            device: device::in_words(&session.user_agent),
        }
    }
}

impl SessionsBody {
    pub fn of(sessions: &[Session], current: Option<&SessionId>) -> Self {
        let items = sessions.iter();
        Self {
            items: items.map(|one| SessionBody::of(one, current)).collect(),
        }
    }
}

/// List my sessions
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    responses((status = 200, description = "The live sessions", body = SessionsBody))
)]
pub async fn list(
    State(state): State<AppState>,
    called: Called,
) -> Result<Json<SessionsBody>, AppError> {
    let owner = Permitted::of(&called.actor, Scope::SessionsRead)?;
    let live = sessions::live_of(&state.core, &owner.user().id).await?;
    let current = owner.session().map(|session| &session.id);
    Ok(Json(SessionsBody::of(&live, current)))
}

/// End one of my sessions
///
/// It is refused from its next request on. If it is the session of this request, the cookie is deleted too. A session
/// that has ended before is ended: the answer is the same.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "endSession",
    tag = "sessions",
    params(("id" = String, Path, description = "Of a session of the caller")),
    responses((status = 204, description = "It has ended"))
)]
pub async fn end(
    State(state): State<AppState>,
    called: Called,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let owner = Permitted::of(&called.actor, Scope::SessionsEnd)?;
    let id = SessionId::parse(id).ok_or(Failure::NotFound)?;
    let ended = sessions::end_own(&state.core, owner, &id).await?;
    ended.ok_or(Failure::NotFound)?;
    let is_current = owner.session().is_some_and(|current| current.id == id);
    Ok(signed_out(is_current && called.has_cookie()))
}

/// Sign out
///
/// Ends the session of the cookie or the access token before it answers, and deletes the cookie. With a cookie whose
/// session has ended, or without any credential, the answer is the same, so that signing out twice is no error. A token
/// whose session has ended is refused with 401, as everywhere. An access key has no session: it is revoked by
/// `/api/v1/keys/{id}`.
#[utoipa::path(
    post,
    path = "/api/v1/logout",
    operation_id = "signOut",
    tag = "sessions",
    responses((status = 204, description = "Signed out"))
)]
pub async fn logout(
    State(state): State<AppState>,
    called: Called,
    headers: HeaderMap,
) -> Result<Response, OperationError> {
    match &called.caller {
        Caller::WithKey(_) => return Err(Rejection::session_needed().into()),
        Caller::WithToken(..) => {
            let owner = Owner::in_any_session(&called.actor)?;
            sessions::end_current(&state.core, owner).await?;
        }
        _ => {
            let token = cookies::session::session_token(&headers);
            sign_in::logout(&state.core, &called.actor, token.as_ref()).await?;
        }
    }
    Ok(signed_out(called.has_cookie()))
}

/// A request with a bearer credential gets no cookie, not even a deleted one.
fn signed_out(has_cookie: bool) -> Response {
    let cookie = has_cookie.then(|| (header::SET_COOKIE, cookies::session::clear_session()));
    (StatusCode::NO_CONTENT, AppendHeaders(cookie)).into_response()
}
