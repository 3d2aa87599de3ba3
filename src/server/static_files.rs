//! Scripts, styles and pictures: the only answers that caches may keep.

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use std::path::Path;
use tower_http::services::ServeDir;

/// The build writes a digest into the names of these files, so a name never changes its content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const ASK_EVERY_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// Serves the site's folder, with the compressed copies that the build has written. Pages are
/// never compressed: their size must not tell what an attacker mixes into them (BREACH).
pub fn service(site_root: &Path) -> ServeDir {
    ServeDir::new(site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
}

/// How files are cached: for ever where names have digests.
#[derive(Clone, Copy, Debug)]
pub struct HashedNames(pub bool);

/// Marks files as cacheable, by where they are.
pub async fn cache(hashed: HashedNames, request: Request, next: Next) -> Response {
    let built = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let policy = match (found, built, hashed.0) {
        (false, ..) => return response,
        (true, true, true) => FOR_EVER,
        (true, true, false) => ASK_EVERY_TIME,
        (true, false, _) => ONE_HOUR,
    };
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/")
        && !kind.contains("charset")
        && let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8"))
    {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(policy);
    response
}
