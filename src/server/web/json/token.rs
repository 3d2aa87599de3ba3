//! Access tokens: by a password, or by the session of a browser.
//!
//! The session stays on the server, in its HttpOnly cookie; a page's script gets a token that lives for minutes (RFC
//! 10017, token-mediating backend). The password form is for our own first-party pages: RFC 9700 forbids this grant
//! to all others.

use super::{
    body::Json,
    caller::Called,
    form::Form,
    rejection::{Cause, OperationError, Rejection},
};
use crate::{
    domain::{password::Password, scope::Scopes, session::CurrentUser},
    error::Failure,
    server::{
        core::{
            sessions::{self, Presented, Resumed, Started, pending::PendingSession},
            sign_in,
            tokens::{self, Grant},
        },
        web::{context::Caller, cookies, state::AppState},
    },
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What Swagger UI sends with its password form for "no client": a colon.
const NO_CLIENT: &[u8] = b"Basic Og==";

/// The form of a sign-in (RFC 6749, 4.3.2).
#[derive(ToSchema)]
#[schema(as = PasswordGrant)]
#[allow(dead_code, reason = "it describes the form in the document")]
pub struct PasswordGrantBody {
    grant_type: GrantType,
    /// A username or an email.
    #[schema(min_length = 1)]
    username: String,
    #[schema(format = Password, min_length = 1)]
    password: String,
    /// Scopes with spaces between them. If absent, all that the account has.
    #[schema(required = false)]
    scope: String,
}

/// The one grant that there is.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes the form in the document")]
enum GrantType {
    Password,
}

/// An access token (RFC 6749, 5.1). Keep it in memory, and never store it.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenBody {
    access_token: String,
    #[schema(examples("Bearer"))]
    token_type: &'static str,
    /// In seconds.
    expires_in: u64,
    /// Those of the token, with spaces between them.
    scope: String,
}

/// Sign in
///
/// For first-party pages and for this document: it sets the session cookie, and returns an access token of that session.
/// The throttle and the audit log are those of the sign-in page. Programs use access keys instead.
///
/// With a live session in the browser the answer is 409: sign out first, by `/api/v1/logout`.
#[utoipa::path(
    post,
    path = "/api/v1/token",
    operation_id = "signIn",
    tag = "tokens",
    request_body(content = PasswordGrantBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Signed in", body = TokenBody))
)]
pub async fn sign_in(
    State(state): State<AppState>,
    called: Called,
    pending: Option<Extension<PendingSession>>,
    headers: HeaderMap,
    mut form: Form,
) -> Result<Response, OperationError> {
    let core = &state.core;
    demand_no_client(&headers)?;
    if matches!(called.caller, Caller::SignedIn(_)) {
        return Err(Failure::AlreadySignedIn.into());
    }
    demand_tokens(&state)?;
    let grant_type = form.demand("grant_type")?;
    if *grant_type != "password" {
        return Err(Rejection::input(Cause::UnknownGrant).into());
    }
    let requested = requested(&mut form)?;
    let username = form.demand("username")?;
    let password = form.demand("password")?;
    let password = Password::new(password.to_string());
    let credentials = sign_in::Credentials {
        username: &username,
        password: &password,
    };
    let presented = Presented {
        session: cookies::session::session_token(&headers),
        device: cookies::session::device_token(&headers),
    };
    let started = sign_in::login(core, &called.actor, presented, &credentials, false).await?;
    // The session ends unless an answer with its cookie is handed over: a failure is an answer without it.
    let unanswered = PendingSession::default();
    let digest = started.session.digest();
    unanswered.set(core.clone(), called.actor.clone(), digest.clone());
    let current = match sessions::resume(core, &started.session).await? {
        Resumed::Live(current) => current,
        // It was ended while this answer was made.
        Resumed::Superseded(_) | Resumed::Ended(_) | Resumed::Unknown => {
            return Err(Failure::NotSignedIn.into());
        }
    };
    let token = issue(&state, &current, requested).await?;
    if let Some(Extension(pending)) = pending {
        pending.set(core.clone(), called.actor, digest);
    }
    unanswered.release();
    Ok((AppendHeaders(set_cookies(&started)), token).into_response())
}

/// Refresh my token
///
/// A new access token for the session of the cookie, which stays as it is: several tabs and a restart of the server
/// end no session. It counts as use of the session, so request it only when the person acts. Only 401 means signed out.
#[utoipa::path(
    post,
    path = "/api/v1/token/refresh",
    operation_id = "refreshToken",
    tag = "tokens",
    responses((status = 200, description = "A new token", body = TokenBody))
)]
pub async fn refresh(
    State(state): State<AppState>,
    called: Called,
) -> Result<Json<TokenBody>, OperationError> {
    let Caller::SignedIn(current) = called.caller else {
        return Err(Failure::NotSignedIn.into());
    };
    demand_tokens(&state)?;
    issue(&state, &current, None).await
}

/// There are no clients, and no passwords in headers.
fn demand_no_client(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let is_empty = match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => value.as_bytes() == NO_CLIENT,
        _ => false,
    };
    is_empty
        .then_some(())
        .ok_or_else(|| Rejection::input(Cause::UnknownClient))
}

/// Checked before the password, so that no session starts without a token in the answer.
fn demand_tokens(state: &AppState) -> Result<(), Rejection> {
    let are_issued = state.core.tokens.are_issued();
    are_issued.then_some(()).ok_or_else(Rejection::no_tokens)
}

fn requested(form: &mut Form) -> Result<Option<Scopes>, Rejection> {
    let Some(words) = form.take("scope") else {
        return Ok(None);
    };
    let scopes = words.parse::<Scopes>();
    scopes
        .map(Some)
        .map_err(|_| Rejection::input(Cause::UnknownScope))
}

/// A token with what was requested, as far as the session may do it.
async fn issue(
    state: &AppState,
    current: &CurrentUser,
    requested: Option<Scopes>,
) -> Result<Json<TokenBody>, OperationError> {
    let own = current.scopes();
    let scopes = requested.map_or(own, |requested| requested.intersection(own));
    let scope = scopes.to_string();
    let grant = Grant {
        user: &current.user.id,
        session: &current.session.id,
        scope: &scope,
        authenticated_at: current.session.authenticated_at,
        session_ends_at: current.session.idle_ends_at,
    };
    let token = tokens::issue(&state.core, &state.issuer, grant).await?;
    Ok(Json(TokenBody {
        access_token: token.reveal().to_owned(),
        token_type: "Bearer",
        expires_in: token.lifetime().as_secs(),
        scope,
    }))
}

fn set_cookies(started: &Started) -> Vec<(header::HeaderName, header::HeaderValue)> {
    let session = cookies::session::set_session(&started.session, None);
    let device = started.device.as_ref().map(cookies::session::set_device);
    let cookies = [Some(session), device].into_iter().flatten();
    cookies.map(|cookie| (header::SET_COOKIE, cookie)).collect()
}
