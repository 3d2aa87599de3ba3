//! Attempts of this process that are not decided yet.
//!
//! The database decides how many are verified, for all servers. This keeps a burst from hashing more than that: an
//! attempt beyond the limit waits for those ahead of it, without a database connection and without a hashing thread.

use crate::server::token::KeyedDigest;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an attempt waits for those ahead of it. Two threads hash about 200 passwords in that time.
pub const MAX_WAIT: Duration = Duration::from_secs(5);

/// Attempts that wait or were given up, each with its request in memory; the next is refused as busy. Two threads would
/// not reach more of them within [`MAX_WAIT`]. An attempt that need not wait takes no slot, so a flood at one account
/// does not block attempts at another.
const SLOTS: usize = 256;

/// The attempts in flight, by counter.
#[derive(Clone, Debug)]
pub struct InFlight {
    queues: Queues,
    slots: Arc<Semaphore>,
}

type Queues = Arc<Mutex<HashMap<KeyedDigest, Queue>>>;

/// The attempts at one counter.
#[derive(Debug)]
struct Queue {
    /// Has a permit for each attempt that may be in flight.
    permits: Arc<Semaphore>,
    /// Free and taken permits: a failure removes one for good.
    remaining: u32,
    /// Turns taken or waited for.
    members: usize,
}

/// Why an attempt has no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// Failures have used up the capacity meanwhile: the counters have to be read again.
    Exhausted,
    /// All slots are taken.
    Busy,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            queues: Queues::default(),
            slots: Arc::new(Semaphore::new(SLOTS)),
        }
    }
}

impl InFlight {
    /// One of the [`SLOTS`]; `None` if all are taken.
    pub fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Takes a turn at each counter, and waits if none is free. `counters` has the capacity that was read for each; the
    /// first attempt in a queue sets it.
    pub async fn take_turns(&self, counters: &[(KeyedDigest, u32)]) -> Result<Turns, NoTurn> {
        let (mut turns, mut slot) = (Vec::with_capacity(counters.len()), None);
        // The last counter is the narrowest: an attempt that waits there holds no turn at the others.
        for (key, capacity) in counters.iter().rev() {
            let mut turn = Turn::in_queue(&self.queues, key, *capacity);
            if !turn.is_free() {
                if slot.is_none() {
                    slot = Some(self.slot().ok_or(NoTurn::Busy)?);
                }
                turn.wait().await?;
            }
            turns.push(turn);
        }
        Ok(Turns(turns))
    }
}

/// What an attempt holds until it is decided.
#[derive(Debug)]
pub struct Turns(Vec<Turn>);

impl Turns {
    /// The attempt has failed: its capacity is not passed on to waiting attempts.
    pub fn failed(mut self) {
        for turn in &mut self.0 {
            turn.has_failed = true;
        }
    }
}

/// A turn in one queue: waited for, then taken.
#[derive(Debug)]
struct Turn {
    queues: Queues,
    key: KeyedDigest,
    permits: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    has_failed: bool,
}

impl Turn {
    fn in_queue(queues: &Queues, key: &KeyedDigest, capacity: u32) -> Self {
        let mut open = queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = open.entry(key.clone()).or_insert_with(|| Queue {
            permits: Arc::new(Semaphore::new(capacity as usize)),
            remaining: capacity,
            members: 0,
        });
        queue.members += 1;
        Self {
            queues: Arc::clone(queues),
            key: key.clone(),
            permits: Arc::clone(&queue.permits),
            permit: None,
            has_failed: false,
        }
    }

    /// Takes the turn if no other attempt is ahead.
    fn is_free(&mut self) -> bool {
        self.permit = Arc::clone(&self.permits).try_acquire_owned().ok();
        self.permit.is_some()
    }

    async fn wait(&mut self) -> Result<(), NoTurn> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        self.permit = Some(permit.map_err(|_| NoTurn::Exhausted)?);
        Ok(())
    }
}

