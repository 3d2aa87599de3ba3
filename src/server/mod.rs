//! The server: everything that never reaches a browser.

pub mod activity;
pub mod addresses;
pub mod admin;
pub mod attempt;
pub mod audit_events;
pub mod auth;
pub mod begun;
pub mod cleanup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod confirmation;
pub mod context;
pub mod cookie;
pub mod db;
pub mod downloads;
pub mod draft;
pub mod ends;
mod event_stream;
pub mod failures;
pub mod flash;
pub mod forms;
pub mod forwarded;
pub mod guard;
pub mod hashing;
pub mod headers;
pub mod heartbeat;
pub mod http;
pub mod journal;
pub mod json_line;
pub mod listener;
pub mod origin;
pub mod page_data;
pub mod password;
pub mod password_links;
pub mod password_rules;
pub mod profile;
pub mod reach;
pub mod seats;
pub mod session_events;
pub mod sessions;
pub mod setup;
pub mod shares;
pub mod sign_out_proof;
pub mod site_inside;
pub mod state;
pub mod static_files;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod timekeeping;
pub mod token;
mod too_large;
pub mod users;
pub mod watcher;

use crate::domain::activity::Source;
use activity::Tallies;
use clock::Clock;
use db::Db;
use hashing::Hasher;
use password_rules::PasswordRules;
use sessions::Lifetimes;
use std::time::Duration;
use throttle::Throttle;

/// What the use cases work with: no HTTP, no cookies, no Leptos.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub clock: Clock,
    pub hasher: Hasher,
    pub lifetimes: Lifetimes,
    /// In how many browsers an account may be signed in at once.
    pub max_sessions: u32,
    /// What matters asks for the password again when it was typed longer ago than this.
    pub confirm_after: Duration,
    pub password_rules: PasswordRules,
    pub throttle: Throttle,
    /// Refusals that are added up.
    pub tallies: Tallies,
    /// How long the audit log and ended sessions are kept.
    pub keep_activity: Duration,
    /// Which way this process does what it does, for the audit log.
    pub source: Source,
}
