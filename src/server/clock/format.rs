//! Formats of instants.

use crate::domain::moment::{Moment, RelativeMoment, Timestamp};
use jiff::tz::TimeZoneDatabase;

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(at: Timestamp) -> String {
    utc(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Parses an instant of RFC 3339, in any time zone.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// A time zone of the IANA's database, by its name.
#[derive(Clone, Debug)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// `None` if there is none of this name. The rules of the machine come first: they may be newer than this program.
    /// It may have none, or not all names that browsers use.
    pub fn named(name: &str) -> Option<Self> {
        let zone = jiff::tz::TimeZone::get(name);
        let zone = zone.or_else(|_| TimeZoneDatabase::bundled().get(name));
        zone.ok().map(Self)
    }
}

/// Parses a day such as `2026-09-21`. Returns its first instant in UTC, and that of the next day.
pub fn parse_day(text: &str) -> Option<(Timestamp, Timestamp)> {
    parse_day_in(text, &TimeZone::UTC)
}

/// The same in a time zone.
pub fn parse_day_in(text: &str, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let day: jiff::civil::Date = text.parse().ok()?;
    let begins = |day: jiff::civil::Date| {
        let midnight = day.to_zoned(zone.0.clone()).ok()?;
        Some(Timestamp::from_millis(
            midnight.timestamp().as_millisecond(),
        ))
    };
    Some((begins(day)?, begins(day.tomorrow().ok()?)?))
}

/// The day in UTC, such as `2026-09-21`.
pub fn day(at: Timestamp) -> String {
    utc(at).strftime("%Y-%m-%d").to_string()
}

/// Parses the `Date` of an answer, such as `Mon, 21 Sep 2026 14:13:20 GMT`.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp().as_millisecond()))
}

/// A point in time for pages, in UTC until the browser replaces it by its own time zone.
pub fn moment(at: Timestamp) -> Moment {
    Moment {
        iso: rfc3339(at),
        words: utc(at).strftime("%-d %B %Y, %H:%M UTC").to_string(),
    }
}

/// The day of a point in time, in UTC, for tables.
pub fn date(at: Timestamp) -> Moment {
    Moment {
        iso: rfc3339(at),
        words: utc(at).strftime("%-d %b %Y").to_string(),
    }
}

/// The same with seconds, for lists in which the order of events matters.
pub fn precise_moment(at: Timestamp) -> Moment {
    Moment {
        iso: rfc3339(at),
        words: utc(at).strftime("%-d %B %Y, %H:%M:%S UTC").to_string(),
    }
}

/// The same, relative to `now`.
pub fn relative(at: Timestamp, now: Timestamp) -> RelativeMoment {
    RelativeMoment {
        at: moment(at),
        seconds_away: at.as_millis().saturating_sub(now.as_millis()) / 1_000,
    }
}

/// Instants beyond the calendar (a saturated lifetime) are shown as its end.
fn utc(at: Timestamp) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .unwrap_or(jiff::Timestamp::MAX)
        .to_zoned(jiff::tz::TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_an_iso_form_and_words() {
        let shown = moment(Timestamp::from_millis(1_790_000_000_000));
        assert_eq!(shown.iso, "2026-09-21T14:13:20Z");
        assert_eq!(shown.words, "21 September 2026, 14:13 UTC");
        let day = date(Timestamp::from_millis(1_790_000_000_000));
        assert_eq!((day.iso, day.words.as_str()), (shown.iso, "21 Sep 2026"));
    }

    #[test]
    fn a_day_begins_and_ends_in_utc() {
        let begin = Timestamp::from_millis(1_789_948_800_000);
        let end = Timestamp::from_millis(1_790_035_200_000);
        assert_eq!(parse_day("2026-09-21"), Some((begin, end)));
        assert_eq!(day(begin), "2026-09-21");
        for nonsense in [
            "",
            "2026-02-30",
            "21 September",
            "9999-12-31",
            "2026-09-21x",
            "\0",
        ] {
            assert_eq!(parse_day(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_its_time_zone() {
        let berlin = TimeZone::named("Europe/Berlin").unwrap();
        let hours = |(begin, end): (Timestamp, Timestamp)| end.since(begin).as_secs() / 3_600;
        let (begin, _) = parse_day_in("2026-09-21", &berlin).unwrap();
        assert_eq!(rfc3339(begin), "2026-09-20T22:00:00Z");
        // Summer time ends.
        assert_eq!(parse_day_in("2026-10-25", &berlin).map(hours), Some(25));
        for name in [
            "",
            "Nowhere/At_All",
            "../../etc/passwd",
            "Europe/Berlin\0",
            "+01:00",
        ] {
            assert!(TimeZone::named(name).is_none(), "{name}");
        }
    }

    /// Otherwise the days of a machine without time zones would silently be those of UTC.
    #[test]
    fn the_time_zones_are_inside_the_program() {
        for name in ["Europe/Berlin", "Asia/Kolkata", "Asia/Calcutta"] {
            assert!(TimeZoneDatabase::bundled().get(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_precise_moment_has_seconds() {
        let shown = precise_moment(Timestamp::from_millis(1_790_000_000_000));
        assert_eq!(shown.words, "21 September 2026, 14:13:20 UTC");
    }

    #[test]
    fn http_dates_are_parsed() {
        let date = parse_http_date("Mon, 21 Sep 2026 14:13:20 GMT");
        assert_eq!(date, Some(Timestamp::from_millis(1_790_000_000_000)));
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn instants_beyond_the_calendar_do_not_panic() {
        assert!(
            moment(Timestamp::from_millis(i64::MAX))
                .iso
                .starts_with("9999-")
        );
    }
}
