//! Messages as JSON, with the unit in each name.

use firmware_protocol::{Header, TimeSource};
use serde_json::{Map, Value, json};

use super::frame::FIX_AGE_MS;
use super::{CaseKind, Incident, Message, Position, Reading, TaskAck, Unencodable};

/// The text of the record with this header.
pub(super) fn text(header: &Header, message: &Message<'_>) -> Result<String, Unencodable> {
    let mut fields = Map::new();
    fields.insert("boot".into(), header.boot.into());
    fields.insert("seq".into(), header.seq.into());
    if let Some(time) = rfc3339(header.unix_ms) {
        fields.insert("time".into(), time.into());
        fields.insert("time_quality".into(), source(header.time_quality.source).into());
    }
    if let Value::Object(content) = content(message)? {
        fields.extend(content);
    }
    Ok(Value::Object(fields).to_string())
}

fn content(message: &Message<'_>) -> Result<Value, Unencodable> {
    Ok(match message {
        Message::Telemetry(telemetry) => json!({
            "position": position(&telemetry.position),
            "speed_kmh": rounded(telemetry.speed_kmh, 10.0),
            "heading_deg": rounded(telemetry.heading_deg, 10.0),
            "ignition": telemetry.ignition,
            "battery_percent": telemetry.battery_percent,
            "odometer_m": telemetry.odometer_m,
        }),
        Message::Track(_) => return Err(Unencodable::Track),
        Message::Incident(incident) => self::incident(incident),
        Message::Reading(reading) => json!({ "readings": [self::reading(reading)] }),
        Message::Status(status) => json!({
            "firmware": status.firmware,
            "battery_percent": status.battery_percent,
            "storage_free_kib": status.storage_free_kib,
            "queued": status.queued,
            "dropped": status.dropped,
        }),
        Message::TaskAck(ack) => task_ack(ack),
    })
}

fn incident(incident: &Incident<'_>) -> Value {
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
    if let Some(photo) = incident.photo {
        content["evidence"] = json!([{"boot": photo.boot, "seq": photo.seq}]);
    }
    content
}

fn reading(reading: &Reading) -> Value {
    json!({"quantity": reading.quantity.name(), "value": rounded(reading.value, 1000.0),
        "unit": reading.quantity.unit(), "channel": 0})
}

fn task_ack(ack: &TaskAck<'_>) -> Value {
    json!({"task": ack.task, "revision": ack.revision, "state": ack.state.name(), "note": ack.note})
}

fn position(position: &Position) -> Value {
    json!({"lon": rounded(position.lon_deg, 1e7), "lat": rounded(position.lat_deg, 1e7),
        "accuracy_m": rounded(position.accuracy_m, 10.0), "fix_age_ms": FIX_AGE_MS, "crs": "wgs84"})
}

fn rounded(value: f64, steps_per_unit: f64) -> f64 {
    (value * steps_per_unit).round() / steps_per_unit
}

fn source(source: TimeSource) -> &'static str {
    match source {
        TimeSource::GNSS => "gnss",
        TimeSource::GATEWAY_SYNC => "gateway",
        TimeSource::NETWORK => "network",
        TimeSource::DISCIPLINED_RTC => "disciplined_rtc",
        TimeSource::RTC => "rtc",
        _ => "unknown",
    }
}

/// `None` for a clock that was never set or shows a time beyond the calendar.
fn rfc3339(unix_ms: u64) -> Option<String> {
    let ms = i64::try_from(unix_ms).ok().filter(|&ms| ms != 0)?;
    Some(format!("{:.3}", jiff::Timestamp::from_millisecond(ms).ok()?))
}
