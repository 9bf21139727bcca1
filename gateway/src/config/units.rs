//! Durations and sizes as people write them: `"30s"`, `"500ms"`, `"2GiB"`. Whole numbers with one unit, no blanks.

use std::time::Duration;

/// Units of time in milliseconds, largest first.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size in bytes, largest first.
const SIZES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a duration; `None` when the text is none.
pub fn parse_duration(text: &str) -> Option<Duration> {
    parse(text, &TIMES).map(Duration::from_millis)
}

/// Writes a duration with the largest unit that divides it; parts of a millisecond are left out.
pub(super) fn show_duration(duration: Duration) -> String {
    show(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), &TIMES)
}

/// Reads a size in bytes; `None` when the text is none.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    parse(text, &SIZES)
}

/// Writes a size with the largest unit that divides it.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES)
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |factor: u64| value != 0 && value.is_multiple_of(factor);
    let (unit, factor) =
        units.iter().copied().find(|(_, factor)| fits(*factor)).unwrap_or(match units.last() {
            Some(smallest) => *smallest,
            None => ("", 1),
        });
    format!("{}{unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_reads_back_the_same(ms in 0..u64::MAX / 2, bytes in 0..u64::MAX / 2) {
            prop_assert_eq!(parse_duration(&show_duration(Duration::from_millis(ms))), Some(Duration::from_millis(ms)));
            prop_assert_eq!(parse_size(&show_size(bytes)), Some(bytes));
        }

        #[test]
        fn round_values_read_back_the_same(n in 0..1u64 << 20, time in 0..4usize, size in 0..5usize) {
            let ms = n * TIMES[time].1;
            prop_assert_eq!(parse_duration(&format!("{n}{}", TIMES[time].0)), Some(Duration::from_millis(ms)));
            prop_assert_eq!(parse_duration(&show_duration(Duration::from_millis(ms))), Some(Duration::from_millis(ms)));
            prop_assert_eq!(parse_size(&format!("{n}{}", SIZES[size].0)), Some(n * SIZES[size].1));
            prop_assert_eq!(parse_size(&show_size(n * SIZES[size].1)), Some(n * SIZES[size].1));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}|[0-9]{0,24}(ms|s|m|h|B|KiB|MiB|GiB|TiB)?") {
            // No panic, no overflow; a value only from digits and one unit.
            if parse_duration(&text).is_some() || parse_size(&text).is_some() {
                prop_assert!(text.starts_with(|c: char| c.is_ascii_digit()));
                prop_assert!(text.ends_with(|c: char| c.is_ascii_alphabetic()));
            }
        }
    }

    #[test]
    fn the_largest_unit_is_shown() {
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::from_secs(300)), "5m");
        assert_eq!(show_duration(Duration::ZERO), "0ms");
        assert_eq!(show_size(2 << 30), "2GiB");
        assert_eq!(show_size(1500), "1500B");
    }
}
