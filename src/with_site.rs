//! `vestibule` with its site inside: what `make dist` builds, when it has built the site.

use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;
use vestibule::server::{cli, web::files::embedded_site::EmbeddedSite};

static SITE: EmbeddedSite = include!("../target/site.rs");

/// Gives back what lies unused for a second, and is no slower: the figures are in ADR 41. SQLite is C and keeps to
/// the system's allocator.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    cli::main(Some(&SITE))
}
