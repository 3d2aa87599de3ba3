//! The public documents about tokens: the keys that verify them (RFC 7517), and where everything is (RFC 8414).

use crate::{
    domain::scope::Scope,
    error::AppError,
    server::{
        core::tokens::{self, JWKS_MAX_AGE, Jwks},
        web::{state::AppState, target::API},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use serde::Serialize;

pub const JWKS: &str = "/.well-known/jwks.json";
pub const METADATA: &str = "/.well-known/oauth-authorization-server";

/// They are the same for everybody.
type Public<T> = ([(HeaderName, String); 1], Json<T>);

fn public<T>(document: T) -> Public<T> {
    let max_age = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    ([(header::CACHE_CONTROL, max_age)], Json(document))
}

/// The public keys; none if no tokens are issued.
pub async fn jwks(State(state): State<AppState>) -> Result<Public<Jwks>, AppError> {
    Ok(public(tokens::jwks(&state.core).await?))
}

/// Authorization server metadata (RFC 8414, 2). There is no endpoint to revoke a token: it ends with its session, by
/// `/api/v1/logout`.
#[derive(Serialize)]
pub struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    service_documentation: String,
}

pub async fn metadata(State(state): State<AppState>) -> Public<Metadata> {
    let issuer = state.issuer.issuer();
    public(Metadata {
        token_endpoint: format!("{issuer}{API}/token"),
        jwks_uri: format!("{issuer}{JWKS}"),
        introspection_endpoint: format!("{issuer}{API}/introspect"),
        introspection_endpoint_auth_methods_supported: ["bearer"],
        scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str()).collect(),
        response_types_supported: [],
        grant_types_supported: ["password"],
        token_endpoint_auth_methods_supported: ["none"],
        service_documentation: format!("{issuer}/api/docs"),
        issuer: issuer.to_owned(),
    })
}
