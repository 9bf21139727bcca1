//! When what a frame tells happened, by the device's clocks.

use firmware_protocol::{Header, TimeSource};

use crate::domain::report::{ObservedAt, TimeQuality};

/// The wall-clock time of what was `age_ms` old when the frame was made; `None` when the clock was not set, or beyond
/// what can be written.
pub(super) fn observed_at(header: &Header, age_ms: u32) -> Option<ObservedAt> {
    let unix_ms = i64::try_from(header.event_unix_ms(age_ms)?).ok()?;
    if !ObservedAt::UNIX_MS.contains(&unix_ms) {
        return None;
    }
    let quality = match header.time_quality.source {
        TimeSource::RTC => TimeQuality::Rtc,
        TimeSource::DISCIPLINED_RTC => TimeQuality::DisciplinedRtc,
        TimeSource::NETWORK => TimeQuality::Network,
        TimeSource::GATEWAY_SYNC => TimeQuality::Gateway,
        TimeSource::GNSS => TimeQuality::Gnss,
        _ => TimeQuality::Unknown,
    };
    Some(ObservedAt { unix_ms, quality })
}

/// The same by the device's uptime, which it always has.
pub(super) fn uptime_ms(header: &Header, age_ms: u32) -> Option<i64> {
    let made_at_ms = i64::try_from(header.uptime_ms).ok()?; // 40 bits on the wire
    Some(made_at_ms - i64::from(age_ms))
}
