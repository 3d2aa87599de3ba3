//! Server functions: the endpoints through which browsers and programs change something.
//!
//! Each identifies its caller, runs one use case, and answers. Forms without JavaScript post to the same
//! addresses.

pub mod access_keys;
pub mod admin;
pub mod auth;
pub mod confirmation;
pub mod password;
pub mod password_link;
pub mod profile;
pub mod sessions;
pub mod setup;
pub mod sign_ins;
pub mod theme;
