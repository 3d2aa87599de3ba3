//! Server-sent events to open pages.

pub mod audit;
pub mod event_stream;
pub mod session;
