//! Passwords are hashed behind this door and nowhere else.
//!
//! Argon2id on a few threads of its own, each with its own memory that it uses again while there is
//! work: the memory is bounded by the number of threads, whatever a flood of sign-ins asks for (ASVS
//! V15.2.2). They give way to the threads that answer pages.

use crate::{domain::password::Password, error::AppError};
use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use flume::RecvTimeoutError;
use icu_normalizer::ComposingNormalizerBorrowed;
use rand::{TryRng, rngs::SysRng};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

/// The first choice of the OWASP Password Storage Cheat Sheet for Argon2id: 19 MiB, two passes,
/// one lane; 16 bytes of salt and 32 of tag. Both stand in the hash, and older ones are upgraded.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// A stored hash that asks for more is corrupt or forged; honouring it would break the budget.
const MAX_STORED_MEMORY_KIB: u32 = 64 * 1024;
const MAX_STORED_PASSES: u32 = 10;

/// A thread without work for so long gives its memory back; its next hash takes twice as long.
const IDLE: Duration = Duration::from_secs(30);

/// Of 19: a page is answered first, and a sign-in on a busy machine still gets its share.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

pub const MEMORY_PER_THREAD: u64 = MEMORY_KIB as u64 * 1024;

/// How much work is taken on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    pub threads: usize,
    /// Sign-ins that may wait for a thread; beyond that the answer is 503.
    pub queue: usize,
}

/// What came of checking a password.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub matches: bool,
    /// The stored hash has other parameters than today's.
    pub is_outdated: bool,
}

/// The pool of hashing threads.
#[derive(Clone)]
pub struct Hasher {
    queue: flume::Sender<Job>,
    places: Arc<Semaphore>,
    costliest: Arc<AtomicU64>,
    /// A hash of nothing that anybody could type, for accounts that do not exist.
    stand_in: Arc<str>,
}

/// A place at a thread or in the queue before it. Whoever has one is served.
pub struct Place {
    hasher: Hasher,
    permit: OwnedSemaphorePermit,
}

/// What a thread does with its memory; it answers by itself.
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
            HashingError::Busy => Self::Busy,
            HashingError::Corrupt | HashingError::Failed => {
                tracing::error!(%error, "hashing");
                Self::Internal
            }
        }
    }
}

impl Hasher {
    /// Starts the threads, each with its memory.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(capacity: Capacity) -> std::io::Result<Self> {
        let (queue, jobs) = flume::unbounded();
        let places = Semaphore::new(capacity.threads + capacity.queue);
        for number in 0..capacity.threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work_through(&jobs))?;
        }
        let stand_in = stand_in().map_err(std::io::Error::other)?;
        Ok(Self {
            queue,
            places: Arc::new(places),
            costliest: Arc::new(AtomicU64::new(cost(&todays_parameters()))),
            stand_in: stand_in.into(),
        })
    }

    /// Takes a place. Asking for it first costs nothing where there is none: nothing was written
    /// down for an attempt that is not made.
    ///
    /// # Errors
    /// [`HashingError::Busy`].
    pub fn place(&self) -> Result<Place, HashingError> {
        let permit = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| HashingError::Busy)?;
        Ok(Place {
            hasher: self.clone(),
            permit,
        })
    }

    /// Hashes a new password into a PHC string.
    ///
    /// # Errors
    /// [`HashingError`].
    pub async fn hash(&self, password: &Password) -> Result<String, HashingError> {
        let password = nfc(password);
        self.place()?
            .run(move |workspace| workspace.hash(password.as_bytes()))
            .await
    }
}

impl Place {
    /// Checks a password against an account's hash, or does the same work for an account that
    /// does not exist or may not sign in (ASVS V6.3.8): then it never matches.
    ///
    /// A hash with cheaper parameters than the costliest that was met so far is followed by idle
    /// work up to that: it is answered no faster, so that nobody can tell an old account by it.
    ///
    /// # Errors
    /// [`HashingError`].
    pub async fn check(
        self,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<Checked, HashingError> {
        let password = nfc(password);
        let stored_hash = stored.unwrap_or(&self.hasher.stand_in).to_owned();
        let exists = stored.is_some();
        let costliest = Arc::clone(&self.hasher.costliest);
        self.run(move |workspace| {
            let stored = Stored::parse(&stored_hash)?;
            let cost = cost(&stored.params);
            let costliest = costliest.fetch_max(cost, Ordering::Relaxed).max(cost);
            let matches = workspace.verify(password.as_bytes(), &stored)?;
            workspace.idle(costliest - cost)?;
            Ok(Checked {
                matches: matches && exists,
                is_outdated: !stored.has_todays_parameters(),
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
            let _until_done = permit;
            // The client may have gone: its flood must not keep the threads busy after it.
            if !reply.is_closed() {
                // And one that goes while its password is hashed needs no answer.
                let _ = reply.send(work(workspace));
            }
        });
        self.hasher
            .queue
            .send(job)
            .map_err(|_| HashingError::Failed)?;
        answer.await.map_err(|_| HashingError::Failed)?
    }
}

/// Unicode NFC, so that one password typed on two keyboards is one password; nothing is trimmed,
/// folded or cut (ASVS V6.2.8).
pub fn nfc(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(
        ComposingNormalizerBorrowed::new_nfc()
            .normalize(password.reveal())
            .into_owned(),
    )
}

/// The hash of an account that does not exist: of today's cost, with a random tag, which is the hash
/// of nothing that anybody could type.
fn stand_in() -> Result<String, HashingError> {
    let tag: [u8; TAG_BYTES] = random()?;
    phc_string(&random()?, &tag)
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], HashingError> {
    let mut bytes = [0; BYTES];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| HashingError::Failed)?;
    Ok(bytes)
}

/// A hash with today's parameters as it is stored.
fn phc_string(salt: &[u8; SALT_BYTES], tag: &[u8]) -> Result<String, HashingError> {
    let params = ParamsString::try_from(&todays_parameters()).map_err(|_| HashingError::Failed)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(Salt::new(salt).map_err(|_| HashingError::Failed)?),
        hash: Some(Output::new(tag).map_err(|_| HashingError::Failed)?),
    };
    Ok(hash.to_string())
}

/// Threads that answer pages come first: under a flood of sign-ins a page waits for no hash.
fn give_way() {
    // On Linux this is the priority of the calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "hashing threads keep their priority");
    }
}

