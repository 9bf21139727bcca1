//! The city's own time: days begin and stalls open by it.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The city's clock: a fixed distance from UTC. China has had one time for the whole country and no summer time since 1991
/// (source: IANA time zone database, Asia/Shanghai; confidence high).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CityClock {
    offset: Offset,
}

impl CityClock {
    /// A clock so many minutes ahead of UTC; `None` beyond 14 hours either way.
    pub fn ahead_of_utc(minutes: i32) -> Option<CityClock> {
        let bound = 14 * 60;
        let offset = (-bound..=bound).contains(&minutes).then(|| Offset::from_seconds(minutes * 60).ok());
        offset.flatten().map(|offset| CityClock { offset })
    }

    /// What the clock on the wall shows; a time that can't be written shows the year 1 or 9999.
    pub fn shows(self, unix_ms: i64) -> DateTime {
        let moment = jiff::Timestamp::from_millisecond(unix_ms);
        let moment = moment.unwrap_or(if unix_ms < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX });
        self.offset.to_datetime(moment)
    }

    /// When the clock on the wall shows this, in milliseconds since 1970; `None` for a time that can't be written.
    pub fn unix_ms(self, shown: DateTime) -> Option<i64> {
        self.offset.to_timestamp(shown).ok().map(jiff::Timestamp::as_millisecond)
    }
}

impl Default for CityClock {
    /// UTC+8, China's.
    fn default() -> CityClock {
        CityClock { offset: Offset::constant(8) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_begins_at_16_h_utc_of_the_day_before() {
        let clock = CityClock::default();
        let midnight = clock.unix_ms(date(2026, 11, 28).at(0, 0, 0, 0)).unwrap();
        assert_eq!(jiff::Timestamp::from_millisecond(midnight).unwrap().to_string(), "2026-11-27T16:00:00Z");
        assert_eq!(clock.shows(midnight - 1).date(), date(2026, 11, 27));
        assert_eq!(clock.shows(midnight).date(), date(2026, 11, 28));
        assert_eq!(CityClock::ahead_of_utc(480), Some(clock));
        assert_eq!(CityClock::ahead_of_utc(900), None);
        assert_eq!(clock.shows(i64::MAX).year(), 9999);
    }
}
