//! Messages as bodies of firmware-protocol frames.

use firmware_protocol::body::{self, FixType, VehicleState};
use firmware_protocol::track::TrackBuilder;
use firmware_protocol::{DegreesE7, List, Text};

use super::{CaseKind, Incident, Position, Reading, Status, TaskAck, Telemetry, Track, Unencodable};

/// Age of a fix when it is sent: the devices' receivers give ten a second.
pub(super) const FIX_AGE_MS: u32 = 100;

/// Bytes of a track's body at most, so that its frame fits into a slot.
const TRACK_LEN_MAX: usize = 1_900;

/// Power of ten of a reading's value: thousandths.
const READING_EXPONENT: i8 = -3;

pub(super) fn telemetry(telemetry: &Telemetry) -> Result<body::Telemetry, Unencodable> {
    let (lat_e7, lon_e7) = degrees(&telemetry.position)?;
    let moving = telemetry.speed_kmh > 0.0;
    Ok(body::Telemetry {
        valid: VehicleState::IGNITION | VehicleState::MOVING,
        state: VehicleState::EMPTY
            .with(VehicleState::IGNITION, telemetry.ignition)
            .with(VehicleState::MOVING, moving),
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7,
        lon_e7,
        altitude_dm: 4960,
        accuracy_dm: decimetres(telemetry.position.accuracy_m),
        speed_cm_s: (telemetry.speed_kmh / 0.036).round() as u16,
        heading_cdeg: match (telemetry.heading_deg * 100.0).round() as u16 {
            0 if moving => 36_000,
            heading_cdeg => heading_cdeg,
        },
        fix_age_ms: FIX_AGE_MS,
        supply_mv: 13_800,
        battery_percent: telemetry.battery_percent,
        odometer_m: telemetry.odometer_m,
    })
}

/// A track that ends at `uptime_ms` or before.
pub(super) fn track(track: &Track, uptime_ms: u64) -> Result<body::TrackBatch, Unencodable> {
    let mut builder = TrackBuilder::new(TRACK_LEN_MAX);
    for (point_uptime_ms, point) in &track.points {
        if !builder.push(*point_uptime_ms, &telemetry(point)?) {
            return Err(Unencodable::Track);
        }
    }
    builder.take(uptime_ms).ok_or(Unencodable::Track)
}

pub(super) fn incident<'a>(incident: &Incident<'a>) -> Result<body::Incident<'a>, Unencodable> {
    let (lat_e7, lon_e7) = degrees(&incident.position)?;
    Ok(body::Incident {
        category: incident.code,
        kind: match incident.kind {
            CaseKind::Event => body::CaseKind::EVENT,
            CaseKind::Component => body::CaseKind::COMPONENT,
        },
        severity: incident.severity,
        fix: FixType::GNSS_3D,
        lat_e7,
        lon_e7,
        accuracy_dm: decimetres(incident.position.accuracy_m),
        fix_age_ms: FIX_AGE_MS,
        operator: Text::truncated(incident.operator),
        stall_card: Text::truncated(incident.stall_card),
        description: Text::truncated(incident.description),
        evidence: List::from_slice(incident.photo.as_slice()).unwrap_or_default(), // one of eight fits
        ..body::Incident::default()
    })
}

pub(super) fn sensor_report(reading: &Reading) -> body::SensorReport {
    let value = body::SensorReading {
        quantity: reading.quantity,
        exponent: READING_EXPONENT,
        value: (reading.value * 1000.0).round() as i32,
        ..body::SensorReading::default()
    };
    let readings = List::from_slice(&[value]).unwrap_or_default(); // one of sixteen fits
    body::SensorReport { age_ms: 0, readings }
}

pub(super) fn status<'a>(status: &Status<'a>) -> body::Status<'a> {
    body::Status {
        firmware: Text::truncated(status.firmware),
        battery_percent: status.battery_percent,
        storage_free_kib: status.storage_free_kib,
        queued: status.queued,
        dropped: status.dropped,
        ..body::Status::default()
    }
}

pub(super) fn task_ack<'a>(ack: &TaskAck<'a>) -> body::TaskAck<'a> {
    body::TaskAck {
        task: ack.task,
        revision: ack.revision,
        state: ack.state,
        note: Text::truncated(ack.note),
        ..body::TaskAck::default()
    }
}

fn degrees(position: &Position) -> Result<(DegreesE7, DegreesE7), Unencodable> {
    let degrees = |value| DegreesE7::from_degrees(value).ok_or(Unencodable::Position);
    Ok((degrees(position.lat_deg)?, degrees(position.lon_deg)?))
}

/// At least 1, because 0 means unknown.
fn decimetres(metres: f64) -> u16 {
    ((metres * 10.0).round() as u16).max(1)
}
