//! Messages as bytes: firmware-protocol frames, or JSON with the unit in each name.

use bytes::Bytes;
use firmware_protocol::body::{self, Body, FixType, VehicleState};
use firmware_protocol::{
    DegreesE7, DeviceTag, EncodeError, ErrorBound, FrameKey, Header, Text, TimeQuality, TimeSource, seal,
};
use serde_json::{Map, Value, json};

use super::{CaseKind, Incident, Message, Moment, Position, RecordId, Status, Telemetry};

/// Room for the largest frame the simulator makes: an incident with two texts of 24 and one of 240 bytes.
const FRAME_LEN_MAX: usize = 512;

/// Age of a fix when it is sent: the devices' receivers give ten a second.
const FIX_AGE_MS: u32 = 100;

/// How a device encodes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// firmware-protocol frames.
    Frame,
    /// JSON.
    Json,
}

/// The message has no form in this encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unencodable {
    /// The protocol has no body for it.
    #[error("frames carry no readings yet")]
    NoBody,
    /// A position outside the earth.
    #[error("the position is outside -180..=180 degrees")]
    Position,
    /// The frame could not be made.
    #[error("no frame: {0}")]
    Frame(EncodeError),
}

impl Encoding {
    /// The payload of the record `id` of `device`.
    pub fn encode(
        self,
        device: &str,
        id: RecordId,
        now: Moment,
        message: &Message<'_>,
    ) -> Result<Bytes, Unencodable> {
        match self {
            Encoding::Frame => frame(device, id, now, message),
            Encoding::Json => Ok(json_text(id, now, message)),
        }
    }
}

fn frame(device: &str, id: RecordId, now: Moment, message: &Message<'_>) -> Result<Bytes, Unencodable> {
    match message {
        Message::Telemetry(telemetry) => sealed(device, id, now, &telemetry_body(telemetry)?),
        Message::Incident(incident) => sealed(device, id, now, &incident_body(incident)?),
        Message::Status(status) => sealed(device, id, now, &status_body(status)),
        Message::Reading(_) => Err(Unencodable::NoBody),
    }
}

fn sealed<B: Body>(device: &str, id: RecordId, now: Moment, body: &B) -> Result<Bytes, Unencodable> {
    let set = now.unix_ms != 0;
    let header = Header {
        device: DeviceTag::of(device),
        boot: id.boot,
        seq: id.seq,
        uptime_ms: now.uptime_ms,
        unix_ms: now.unix_ms,
        time_quality: TimeQuality {
            source: if set { TimeSource::GNSS } else { TimeSource::NONE },
            error_bound: if set { ErrorBound::within_ms(1) } else { ErrorBound::UNKNOWN },
        },
        ..Header::of::<B>()
    };
    let mut buffer = [0; FRAME_LEN_MAX];
    let len = seal(&header, body, &FrameKey::CRC32C, &mut buffer).map_err(Unencodable::Frame)?;
    Ok(Bytes::copy_from_slice(&buffer[..len]))
}

fn telemetry_body(telemetry: &Telemetry) -> Result<body::Telemetry, Unencodable> {
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

fn incident_body<'a>(incident: &Incident<'a>) -> Result<body::Incident<'a>, Unencodable> {
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
        ..body::Incident::default()
    })
}

