//! The program as a whole: started, killed, started again.

#[path = "../support/mod.rs"]
mod support;
