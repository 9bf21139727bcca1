//! Frames of the firmware protocol become reports.
//!
//! 0 means absent on the wire and becomes `None`; fixed-point numbers become metres, degrees, volts and km/h.
//! The wire format checks the form only, so ranges are checked here. A clock that is beyond what RFC 3339 can
//! write counts as unset: a report is not refused for its clock. Frames are WGS-84.

use std::borrow::Cow;

use firmware_protocol::body;
use firmware_protocol::{
    DecodeError, DegreesE7, DeviceTag, Frame, FrameKey, Header, MessageType, TimeSource,
};

use super::admission::{Reason, Rejection};
use super::report::{
    Body, CaseKind, Class, Crs, DeviceId, Fix, FixType, Incident, ObservedAt, RecordRef, Report, Status,
    Telemetry, TimeQuality,
};

/// cm/s to km/h.
const KMH_PER_CM_S: f64 = 0.036;

/// Reads a frame that `device` published on its topic of `class`.
pub(super) fn read<'a>(class: Class, device: &DeviceId, payload: &'a [u8]) -> Result<Report<'a>, Rejection> {
    let frame = firmware_protocol::open(payload, &FrameKey::CRC32C).map_err(refused)?;
    if frame.header.device != DeviceTag::of(device.as_str()) {
        let detail = format!("a frame of {} published by {device}", frame.header.device);
        return Err(Rejection::new(Reason::FrameDevice, detail));
    }
    if class_of(frame.header.message_type) != Some(class) {
        let detail = format!("message type {} on the topic {class}", frame.header.message_type);
        return Err(Rejection::new(Reason::FrameClass, detail));
    }
    let (body, age_ms) = decode(&frame)?;
    let claimed = Some(RecordRef { boot: frame.header.boot, seq: frame.header.seq });
    let observed_at = observed_at(&frame.header, age_ms);
    Ok(Report { claimed, observed_at, since_boot_ms: since_boot_ms(&frame.header, age_ms), body })
}

/// The topic a message type belongs on; `None` for those the gateway sends and for unknown ones.
fn class_of(message_type: MessageType) -> Option<Class> {
    match message_type {
        MessageType::TELEMETRY | MessageType::TRACK_BATCH => Some(Class::Telemetry),
        MessageType::SENSOR_REPORT => Some(Class::Reading),
        MessageType::INCIDENT => Some(Class::Incident),
        MessageType::EVIDENCE_META | MessageType::EVIDENCE_CHUNK => Some(Class::Evidence),
        MessageType::STATUS => Some(Class::Status),
        MessageType::TASK_ACK => Some(Class::Task),
        _ => None,
    }
}

/// The body, and the event's age at the frame's time in milliseconds.
fn decode<'a>(frame: &Frame<'a>) -> Result<(Body<'a>, u32), Rejection> {
    match frame.header.message_type {
        MessageType::TELEMETRY => Ok((Body::Telemetry(telemetry(&frame.decode().map_err(refused)?)?), 0)),
        MessageType::INCIDENT => {
            let wire: body::Incident<'a> = frame.decode().map_err(refused)?;
            Ok((Body::Incident(incident(&wire)?), wire.age_ms))
        }
        MessageType::STATUS => Ok((Body::Status(status(&frame.decode().map_err(refused)?)?), 0)),
        other => {
            let detail = format!("frames of type {other} are not taken yet; the payload is kept");
            Err(Rejection::new(Reason::FrameType, detail))
        }
    }
}

fn refused(error: DecodeError) -> Rejection {
    let reason = match error {
        DecodeError::Short { .. } | DecodeError::Magic { .. } | DecodeError::Length { .. } => {
            Reason::FrameMalformed
        }
        DecodeError::Version { .. } | DecodeError::Flags { .. } => Reason::FrameVersion,
        DecodeError::Suite { .. } | DecodeError::Key { .. } => Reason::FrameSuite,
        DecodeError::Tag { .. } => Reason::FrameTag,
        DecodeError::MessageType { .. } => Reason::FrameClass,
        DecodeError::Revision { .. }
        | DecodeError::BodyShort { .. }
        | DecodeError::BodyLong { .. }
        | DecodeError::Body { .. } => Reason::FrameBody,
    };
    Rejection::new(reason, error.to_string())
}