fn status_body<'a>(status: &Status<'a>) -> body::Status<'a> {
    body::Status {
        firmware: Text::truncated(status.firmware),
        battery_percent: status.battery_percent,
        storage_free_kib: status.storage_free_kib,
        queued: status.queued,
        dropped: status.dropped,
        ..body::Status::default()
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

fn json_text(id: RecordId, now: Moment, message: &Message<'_>) -> Bytes {
    let mut fields = Map::new();
    fields.insert("boot".into(), id.boot.into());
    fields.insert("seq".into(), id.seq.into());
    if let Some(time) = rfc3339(now.unix_ms) {
        fields.insert("time".into(), time.into());
        fields.insert("time_quality".into(), "gnss".into());
    }
    if let Value::Object(content) = content(message) {
        fields.extend(content);
    }
    Value::Object(fields).to_string().into()
}

fn content(message: &Message<'_>) -> Value {
    match message {
        Message::Telemetry(telemetry) => json!({
            "position": position(&telemetry.position),
            "speed_kmh": rounded(telemetry.speed_kmh, 10.0),
            "heading_deg": rounded(telemetry.heading_deg, 10.0),
            "ignition": telemetry.ignition,
            "battery_percent": telemetry.battery_percent,
            "odometer_m": telemetry.odometer_m,
        }),
        Message::Incident(incident) => incident_content(incident),
        Message::Reading(reading) => json!({
            "readings": [{"quantity": reading.quantity, "value": rounded(reading.value, 1000.0),
                "unit": reading.unit, "channel": 0}],
        }),
        Message::Status(status) => json!({
            "firmware": status.firmware,
            "battery_percent": status.battery_percent,
            "storage_free_kib": status.storage_free_kib,
            "queued": status.queued,
            "dropped": status.dropped,
        }),
    }
}

fn incident_content(incident: &Incident<'_>) -> Value {
    let mut content = json!({
        "kind": match incident.kind { CaseKind::Event => "event", CaseKind::Component => "component" },
        "code": format!("{:04}", incident.code),
        "severity": incident.severity,
        "position": position(&incident.position),
        "description": incident.description,
    });
    for (name, text) in [("operator", incident.operator), ("stall_card", incident.stall_card)] {
        if !text.is_empty() {
            content[name] = text.into();
        }
    }
    content
}

fn position(position: &Position) -> Value {
    json!({"lon": rounded(position.lon_deg, 1e7), "lat": rounded(position.lat_deg, 1e7),
        "accuracy_m": rounded(position.accuracy_m, 10.0), "fix_age_ms": FIX_AGE_MS, "crs": "wgs84"})
}

fn rounded(value: f64, steps_per_unit: f64) -> f64 {
    (value * steps_per_unit).round() / steps_per_unit
}

/// `None` for a clock that was never set or shows a time beyond the calendar.
fn rfc3339(unix_ms: u64) -> Option<String> {
    let ms = i64::try_from(unix_ms).ok().filter(|&ms| ms != 0)?;
    Some(format!("{:.3}", jiff::Timestamp::from_millisecond(ms).ok()?))
}

#[cfg(test)]
mod tests {
    use firmware_protocol::open;

    use super::*;

    const ID: RecordId = RecordId { boot: 7, seq: 812 };
    const NOW: Moment = Moment { uptime_ms: 5_000, unix_ms: 1_795_396_364_120 };
    const PLACE: Position = Position { lon_deg: 104.398, lat_deg: 31.127, accuracy_m: 4.5 };

    fn incident() -> Message<'static> {
        Message::Incident(Incident {
            kind: CaseKind::Event,
            code: 501,
            severity: 2,
            position: PLACE,
            operator: "op-118",
            stall_card: "",
            description: "占道经营",
        })
    }

    #[test]
    fn a_frame_says_what_was_meant() {
        let bytes = Encoding::Frame.encode("car-07", ID, NOW, &incident()).unwrap();
        let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
        assert_eq!(
            (frame.header.device, frame.header.boot, frame.header.seq),
            (DeviceTag::of("car-07"), 7, 812)
        );
        assert_eq!(frame.header.unix_ms, NOW.unix_ms);
        let body = frame.decode::<body::Incident<'_>>().unwrap();
        assert_eq!((body.category, body.lon_e7.get(), body.accuracy_dm), (501, 1_043_980_000, 45));
        assert_eq!(body.description.as_str(), "占道经营");
    }

    #[test]
    fn json_has_the_units_in_the_names() {
        let bytes = Encoding::Json.encode("cam-01", ID, NOW, &incident()).unwrap();
        let said: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            said,
            json!({"boot": 7, "seq": 812, "time": "2026-11-23T01:12:44.120Z", "time_quality": "gnss", "kind": "event",
                "code": "0501", "severity": 2, "operator": "op-118", "description": "占道经营",
                "position": {"lon": 104.398, "lat": 31.127, "accuracy_m": 4.5, "fix_age_ms": FIX_AGE_MS, "crs": "wgs84"}})
        );
    }

    #[test]
    fn a_clock_that_was_never_set_sends_no_time() {
        let never = Moment { uptime_ms: 1, unix_ms: 0 };
        let json = Encoding::Json.encode("cam-01", ID, never, &incident()).unwrap();
        assert!(serde_json::from_slice::<Value>(&json).unwrap().get("time").is_none());
        let frame = Encoding::Frame.encode("cam-01", ID, never, &incident()).unwrap();
        assert_eq!(open(&frame, &FrameKey::CRC32C).unwrap().header.time_quality, TimeQuality::default());
    }
}
