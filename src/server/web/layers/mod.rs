//! The middleware of every request.

pub mod addresses;
pub mod credential;
pub mod failures;
pub mod forms;
pub mod forwarded;
pub mod guard;
pub mod headers;
pub mod origin;
pub mod too_large;
