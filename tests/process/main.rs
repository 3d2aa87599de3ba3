//! The program as a whole: started, killed, started again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod database_file;
mod program;
mod replay;
mod serve;
mod setup;
