//! The events of a session, for clients of the API.

use super::problem::Problem;
use crate::server::web::{
    connection_slots::ConnectionSlot, context::Caller, state::AppState, streams,
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};

/// Follow my session
///
/// A stream of server-sent events: `session` when its idle end moves or there is another sign-in to review, `ended`
/// with the reason when it ends, `alive` as a heartbeat, and `poll` as the last one if a newer stream of the account
/// takes its place. If the session has as many streams as it may have, a further one is refused with 429. `HEAD`
/// returns the data of `session` in the header `x-session`, and opens no stream. Watching is no use of the session.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "followSession",
    tag = "sessions",
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 429, description = "Too many streams of this session", content_type = "application/problem+json", body = Problem),
    )
)]
pub async fn follow(
    state: State<AppState>,
    caller: Extension<Caller>,
    slot: Option<Extension<ConnectionSlot>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = state.site.demand_own_api_reader(&headers) {
        return refusal.into_response();
    }
    streams::session::watch(state, caller, slot, method, headers).await
}
