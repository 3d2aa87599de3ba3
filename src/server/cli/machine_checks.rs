//! Checks of this machine for `config check`: its clock, its sealing key, and who else can access these files.

use super::{CliError, sealing_key};
use crate::{
    domain::moment::Timestamp,
    server::{
        clock::Clock,
        config::Config,
        core::background::timekeeping,
        db::{self, DatabaseUrl, HeartbeatFile, IfMissing},
    },
};

/// A warning for each doubtful finding, with its remedy. Nothing is changed.
pub async fn warnings(config: &Config) -> Vec<String> {
    let of_database = database_warnings(config).await;
    let of_key = sealing_key::warnings(config);
    of_database.into_iter().chain(of_key).collect()
}

async fn database_warnings(config: &Config) -> Vec<String> {
    let clock = Clock::system();
    match &config.database_url {
        DatabaseUrl::Sqlite(path) => {
            let recorded = HeartbeatFile::of(&config.database_url).map(|file| file.read());
            let last = match recorded {
                Some(Ok(Some((_, at)))) if at > 0 => Some(Timestamp::from_millis(at)),
                _ => None,
            };
            let clock_warning = last.and_then(|last| timekeeping::warning(clock.now(), last));
            db::permission_warnings(path)
                .into_iter()
                .chain(clock_warning)
                .collect()
        }
        DatabaseUrl::Postgres(_) => match measure_clock(config, &clock).await {
            Ok(()) => timekeeping::difference_warning(&clock)
                .into_iter()
                .collect(),
            Err(error) => vec![format!("the time of the database was not read: {error}")],
        },
    }
}

async fn measure_clock(config: &Config, clock: &Clock) -> Result<(), CliError> {
    let db = db::connect(&config.database_url, IfMissing::Refuse).await?;
    let measured = timekeeping::measure(&db, clock).await;
    db.close().await;
    measured?;
    Ok(())
}
