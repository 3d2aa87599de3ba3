//! `vestibule backup` and `vestibule restore`: copy and replace the file of an embedded database.

use super::{
    CliError, core_on,
    output::{counted, to_stderr},
};
use crate::{
    domain::actor::Actor,
    server::{
        config::Config,
        core::background::heartbeat,
        db::{self, DatabaseUrl, HeartbeatFile, IfMissing, Restoring},
    },
};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Backup {
    /// The new file; an existing file is not replaced
    file: PathBuf,
}

#[derive(clap::Args)]
pub struct Restore {
    /// A file that `vestibule backup` has written
    file: PathBuf,
}

pub async fn back_up(command: Backup, config: &Config) -> Result<(), CliError> {
    let path = file_of(
        config,
        "make a backup with: pg_dump --format=custom --file=FILE DATABASE",
    )?;
    // Without migrating it: a backup from before an upgrade keeps its version.
    let db = db::connect(&config.database_url, IfMissing::Refuse).await?;
    let outcome = db::backup(&db, &command.file).await;
    db.close().await;
    outcome?;
    to_stderr(&format!(
        "{} is a copy of {}. It contains password hashes, emails and network addresses.",
        command.file.display(),
        path.display()
    ));
    Ok(())
}

pub async fn restore(command: Restore, config: &Config) -> Result<(), CliError> {
    let path = file_of(
        config,
        "stop all servers, then run: pg_restore --clean --if-exists --dbname=DATABASE FILE, and before they start: \
         vestibule key suspend --all, vestibule session end --all",
    )?;
    let restoring = Restoring::begin(path, &command.file)?;
    let sessions = end_restored_sessions(config, &restoring).await?;
    restoring.finish()?;
    to_stderr(&format!(
        "{} is the new content of {}. {} had not ended in it: {}.",
        command.file.display(),
        path.display(),
        counted(sessions, "session"),
        heartbeat::RESTORED
    ));
    Ok(())
}

/// Ends them in the copy, before it replaces the database: afterwards a server could accept them. Returns how many had
/// not ended.
async fn end_restored_sessions(config: &Config, restoring: &Restoring) -> Result<u64, CliError> {
    let db = db::open(&restoring.copy(), IfMissing::Refuse).await?;
    db::check_integrity(&db).await?;
    let core = core_on(db, config).await?;
    let sessions = heartbeat::end_everything(&core, &Actor::command()).await?;
    // The next start must not detect a restored file and end the sessions again.
    if let Some(file) = HeartbeatFile::of(&config.database_url) {
        heartbeat::reconcile(&core, &file).await?;
    }
    core.db.close().await;
    Ok(sessions)
}

/// The file of the database; PostgreSQL has backup programs of its own.
fn file_of<'a>(config: &'a Config, remedy: &str) -> Result<&'a Path, CliError> {
    match &config.database_url {
        DatabaseUrl::Sqlite(path) => Ok(path),
        DatabaseUrl::Postgres(_) => Err(CliError::Refused(format!(
            "the database is PostgreSQL's: {remedy}"
        ))),
    }
}
