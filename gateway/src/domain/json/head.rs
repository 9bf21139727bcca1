//! What the messages of all classes have in front: which record it is, and when it happened.

use super::values::{Text, whole};
use crate::domain::admission::{Reason, Rejection};
use crate::domain::report::{ObservedAt, RecordRef, TimeQuality};

/// The device's own number for the record: both parts or none.
pub(super) fn claimed(boot: Option<u32>, seq: Option<u32>) -> Result<Option<RecordRef>, Rejection> {
    match (boot, seq) {
        (Some(boot), Some(seq)) => Ok(Some(RecordRef { boot, seq })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(Rejection::new(Reason::HalfIdentity, "boot without seq: give both or neither"))
        }
        (None, Some(_)) => {
            Err(Rejection::new(Reason::HalfIdentity, "seq without boot: give both or neither"))
        }
    }
}

/// The event's time: the message's, less the age of the event at that time.
pub(super) fn observed_at(
    time: Option<&Text<'_>>,
    quality: Option<&Text<'_>>,
    age_ms: Option<f64>,
) -> Result<Option<ObservedAt>, Rejection> {
    let age_ms: i64 = whole("age_ms", age_ms, 0..=i64::from(u32::MAX))?.unwrap_or(0);
    let Some(time) = time else { return Ok(None) };
    let written: jiff::Timestamp = time.0.parse().map_err(|_| {
        let detail =
            format!("time: {:?} is not RFC 3339 with an offset, like 2026-11-23T09:12:44.120+08:00", time.0);
        Rejection::new(Reason::InvalidTime, detail)
    })?;
    let unix_ms = written.as_millisecond().saturating_sub(age_ms);
    if !ObservedAt::UNIX_MS.contains(&unix_ms) {
        return Err(Rejection::new(
            Reason::OutOfRange,
            format!("time: {:?} is outside the years 1 to 9999", time.0),
        ));
    }
    let quality = quality.map_or(TimeQuality::Unknown, |name| TimeQuality::from_name(&name.0));
    Ok(Some(ObservedAt { unix_ms, quality }))
}
