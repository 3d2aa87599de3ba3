//! Points in time.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Instants further ahead of now than this were recorded by a wrong clock: the clocks of nodes that share a database
/// differ by less.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// A point in time, in Unix milliseconds (UTC), as in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved into the future. Saturates, so that no configured lifetime can wrap
    /// into the past.
    pub fn after(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// This instant moved into the past.
    pub fn before(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// Whether only a wrong clock can have recorded this instant by `now`.
    pub fn is_ahead_of(self, now: Self) -> bool {
        self > now.after(MAX_CLOCK_SKEW)
    }

    /// The time since `earlier`; zero if it lies ahead (a clock that was set back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A point in time relative to the server's "now".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelativeMoment {
    pub at: Moment,
    /// The distance when the page was rendered; negative for the past.
    pub seconds_away: i64,
}

/// A session that was used within this time is active: "last seen" moves at most once a minute, and a reader pauses.
const ACTIVE_SECONDS: i64 = 180;

/// Describes when a session was last used.
pub fn activity_in_words(seconds_away: i64) -> String {
    if seconds_away > -ACTIVE_SECONDS {
        "Active now".to_owned()
    } else {
        format!("Last active {}", in_words(seconds_away))
    }
}

/// Describes a distance in whole units, as people would: the past is truncated, the future rounded.
pub fn in_words(seconds_away: i64) -> String {
    // The distance from which a unit is used, and its length. A session of one day has "24 hours" everywhere: with
    // days from one on, a page would name its length in two ways.
    const UNITS: [(i64, i64, &str); 3] = [
        (2 * 86_400, 86_400, "day"),
        (3_600, 3_600, "hour"),
        (60, 60, "minute"),
    ];
    let is_ahead = seconds_away > 0;
    // One second less than two hours counts as two hours.
    let distance = seconds_away
        .saturating_abs()
        .saturating_add(i64::from(is_ahead));
    let unit = UNITS.into_iter().find(|(from, ..)| distance >= *from);
    let Some((_, length, unit)) = unit else {
        let words = if is_ahead {
            "in less than a minute"
        } else {
            "just now"
        };
        return words.to_owned();
    };
    let rounding = if is_ahead { length / 2 } else { 0 };
    let number = distance.saturating_add(rounding) / length;
    let plural = if number == 1 { "" } else { "s" };
    if is_ahead {
        format!("in {number} {unit}{plural}")
    } else {
        format!("{number} {unit}{plural} ago")
    }
}

/// A point in time as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// RFC 3339 in UTC, for the `datetime` attribute and for programs.
    pub iso: String,
    /// For people, in UTC; the browser replaces it by its own time zone.
    pub words: String,
}

#[cfg(test)]
mod tests {
    use super::{activity_in_words, in_words};

    #[test]
    fn a_session_is_active_for_three_minutes() {
        for (seconds, words) in [
            (5, "Active now"),
            (-179, "Active now"),
            (-180, "Last active 3 minutes ago"),
            (-90_000, "Last active 25 hours ago"),
        ] {
            assert_eq!(activity_in_words(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn distances_are_described_in_whole_units() {
        for (seconds, words) in [
            (0, "just now"),
            (-59, "just now"),
            (58, "in less than a minute"),
            (-60, "1 minute ago"),
            (60, "in 1 minute"),
            (-3_599, "59 minutes ago"),
            (119, "in 2 minutes"),
            (5_000, "in 1 hour"),
            (7_199, "in 2 hours"),
            (14 * 86_400 - 180, "in 14 days"),
            (-7_200, "2 hours ago"),
            (86_400, "in 24 hours"),
            (-86_400, "24 hours ago"),
            (2 * 86_400 - 1, "in 2 days"),
            (-2 * 86_400, "2 days ago"),
            (-90 * 86_400, "90 days ago"),
        ] {
            assert_eq!(in_words(seconds), words, "{seconds}");
        }
        assert!(in_words(i64::MIN).ends_with(" ago"));
    }
}
