//! The cookies: each is read and written in one place.

pub mod draft;
pub mod flash;
pub mod session;
pub mod theme;
mod truncated;
