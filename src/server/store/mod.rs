//! All SQL, one function a statement (or one transaction), named by its meaning. What ends in
//! `_within` is a part of somebody else's transaction.
//!
//! Every function runs on SQLite and on PostgreSQL, and `tests/store/` tries it on both.

pub mod activity;
pub mod devices;
pub mod keys;
pub mod sessions;
pub mod setup_codes;
pub mod throttle;
pub mod users;
