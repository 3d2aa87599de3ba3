//! The server: everything that never reaches a browser. Its modules and their rules: docs/architecture.md.

pub mod cli;
pub mod clock;
pub mod config;
pub mod core;
pub mod db;
pub mod hashing;
pub mod json_line;
pub mod networks;
pub mod password_rules;
pub mod public_url;
pub mod sealing;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod watchers;
pub mod web;
