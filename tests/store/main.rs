//! Every function of the store, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod access_keys;
mod administration;
mod audit;
mod changes;
mod clocks;
mod database;
mod devices;
mod given;
mod interleavings;
mod keys;
mod names;
mod password;
mod password_links;
mod plans;
mod postgres;
mod races;
mod renewals;
mod search;
mod sessions;
mod setup_codes;
mod sign_ins;
mod signing_keys;
mod throttle;
mod time_outs;
mod tokens;
mod users;
mod writes;
