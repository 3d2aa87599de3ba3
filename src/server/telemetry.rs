//! The log.

mod writer;

use crate::{
    domain::setup::CODE_SYMBOLS,
    server::config::{Environment, LogConfig, LogFormat},
};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::{borrow::Cow, io, time::Instant};
use tracing::Instrument;
use tracing_subscriber::{EnvFilter, fmt};
pub use writer::Log;
use writer::LogWriter;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts logging to standard error. `RUST_LOG` has precedence over the configuration.
///
/// A line that cannot be written (a full disk, a reader that has exited or stopped reading) is lost, and no request
/// waits for it. The subscriber reports such errors by `eprintln!`, which would panic in the middle of a request.
pub fn start(config: &LogConfig) -> io::Result<Log> {
    let environment = Environment::of_process();
    let filter = environment.get("RUST_LOG").unwrap_or(&config.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log_writer = LogWriter::new(io::stderr())?;
    let writer = log_writer.clone();
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone())
        .log_internal_errors(false);
    // A second start (in tests) changes nothing.
    let _ = match config.format {
        LogFormat::Text => log
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    Ok(Log::of(log_writer))
}

/// Gives each request an id, in the log and in the answer, so that a user can quote it.
///
/// The path is logged without its query, and without headers and body: those may contain user input (ASVS V16.2.5). So
/// may an unknown path: some mail programs write `#` as `%23`, which puts the secret of a link into it.
pub async fn trace(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let span = tracing::info_span!("request", %id, method = %request.method(), path = &*loggable_path(&request));
    let started = Instant::now();
    async move {
        let mut response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), elapsed = ?started.elapsed(), "answered");
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

/// The longest id of a row: a UUID with hyphens. A longer segment may be a whole key, pasted where its id belongs.
const LONGEST_ID: usize = 36;

/// The part of a request's path that may be logged.
fn loggable_path(request: &Request) -> Cow<'_, str> {
    let path = request.uri().path();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched
        .map(MatchedPath::as_str)
        .filter(|route| !route.contains("{*"));
    let is_built_file = path.starts_with("/pkg/") && path.bytes().all(is_path_char);
    if let Some(route) = route.filter(|_| path.split('/').any(|part| part.len() > LONGEST_ID)) {
        Cow::Borrowed(route)
    } else if route.is_some() || is_built_file {
        utf8_percent_encode(path, NOT_LOGGABLE).into()
    } else {
        first_segment(path)
    }
}

/// The first segment of an unknown path, if it is too short to hold a code.
fn first_segment(path: &str) -> Cow<'_, str> {
    let inside = path.trim_start_matches('/');
    let first = inside.split('/').next().unwrap_or_default();
    let is_whole = path.strip_prefix('/') == Some(first);
    if first.len() >= CODE_SYMBOLS || !first.bytes().all(is_path_char) {
        Cow::Borrowed("/...")
    } else if is_whole {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("/{first}/..."))
    }
}

fn is_path_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._/".contains(&byte)
}

/// What a log line may not hold as it is. Clients may send other raw bytes than RFC 3986 allows, among them control
/// characters of terminals (U+009B), and JSON does not escape those (ASVS V16.4.1).
const NOT_LOGGABLE: &AsciiSet = &CONTROLS.add(b' ');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_paths_are_logged_by_their_first_segment() {
        for (path, kept) in [
            ("/", "/"),
            ("/favicon.svg", "/favicon.svg"),
            ("/nowhere", "/nowhere"),
            ("/wp-admin/setup.php", "/wp-admin/..."),
            ("/login/", "/login/..."),
            ("//evil.example/x", "/evil.example/..."),
            ("/password-link%23ABCDE-FGHJK", "/..."),
            ("/password-link/ABCDE-FGHJK", "/password-link/..."),
            ("/setup,ABCDE-FGHJK-MNPQR-STVWX", "/..."),
            ("/setup/ABCDE-FGHJK-MNPQR-STVWX", "/setup/..."),
            ("/ABCDEFGHJKMNPQRSTVWX", "/..."),
            ("/a b", "/..."),
            ("/\u{9b}31m", "/..."),
        ] {
            assert_eq!(first_segment(path), kept, "{path}");
        }
    }
}
