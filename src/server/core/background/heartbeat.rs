//! Detects that the database file was restored from a backup: sessions that have ended since would be live again.
//!
//! A number is raised in the database file once a minute and at each stop, and then in the file beside it. A database
//! file that is behind the other file is an older copy. Changes within a minute, and copies of both files, are not
//! detected.

use super::timekeeping;
use crate::{
    domain::{actor::Actor, moment::Timestamp, session::EndReason},
    server::{
        core::{Core, accounts::access_keys, sessions},
        db::{HeartbeatFile, StoreError},
        store::{self, heartbeat::Beat},
    },
};
use std::{io, time::Duration};
use tokio_util::sync::CancellationToken;

const BEAT_EVERY: Duration = Duration::from_secs(60);

/// Writes the heartbeat of one database file.
pub struct Heartbeat {
    file: HeartbeatFile,
    /// A failure was logged already: a full disk must not fill the log.
    is_failing: bool,
}

/// Why a beat failed.
#[derive(Debug, thiserror::Error)]
enum BeatError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("beside the database: {0}")]
    File(#[from] io::Error),
}

impl Heartbeat {
    /// Checks whether the file is an older copy, before any of its sessions is accepted.
    ///
    /// # Errors
    /// [`StoreError`] if the sessions of an older copy could not be ended.
    pub async fn begin(core: &Core, file: HeartbeatFile) -> Result<Self, StoreError> {
        let mut heartbeat = Self {
            file,
            is_failing: false,
        };
        // A file that cannot be read or written is logged by the beat below; a missing one only here.
        let recorded = heartbeat.file.read();
        let found = store::heartbeat::find(&core.db).await?;
        match &recorded {
            Ok(None) if found.number > 0 => tracing::warn!(
                "beside the database file there is no .heartbeat, so it is not known whether it was restored \
                 from an earlier state. If it was, run `vestibule key suspend --all` and `vestibule session end --all`"
            ),
            Ok(_) => {}
            Err(error) => tracing::warn!(
                %error,
                "the .heartbeat beside the database file cannot be read, so it is not known whether it was restored \
                 from an earlier state. If it was, run `vestibule key suspend --all` and `vestibule session end --all`"
            ),
        }
        let recorded = recorded.ok().flatten();
        heartbeat.end_restored(core, found, recorded).await?;
        let recorded_at =
            recorded.and_then(|(_, at)| (at > 0).then_some(Timestamp::from_millis(at)));
        if let Some(at) = found.known_at.max(recorded_at) {
            core.clock.record_known_time(at);
            if let Some(warning) = timekeeping::warning(core.clock.now(), at) {
                tracing::warn!("{warning}");
            }
        }
        heartbeat.beat(core).await;
        Ok(heartbeat)
    }

    /// Beats until the server stops, and a last time at the stop.
    pub async fn run(mut self, core: Core, stop: CancellationToken) {
        loop {
            let sleep = tokio::time::sleep(BEAT_EVERY);
            let is_running = stop.run_until_cancelled(sleep).await.is_some();
            self.beat(&core).await;
            if !is_running {
                return;
            }
        }
    }

    /// Raises the number. On a failure the server continues: reads also work with a full disk.
    pub async fn beat(&mut self, core: &Core) {
        match self.try_beat(core).await {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(%error, "the heartbeat could not be written: an older file in the place of the database \
                    may go unnoticed");
            }
            Err(_) => {}
        }
    }

    /// First in the database file, then beside it: a crash in between leaves a database file that is ahead, not behind.
    async fn try_beat(&self, core: &Core) -> Result<(), BeatError> {
        // Read first: another process that shares the file may raise both at any time.
        let recorded = self.file.read().ok().flatten();
        let found = store::heartbeat::find(&core.db).await?;
        self.end_restored(core, found, recorded).await?;
        let known_at = core.clock.trusted();
        store::heartbeat::raise(&core.db, known_at).await?;
        let Beat { number, known_at } = store::heartbeat::find(&core.db).await?;
        let file = self.file.clone();
        let at = known_at.map_or(0, Timestamp::as_millis);
        let written = tokio::task::spawn_blocking(move || file.write(number, at)).await;
        Ok(written.map_err(io::Error::other)??)
    }

    /// Ends everything that is live again because the database file is behind the file beside it.
    async fn end_restored(
        &self,
        core: &Core,
        found: Beat,
        recorded: Option<(i64, i64)>,
    ) -> Result<(), StoreError> {
        let Some((number, _)) = recorded.filter(|(number, _)| found.number < *number) else {
            return Ok(());
        };
        let sessions = end_everything(core, &Actor::server()).await?;
        // Last: after a crash before this, the next start repeats it.
        store::heartbeat::catch_up(&core.db, number).await?;
        tracing::warn!(
            sessions,
            "the database file was restored from an earlier state: {RESTORED}"
        );
        Ok(())
    }
}

/// Makes both files agree, after everything restored was ended.
pub async fn reconcile(core: &Core, file: &HeartbeatFile) -> Result<(), StoreError> {
    if let Ok(Some((number, _))) = file.read() {
        store::heartbeat::catch_up(&core.db, number).await?;
    }
    let number = store::heartbeat::find(&core.db).await?.number;
    // Without it the next start only warns.
    let _ = file.write(number, 0);
    Ok(())
}

/// What an older file has restored, and what was done about it.
pub const RESTORED: &str = "all sessions are ended, access keys are suspended until they are confirmed, and password \
    links and setup codes are invalid. \
    Passwords, disabled and deleted accounts, roles and the audit log are those of that time: disable accounts again \
    that were disabled since, and ask people who have changed their password to set a new one";

/// Suspends access keys, ends every session, for [`EndReason::Restored`], and invalidates links and codes. Returns the
/// number of live sessions, without those that access keys started: they end with their keys.
///
/// # Errors
/// [`StoreError`]: some may have ended.
pub async fn end_everything(core: &Core, actor: &Actor) -> Result<u64, StoreError> {
    // First: a key would start sessions again.
    access_keys::suspend_all(core, actor).await?;
    let count = sessions::end_every_session(core, EndReason::Restored, actor).await?;
    store::heartbeat::void_links_and_codes(&core.db).await?;
    Ok(count)
}
