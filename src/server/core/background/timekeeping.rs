//! The clock of this process: that of the database server, which all nodes share, or with a file that of this machine.

use crate::{
    domain::moment::Timestamp,
    server::{
        clock::{Clock, TOLERANCE, rfc3339},
        core::Core,
        db::{Db, StoreError},
    },
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

/// An answer that took longer is too inexact: the previous one stays in use.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);

/// If the clock shows that a file was last used longer ago than this, that may be true, or the clock is ahead.
const LONG_AGO: Duration = Duration::from_secs(30 * 86_400);

/// Measures repeatedly until the server stops.
pub async fn run(core: Core) {
    let mut logged = Duration::ZERO;
    loop {
        match measure(&core.db, &core.clock).await {
            Ok(difference) => logged = report(difference, logged),
            Err(error) => tracing::warn!(%error, "the time of the database was not read"),
        }
        // Also detects that the clock was set, if nothing else reads it.
        core.clock.trusted();
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes the time from the database server, if there is one. Returns the difference from this machine's own clock.
///
/// # Errors
/// [`StoreError`]: the previous measurement stays in use.
pub async fn measure(db: &Db, clock: &Clock) -> Result<Duration, StoreError> {
    let Some(answer) = db.time(|| clock.monotonic()).await? else {
        return Ok(Duration::ZERO);
    };
    let (asked, answered) = (answer.asked, answer.answered);
    let time = Timestamp::from_millis(answer.time);
    let round_trip = answered.since(asked);
    if round_trip < MAX_ROUND_TRIP || !clock.follows() {
        clock.follow(time, asked, answered);
    }
    Ok(abs_diff(clock.of_this_machine(), clock.now()))
}

/// Logs once that the clocks differ, and again when the difference changes.
fn report(difference: Duration, logged: Duration) -> Duration {
    let is_wrong = difference > TOLERANCE;
    if is_wrong == (logged > TOLERANCE) && difference.abs_diff(logged) <= TOLERANCE {
        return logged;
    }
    if is_wrong {
        tracing::warn!(
            seconds = difference.as_secs(),
            "this machine's clock differs from that of the database, which counts; let NTP set it"
        );
    } else if logged > TOLERANCE {
        tracing::info!("this machine's clock agrees with that of the database again");
    }
    difference
}

/// What is wrong with a clock that shows `now`, if the file was in use at `last`.
pub fn warning(now: Timestamp, last: Timestamp) -> Option<String> {
    let (now_shown, last_shown) = (rfc3339(now), rfc3339(last));
    if now.after(TOLERANCE) < last {
        Some(format!(
            "the clock shows {now_shown}, and the database was in use at {last_shown}: it is behind, or was ahead \
             then. Let NTP set it. Until it has passed that time nothing is deleted."
        ))
    } else if now.since(last) > LONG_AGO {
        Some(format!(
            "the clock shows {now_shown}, and the database was last in use at {last_shown}. If that is not so, the \
             clock is ahead: let NTP set it before it has deleted what is kept for a time."
        ))
    } else {
        None
    }
}

fn abs_diff(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

/// A warning if this machine's clock differs from that of the database.
pub fn difference_warning(clock: &Clock) -> Option<String> {
    let difference = abs_diff(clock.of_this_machine(), clock.now());
    (difference > TOLERANCE).then(|| {
        format!(
            "this machine's clock differs by {} s from that of the database, which counts. Let NTP set it.",
            difference.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_or_far_ahead_gives_a_warning() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let days = |days: u64| Duration::from_secs(days * 86_400);
        assert_eq!(warning(now, now), None);
        assert_eq!(warning(now, now.before(days(29))), None);
        assert_eq!(warning(now, now.after(Duration::from_secs(4))), None);
        for (last, words) in [
            (now.after(days(1)), "behind"),
            (now.before(days(200)), "ahead"),
        ] {
            let warning = super::warning(now, last).expect(words);
            assert!(warning.contains(words), "{warning}");
        }
    }

    #[test]
    fn a_difference_is_logged_once() {
        let [none, small, large] = [0, 4, 10_800].map(Duration::from_secs);
        assert_eq!(report(small, none), none);
        assert_eq!(report(large, none), large);
        assert_eq!(report(large + small, large), large);
        assert_eq!(report(none, large), none);
    }
}
