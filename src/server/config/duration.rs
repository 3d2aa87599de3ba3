//! Durations with units.

use std::time::Duration;

/// The maximum. No useful duration is longer, and it keeps every sum of instants inside the calendar.
const MAX: Duration = Duration::from_secs(3_660 * 86_400);

/// Parses `"30s"`, `"15m"`, `"2h"` or `"14d"`.
///
/// # Errors
/// A sentence that describes the expected form. A bare number is refused: minutes and seconds are easily confused.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || {
        "must be a duration with its unit, such as \"30s\", \"15m\", \"2h\" or \"14d\"".to_owned()
    };
    let number_ends = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(number_ends);
    let seconds_each = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    let duration = Duration::from_secs(number.saturating_mul(seconds_each));
    match duration {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        duration if duration > MAX => Err("must be at most ten years".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Any number with a unit is parsed exactly, or refused as malformed or too long.
        #[test]
        fn a_duration_is_exact_or_refused(number in any::<u64>(), shift in 0_u32..64, unit in 0_usize..4) {
            let number = number >> shift;
            let (unit, each) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)][unit];
            let seconds = u128::from(number) * each;
            let fits = (1..=u128::from(MAX.as_secs())).contains(&seconds);
            let read = parse(&format!("{number}{unit}")).ok().map(|read| u128::from(read.as_secs()));
            prop_assert_eq!(read, fits.then_some(seconds));
        }

        #[test]
        fn any_text_is_within_bounds_or_refused(text in "[0-9 ]{0,22}[smhd]?\\PC{0,4}") {
            if let Ok(read) = parse(&text) {
                prop_assert!((Duration::from_secs(1)..=MAX).contains(&read), "{}", text);
                prop_assert!(text.trim_end().ends_with(['s', 'm', 'h', 'd']), "{}", text);
            }
        }
    }

    #[test]
    fn units_are_parsed() {
        for (text, seconds) in [
            ("30s", 30),
            ("15m", 900),
            ("2h", 7_200),
            ("14d", 1_209_600),
            ("5 m", 300),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn malformed_durations_are_refused() {
        for text in [
            "",
            "30",
            "h",
            "-1h",
            "1.5h",
            "1w",
            "0s",
            "0d",
            "99999999999999999999s",
            "9999999d",
            "1h30m",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
