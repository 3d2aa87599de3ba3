//! The only module that reads a clock. Others get the time as an argument, so that tests control it.

mod format;
mod trust;

use crate::domain::moment::Timestamp;
pub use format::{
    TimeZone, date, day, moment, parse_day, parse_day_in, parse_http_date, parse_rfc3339,
    precise_moment, relative, rfc3339,
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use trust::Trust;

/// Two clocks may differ by this much without being wrong: a request takes time, and NTP corrects small errors
/// gradually.
pub const TOLERANCE: Duration = Duration::from_secs(5);

/// The time: the system's, the database server's, or in tests one that is set by hand. Clones share one clock.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    source: TimeSource,
    /// The database server's time less the monotonic clock, or [`NOT_FOLLOWING`].
    followed: AtomicI64,
    trust: Mutex<Trust>,
}

const NOT_FOLLOWING: i64 = i64::MIN;

enum TimeSource {
    System,
    Manual {
        wall: AtomicI64,
        monotonic: AtomicI64,
    },
}

/// A reading of the monotonic clock, in milliseconds since an arbitrary start.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic(i64);

impl Monotonic {
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The system clock.
    pub fn system() -> Self {
        Self::with(TimeSource::System)
    }

    /// A clock that stands still at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        let millis = start.as_millis();
        Self::with(TimeSource::Manual {
            wall: AtomicI64::new(millis),
            monotonic: AtomicI64::new(millis),
        })
    }

    fn with(source: TimeSource) -> Self {
        let trust = Mutex::new(Trust::new(source.wall(), source.monotonic()));
        Self(Arc::new(Shared {
            source,
            followed: AtomicI64::new(NOT_FOLLOWING),
            trust,
        }))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis())
    }

    fn millis(&self) -> i64 {
        match self.0.followed.load(Ordering::SeqCst) {
            NOT_FOLLOWING => self.0.source.wall(),
            offset => self.0.source.monotonic().saturating_add(offset),
        }
    }

    /// Whether [`Self::follow`] was called.
    pub fn follows(&self) -> bool {
        self.0.followed.load(Ordering::SeqCst) != NOT_FOLLOWING
    }

    /// The time of this machine's own clock, even if another one is followed.
    pub fn of_this_machine(&self) -> Timestamp {
        Timestamp::from_millis(self.0.source.wall())
    }

    pub fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.source.monotonic())
    }

    /// Follows another clock from now on, which showed `time` between these two readings. It advances by this machine's
    /// monotonic clock, so that setting the wall clock changes nothing.
    pub fn follow(&self, time: Timestamp, sent: Monotonic, received: Monotonic) {
        let half = received.0.saturating_sub(sent.0) / 2;
        let offset = time.as_millis().saturating_sub(sent.0 + half);
        let before = self.0.followed.swap(offset, Ordering::SeqCst);
        if before == NOT_FOLLOWING {
            let (now, monotonic) = (self.millis(), self.0.source.monotonic());
            *self.trust() = Trust::new(now, monotonic);
        }
    }

    /// Records that the database was in use at `at`, by its file. What is due only if much more time has passed since
    /// then is not deleted at once.
    pub fn record_known_time(&self, at: Timestamp) {
        let monotonic = self.0.source.monotonic();
        self.trust().record_known_time(at.as_millis(), monotonic);
    }

    /// The time for deletions, and for ending sessions other than that of the request: never later than is certain.
    /// `None` in the first hour after a start or after the clock was set, and while the clock is behind the time
    /// recorded in the file.
    pub fn trusted(&self) -> Option<Timestamp> {
        let (now, monotonic) = (self.millis(), self.0.source.monotonic());
        let mut trust = self.trust();
        if let Some(by) = trust.check(now, monotonic) {
            tracing::warn!(
                seconds = by / 1_000,
                "the clock was set; for an hour nothing is deleted, and a session times out only at its next request"
            );
        }
        trust.trusted(now, monotonic).map(Timestamp::from_millis)
    }

    /// Whether the clock is behind the time recorded in the file.
    pub fn is_behind(&self) -> bool {
        let (now, monotonic) = (self.millis(), self.0.source.monotonic());
        self.trust().is_behind(now, monotonic)
    }

    /// How often the clock was set since the start, as far as [`Self::trusted`] has noticed.
    pub fn times_set(&self) -> u64 {
        self.trust().times_set
    }

    fn trust(&self) -> MutexGuard<'_, Trust> {
        let trust = self.0.trust.lock();
        trust.unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a manual clock: time passes, or a scenario starts again at an earlier time.
    ///
    /// # Panics
    /// On the system clock.
    pub fn set(&self, now: Timestamp) {
        match &self.0.source {
            TimeSource::System => panic!("the system clock is not ours to set"),
            TimeSource::Manual { wall, monotonic } => {
                let before = wall.swap(now.as_millis(), Ordering::SeqCst);
                monotonic.fetch_add(now.as_millis() - before, Ordering::SeqCst);
            }
        }
    }

    /// Sets a manual clock wrong, or right again: no time passes.
    ///
    /// # Panics
    /// On the system clock.
    pub fn jump(&self, now: Timestamp) {
        match &self.0.source {
            TimeSource::System => panic!("the system clock is not ours to set"),
            TimeSource::Manual { wall, .. } => wall.store(now.as_millis(), Ordering::SeqCst),
        }
    }
}

impl TimeSource {
    fn wall(&self) -> i64 {
        match self {
            Self::System => jiff::Timestamp::now().as_millisecond(),
            Self::Manual { wall, .. } => wall.load(Ordering::SeqCst),
        }
    }

    fn monotonic(&self) -> i64 {
        match self {
            Self::System => {
                let time = rustix::time::clock_gettime(MONOTONIC);
                let millis = time.tv_sec.saturating_mul(1_000);
                millis.saturating_add(time.tv_nsec / 1_000_000)
            }
            Self::Manual { monotonic, .. } => monotonic.load(Ordering::SeqCst),
        }
    }
}

/// Advances while the machine sleeps: otherwise the idle time of a session would start again.
#[cfg(target_os = "linux")]
const MONOTONIC: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const MONOTONIC: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_following_clock_ignores_its_own_wall_clock() {
        let clock = Clock::manual(START.after(3 * HOUR));
        let sent = clock.monotonic();
        clock.set(START.after(3 * HOUR + Duration::from_millis(40)));
        clock.follow(START, sent, clock.monotonic());
        assert_eq!(clock.now(), START.after(Duration::from_millis(20)));
        clock.jump(START.after(9 * HOUR));
        assert_eq!(clock.now(), START.after(Duration::from_millis(20)));
        clock.set(START.after(10 * HOUR));
        assert_eq!(clock.now(), START.after(HOUR + Duration::from_millis(20)));
    }

    #[test]
    fn the_monotonic_clock_of_the_system_advances() {
        let clock = Clock::system();
        let (before, after) = (clock.monotonic(), clock.monotonic());
        assert!(after.0 >= before.0 && before.0 > 0);
        assert_eq!(clock.trusted(), None, "the first hour");
    }
}
