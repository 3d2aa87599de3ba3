//! `vestibule`: serves, or carries out a command of the administrator.

use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// Gives back what lies unused for a second, and is no slower: the figures are in ADR 41. SQLite is C and keeps to
/// the system's allocator.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    vestibule::server::cli::main(None)
}
