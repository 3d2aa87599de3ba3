//! Checks of this machine for `config check`: its clock, and who else can access the database file.

use super::CliError;
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
pub async fn doubts(config: &Config) -> Vec<String> {
    let clock = Clock::system();
    match &config.database_url {
        DatabaseUrl::Sqlite(path) => {
            let beside = HeartbeatFile::of(&config.database_url).map(|file| file.read());
            let last = match beside {
                Some(Ok(Some((_, at)))) if at > 0 => Some(Timestamp::from_millis(at)),
                _ => None,
            };
            let of_clock = last.and_then(|last| timekeeping::warning(clock.now(), last));
            db::permission_warnings(path)
                .into_iter()
                .chain(of_clock)
                .collect()
        }
        DatabaseUrl::Postgres(_) => match ask_for_the_time(config, &clock).await {
            Ok(()) => timekeeping::difference_warning(&clock)
                .into_iter()
                .collect(),
            Err(error) => vec![format!("the database was not asked for the time: {error}")],
        },
    }
}

async fn ask_for_the_time(config: &Config, clock: &Clock) -> Result<(), CliError> {
    let db = db::connect(&config.database_url, IfMissing::Refuse).await?;
    let measured = timekeeping::measure(&db, clock).await;
    db.close().await;
    measured?;
    Ok(())
}
