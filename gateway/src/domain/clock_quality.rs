//! Whether rules may judge by a time.
//!
//! A stall is out of hours, a case is late: such a word needs a wall clock, and said by a wrong one it wrongs somebody. So rules take
//! a [`TrustedTime`], which only [`trusted`] makes; without one they say `clock_untrusted` and judge nothing.
//!
//! A time is trusted when its source keeps time by itself (satellites, a network, this gateway, a corrected clock), when it
//! can be, and when it does not lie ahead of the gateway's own clock, if that was ever set. One that lies behind is a report that was
//! kept back. The bounds are project-defined.

use serde::{Deserialize, Serialize};

use super::report::{ObservedAt, TimeQuality};

/// How far a device's clock may be ahead of the gateway's, in milliseconds: two clocks that are both right differ by less.
pub const AHEAD_MAX_MS: i64 = 60_000;

/// A time that rules may judge by, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustedTime(i64);

impl TrustedTime {
    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// A time that somebody vouches for, as in an example of a rule.
    pub const fn vouched(unix_ms: i64) -> TrustedTime {
        TrustedTime(unix_ms)
    }
}

/// Why no rule may judge by a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distrust {
    /// The device did not know the time.
    NoClock,
    /// Its clock runs free, or it does not say where it has its time.
    Source,
    /// Its clock shows a time before this gateway was made: it was never set.
    Implausible,
    /// It lies ahead of the gateway's clock: one of the two is wrong.
    Ahead,
}

/// The time of a report, if rules may judge by it. `received_at_ms`: when it came, by the gateway's clock.
///
/// # Errors
/// [`Distrust`]: why they may not.
pub fn trusted(observed_at: Option<ObservedAt>, received_at_ms: i64) -> Result<TrustedTime, Distrust> {
    let ObservedAt { unix_ms, quality } = observed_at.ok_or(Distrust::NoClock)?;
    if matches!(quality, TimeQuality::Unknown | TimeQuality::Rtc) {
        return Err(Distrust::Source);
    }
    if unix_ms < ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS {
        return Err(Distrust::Implausible);
    }
    // A gateway whose own clock was never set has nothing to say about others.
    let is_gateway_set = received_at_ms >= ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS;
    if is_gateway_set && unix_ms > received_at_ms.saturating_add(AHEAD_MAX_MS) {
        return Err(Distrust::Ahead);
    }
    Ok(TrustedTime(unix_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_752_000_000;

    #[test]
    fn a_time_is_trusted_by_its_source_and_when_it_can_be() {
        let of = |unix_ms, quality| trusted(Some(ObservedAt { unix_ms, quality }), NOON);
        for quality in
            [TimeQuality::DisciplinedRtc, TimeQuality::Network, TimeQuality::Gateway, TimeQuality::Gnss]
        {
            assert_eq!(of(NOON, quality), Ok(TrustedTime(NOON)));
        }
        assert_eq!(of(NOON, TimeQuality::Rtc), Err(Distrust::Source));
        assert_eq!(of(NOON, TimeQuality::Unknown), Err(Distrust::Source));
        assert_eq!(of(0, TimeQuality::Gnss), Err(Distrust::Implausible));
        assert_eq!(trusted(None, NOON), Err(Distrust::NoClock));
    }

    #[test]
    fn a_time_an_hour_ahead_is_not_trusted_and_one_a_day_behind_is_a_report_that_was_kept_back() {
        let of = |unix_ms| trusted(Some(ObservedAt { unix_ms, quality: TimeQuality::Gnss }), NOON);
        assert_eq!(of(NOON + 3_600_000), Err(Distrust::Ahead));
        assert_eq!(of(NOON + AHEAD_MAX_MS), Ok(TrustedTime(NOON + AHEAD_MAX_MS)));
        assert_eq!(of(NOON - 86_400_000), Ok(TrustedTime(NOON - 86_400_000)));
    }

    #[test]
    fn a_gateway_that_booted_in_1970_still_believes_satellites() {
        let gnss = Some(ObservedAt { unix_ms: NOON, quality: TimeQuality::Gnss });
        assert_eq!(trusted(gnss, 60_000), Ok(TrustedTime(NOON)));
    }
}
