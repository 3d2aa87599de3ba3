//! The command line: one file for each noun.

mod activity;
mod backup;
mod completions;
mod config;
mod doctor;
mod key;
mod machine_checks;
mod man;
mod output;
mod password;
mod sealing_key;
mod serve;
mod session;
mod setup_code;
mod user;

use crate::server::{
    clock::Clock,
    config::{Config, Environment, LogFormat, Mistakes, load},
    core::{
        Core, accounts::users::UserError, audit::Tallies, background::timekeeping,
        sign_in::throttle::Throttle, tokens::Tokens,
    },
    db::{self, Db, IfMissing, OpenError},
    hashing::Hasher,
    web::files::embedded_site::EmbeddedSite,
};
use clap::{
    CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{io, path::PathBuf, process::ExitCode};

/// Sign-in for people who run their own software. Without a command, serve the application.
#[derive(Parser)]
#[command(name = "vestibule", version, about)]
struct Arguments {
    /// The configuration file [default: Leptos.toml in the current folder, if present]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The format of the log; overrides `format` of `[log]`
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application (the default)
    Serve,
    /// Print a new one-time code for the first account; the previous one becomes invalid
    SetupCode,
    /// Create, list, change and delete accounts
    #[command(subcommand)]
    User(user::Command),
    /// List and end sessions
    #[command(subcommand)]
    Session(session::Command),
    /// Create, list and revoke access keys of programs
    #[command(subcommand)]
    Key(key::Command),
    /// Show the audit log, the newest entries first
    Activity(activity::Command),
    /// Copy the database to a new file, while the server runs
    Backup(backup::Backup),
    /// Replace the database with such a copy, end its sessions and suspend its access keys
    Restore(backup::Restore),
    /// Test a running deployment from outside: sign in, copy the cookie, sign out, replay it, and more
    Doctor(doctor::Command),
    /// Check the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Print the completions for a shell
    Completions(completions::Command),
    /// Write the manual pages
    Man(man::Command),
}

/// Why a command failed. It is printed to standard error, and the exit status is 1.
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

/// Runs the command of this process's arguments. The exit status is 0, 1 for a failure, and 2 for invalid
/// arguments. `site` is the one embedded in the program, if any.
pub fn main(site: Option<&'static EmbeddedSite>) -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|refusal| without_value(refusal).exit());
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::from)
        .and_then(|runtime| runtime.block_on(run(arguments, site)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of a pipe has closed it, such as `head` in `vestibule session list | head`.
        Err(CliError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            output::to_stderr(&format!("vestibule: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Removes values from the message: a misplaced argument may be a password, and the message may be kept in a log. Names
/// of options stay, because people mistype them.
fn without_value(mut refusal: clap::Error) -> clap::Error {
    let unexpected = refusal.get(ContextKind::InvalidArg);
    let is_value = |value: &ContextValue| !value.to_string().starts_with('-');
    if refusal.kind() == ErrorKind::UnknownArgument && unexpected.is_some_and(is_value) {
        refusal.remove(ContextKind::InvalidArg);
    }
    refusal
}

async fn run(arguments: Arguments, site: Option<&'static EmbeddedSite>) -> Result<(), CliError> {
    let file = arguments.config.as_deref();
    let config = || load(file, &Environment::of_process());
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let mut config = config()?;
            config.log.format = arguments.log_format.unwrap_or(config.log.format);
            serve::run(config, site).await
        }
        Command::User(command) => user::run(command, &config()?).await,
        Command::Session(command) => session::run(command, &config()?).await,
        Command::Key(command) => key::run(command, &config()?).await,
        Command::Activity(command) => activity::run(command, &config()?).await,
        Command::SetupCode => setup_code::run(&config()?).await,
        Command::Backup(command) => backup::back_up(command, &config()?).await,
        Command::Restore(command) => backup::restore(command, &config()?).await,
        Command::Config(command) => config::run(&command, file).await,
        Command::Doctor(command) => doctor::run(command).await,
        Command::Completions(command) => completions::run(&command, Arguments::command()),
        Command::Man(command) => man::run(&command, Arguments::command()),
    }
}

/// Opens the use cases for a command.
async fn open_core(config: &Config, if_missing: IfMissing) -> Result<Core, CliError> {
    let opening = db::open(&config.database_url, if_missing);
    let db = output::with_progress(output::MIGRATIONS, opening).await?;
    let core = core_on(db, config).await?;
    if let Some(warning) = timekeeping::difference_warning(&core.clock) {
        output::to_stderr(&warning);
    }
    Ok(core)
}

async fn core_on(db: Db, config: &Config) -> Result<Core, CliError> {
    let clock = Clock::system();
    timekeeping::measure(&db, &clock).await?;
    Ok(Core {
        throttle: Throttle::load(&db, config.throttle).await?,
        db,
        tokens: Tokens::none(),
        tallies: Tallies::default(),
        keep_activity: config.keep_activity,
        clock,
        hasher: Hasher::start(config.hashing)?,
        lifetimes: config.lifetimes,
        max_sessions: config.max_sessions,
        confirm_after: config.confirm_after,
        keys: config.keys,
        password_rules: config.password_rules(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_help() {
        let mut open = vec![Arguments::command()];
        while let Some(command) = open.pop() {
            let name = command.get_name().to_owned();
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{name} {}",
                    argument.get_id()
                );
            }
            open.extend(command.get_subcommands().cloned());
        }
    }
}
