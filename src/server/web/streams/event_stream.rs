//! Server-sent events (HTML Living Standard, 9.2): what the streams to open pages have in common.

use crate::{
    error::{AppError, Failure},
    server::watchers::Refused,
};
use axum::{
    body::Body,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::time::Duration;

/// Proxies close connections that are silent for a minute. A client that has vanished is detected by missing
/// acknowledgements.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long browsers wait before they reconnect, in milliseconds: after a restart there are many.
pub const RETRY: &str = "retry: 2000\n";

/// The last event to a page that loses its slot to a newer one of the same user. It polls from now on, and takes a
/// slot again when it reconnects.
pub const POLL: &str = "retry: 30000\nevent: poll\ndata: null\n\n";

/// Heartbeat. An event and not a comment, which a page does not receive: a page polls when a stream is silent.
pub const HEARTBEAT: &str = "event: alive\ndata: 1\n\n";

/// One event in the wire format.
pub fn event(name: &str, data: &impl Serialize) -> String {
    // Numbers and texts, which always serialise, and JSON has no line breaks.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

pub fn answer(events: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // Disables the buffer of nginx.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, events).into_response()
}

/// The failure for a page that cannot watch.
pub const fn cannot_watch(refused: Refused) -> AppError {
    match refused {
        Refused::SessionLimit => AppError::Failed(Failure::Throttled { seconds: 30 }),
        Refused::TotalLimit => AppError::Failed(Failure::Busy),
        Refused::Stopping => AppError::Failed(Failure::Unavailable),
    }
}
