//! Vestibule: sign-in for people who run their own applications, with sessions that really end.
//!
//! The rooms of the house, and which way the doors between them open, stand in
//! `docs/architecture.md`; `tests/architecture.rs` checks the doors.

#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod components;
pub mod domain;
pub mod error;
pub mod pages;

#[cfg(feature = "ssr")]
pub mod server;
