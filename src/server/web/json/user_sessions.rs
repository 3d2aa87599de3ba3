//! The sessions of an account, for administrators.

use super::{
    body::Json,
    caller::{Administrator, Called},
    sessions::SessionsBody,
};
use crate::{
    domain::user::AccountChange,
    error::AppError,
    server::{
        core::{accounts::administration, sessions},
        web::state::AppState,
    },
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};

/// List the sessions of an account
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/sessions",
    operation_id = "listUserSessions",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    responses((status = 200, description = "The live sessions", body = SessionsBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    called: Called,
    Path(id): Path<String>,
) -> Result<Json<SessionsBody>, AppError> {
    let user = administration::find(&state.core, &admin, &id).await?;
    let live = sessions::live_of(&state.core, &user.id).await?;
    let own = called.actor.person().map(|current| &current.session.id);
    Ok(Json(SessionsBody::of(&live, own)))
}

/// End all sessions of an account
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/sessions",
    operation_id = "endUserSessions",
    tag = "users",
    params(("id" = String, Path, description = "Of an account")),
    responses((status = 204, description = "They have ended"))
)]
pub async fn end_all(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, AppError> {
    let change = AccountChange::EndSessions;
    administration::change(&state.core, &admin, &id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of an account
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/sessions/{session}",
    operation_id = "endUserSession",
    tag = "users",
    params(
        ("id" = String, Path, description = "Of an account"),
        ("session" = String, Path, description = "Of a session of this account"),
    ),
    responses((status = 204, description = "It has ended"))
)]
pub async fn end(
    State(state): State<AppState>,
    Administrator(admin): Administrator,
    Path((id, session)): Path<(String, String)>,
) -> Result<StatusCode, AppError> {
    administration::end_session(&state.core, &admin, &id, session).await?;
    Ok(StatusCode::NO_CONTENT)
}
