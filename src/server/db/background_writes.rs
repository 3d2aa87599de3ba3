//! Writes that no answer waits for: at most one in flight for each subject, and never on all connections.

use super::{CONNECTION_WAIT, StoreError};
use std::{collections::HashSet, sync::Arc};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

/// The subjects of writes in flight.
#[derive(Clone, Debug)]
pub struct BackgroundWrites {
    subjects: watch::Sender<HashSet<String>>,
    /// Half the connections that write, so that such writes cannot delay a sign-out.
    permits: Arc<Semaphore>,
}

/// The right to the one write of a subject, until it is dropped: after the server has answered.
#[derive(Debug)]
pub struct Claim {
    subject: String,
    writes: BackgroundWrites,
}

impl BackgroundWrites {
    pub(super) fn new(connections: u32) -> Self {
        let half = (connections / 2).max(1) as usize;
        Self {
            subjects: watch::Sender::default(),
            permits: Arc::new(Semaphore::new(half)),
        }
    }

    /// `None` if a write of this subject is in flight.
    pub fn claim(&self, subject: &str) -> Option<Claim> {
        let is_new = self
            .subjects
            .send_if_modified(|subjects| subjects.insert(subject.to_owned()));
        is_new.then(|| Claim {
            subject: subject.to_owned(),
            writes: self.clone(),
        })
    }

    /// Resolves when none is in flight.
    pub async fn settled(&self) {
        // `self` holds the sender, so it is not closed.
        let _ = self.subjects.subscribe().wait_for(HashSet::is_empty).await;
    }
}

impl Claim {
    /// Waits for a permit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none was free in time.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = Arc::clone(&self.writes.permits).acquire_owned();
        match timeout(CONNECTION_WAIT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.writes
            .subjects
            .send_if_modified(|subjects| subjects.remove(&self.subject));
    }
}
