//! The middleware of the operations of the JSON API: one that changes something is read and runs to its end as a server
//! function does.

use super::{forms, guard};
use crate::server::web::{state::AppState, target::Target};
use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Runs an operation. If it changes something, its body is read first, within the budgets, and then it completes even
/// if the connection closes (ADR 30). Without a credential neither happens.
pub async fn run(
    State(state): State<AppState>,
    Extension(target): Extension<Target>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    if let Some(refusal) = guard::refuse_without_credential(target, &request) {
        return refusal;
    }
    // The operation parses it, and says what is wrong with it.
    let answer = forms::run_with_body(&state, request, next, |_| true).await;
    answer.unwrap_or_else(IntoResponse::into_response)
}
