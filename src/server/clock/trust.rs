//! How far a clock is trusted for deletions, and for ending sessions other than that of the request.
//!
//! All times are Unix milliseconds; `monotonic` is the monotonic clock.

use super::TOLERANCE;
use crate::domain::moment::MAX_CLOCK_SKEW;
use std::time::Duration;

/// Nothing is deleted for this long after a start or after the clock was set, so that an operator has time to
/// correct it.
const SETTLING_TIME: i64 = 3_600_000;

/// After a pause the clean-up catches up at this rate: each hour it deletes what became due in a day. A server that
/// was off for three weeks has caught up in a day. One whose clock is 200 days ahead needs eight days to delete what
/// it should not.
const CATCH_UP_RATE: i64 = 24;

/// A clock behind the recorded time is corrected by NTP within minutes of the start. After this long it is trusted:
/// then the recorded time was wrong.
const TRUSTED_AFTER: i64 = 24 * SETTLING_TIME;

#[derive(Debug)]
pub struct Trust {
    /// When the clock was started or set, by the monotonic clock.
    since: i64,
    /// Its offset from the monotonic clock at the last check.
    offset: i64,
    /// A time that has certainly been reached, and the monotonic time of that knowledge. `None` if no time is recorded:
    /// then the clock is trusted.
    known: Option<(i64, i64)>,
    pub times_set: u64,
}

impl Trust {
    pub fn new(now: i64, monotonic: i64) -> Self {
        Self {
            since: monotonic,
            offset: now.saturating_sub(monotonic),
            known: None,
            times_set: 0,
        }
    }

    pub fn record_known_time(&mut self, at: i64, monotonic: i64) {
        self.known = Some((at, monotonic));
    }

    /// Detects that the clock was set. Returns by how much, in milliseconds.
    pub fn check(&mut self, now: i64, monotonic: i64) -> Option<i64> {
        let before = self.offset.saturating_add(monotonic);
        let by = now.saturating_sub(before);
        self.offset = now.saturating_sub(monotonic);
        if by.unsigned_abs() <= millis(TOLERANCE).unsigned_abs() {
            return None;
        }
        let certain = self.certain(before, monotonic);
        let known = self.known.map_or(certain, |(at, _)| at.max(certain));
        self.known = Some((known, monotonic));
        self.since = monotonic;
        self.times_set += 1;
        Some(by)
    }

    pub fn trusted(&self, now: i64, monotonic: i64) -> Option<i64> {
        let has_settled = monotonic.saturating_sub(self.since) >= SETTLING_TIME;
        (has_settled && !self.is_behind(now, monotonic)).then(|| self.certain(now, monotonic))
    }

    pub fn certain(&self, now: i64, monotonic: i64) -> i64 {
        self.known.map_or(now, |(at, then)| {
            let caught_up = monotonic.saturating_sub(then).saturating_mul(CATCH_UP_RATE);
            now.min(at.saturating_add(caught_up))
        })
    }

    /// Whether the clock is behind the known time. After a day it is trusted nevertheless: then it was ahead before.
    pub fn is_behind(&self, now: i64, monotonic: i64) -> bool {
        let is_earlier = |(at, _)| now.saturating_add(millis(MAX_CLOCK_SKEW)) < at;
        monotonic.saturating_sub(self.since) < TRUSTED_AFTER && self.known.is_some_and(is_earlier)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn the_clock_is_trusted_after_the_first_hour() {
        let trust = Trust::new(NOW, 0);
        assert_eq!(trust.trusted(NOW + HOUR - 1, HOUR - 1), None);
        assert_eq!(trust.trusted(NOW + HOUR, HOUR), Some(NOW + HOUR));
    }

    #[test]
    fn jumps_are_detected_and_corrections_are_not() {
        for by in [200 * DAY, -200 * DAY, 6_000, -6_000] {
            let mut trust = Trust::new(NOW, 0);
            let (now, monotonic) = (NOW + 2 * HOUR + by, 2 * HOUR);
            assert_eq!(trust.check(now, monotonic), Some(by));
            assert_eq!(trust.check(now, monotonic), None, "once");
            assert_eq!(trust.times_set, 1);
            assert_eq!(trust.trusted(now, monotonic), None);
        }
        let mut trust = Trust::new(NOW, 0);
        assert_eq!(trust.check(NOW + HOUR + 4_000, HOUR), None);
        assert_eq!(trust.check(NOW + 2 * HOUR - 900, 2 * HOUR), None);
    }

    #[test]
    fn after_a_jump_ahead_trust_grows_by_a_day_an_hour() {
        let mut trust = Trust::new(NOW, 0);
        let ahead = NOW + 200 * DAY;
        trust.check(ahead + 9 * HOUR, 9 * HOUR);
        let caught_up = |hours| trust.trusted(ahead + hours * HOUR, hours * HOUR);
        assert_eq!(caught_up(10), Some(NOW + 9 * HOUR + DAY));
        assert_eq!(caught_up(19), Some(NOW + 9 * HOUR + 10 * DAY));
        assert_eq!(caught_up(900), Some(ahead + 900 * HOUR), "at last");
    }

    #[test]
    fn the_recorded_time_bounds_a_clock_that_starts_ahead() {
        let mut trust = Trust::new(NOW + 200 * DAY, 0);
        trust.record_known_time(NOW, 0);
        assert_eq!(trust.certain(NOW + 200 * DAY, 0), NOW);
        let now = NOW + 200 * DAY + 2 * HOUR;
        assert_eq!(trust.trusted(now, 2 * HOUR), Some(NOW + 2 * DAY));
        assert!(!trust.is_behind(now, 2 * HOUR));
    }

    #[test]
    fn a_clock_behind_the_recorded_time_is_not_trusted() {
        let mut trust = Trust::new(0, 0);
        trust.record_known_time(NOW, 0);
        assert!(trust.is_behind(2 * HOUR, 2 * HOUR));
        assert_eq!(trust.trusted(2 * HOUR, 2 * HOUR), None);
        assert_eq!(
            trust.trusted(DAY, DAY),
            Some(DAY),
            "after a day it is trusted"
        );
        // Set right by NTP: the recorded time still counts.
        trust.check(NOW + DAY, 3 * HOUR);
        assert_eq!(trust.trusted(NOW + DAY + HOUR, 4 * HOUR), Some(NOW + DAY));
    }
}
