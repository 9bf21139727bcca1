//! A stretch of positions: a list of points, each complete.

use firmware_protocol::body;
use firmware_protocol::track::TrackPoint;
use serde::{Deserialize, Serialize};

use super::{Telemetry, hundredths, kmh, tenths};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Track<'a> {
    age_ms: u32,
    #[serde(borrow)]
    first: Telemetry<'a>,
    points: Vec<Point>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    elapsed_ms: u32,
    lon: f64,
    lat: f64,
    speed_kmh: f64,
    heading_deg: f64,
    accuracy_m: f64,
}

impl From<TrackPoint> for Point {
    fn from(from: TrackPoint) -> Self {
        Self {
            elapsed_ms: from.elapsed_ms,
            lon: from.lon_e7.degrees(),
            lat: from.lat_e7.degrees(),
            speed_kmh: kmh(from.speed_cm_s),
            heading_deg: hundredths(from.heading_cdeg),
            accuracy_m: tenths(from.accuracy_dm.into()),
        }
    }
}

impl From<&body::TrackBatch> for Track<'static> {
    fn from(from: &body::TrackBatch) -> Self {
        Self {
            age_ms: from.age_ms,
            first: Telemetry::from(&from.first),
            points: from.points().skip(1).map(Point::from).collect(),
        }
    }
}
