//! Whether writes succeed, as observed from real requests. A test write for `/readyz` would let any client load the
//! disk.

use super::StoreError;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a failure is reported if no later write has succeeded. A load balancer sends no requests to a server that
/// is not ready. Without this limit the server would never see the success that makes it ready again.
const REPORTED_FOR: Duration = Duration::from_secs(30);

/// The outcome of the latest writes of this process.
#[derive(Clone, Debug)]
pub struct Writes(Arc<Observed>);

#[derive(Debug)]
struct Observed {
    /// The maximum number of connections that write.
    connections: u32,
    /// Pending commits: not answered in time. Each keeps its connection.
    pending_commits: AtomicU32,
    /// When the latest write failed, until one succeeds.
    failed: Mutex<Option<Instant>>,
}

/// A commit that was not answered in time, until it is.
pub(super) struct PendingCommit(Writes);

impl Writes {
    pub(super) fn new(connections: u32) -> Self {
        Self(Arc::new(Observed {
            connections,
            pending_commits: AtomicU32::new(0),
            failed: Mutex::new(None),
        }))
    }

    /// Whether the database refuses writes at present, as far as this process has observed.
    pub fn are_failing(&self) -> bool {
        let is_recent = |failed: &Instant| failed.elapsed() < REPORTED_FOR;
        self.pending_commits() > 0 || self.failed().as_ref().is_some_and(is_recent)
    }

    /// The number of pending commits.
    pub fn pending_commits(&self) -> u32 {
        self.0.pending_commits.load(Ordering::Relaxed)
    }

    /// Whether such commits hold all connections, so that waiting for one is useless.
    pub(super) fn are_exhausted(&self) -> bool {
        self.pending_commits() >= self.0.connections
    }

    pub(super) fn track_pending(&self) -> PendingCommit {
        self.0.pending_commits.fetch_add(1, Ordering::Relaxed);
        PendingCommit(self.clone())
    }

    pub(super) fn succeeded(&self) {
        if self.failed().take().is_some() {
            tracing::warn!("the database takes writes again");
        }
    }

    /// Records a failure that others would see as well. A lock or a violated constraint concerns one request only.
    pub(super) fn record(&self, error: &StoreError) {
        if error.affects_others() && self.failed().replace(Instant::now()).is_none() {
            tracing::error!(%error, "the database takes no writes; pages are shown meanwhile");
        }
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PendingCommit {
    fn drop(&mut self) {
        self.0.0.pending_commits.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported_until_a_write_succeeds() {
        let writes = Writes::new(2);
        assert!(!writes.are_failing());
        writes.record(&StoreError::NotUnique);
        assert!(
            !writes.are_failing(),
            "a broken rule says nothing of the database"
        );
        writes.record(&StoreError::NotKnown);
        assert!(writes.are_failing());
        writes.succeeded();
        assert!(!writes.are_failing());
    }

    #[test]
    fn pending_commits_are_reported_and_hold_connections() {
        let writes = Writes::new(2);
        let (one, other) = (writes.track_pending(), writes.track_pending());
        writes.succeeded();
        assert!(writes.are_failing() && writes.are_exhausted());
        drop(one);
        assert!(writes.are_failing() && !writes.are_exhausted());
        drop(other);
        assert!(!writes.are_failing());
    }

    #[test]
    fn the_report_of_a_failure_expires() {
        let writes = Writes::new(1);
        *writes.failed() = Instant::now().checked_sub(REPORTED_FOR);
        assert!(!writes.are_failing());
    }
}
