//! `vestibule config check`.

use super::{CliError, machine, output::to_stderr};
use crate::server::config::{Environment, load};
use std::{
    io::{self, Write},
    path::Path,
};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Tell every mistake in the configuration at once
    Check,
}

pub async fn run(command: &Command, file: Option<&Path>) -> Result<(), CliError> {
    match command {
        Command::Check => {
            let config = load(file, &Environment::of_process())?;
            let source = config
                .file
                .as_ref()
                .map_or("the defaults".to_owned(), |file| file.display().to_string());
            writeln!(
                io::stdout(),
                "The configuration is good: {source}, {}",
                config.database_url.shown()
            )?;
            let of_machine = machine::doubts(&config).await;
            for doubt in config.doubts().into_iter().chain(of_machine) {
                to_stderr(&format!("Is this meant? {doubt}"));
            }
            Ok(())
        }
    }
}
