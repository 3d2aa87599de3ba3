//! The whole program: started, killed, restarted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod access_keys;
mod activity;
mod administration;
mod cli;
mod contract;
mod database_file;
mod doctor;
mod faults;
mod hashing;
mod log;
mod long_lists;
mod manual;
mod memory;
mod pooler;
mod program;
mod proxies;
mod replay;
mod restored_files;
mod scripts;
mod sealing_key;
mod serve;
mod session_events;
mod setup;
mod unit;
