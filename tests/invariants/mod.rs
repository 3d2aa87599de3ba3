//! Invariants for any input: checked by the tests in `tests/properties/` and by
//! `tests/http/any_form.rs`. A violation is a panic.
//!
//! If there is a grammar, it is implemented here a second time, by code that shares nothing with
//! the first.
#![allow(dead_code, reason = "every user has its own part")]

pub mod bearer;
pub mod bodies;
pub mod cookie;
pub mod flash;
pub mod forms;
pub mod next_path;
pub mod user;
