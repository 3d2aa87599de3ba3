//! CORS for the JSON API alone, and for the origins that the configuration names.
//!
//! The session cookie is `SameSite=Lax`, so browsers send it with requests from the same site only: from
//! `https://app.example.org` to `https://id.example.org`, never from another domain.

use crate::server::web::streams;
use axum::http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long browsers may remember a preflight: two hours are the most that Chromium keeps.
const MAX_AGE: Duration = Duration::from_secs(2 * 3_600);

/// The headers of answers that scripts may read, beside the safe ones (Fetch, CORS-safelisted response headers).
const EXPOSED: [HeaderName; 6] = [
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("x-request-id"),
    streams::session::SESSION,
    streams::session::ENDED,
];

/// The layer for these origins; `None` without any, which leaves CORS off.
pub fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE)
        .vary([header::ORIGIN]);
    Some(layer)
}
