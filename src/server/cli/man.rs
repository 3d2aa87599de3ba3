//! `vestibule man`: one page a command, generated from the command definitions, so they always match.

use super::CliError;
use std::{fs, path::PathBuf};

#[derive(clap::Args)]
pub struct Command {
    /// Where the pages go, for example: vestibule man /usr/local/share/man/man1
    folder: PathBuf,
}

pub fn run(command: &Command, commands: clap::Command) -> Result<(), CliError> {
    fs::create_dir_all(&command.folder)?;
    Ok(clap_mangen::generate_to(commands, &command.folder)?)
}