/// One hashing thread: takes jobs until the last [`Hasher`] is gone.
fn work_through(jobs: &flume::Receiver<Job>) {
    give_way();
    let mut workspace = Workspace::default();
    loop {
        let job = match jobs.recv_timeout(IDLE) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                workspace = Workspace::default();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // A panic drops the reply, which is answered as a failure; the thread goes on.
        if catch_unwind(AssertUnwindSafe(|| job(&mut workspace))).is_err() {
            workspace = Workspace::default();
        }
    }
}

/// The memory of one thread, 19 MiB, used again for every password.
///
/// Room for the costliest hash is asked for at once, of which the system gives only what is used. A
/// `Vec` that grows and shrinks leaves pieces behind instead, which added up to 390 MB; and pieces
/// of this size go back to the system when they are dropped (ADR 11).
#[derive(Default)]
struct Workspace {
    blocks: Vec<Block>,
}

fn todays_parameters() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(TAG_BYTES)).expect("constant parameters are valid")
}

/// The work of a hash, in blocks that are written: the time is proportional to it.
fn cost(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}

/// A stored hash, read and within bounds.
struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    tag: Output,
}

impl Stored {
    fn parse(text: &str) -> Result<Self, HashingError> {
        let hash = PasswordHash::new(text).map_err(|_| HashingError::Corrupt)?;
        let params = Params::try_from(&hash).map_err(|_| HashingError::Corrupt)?;
        if params.m_cost() > MAX_STORED_MEMORY_KIB || params.t_cost() > MAX_STORED_PASSES {
            return Err(HashingError::Corrupt);
        }
        Ok(Self {
            algorithm: Algorithm::new(hash.algorithm).map_err(|_| HashingError::Corrupt)?,
            version: match hash.version {
                Some(version) => Version::try_from(version).map_err(|_| HashingError::Corrupt)?,
                None => Version::V0x13,
            },
            params,
            salt: hash.salt.ok_or(HashingError::Corrupt)?,
            tag: hash.hash.ok_or(HashingError::Corrupt)?,
        })
    }

    fn has_todays_parameters(&self) -> bool {
        let today = todays_parameters();
        let parts = |params: &Params, tag_bytes| {
            (params.m_cost(), params.t_cost(), params.p_cost(), tag_bytes)
        };
        self.algorithm == Algorithm::Argon2id
            && parts(&self.params, self.tag.len()) == parts(&today, TAG_BYTES)
    }
}

impl Workspace {
    fn hash(&mut self, password: &[u8]) -> Result<String, HashingError> {
        let salt = random()?;
        let tag = self.tag(
            Algorithm::Argon2id,
            Version::V0x13,
            todays_parameters(),
            password,
            &salt,
            TAG_BYTES,
        )?;
        phc_string(&salt, tag.as_bytes())
    }

    fn verify(&mut self, password: &[u8], stored: &Stored) -> Result<bool, HashingError> {
        let tag = self.tag(
            stored.algorithm,
            stored.version,
            stored.params.clone(),
            password,
            &stored.salt,
            stored.tag.len(),
        )?;
        Ok(tag.as_bytes().ct_eq(stored.tag.as_bytes()).into())
    }

    /// Works for `cost` with no result.
    fn idle(&mut self, cost: u64) -> Result<(), HashingError> {
        let passes = cost.div_ceil(u64::from(MEMORY_KIB)).max(1);
        let memory = u32::try_from(cost / passes).unwrap_or(MEMORY_KIB);
        let passes = u32::try_from(passes).unwrap_or(MAX_STORED_PASSES);
        if memory < Params::MIN_M_COST {
            return Ok(());
        }
        let params = Params::new(memory, passes, LANES, Some(TAG_BYTES))
            .map_err(|_| HashingError::Failed)?;
        let salt = [0; SALT_BYTES];
        let tag = self.tag(
            Algorithm::Argon2id,
            Version::V0x13,
            params,
            &[],
            &salt,
            TAG_BYTES,
        )?;
        std::hint::black_box(tag);
        Ok(())
    }

    fn tag(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        password: &[u8],
        salt: &[u8],
        tag_bytes: usize,
    ) -> Result<Output, HashingError> {
        let needed = params.block_count();
        if self.blocks.capacity() == 0 {
            self.blocks.reserve_exact(MAX_STORED_MEMORY_KIB as usize);
        }
        if needed > self.blocks.len() {
            self.blocks.resize(needed, Block::default());
        }
        let mut tag = Zeroizing::new([0; Output::MAX_LENGTH]);
        let tag = tag.get_mut(..tag_bytes).ok_or(HashingError::Corrupt)?;
        let outcome = Argon2::new(algorithm, version, params).hash_password_into_with_memory(
            password,
            salt,
            tag,
            &mut self.blocks[..needed],
        );
        outcome.map_err(|_| HashingError::Failed)?;
        Output::new(tag).map_err(|_| HashingError::Failed)
    }
}

#[cfg(test)]
mod tests;
