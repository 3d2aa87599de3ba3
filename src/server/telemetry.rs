//! The log.

use super::config::{Environment, LogConfig, LogFormat};
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::{borrow::Cow, io, time::Instant};
use tracing::Instrument;
use tracing_subscriber::{EnvFilter, fmt};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts logging on standard error. `RUST_LOG` counts more than the configuration.
///
/// A line that cannot be written (a full disk, a reader that has gone) is lost. The subscriber's own
/// complaint about it is an `eprintln!`, which would panic in the middle of a request.
pub fn start(config: &LogConfig) {
    let environment = Environment::of_process();
    let filter = environment.get("RUST_LOG").unwrap_or(&config.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .log_internal_errors(false);
    // A second start (in tests) changes nothing.
    let _ = match config.format {
        LogFormat::Text => log
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Gives each request an id, in the log and in the answer, so that a person can name it.
///
/// The path is logged without its query, and no header and no body is: those may hold what people
/// type (ASVS V16.2.5).
pub async fn trace(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let span = tracing::info_span!("request", %id, method = %request.method(), path = &*in_ascii(request.uri().path()));
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

/// A path as RFC 3986 wants it. Clients may send other bytes raw, control characters of terminals
/// among them (U+009B), and JSON does not escape those (ASVS V16.4.1).
fn in_ascii(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(path);
    }
    let written = |byte: u8| match byte {
        _ if byte.is_ascii_graphic() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(written).collect()
}