fn observed_at(header: &Header, age_ms: u32) -> Option<ObservedAt> {
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

fn since_boot_ms(header: &Header, age_ms: u32) -> Option<i64> {
    i64::try_from(header.uptime_ms).ok()?.checked_sub(i64::from(age_ms))
}

fn telemetry(wire: &body::Telemetry) -> Result<Telemetry, Rejection> {
    let fix_age_ms = present(wire.fix_age_ms);
    Ok(Telemetry {
        fix: fix(wire.fix, wire.lat_e7, wire.lon_e7, wire.accuracy_dm, fix_age_ms)?,
        altitude_m: present(wire.altitude_dm).map(|altitude_dm| f64::from(altitude_dm) / 10.0),
        satellites: present(wire.satellites),
        speed_kmh: wire
            .measured_speed_cm_s()
            .map(|speed_cm_s| rounded(f64::from(speed_cm_s) * KMH_PER_CM_S, 1e3)),
        heading_deg: heading_deg(wire.heading_cdeg)?,
        ignition: wire.state_of(body::VehicleState::IGNITION),
        panic: wire.state_of(body::VehicleState::PANIC),
        battery_percent: battery_percent(wire.battery_percent)?,
        supply_v: present(wire.supply_mv).map(|supply_mv| f64::from(supply_mv) / 1_000.0),
        odometer_m: present(wire.odometer_m).map(u64::from),
    })
}

fn incident<'a>(wire: &body::Incident<'a>) -> Result<Incident<'a>, Rejection> {
    let kind = match wire.kind {
        body::CaseKind::EVENT => CaseKind::Event,
        body::CaseKind::COMPONENT => CaseKind::Component,
        other => {
            return Err(Rejection::new(
                Reason::UnknownValue,
                format!("kind: {other} is none of event, component"),
            ));
        }
    };
    let category =
        present(wire.category).ok_or_else(|| Rejection::new(Reason::MissingField, "category is missing"))?;
    let references = wire.evidence.iter();
    Ok(Incident {
        kind,
        code: Cow::Owned(format!("{category:04}")),
        severity: present(wire.severity),
        fix: fix(wire.fix, wire.lat_e7, wire.lon_e7, wire.accuracy_dm, present(wire.fix_age_ms))?,
        operator: text(wire.operator.as_str()),
        stall_card: text(wire.stall_card.as_str()),
        description: text(wire.description.as_str()),
        evidence: references
            .map(|reference| RecordRef { boot: reference.boot, seq: reference.seq })
            .collect(),
    })
}

fn status<'a>(wire: &body::Status<'a>) -> Result<Status<'a>, Rejection> {
    Ok(Status {
        firmware: text(wire.firmware.as_str()),
        battery_percent: battery_percent(wire.battery_percent)?,
        supply_v: present(wire.supply_mv).map(|supply_mv| f64::from(supply_mv) / 1_000.0),
        temperature_c: present(wire.temperature_deci_c).map(|deci_c| f64::from(deci_c) / 10.0),
        signal_dbm: present(wire.signal_dbm),
        storage_free_kib: present(wire.storage_free_kib).map(u64::from),
        queued: present(wire.queued),
        dropped: present(wire.dropped),
    })
}

fn fix(
    fix_type: body::FixType,
    lat: DegreesE7,
    lon: DegreesE7,
    accuracy_dm: u16,
    fix_age_ms: Option<u32>,
) -> Result<Option<Fix>, Rejection> {
    if fix_type == body::FixType::NONE {
        return Ok(None);
    }
    let (lat_deg, lon_deg) = (lat.degrees(), lon.degrees());
    if !(-90.0..=90.0).contains(&lat_deg) || !(-180.0..=180.0).contains(&lon_deg) {
        return Err(out_of_range(format!(
            "position: latitude {lat_deg}, longitude {lon_deg} is not on the Earth"
        )));
    }
    let accuracy_m = present(accuracy_dm).map(|accuracy_dm| f64::from(accuracy_dm) / 10.0);
    let fix_type = fix_type.name().and_then(FixType::from_name);
    Ok(Some(Fix { lon_deg, lat_deg, accuracy_m, fix_age_ms, fix_type, crs: Crs::Wgs84 }))
}

fn heading_deg(heading_cdeg: u16) -> Result<Option<f64>, Rejection> {
    match heading_cdeg {
        0 => Ok(None),
        1..=36_000 => Ok(Some(f64::from(heading_cdeg) / 100.0)),
        _ => Err(out_of_range(format!("heading_cdeg: {heading_cdeg} is above 36000"))),
    }
}

fn battery_percent(battery_percent: u8) -> Result<Option<u8>, Rejection> {
    match battery_percent {
        0 => Ok(None),
        1..=100 => Ok(Some(battery_percent)),
        _ => Err(out_of_range(format!("battery_percent: {battery_percent} is above 100"))),
    }
}

fn out_of_range(detail: String) -> Rejection {
    Rejection::new(Reason::OutOfRange, detail)
}

/// 0 means absent.
fn present<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Empty means absent.
fn text(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

/// Cut to the digits that mean something, so that 6.5 m/s is 23.4 km/h and not 23.400000000000002.
fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests;
