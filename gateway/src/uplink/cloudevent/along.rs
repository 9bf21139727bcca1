//! What a track tells of each of its points.
//!
//! `coordinateProperties` is where GeoJSON tools look for values along a line: arrays as long as the line's
//! coordinates, `null` where a point lacks the value; an array that would hold nothing else is left out.

use serde::Serialize;

use super::Moment;
use crate::domain::report::{Telemetry, Track, TrackPoint};

/// The first point as a telemetry of its own, and the values along the way.
#[derive(Debug, Serialize)]
pub(super) struct TrackFacts {
    #[serde(flatten)]
    first: Telemetry,
    #[serde(rename = "coordinateProperties")]
    along: Along,
}

#[derive(Debug, Serialize)]
struct Along {
    /// When the device was there; left out when nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<Vec<Moment>>,
    elapsed_ms: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed_kmh: Option<Vec<Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading_deg: Option<Vec<Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<Vec<Option<f64>>>,
}

impl TrackFacts {
    /// The facts of a track whose first point is from this time, in milliseconds since 1970.
    pub(super) fn of(track: &Track, first_at_ms: Option<i64>) -> TrackFacts {
        let values = |of: fn(&TrackPoint) -> Option<f64>| {
            let values: Vec<_> = track.points.iter().map(of).collect();
            values.iter().any(Option::is_some).then_some(values)
        };
        let elapsed_ms: Vec<u32> = track.points.iter().map(|point| point.elapsed_ms).collect();
        let times = first_at_ms.map(|first_at_ms| {
            elapsed_ms.iter().map(|elapsed_ms| Moment(first_at_ms + i64::from(*elapsed_ms))).collect()
        });
        let along = Along {
            times,
            elapsed_ms,
            speed_kmh: values(|point| point.speed_kmh),
            heading_deg: values(|point| point.heading_deg),
            accuracy_m: values(|point| point.accuracy_m),
        };
        TrackFacts { first: track.first, along }
    }
}
