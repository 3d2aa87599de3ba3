//! `vestibule completions`: generated from the command definitions, so they always match.

use super::CliError;
use clap_complete::Shell;
use std::io::{self, Write};

#[derive(clap::Args)]
pub struct Command {
    /// The shell that reads them, for example: vestibule completions bash
    shell: Shell,
}

pub fn run(command: &Command, mut commands: clap::Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut commands, "vestibule", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
