//! Attempts of this process that are not decided yet.
//!
//! The database decides how many are verified, for all servers. This keeps a burst from hashing more than
//! that: an attempt beyond the limit waits for those ahead of it, without a connection to the database and
//! without a place at a hashing thread.

use crate::server::token::KeyedDigest;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an attempt waits for those ahead of it. Two threads hash about 200 passwords in that time.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Attempts in flight or waiting, each with its request in memory; the next is refused as busy. Two threads
/// would not reach more of them within [`PATIENCE`].
const MOST: usize = 512;

/// The attempts under way, by what they are counted under.
#[derive(Clone, Debug)]
pub struct InFlight {
    lines: Lines,
    seats: Arc<Semaphore>,
}

type Lines = Arc<Mutex<HashMap<KeyedDigest, Line>>>;

/// The attempts at one counter.
#[derive(Debug)]
struct Line {
    /// Has a permit for each attempt that may be under way.
    room: Arc<Semaphore>,
    /// Its permits and those that are taken: a failure takes one away for good.
    left: u32,
    /// Turns taken or waited for.
    members: usize,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            lines: Lines::default(),
            seats: Arc::new(Semaphore::new(MOST)),
        }
    }
}

impl InFlight {
    /// One of the [`MOST`] seats; `None` where all are taken.
    pub fn seat(&self) -> Option<Seat> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        Some(Seat {
            _seat: seat,
            turns: Vec::new(),
        })
    }

    /// Waits for a turn at each counter. `counters` has the room that each was read to have; the first attempt
    /// in a line sets it. `false` if failures have used it up meanwhile: then the counters are to be read again.
    pub async fn enter(&self, seat: &mut Seat, counters: &[(KeyedDigest, u32)]) -> bool {
        // The last counter is the narrowest: an attempt that waits there holds no turn at the others.
        for (key, room) in counters.iter().rev() {
            let mut turn = Turn::in_line(&self.lines, key, *room);
            let entered = turn.enter().await;
            if !entered {
                seat.turns.clear();
                return false;
            }
            seat.turns.push(turn);
        }
        true
    }
}

/// What an attempt holds from its admission until it is decided.
#[derive(Debug)]
pub struct Seat {
    _seat: OwnedSemaphorePermit,
    turns: Vec<Turn>,
}

impl Seat {
    /// The attempt has failed: its room is not for those who wait.
    pub fn failed(mut self) {
        for turn in &mut self.turns {
            turn.has_failed = true;
        }
    }
}

/// A turn in one line: waited for, then taken.
#[derive(Debug)]
struct Turn {
    lines: Lines,
    key: KeyedDigest,
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    has_failed: bool,
}

impl Turn {
    fn in_line(lines: &Lines, key: &KeyedDigest, room: u32) -> Self {
        let mut open = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = open.entry(key.clone()).or_insert_with(|| Line {
            room: Arc::new(Semaphore::new(room as usize)),
            left: room,
            members: 0,
        });
        line.members += 1;
        Self {
            lines: Arc::clone(lines),
            key: key.clone(),
            room: Arc::clone(&line.room),
            permit: None,
            has_failed: false,
        }
    }

    /// `false` where the line was closed.
    async fn enter(&mut self) -> bool {
        self.permit = Arc::clone(&self.room).acquire_owned().await.ok();
        self.permit.is_some()
    }
}

/// The last one to leave takes the line away, and so does the one whose failure uses up its room: those
/// who still wait in it are woken, and read the counters again.
impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.permit.take(), self.has_failed) {
            (Some(permit), true) => permit.forget(),
            (permit, _) => drop(permit),
        }
        let Entry::Occupied(mut entry) = lines.entry(self.key.clone()) else {
            return;
        };
        let line = entry.get_mut();
        if !Arc::ptr_eq(&line.room, &self.room) {
            return;
        }
        line.members -= 1;
        line.left -= u32::from(self.has_failed);
        if line.left == 0 {
            line.room.close();
        }
        if line.left == 0 || line.members == 0 {
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

    async fn enter(in_flight: &InFlight, counters: &[(KeyedDigest, u32)]) -> Option<Seat> {
        let mut seat = in_flight.seat().expect("a seat");
        in_flight.enter(&mut seat, counters).await.then_some(seat)
    }

    #[tokio::test]
    async fn a_success_makes_room_and_a_failure_does_not() {
        let in_flight = InFlight::default();
        let two = [(key("a"), 2)];
        let first = enter(&in_flight, &two).await.expect("room");
        let second = enter(&in_flight, &two).await.expect("room");
        assert!(
            timeout(SOON, enter(&in_flight, &two)).await.is_err(),
            "full"
        );
        drop(first);
        let third = enter(&in_flight, &two).await.expect("a success made room");
        second.failed();
        assert!(
            timeout(SOON, enter(&in_flight, &two)).await.is_err(),
            "full again"
        );
        let waiting = enter(&in_flight, &two);
        tokio::pin!(waiting);
        assert!(timeout(SOON, &mut waiting).await.is_err());
        third.failed();
        assert!(
            waiting.await.is_none(),
            "the room is used up: read the counters again"
        );
        assert!(in_flight.lines.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_attempt_that_stops_waiting_leaves_nothing_behind() {
        let in_flight = InFlight::default();
        let narrow = [(key("wide"), 5), (key("narrow"), 1)];
        let first = enter(&in_flight, &narrow).await.expect("room");
        for _ in 0..10 {
            assert!(
                timeout(SOON / 10, enter(&in_flight, &narrow))
                    .await
                    .is_err()
            );
        }
        // Nobody who waits at the narrow counter holds a turn at the wide one.
        let wide = [(key("wide"), 5)];
        let others: Vec<_> = [
            enter(&in_flight, &wide).await,
            enter(&in_flight, &wide).await,
        ]
        .into();
        assert!(others.iter().all(Option::is_some));
        drop((first, others));
        assert!(in_flight.lines.lock().unwrap().is_empty());
        assert_eq!(in_flight.seats.available_permits(), MOST);
    }

    #[tokio::test]
    async fn the_number_of_those_who_wait_is_bounded() {
        let in_flight = InFlight::default();
        let seats: Vec<_> = (0..MOST).map_while(|_| in_flight.seat()).collect();
        assert_eq!(seats.len(), MOST);
        assert!(in_flight.seat().is_none());
        drop(seats);
        assert!(in_flight.seat().is_some());
    }
}
