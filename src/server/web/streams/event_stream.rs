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

/// Proxies give up lines that are silent for a minute; and a browser that is gone without a word is
/// noticed by what it does not acknowledge.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long browsers wait before they come back, in milliseconds: after a restart there are many.
pub const RETRY: &str = "retry: 2000\n";

/// The last event to a page that gives its place to a newer one of the same person: it comes back now and
/// then, and takes a place in its turn.
pub const POLL: &str = "retry: 30000\nevent: poll\ndata: null\n\n";

/// Heartbeat. An event and not a comment, which a page does not receive: a page polls when a stream is silent.
pub const NO_NEWS: &str = "event: alive\ndata: 1\n\n";

/// One event, as it goes over the line.
pub fn event(name: &str, data: &impl Serialize) -> String {
    // Numbers and texts: there is nothing in them that could not be written, and no line breaks in JSON.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

pub fn answer(events: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // nginx hands on at once what is marked so.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, events).into_response()
}

/// The failure for a page that cannot watch.
pub const fn no_room(refused: Refused) -> AppError {
    match refused {
        Refused::TooOften => AppError::Failed(Failure::Throttled { seconds: 30 }),
        Refused::Full => AppError::Failed(Failure::Busy),
        Refused::Stopping => AppError::Failed(Failure::Unavailable),
    }
}
