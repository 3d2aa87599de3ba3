//! `vestibule config check`.

use super::{CliError, machine_checks, output::to_stderr};
use crate::server::{
    config::{Environment, load},
    db,
};
use std::{
    io::{self, Write},
    path::Path,
};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Report all mistakes in the configuration at once
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
                "The configuration is valid: {source}, {}",
                config.database_url.shown()
            )?;
            let of_machine = machine_checks::warnings(&config).await;
            for warning in config.warnings().into_iter().chain(of_machine) {
                to_stderr(&format!("Warning: {warning}"));
            }
            // The database may be on another machine, or not run yet: that is no mistake in the file.
            match db::warnings(&config.database_url).await {
                Ok(warnings) => {
                    for warning in warnings {
                        to_stderr(&format!("Warning: {warning}"));
                    }
                }
                Err(error) => to_stderr(&format!("The database would be refused: {error}")),
            }
            Ok(())
        }
    }
}
