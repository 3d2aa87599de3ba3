//! Background jobs: one list, started and stopped together.

pub mod cleanup;
pub mod filling;
pub mod heartbeat;
pub mod journal;
mod signing_keys;
pub mod timekeeping;

use crate::server::{
    core::{Core, audit, sessions},
    db::{self, IntegrityCheck, OpenError},
};
use heartbeat::Heartbeat;
use tokio::{sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The jobs of a server. Each runs on every server that shares the database.
pub struct Background {
    jobs: JoinSet<()>,
    stop: CancellationToken,
}

impl Background {
    /// Starts all jobs. `heartbeat` is that of a database file. The receiver resolves if that file is damaged.
    pub fn start(
        core: &Core,
        heartbeat: Option<Heartbeat>,
        integrity: IntegrityCheck,
    ) -> (Self, oneshot::Receiver<OpenError>) {
        let (report, damage) = oneshot::channel();
        let stop = CancellationToken::new();
        let mut jobs = JoinSet::new();
        jobs.spawn(audit::flush_periodically(core.clone(), stop.clone()));
        if let Some(heartbeat) = heartbeat {
            jobs.spawn(heartbeat.run(core.clone(), stop.clone()));
        }
        let mut background = Self { jobs, stop };
        background.spawn_cancellable(sessions::watch::run(core.clone()));
        background.spawn_cancellable(timekeeping::run(core.clone()));
        background.spawn_cancellable(signing_keys::run(core.clone()));
        background.spawn_cancellable(check_clean_and_fill(core.clone(), integrity, report));
        (background, damage)
    }

    /// A job that may be stopped at any point: the rest is done after the next start.
    fn spawn_cancellable(&mut self, job: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.jobs.spawn(async move {
            stop.run_until_cancelled(job).await;
        });
    }

    /// Stops all jobs, and waits until each has written its remaining data.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.jobs.join_next().await.is_some() {}
    }
}

/// The check for damage comes first: nothing is changed in a damaged file without a request.
async fn check_clean_and_fill(
    core: Core,
    integrity: IntegrityCheck,
    report: oneshot::Sender<OpenError>,
) {
    if integrity == IntegrityCheck::Pending {
        match db::check_integrity(&core.db).await {
            Ok(()) => {}
            Err(damage @ OpenError::Damaged(_)) => {
                // Without a receiver the server is stopping.
                let _ = report.send(damage);
                return;
            }
            Err(error) => tracing::warn!(%error, "the database file was not checked for damage"),
        }
    }
    tokio::join!(cleanup::run(core.clone()), filling::run(core));
}
