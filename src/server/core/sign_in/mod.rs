//! Signing in and out, ways to prove an identity, and the throttle for guesses.
//!
//! A new way to prove an identity is a file beside `password`, and a kind of [`crate::server::store::evidence`].

pub mod access_key;
pub mod access_token;
pub mod confirmation;
mod login;
pub mod password;
pub mod throttle;

pub use login::{Credentials, login, logout};
