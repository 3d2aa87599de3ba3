//! The command line: one file a noun.

mod config;
mod output;
mod password;
mod serve;
mod session;
mod setup_code;
mod user;

use super::{
    Core,
    clock::Clock,
    config::{Config, Mistakes, load, process_environment},
    db::{self, IfMissing, OpenError},
    hashing::Hasher,
    users::UserError,
};
use clap::{Parser, Subcommand};
use std::{io, path::PathBuf, process::ExitCode};

/// Sign-in for people who run their own applications. Without a command it serves.
#[derive(Parser)]
#[command(name = "vestibule", version, about)]
struct Arguments {
    /// The configuration file [default: Leptos.toml in this folder, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application (also without a command)
    Serve,
    /// Print a new one-time code for the first account; the one before is void
    SetupCode,
    /// Accounts
    #[command(subcommand)]
    User(user::Command),
    /// Sessions: who is signed in where
    #[command(subcommand)]
    Session(session::Command),
    /// The configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Why a command failed; it is told on standard error, and the exit status is 1.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("the configuration has mistakes:\n{0}")]
    Config(#[from] Mistakes),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Store(#[from] db::StoreError),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the command of this process's arguments. The exit status is 0, 1 for a failure, and 2 for
/// arguments that are not understood.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::from)
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of a pipe has what it wanted (`vestibule session list | head`).
        Err(CliError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            output::to_stderr(&format!("vestibule: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), CliError> {
    let file = arguments.config.as_deref();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(load(file, &process_environment)?).await,
        Command::User(command) => user::run(command, &load(file, &process_environment)?).await,
        Command::Session(command) => {
            session::run(command, &load(file, &process_environment)?).await
        }
        Command::SetupCode => setup_code::run(&load(file, &process_environment)?).await,
        Command::Config(command) => config::run(&command, file),
    }
}

/// Opens what the use cases work with.
async fn open_core(config: &Config, if_missing: IfMissing) -> Result<Core, CliError> {
    Ok(Core {
        db: db::open(&config.database_url, if_missing).await?,
        clock: Clock::System,
        hasher: Hasher::start(config.hashing)?,
        lifetimes: config.lifetimes,
        password_rules: config.password_rules(),
    })
}
