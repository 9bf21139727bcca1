//! When it happened, and how that is known.

use serde::Serialize;

use crate::domain::anchor::Anchor;
use crate::domain::report::{ObservedAt, Report, TimeQuality};

/// When it happened. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// By the device's clock.
    Device(ObservedAt),
    /// By the device's uptime, and what its clock said at another moment of the same boot.
    Anchored { unix_ms: i64, anchor_quality: TimeQuality },
    /// The device did not know: when the gateway received it.
    Received(i64),
}

/// The same in an event's properties.
#[derive(Debug, Serialize)]
pub(super) struct TimeFacts {
    time_from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_quality: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor_quality: Option<&'static str>,
}

impl When {
    pub(super) fn of(report: &Report<'_>, anchor: Option<Anchor>, received_at_ms: i64) -> When {
        let anchored = || {
            let anchor = anchor?;
            let unix_ms = anchor.date(report.uptime_ms?)?;
            Some(When::Anchored { unix_ms, anchor_quality: anchor.quality })
        };
        let device = report.observed_at.map(When::Device);
        device.or_else(anchored).unwrap_or(When::Received(received_at_ms))
    }

    pub(super) fn unix_ms(self) -> i64 {
        match self {
            When::Device(ObservedAt { unix_ms, .. }) => unix_ms,
            When::Anchored { unix_ms, .. } | When::Received(unix_ms) => unix_ms,
        }
    }

    /// The time when it is the device's, by its clock or its uptime.
    pub(super) fn by_device(self) -> Option<i64> {
        (!matches!(self, When::Received(_))).then(|| self.unix_ms())
    }

    pub(super) fn facts(self) -> TimeFacts {
        let (time_from, time_quality, anchor_quality) = match self {
            When::Device(observed_at) => ("device", Some(observed_at.quality.as_str()), None),
            When::Anchored { anchor_quality, .. } => {
                ("device", Some("anchored"), Some(anchor_quality.as_str()))
            }
            When::Received(_) => ("gateway", None, None),
        };
        TimeFacts { time_from, time_quality, anchor_quality }
    }
}
