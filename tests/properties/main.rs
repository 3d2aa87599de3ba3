//! Parsers of untrusted input, with thousands of generated inputs, one file for each noun.
//!
//! The invariants are in `tests/invariants/`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../invariants/mod.rs"]
mod invariants;

mod bearer;
mod cookie;
mod device;
mod flash;
mod next_path;
mod setup;
mod user;

use proptest::{collection::vec, prelude::*};
use std::borrow::Cow;

/// Texts from pieces that are significant to the parser under test.
fn pieces(of: impl Into<Cow<'static, [&'static str]>>) -> impl Strategy<Value = String> {
    vec(prop::sample::select(of), 0..12).prop_map(|pieces| pieces.concat())
}

/// Any text: letters of all scripts, control characters, invisible characters.
fn any_text(longest: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..longest).prop_map(String::from_iter)
}
