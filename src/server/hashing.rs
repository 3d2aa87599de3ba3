//! The only module that hashes passwords.
//!
//! Argon2id on a few threads, each with memory of its own that it reuses while there is work. So the number of threads
//! bounds the memory, even in a flood of sign-ins (ASVS V15.2.2). They have a lower priority than the threads that
//! answer pages.

mod stored;
mod workspace;

pub use stored::MEMORY_PER_THREAD;

use crate::{
    domain::password::Password,
    error::{AppError, Failure},
};
use flume::RecvTimeoutError;
use icu_normalizer::ComposingNormalizerBorrowed;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicU64},
    thread,
    time::Duration,
};
use stored::{Stored, cost, current_parameters, dummy_hash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use workspace::Workspace;
use zeroize::Zeroizing;

/// A thread that is idle for this long frees its memory; its next hash takes twice as long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The nice value, of 19: pages are answered first, and a sign-in on a busy machine still gets its share.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The amount of work that is accepted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    pub threads: usize,
    /// The number of sign-ins that may wait for a thread; beyond that the answer is 503.
    pub queue: usize,
}

/// The result of verifying a password.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub matches: bool,
    /// The parameters of the stored hash differ from the current ones.
    pub is_outdated: bool,
}

/// The pool of hashing threads.
#[derive(Clone)]
pub struct Hasher {
    queue: flume::Sender<Job>,
    slots: Arc<Semaphore>,
    costliest: Arc<AtomicU64>,
    /// A hash that no password matches, for accounts that do not exist.
    dummy_hash: Arc<str>,
}

/// A slot on a thread or in its queue. The holder is guaranteed to be served.
pub struct Reservation {
    hasher: Hasher,
    permit: OwnedSemaphorePermit,
}

/// The work of a thread with its memory; it sends its own reply.
type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    #[error("all hashing threads and their queue are taken")]
    Busy,
    #[error("a stored password hash cannot be read")]
    Corrupt,
    #[error("hashing failed")]
    Failed,
}

impl From<HashingError> for AppError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Failure::Busy.into(),
            HashingError::Corrupt | HashingError::Failed => {
                tracing::error!(%error, "hashing");
                Failure::Internal.into()
            }
        }
    }
}

impl Hasher {
    /// Starts the threads, each with its memory.
    pub fn start(capacity: Capacity) -> std::io::Result<Self> {
        let (queue, jobs) = flume::unbounded();
        let slots = Semaphore::new(capacity.threads + capacity.queue);
        for number in 0..capacity.threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || run_jobs(&jobs))?;
        }
        let dummy_hash = dummy_hash().map_err(std::io::Error::other)?;
        Ok(Self {
            queue,
            slots: Arc::new(slots),
            costliest: Arc::new(AtomicU64::new(cost(&current_parameters()))),
            dummy_hash: dummy_hash.into(),
        })
    }

    /// Reserves a slot. Reserve it first: an attempt without one must not be counted.
    ///
    /// # Errors
    /// [`HashingError::Busy`] if there is none.
    pub fn reserve(&self) -> Result<Reservation, HashingError> {
        let permit = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| HashingError::Busy)?;
        Ok(Reservation {
            hasher: self.clone(),
            permit,
        })
    }

    /// Hashes a new password into a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, HashingError> {
        let password = nfc(password);
        self.reserve()?
            .run(move |workspace| workspace.hash(password.as_bytes()))
            .await
    }
}

impl Reservation {
    /// Verifies a password against an account's hash. For an account that does not exist or may not sign in it does
    /// the same work, and never matches (ASVS V6.3.8).
    ///
    /// If the hash has cheaper parameters than the costliest so far, padding follows until the check has taken as
    /// long. Otherwise the time would reveal old accounts.
    pub async fn check(
        self,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<Checked, HashingError> {
        let password = nfc(password);
        let stored_hash = stored.unwrap_or(&self.hasher.dummy_hash).to_owned();
        let exists = stored.is_some();
        let costliest = Arc::clone(&self.hasher.costliest);
        self.run(move |workspace| {
            let stored = Stored::parse(&stored_hash)?;
            let matches = workspace.check(password.as_bytes(), &stored, &costliest)?;
            Ok(Checked {
                matches: matches && exists,
                is_outdated: !stored.has_current_parameters(),
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Workspace) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let permit = self.permit;
        let job: Job = Box::new(move |workspace| {
            // The client may have gone: its flood must not keep the threads busy afterwards.
            if !reply.is_closed() {
                let outcome = work(workspace);
                // Before the reply, so that whoever has it finds the slot free.
                drop(permit);
                // It fails if the client has gone in the meantime.
                let _ = reply.send(outcome);
            }
        });
        self.hasher
            .queue
            .send(job)
            .map_err(|_| HashingError::Failed)?;
        answer.await.map_err(|_| HashingError::Failed)?
    }
}

/// Unicode NFC, so that a password is the same from every keyboard; nothing is trimmed, folded or truncated
/// (ASVS V6.2.8).
pub fn nfc(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(
        ComposingNormalizerBorrowed::new_nfc()
            .normalize(password.reveal())
            .into_owned(),
    )
}

/// Lowers the priority: in a flood of sign-ins the threads that answer pages come first.
fn lower_priority() {
    // On Linux this is the priority of the calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "hashing threads keep their priority");
    }
}

/// One hashing thread: runs jobs until the last [`Hasher`] is dropped.
fn run_jobs(jobs: &flume::Receiver<Job>) {
    lower_priority();
    let mut workspace = Workspace::default();
    loop {
        let job = match jobs.recv_timeout(IDLE_TIMEOUT) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                workspace.release();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // A panic drops the reply, which the caller sees as a failure; the thread continues.
        if catch_unwind(AssertUnwindSafe(|| job(&mut workspace))).is_err() {
            workspace = Workspace::default();
        }
    }
}

#[cfg(test)]
mod tests;
