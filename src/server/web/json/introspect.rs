//! Introspection (RFC 7662): whether an access token is valid at this moment, for applications that take our tokens.

use super::{body::Json, form::Form, rejection::OperationError};
use crate::{
    error::{AppError, Failure},
    server::{
        core::{
            sessions::{self, Resumed},
            tokens::{self, Claims, NotVerified},
        },
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
    token: String,
}

/// What is known of a token. Nothing but `active` of one that is not valid, whatever the reason.
#[derive(Serialize, ToSchema, Default)]
#[schema(as = TokenState)]
pub struct StateBody {
    /// `false` from the moment on when its session, the access key of that session or its account ended.
    active: bool,
    #[serde(flatten)]
    #[schema(inline)]
    claims: Option<ClaimsBody>,
}

#[derive(Serialize, ToSchema)]
struct ClaimsBody {
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
    let claims = match tokens::verify(&state.core, &state.issuer, token).await {
        Ok(claims) => claims,
        Err(NotVerified::Invalid(_)) => return Ok(StateBody::default()),
        Err(NotVerified::Unavailable | NotVerified::Failed(_)) => {
            return Err(Failure::Unavailable.into());
        }
    };
    let current = match sessions::peek_by_id(&state.core, &claims.session).await? {
        Resumed::Live(current) if current.user.id == claims.user => current,
        _ => return Ok(StateBody::default()),
    };
    let Claims {
        user,
        session,
        scope,
        id,
        issued_at,
        expires_at,
    } = claims;
    let granted = scope.parse().unwrap_or_default();
    Ok(StateBody {
        active: true,
        claims: Some(ClaimsBody {
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
        }),
    })
}
