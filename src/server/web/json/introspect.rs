//! Introspection (RFC 7662): whether an access token is valid at this moment, for applications that take our tokens.

use super::{body::Json, form::Form, rejection::OperationError};
use crate::{
    error::{AppError, Failure},
    server::{
        core::{sign_in::access_token, tokens::Claims},
        web::state::AppState,
    },
};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The token in question.
#[derive(ToSchema)]
#[schema(as = Introspection)]
#[allow(dead_code, reason = "it describes the form in the document")]
pub struct IntrospectionBody {
    #[schema(min_length = 1)]
    token: String,
}

/// What is known of a token.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TokenState)]
pub enum StateBody {
    Active(Box<ActiveBody>),
    Inactive(InactiveBody),
}

/// Nothing else is said of a token that is not valid, whatever the reason: from the moment on when its session, the access
/// key of that session or its account ended.
#[derive(Serialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
#[schema(as = InactiveToken)]
pub struct InactiveBody {
    active: bool,
}

/// A token that is valid.
#[derive(Serialize, ToSchema)]
#[schema(as = ActiveToken)]
pub struct ActiveBody {
    active: bool,
    scope: String,
    username: String,
    token_type: &'static str,
    iss: String,
    aud: String,
    /// The id of the account. It never changes and is never given to another one.
    sub: String,
    /// The id of the session.
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Check a token
#[utoipa::path(
    post,
    path = "/api/v1/introspect",
    operation_id = "introspectToken",
    tag = "tokens",
    request_body(content = IntrospectionBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Its state", body = StateBody))
)]
pub async fn introspect(
    State(state): State<AppState>,
    mut form: Form,
) -> Result<Json<StateBody>, OperationError> {
    let token = form.demand("token")?;
    Ok(Json(check(&state, &token).await?))
}

async fn check(state: &AppState, token: &str) -> Result<StateBody, AppError> {
    let found = access_token::recognise(&state.core, &state.issuer, token).await;
    let Some((current, claims)) = found.map_err(|_| Failure::Unavailable)? else {
        return Ok(inactive());
    };
    let Claims {
        user,
        session,
        scope,
        id,
        issued_at,
        expires_at,
        ..
    } = claims;
    let granted = scope.parse().unwrap_or_default();
    let active = ActiveBody {
        active: true,
        scope: current.scopes().intersection(granted).to_string(),
        username: current.user.username,
        token_type: "Bearer",
        iss: state.issuer.issuer().to_owned(),
        aud: state.issuer.audience().to_owned(),
        sub: user.0,
        sid: session.0,
        jti: id,
        iat: issued_at.as_millis() / 1_000,
        exp: expires_at.as_millis() / 1_000,
    };
    Ok(StateBody::Active(Box::new(active)))
}

fn inactive() -> StateBody {
    StateBody::Inactive(InactiveBody::default())
}
