//! Message type 12: a stretch of positions.
//!
//! On the wire any steps mean some points, so everything a track must be is checked here: times that never go back and
//! end before the frame was made, places on the Earth, courses on the circle.

use firmware_protocol::body::{FixType, TrackBatch};
use firmware_protocol::track::TrackPoint as WirePoint;

use super::telemetry;
use super::values::{accuracy_m, heading_deg, missing, place, speed_kmh};
use crate::domain::admission::{Reason, Rejection};
use crate::domain::report::{Track, TrackPoint};

pub(super) fn read(wire: &TrackBatch) -> Result<Track, Rejection> {
    if wire.first.fix == FixType::NONE {
        return Err(missing("first.fix"));
    }
    let mut points = Vec::with_capacity(1 + wire.steps.len());
    let mut last_ms = 0;
    for (index, wire_point) in wire.points().enumerate() {
        last_ms = later(&wire_point, last_ms, wire.age_ms).map_err(|rejection| at(index, rejection))?;
        points.push(point(wire, &wire_point).map_err(|rejection| at(index, rejection))?);
    }
    Ok(Track { first: telemetry::read(&wire.first)?, points })
}

/// The point's time, if it is neither before the last point's nor after the frame's.
fn later(point: &WirePoint, last_ms: u32, age_ms: u32) -> Result<u32, Rejection> {
    let elapsed_ms = point.elapsed_ms;
    let wrong = if elapsed_ms < last_ms {
        format!("elapsed_ms: {elapsed_ms} is before the point before it, {last_ms}")
    } else if elapsed_ms > age_ms {
        format!("elapsed_ms: {elapsed_ms} is after the frame was made, {age_ms} ms behind the first point")
    } else {
        return Ok(elapsed_ms);
    };
    Err(Rejection::new(Reason::OutOfRange, wrong))
}

fn point(wire: &TrackBatch, point: &WirePoint) -> Result<TrackPoint, Rejection> {
    let (lon_deg, lat_deg) = place(point.lon_e7, point.lat_e7)?;
    // A speed of 0 says what it says in the first point: the state is the same along the track.
    let measured = firmware_protocol::body::Telemetry { speed_cm_s: point.speed_cm_s, ..wire.first };
    Ok(TrackPoint {
        elapsed_ms: point.elapsed_ms,
        lon_deg,
        lat_deg,
        speed_kmh: measured.measured_speed_cm_s().map(speed_kmh),
        heading_deg: heading_deg(point.heading_cdeg)?,
        accuracy_m: accuracy_m(point.accuracy_dm),
    })
}

fn at(index: usize, rejection: Rejection) -> Rejection {
    Rejection::new(rejection.reason, format!("points[{index}].{}", rejection.detail))
}
