//! Vestibule: sign-in for people who run their own applications, with sessions that really end.
//!
//! `docs/architecture.md` describes the modules and the import rules; `tests/architecture.rs` checks them.

#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod components;
pub mod domain;
pub mod error;
pub mod pages;

#[cfg(feature = "ssr")]
pub mod server;
