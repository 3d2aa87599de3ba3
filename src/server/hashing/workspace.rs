//! The memory of a hashing thread, and the padding that hides the cost of a cheaper hash.

use super::{
    HashingError,
    stored::{
        LANES, MAX_STORED_MEMORY_KIB, MEMORY_KIB, SALT_BYTES, Stored, TAG_BYTES, cost,
        current_parameters, phc_string, random,
    },
};
use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc::Output};
use rustix::time::{ClockId, clock_gettime};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The memory of one piece of padding. It takes 1 % of a hash, which is the precision of the total time.
const PADDING_PIECE_KIB: u32 = 256;

/// The memory of one thread, 19 MiB, reused for every password.
///
/// The capacity for the costliest hash is reserved at once; the system commits only the pages in use. A `Vec` that
/// grows and shrinks fragments the heap instead, which added up to 390 MB. Allocations of this size return to the
/// system when they are dropped (ADR 11).
#[derive(Default)]
pub(super) struct Workspace {
    blocks: Vec<Block>,
    /// The last check of full cost.
    measured: Option<Measured>,
}

/// The working time of this thread for a check of this cost.
#[derive(Clone, Copy)]
struct Measured {
    cost: u64,
    took: Duration,
}

impl Workspace {
    pub(super) fn hash(&mut self, password: &[u8]) -> Result<String, HashingError> {
        let salt = random()?;
        let tag = self.tag(
            Algorithm::Argon2id,
            Version::V0x13,
            current_parameters(),
            password,
            &salt,
            TAG_BYTES,
        )?;
        phc_string(&salt, tag.as_bytes())
    }

    /// Whether the password is the stored one, with as much work as for the `costliest` hash that any
    /// thread has seen so far.
    pub(super) fn check(
        &mut self,
        password: &[u8],
        stored: &Stored,
        costliest: &AtomicU64,
    ) -> Result<bool, HashingError> {
        let cost = cost(&stored.params);
        let costliest = costliest.fetch_max(cost, Ordering::Relaxed).max(cost);
        // Page faults for fresh memory cost the same for every hash, and are not part of its work.
        self.allocate(&stored.params);
        let began = time_worked();
        let matches = self.verify(password, stored)?;
        if cost == costliest {
            let took = time_worked().saturating_sub(began);
            self.measured = Some(Measured { cost, took });
        } else {
            self.pad(began, cost, costliest)?;
        }
        Ok(matches)
    }

    /// Returns the memory to the system.
    pub(super) fn release(&mut self) {
        self.blocks = Vec::new();
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

    /// Works on, until a check that `began` and had this `cost` has taken as long as the last one of cost `costliest`
    /// on this thread.
    ///
    /// The same number of blocks would not suffice: less memory has better cache locality, and an account with an old
    /// hash was answered 6 % sooner.
    fn pad(&mut self, began: Duration, cost: u64, costliest: u64) -> Result<(), HashingError> {
        let mut left = costliest - cost;
        let measured = self.measured.filter(|full| full.cost == costliest);
        let is_over = |left| match measured {
            Some(full) => time_worked().saturating_sub(began) >= full.took,
            None => left == 0,
        };
        let mut position = 0;
        while !is_over(left) {
            position = self.pad_once(position)?;
            left = left.saturating_sub(u64::from(PADDING_PIECE_KIB));
        }
        Ok(())
    }

    /// One piece, in the blocks from `position` on; returns the position of the next. The pieces go through the whole
    /// memory, as the costliest hash does: in one place they would leave the processor's caches to what follows, which
    /// then took 0.1 ms less.
    fn pad_once(&mut self, position: usize) -> Result<usize, HashingError> {
        let params = Params::new(PADDING_PIECE_KIB, 1, LANES, Some(TAG_BYTES))
            .map_err(|_| HashingError::Failed)?;
        let (end, mut tag) = (position + params.block_count(), [0; TAG_BYTES]);
        let blocks = self.blocks.get_mut(position..end);
        let blocks = blocks.ok_or(HashingError::Failed)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&[], &[0; SALT_BYTES], &mut tag, &mut *blocks)
            .map_err(|_| HashingError::Failed)?;
        std::hint::black_box(tag);
        let next_end = end + blocks.len();
        Ok(if next_end > self.blocks.len() { 0 } else { end })
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
        let blocks = self.allocate(&params);
        let mut tag = Zeroizing::new([0; Output::MAX_LENGTH]);
        let tag = tag.get_mut(..tag_bytes).ok_or(HashingError::Corrupt)?;
        let outcome = Argon2::new(algorithm, version, params)
            .hash_password_into_with_memory(password, salt, tag, blocks);
        outcome.map_err(|_| HashingError::Failed)?;
        Output::new(tag).map_err(|_| HashingError::Failed)
    }

    /// The blocks for a hash: at least as many as for the current parameters. So the time to allocate them after a
    /// pause reveals nothing about the account.
    fn allocate(&mut self, params: &Params) -> &mut [Block] {
        if self.blocks.capacity() == 0 {
            self.blocks.reserve_exact(MAX_STORED_MEMORY_KIB as usize);
        }
        let needed = params.block_count();
        let length = needed.max(MEMORY_KIB as usize);
        if length > self.blocks.len() {
            self.blocks.resize(length, Block::default());
        }
        &mut self.blocks[..needed]
    }
}

/// The working time of this thread, without the time that it waits for the processor: that affects every check alike,
/// and must not be added twice.
fn time_worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(memory_kib: u32, passes: u32) -> Stored {
        let params = Params::new(memory_kib, passes, LANES, Some(TAG_BYTES)).unwrap();
        Stored {
            params,
            ..Stored::parse(&super::super::stored::dummy_hash().unwrap()).unwrap()
        }
    }

    #[test]
    fn a_cheap_hash_takes_as_long_as_the_costliest() {
        let (mut workspace, costliest) = (Workspace::default(), AtomicU64::new(0));
        let (current, old) = (stored(MEMORY_KIB, 2), stored(8 * 1024, 1));
        for _ in 0..10 {
            assert!(!workspace.check(b"typed", &current, &costliest).unwrap());
            let full = workspace.measured.unwrap().took;
            let began = time_worked();
            assert!(!workspace.check(b"typed", &old, &costliest).unwrap());
            assert!(time_worked() - began >= full);
        }
    }

    #[test]
    fn padding_needs_no_measurement_of_the_costliest() {
        let (mut workspace, costliest) = (Workspace::default(), AtomicU64::new(0));
        let old = stored(8 * 1024, 1);
        workspace.allocate(&old.params);
        let worked = |workspace: &mut Workspace| {
            let began = time_worked();
            workspace.check(b"typed", &old, &costliest).unwrap();
            time_worked() - began
        };
        let alone = worked(&mut workspace);
        costliest.store(cost(&current_parameters()), Ordering::Relaxed);
        assert!(
            worked(&mut workspace) > alone * 2,
            "almost five times the blocks"
        );
    }
}
