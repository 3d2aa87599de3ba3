//! Scripts, styles and images: the only answers that may be cached.

use super::embedded_site::EmbeddedSite;
use crate::{
    domain::plain_script,
    error::Failure,
    server::clock::{Clock, parse_http_date},
};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header, uri::PathAndQuery},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use std::{path::PathBuf, time::Duration};
use tower_http::services::{
    ServeDir,
    fs::{Backend, DefaultServeDirFallback},
};

/// The build writes a digest into the names of these files, so the content of a name never changes.
pub const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
pub const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// It also disables revalidation by date, which has a resolution of one second: half a file and the whole one may have
/// the same.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A file that was modified within this time may still grow: longer than a copy or a build pauses.
const SETTLING_TIME: Duration = Duration::from_secs(10);

/// The source of the files.
#[derive(Clone, Debug)]
pub enum SiteFiles {
    Folder(PathBuf),
    Embedded(&'static EmbeddedSite),
}

/// Serves the files, from a folder or from the program.
pub fn routes(source: &SiteFiles, hashed: HashedNames) -> Router {
    let router = match source {
        SiteFiles::Folder(root) => {
            Router::new().fallback_service(with_precompressed(ServeDir::new(root)))
        }
        SiteFiles::Embedded(site) => {
            Router::new().fallback_service(with_precompressed(ServeDir::with_backend("", *site)))
        }
    };
    let may_grow = matches!(source, SiteFiles::Folder(_));
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        cache(hashed, may_grow, request, next)
    }))
}

type Files<B> = ServeDir<DefaultServeDirFallback, B>;

/// With the compressed copies that the build has written. Pages are never compressed: their size
/// would reveal a secret beside an attacker's input (BREACH).
fn with_precompressed<B: Backend>(files: Files<B>) -> Files<B> {
    files
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
}

/// The caching of files: permanent if their names have digests.
#[derive(Clone, Copy, Debug)]
pub struct HashedNames(pub bool);

/// Whether the file may be incomplete. Its date is from this machine's clock, and is compared with the same clock; a
/// date in the future proves nothing.
fn may_be_incomplete(response: &Response) -> bool {
    let header = |name| response.headers().get(name)?.to_str().ok();
    let is_empty = header(header::CONTENT_LENGTH) == Some("0");
    let modified = header(header::LAST_MODIFIED).and_then(parse_http_date);
    let newest_complete = Clock::system().of_this_machine().before(SETTLING_TIME);
    is_empty || modified.is_some_and(|modified| modified > newest_complete)
}

/// Marks files as cacheable, by their path. In a folder (`may_grow`) an empty or recently modified file is not
/// cached. A build or a copy may be in progress, and browsers would keep half a script for a year.
async fn cache(hashed: HashedNames, may_grow: bool, request: Request, next: Next) -> Response {
    // No file name contains NUL; for a HEAD request tower-http would answer 500.
    if request.uri().path().contains("%00") {
        return Failure::NotFound.into_response();
    }
    let path_and_query = request.uri().path_and_query().map(PathAndQuery::as_str);
    let is_current_script = path_and_query.is_some_and(plain_script::is_current);
    let is_built = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let is_found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let policy = match (is_found, is_built, hashed.0) {
        (false, ..) => return response,
        _ if may_grow && may_be_incomplete(&response) => NO_STORE,
        _ if is_current_script => IMMUTABLE,
        (true, true, true) => IMMUTABLE,
        (true, true, false) => REVALIDATE,
        (true, false, _) => ONE_HOUR,
    };
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|content_type| content_type.to_str().ok())
        .unwrap_or_default();
    if content_type.starts_with("text/")
        && !content_type.contains("charset")
        && let Ok(content_type) = HeaderValue::try_from(format!("{content_type}; charset=utf-8"))
    {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(policy);
    response
}
