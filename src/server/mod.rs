//! The server: everything that never reaches a browser.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod cookie;
pub mod db;
pub mod failures;
pub mod flash;
pub mod forms;
pub mod guard;
pub mod hashing;
pub mod headers;
pub mod http;
pub mod listener;
pub mod origin;
pub mod page_data;
pub mod password;
pub mod password_rules;
pub mod profile;
pub mod sessions;
pub mod setup;
pub mod state;
pub mod static_files;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod users;

use clock::Clock;
use db::Db;
use hashing::Hasher;
use password_rules::PasswordRules;
use sessions::Lifetimes;

/// What the use cases work with: no HTTP, no cookies, no Leptos.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub clock: Clock,
    pub hasher: Hasher,
    pub lifetimes: Lifetimes,
    pub password_rules: PasswordRules,
}
