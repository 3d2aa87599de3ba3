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
pub struct Writes(Arc<Met>);

#[derive(Debug)]
struct Met {
    /// The maximum number of connections that write.
    connections: u32,
    /// Pending commits: not answered in time. Each keeps its connection.
    left_behind: AtomicU32,
    /// When the latest write failed, until one succeeds.
    failed: Mutex<Option<Instant>>,
}

/// A commit that was not answered in time, until it is.
pub(super) struct LeftBehind(Writes);

impl Writes {
    pub(super) fn on(connections: u32) -> Self {
        Self(Arc::new(Met {
            connections,
            left_behind: AtomicU32::new(0),
            failed: Mutex::new(None),
        }))
    }

    /// Whether the database refuses writes at present, as far as this process has observed.
    pub fn are_failing(&self) -> bool {
        let is_recent = |failed: &Instant| failed.elapsed() < REPORTED_FOR;
        self.left_behind() > 0 || self.failed().as_ref().is_some_and(is_recent)
    }

    /// The number of pending commits.
    pub fn left_behind(&self) -> u32 {
        self.0.left_behind.load(Ordering::Relaxed)
    }

    /// Whether such commits hold all connections, so that waiting for one is useless.
    pub(super) fn are_full(&self) -> bool {
        self.left_behind() >= self.0.connections
    }

    pub(super) fn leave_behind(&self) -> LeftBehind {
        self.0.left_behind.fetch_add(1, Ordering::Relaxed);
        LeftBehind(self.clone())
    }

    pub(super) fn succeeded(&self) {
        if self.failed().take().is_some() {
            tracing::warn!("the database takes writes again");
        }
    }

    /// Records a failure that others would see as well. A lock or a violated constraint concerns one request only.
    pub(super) fn note(&self, error: &StoreError) {
        if error.affects_others() && self.failed().replace(Instant::now()).is_none() {
            tracing::error!(%error, "the database takes no writes; pages are shown meanwhile");
        }
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LeftBehind {
    fn drop(&mut self) {
        self.0.0.left_behind.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported_until_a_write_succeeds() {
        let writes = Writes::on(2);
        assert!(!writes.are_failing());
        writes.note(&StoreError::NotUnique);
        assert!(
            !writes.are_failing(),
            "a broken rule says nothing of the database"
        );
        writes.note(&StoreError::NotKnown);
        assert!(writes.are_failing());
        writes.succeeded();
        assert!(!writes.are_failing());
    }

    #[test]
    fn what_is_left_behind_is_reported_and_takes_places() {
        let writes = Writes::on(2);
        let (one, other) = (writes.leave_behind(), writes.leave_behind());
        writes.succeeded();
        assert!(writes.are_failing() && writes.are_full());
        drop(one);
        assert!(writes.are_failing() && !writes.are_full());
        drop(other);
        assert!(!writes.are_failing());
    }

    #[test]
    fn a_failure_is_not_reported_for_ever() {
        let writes = Writes::on(1);
        *writes.failed() = Instant::now().checked_sub(REPORTED_FOR);
        assert!(!writes.are_failing());
    }
}
