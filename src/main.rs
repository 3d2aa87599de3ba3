//! `vestibule`: serves, or carries out a command of the administrator.

use std::process::ExitCode;

fn main() -> ExitCode {
    vestibule::server::cli::main(None)
}
