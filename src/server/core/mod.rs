//! The use cases: no HTTP, no SQL.

pub mod accounts;
pub mod actor;
pub mod audit;
pub mod background;
pub mod sessions;
pub mod sign_in;
pub mod tokens;

use crate::server::{clock::Clock, db::Db, hashing::Hasher, password_rules::PasswordRules};
use accounts::access_keys::KeyLimits;
use audit::Tallies;
use sessions::Lifetimes;
use sign_in::throttle::Throttle;
use std::time::Duration;
use tokens::Tokens;

/// The dependencies of the use cases: no HTTP, no cookies, no Leptos.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub clock: Clock,
    pub hasher: Hasher,
    pub lifetimes: Lifetimes,
    /// The number of browsers in which an account may be signed in at once.
    pub max_sessions: u32,
    /// Critical actions require the password again if it was entered longer ago than this.
    pub confirm_after: Duration,
    pub keys: KeyLimits,
    pub password_rules: PasswordRules,
    pub throttle: Throttle,
    /// Access tokens and their keys.
    pub tokens: Tokens,
    /// Counted refusals.
    pub tallies: Tallies,
    /// How long the audit log and ended sessions are kept.
    pub keep_activity: Duration,
}
