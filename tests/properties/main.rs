//! What reads untrusted input, with thousands of inputs that are made up, one file a noun.
//!
//! What has to hold stands in `tests/invariants/`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../invariants/mod.rs"]
mod invariants;

mod cookie;
mod device;
mod flash;
mod next_path;
mod setup;
mod user;

use proptest::{collection::vec, prelude::*};
use std::borrow::Cow;

/// Texts out of pieces that mean something to the reader under test.
fn pieces(of: impl Into<Cow<'static, [&'static str]>>) -> impl Strategy<Value = String> {
    vec(prop::sample::select(of), 0..12).prop_map(|pieces| pieces.concat())
}

/// Any text at all: letters of all scripts, controls, what cannot be seen.
fn any_text(longest: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..longest).prop_map(String::from_iter)
}
