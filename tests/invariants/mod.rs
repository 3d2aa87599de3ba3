//! What has to hold for any input at all, whoever makes it up: the tests in `tests/properties/`, or
//! `tests/http/any_form.rs`. What does not hold is a panic.
//!
//! Where there is a grammar, it is read here a second time, by code that shares nothing with the first.
#![allow(dead_code, reason = "every user has its own part")]

pub mod cookie;
pub mod flash;
pub mod forms;
pub mod next_path;
pub mod user;
