//! The program with the site inside. Cargo does not build it, so these tests are a separate binary,
//! which `make dist-check` runs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    dead_code,
    unused_imports,
    reason = "what these tests share with those of the program is used in part"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../process/manual.rs"]
mod manual;
#[path = "../process/program.rs"]
mod program;
mod site;
