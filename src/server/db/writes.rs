//! Whether writes get through, as real requests meet it: a question of its own would be a lever for anybody who
//! may ask for `/readyz`.

use super::StoreError;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// A failure is reported this long where no later write has succeeded. A balancer sends nothing to a server that is
/// not ready, so a server would never meet the success that makes it ready again.
const REPORTED_FOR: Duration = Duration::from_secs(30);

/// What the latest writes of this process have met.
#[derive(Clone, Debug)]
pub struct Writes(Arc<Met>);

#[derive(Debug)]
struct Met {
    /// Connections that write, at most.
    places: u32,
    /// Commits that the server has not answered in time. Each keeps its place.
    left_behind: AtomicU32,
    /// When the latest write failed, until one succeeds.
    failed: Mutex<Option<Instant>>,
}

/// A commit that was not answered in time, until it is.
pub(super) struct LeftBehind(Writes);

impl Writes {
    pub(super) fn on(places: u32) -> Self {
        Self(Arc::new(Met {
            places,
            left_behind: AtomicU32::new(0),
            failed: Mutex::new(None),
        }))
    }

    /// Whether the database takes no writes at present, as far as this process has met it.
    pub fn are_failing(&self) -> bool {
        let is_recent = |failed: &Instant| failed.elapsed() < REPORTED_FOR;
        self.left_behind() > 0 || self.failed().as_ref().is_some_and(is_recent)
    }

    /// Commits that the server has not answered in time.
    pub fn left_behind(&self) -> u32 {
        self.0.left_behind.load(Ordering::Relaxed)
    }

    /// Whether such commits hold all places: waiting for one would be of no use.
    pub(super) fn are_full(&self) -> bool {
        self.left_behind() >= self.0.places
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

    /// Notes a failure that others would meet as well; a lock or a broken rule is one request's own affair.
    pub(super) fn note(&self, error: &StoreError) {
        if error.is_everybodys() && self.failed().replace(Instant::now()).is_none() {
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
