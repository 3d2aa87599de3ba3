//! The server over real TCP, one file a noun.

#[path = "../support/mod.rs"]
mod support;