/// The last member removes the queue, and so does the one whose failure uses up its capacity: attempts that still wait
/// in it are woken, and read the counters again.
impl Drop for Turn {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.permit.take(), self.has_failed) {
            (Some(permit), true) => permit.forget(),
            (permit, _) => drop(permit),
        }
        let Entry::Occupied(mut entry) = queues.entry(self.key.clone()) else {
            return;
        };
        let queue = entry.get_mut();
        if !Arc::ptr_eq(&queue.permits, &self.permits) {
            return;
        }
        queue.members -= 1;
        queue.remaining -= u32::from(self.has_failed);
        if queue.remaining == 0 {
            queue.permits.close();
        }
        if queue.remaining == 0 || queue.members == 0 {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::token::ServerKey;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_millis(50);

    fn key(name: &str) -> KeyedDigest {
        static KEY: std::sync::OnceLock<ServerKey> = std::sync::OnceLock::new();
        KEY.get_or_init(ServerKey::random).digest("test:", name)
    }

    /// A failing test would otherwise wait for ever.
    async fn soon<T>(outcome: impl Future<Output = T>) -> T {
        let limit = Duration::from_secs(20);
        timeout(limit, outcome).await.expect("it waits")
    }

    #[tokio::test]
    async fn a_success_frees_its_turn_and_a_failure_does_not() {
        let in_flight = InFlight::default();
        let two = [(key("a"), 2)];
        let first = soon(in_flight.take_turns(&two)).await.expect("capacity");
        let second = soon(in_flight.take_turns(&two)).await.expect("capacity");
        assert!(
            timeout(SOON, in_flight.take_turns(&two)).await.is_err(),
            "full"
        );
        drop(first);
        let third = soon(in_flight.take_turns(&two)).await;
        let third = third.expect("a success frees its turn");
        second.failed();
        assert!(
            timeout(SOON, in_flight.take_turns(&two)).await.is_err(),
            "full again"
        );
        let waiting = in_flight.take_turns(&two);
        tokio::pin!(waiting);
        assert!(timeout(SOON, &mut waiting).await.is_err());
        third.failed();
        assert_eq!(soon(waiting).await.err(), Some(NoTurn::Exhausted));
        assert!(in_flight.queues.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_cancelled_attempt_leaves_the_queue() {
        let in_flight = InFlight::default();
        let narrow = [(key("wide"), 5), (key("narrow"), 1)];
        let first = soon(in_flight.take_turns(&narrow)).await.expect("capacity");
        for _ in 0..10 {
            assert!(
                timeout(SOON / 10, in_flight.take_turns(&narrow))
                    .await
                    .is_err()
            );
        }
        // An attempt that waits at the narrow counter holds no turn at the wide one.
        let mut waiting: Vec<_> = (0..5)
            .map(|_| Box::pin(in_flight.take_turns(&narrow)))
            .collect();
        for one in &mut waiting {
            assert!(timeout(SOON / 10, one).await.is_err());
        }
        let wide = [(key("wide"), 5)];
        for _ in 0..2 {
            assert!(soon(in_flight.take_turns(&wide)).await.is_ok());
        }
        drop((first, waiting));
        assert!(in_flight.queues.lock().unwrap().is_empty());
        assert_eq!(in_flight.slots.available_permits(), SLOTS);
    }

    /// The counters were read again, and have capacity: an attempt that wakes late does not affect the new queue.
    #[tokio::test]
    async fn a_late_waker_does_not_affect_a_newer_queue() {
        let in_flight = InFlight::default();
        let one = [(key("a"), 1)];
        let first = soon(in_flight.take_turns(&one)).await.expect("capacity");
        let mut waiting = Box::pin(in_flight.take_turns(&one));
        assert!(timeout(SOON, &mut waiting).await.is_err(), "full");
        first.failed();
        let next = soon(in_flight.take_turns(&one)).await.expect("a new queue");
        assert_eq!(soon(waiting).await.err(), Some(NoTurn::Exhausted));
        assert!(
            timeout(SOON, in_flight.take_turns(&one)).await.is_err(),
            "full"
        );
        drop(next);
        assert!(in_flight.queues.lock().unwrap().is_empty());
    }

    /// A flood at one counter does not block another counter either.
    #[tokio::test]
    async fn the_number_of_waiting_attempts_is_bounded() {
        let in_flight = InFlight::default();
        let (one, other) = ([(key("a"), 1)], [(key("b"), 1)]);
        let first = soon(in_flight.take_turns(&one)).await.expect("capacity");
        let slots: Vec<_> = (0..SLOTS).map_while(|_| in_flight.slot()).collect();
        assert_eq!(slots.len(), SLOTS);
        assert_eq!(
            soon(in_flight.take_turns(&one)).await.err(),
            Some(NoTurn::Busy)
        );
        assert!(soon(in_flight.take_turns(&other)).await.is_ok());
        drop((first, slots));
        assert!(soon(in_flight.take_turns(&one)).await.is_ok());
        assert!(in_flight.slot().is_some());
    }
}
