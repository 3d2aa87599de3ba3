//! Background jobs: one list, started and stopped together.

pub mod cleanup;
pub mod heartbeat;
pub mod journal;
pub mod timekeeping;

use crate::server::{
    core::{Core, audit, sessions},
    db::{self, IsReadThrough, OpenError},
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
    pub fn begin(
        core: &Core,
        heartbeat: Option<Heartbeat>,
        read: IsReadThrough,
    ) -> (Self, oneshot::Receiver<OpenError>) {
        let (report, damage) = oneshot::channel();
        let stop = CancellationToken::new();
        let mut jobs = JoinSet::new();
        jobs.spawn(audit::keep_writing(core.clone(), stop.clone()));
        if let Some(heartbeat) = heartbeat {
            jobs.spawn(heartbeat.run(core.clone(), stop.clone()));
        }
        let mut background = Self { jobs, stop };
        background.cut_short(sessions::watch::run(core.clone()));
        background.cut_short(timekeeping::run(core.clone()));
        background.cut_short(keep_house(core.clone(), read, report));
        (background, damage)
    }

    /// A job that may be stopped at any point: the rest is done after the next start.
    fn cut_short(&mut self, job: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.jobs.spawn(async move {
            stop.run_until_cancelled(job).await;
        });
    }

    /// Stops all jobs, and waits until each has written its remaining data.
    pub async fn end(mut self) {
        self.stop.cancel();
        while self.jobs.join_next().await.is_some() {}
    }
}

/// The check for damage comes first: nothing is deleted from a damaged file.
async fn keep_house(core: Core, read: IsReadThrough, report: oneshot::Sender<OpenError>) {
    if read == IsReadThrough::No {
        match db::read_through(&core.db).await {
            Ok(()) => {}
            Err(damage @ OpenError::Damaged(_)) => {
                // Without a receiver the server is stopping.
                let _ = report.send(damage);
                return;
            }
            Err(error) => tracing::warn!(%error, "the database file was not looked at for damage"),
        }
    }
    cleanup::run(core).await;
}
