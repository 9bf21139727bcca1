//! The body, from the struct that the wire format itself decodes: a field that is added there appears here.

use firmware_protocol::body::{
    Ack, Body, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task,
    TaskAck, Telemetry, TimeSync, TrackBatch,
};
use firmware_protocol::track::TrackPoint;
use firmware_protocol::{DecodeError, Frame, Header, MessageType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::{self, time};

/// Why a body is not shown field by field.
pub(super) enum Unshown {
    /// It can't be read.
    Fault(DecodeError),
    /// Nobody here knows its type.
    Unknown(MessageType),
}

impl std::fmt::Display for Unshown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unshown::Fault(error) => error.fmt(f),
            Unshown::Unknown(message_type) => write!(f, "message type {message_type} is not known"),
        }
    }
}

/// The body field by field; before it when it happened, behind it what only its parts together mean.
pub(super) fn show(frame: &Frame<'_>) -> Result<Map<String, Value>, Unshown> {
    let raw = raw(frame)?;
    let mut shown = Map::new();
    let age_ms = raw.get("age_ms").and_then(Value::as_u64).and_then(|age_ms| u32::try_from(age_ms).ok());
    let happened = frame.header.event_unix_ms(age_ms.unwrap_or(0)).and_then(time);
    shown.insert("happened".into(), json!(happened));
    let place = frame.header.message_type.name().unwrap_or_default();
    shown.insert("body".into(), Value::Object(fields::show(place, &raw)));
    if let Ok(batch) = frame.decode::<TrackBatch>() {
        let points = batch.points().map(|point| show_point(&frame.header, &batch, &point)).collect();
        shown.insert("points".into(), Value::Array(points));
    }
    Ok(shown)
}

/// The body as the wire has it: names and numbers.
pub(super) fn raw(frame: &Frame<'_>) -> Result<Map<String, Value>, Unshown> {
    match frame.header.message_type {
        MessageType::TELEMETRY => map::<Telemetry>(frame),
        MessageType::SENSOR_REPORT => map::<SensorReport>(frame),
        MessageType::INCIDENT => map::<Incident<'_>>(frame),
        MessageType::EVIDENCE_META => map::<EvidenceMeta>(frame),
        MessageType::EVIDENCE_CHUNK => map::<EvidenceChunk<'_>>(frame),
        MessageType::EVIDENCE_WANT => map::<EvidenceWant<'_>>(frame),
        MessageType::STATUS => map::<Status<'_>>(frame),
        MessageType::TASK => map::<Task<'_>>(frame),
        MessageType::TASK_ACK => map::<TaskAck<'_>>(frame),
        MessageType::TIME_SYNC => map::<TimeSync>(frame),
        MessageType::CONFIG => map::<Config<'_>>(frame),
        MessageType::TRACK_BATCH => map::<TrackBatch>(frame),
        MessageType::ACK => map::<Ack<'_>>(frame),
        unknown => Err(Unshown::Unknown(unknown)),
    }
}

fn map<'a, B: Body + Serialize + Deserialize<'a>>(frame: &Frame<'a>) -> Result<Map<String, Value>, Unshown> {
    let body: B = frame.decode().map_err(Unshown::Fault)?;
    match serde_json::to_value(&body) {
        Ok(Value::Object(fields)) => Ok(fields),
        // Every body is a struct of numbers, texts, bytes and lists of those.
        other => unreachable!("a body is a JSON object: {other:?}"),
    }
}

/// A point of a track as it was, not as a change of the one before.
fn show_point(header: &Header, batch: &TrackBatch, point: &TrackPoint) -> Value {
    let before_ms = batch.age_ms.checked_sub(point.elapsed_ms);
    let happened = before_ms.and_then(|before_ms| header.event_unix_ms(before_ms)).and_then(time);
    let telemetry = Telemetry { speed_cm_s: point.speed_cm_s, ..batch.first };
    let speed_kmh = telemetry.measured_speed_cm_s().map(|cm_s| f64::from(u32::from(cm_s) * 36) / 1e3);
    let present = |value: u16, divisor: f64| (value != 0).then(|| f64::from(value) / divisor);
    json!({
        "elapsed_ms": point.elapsed_ms,
        "happened": happened,
        "lat_deg": point.lat_e7.degrees(),
        "lon_deg": point.lon_e7.degrees(),
        "speed_kmh": speed_kmh,
        "heading_deg": present(point.heading_cdeg, 1e2),
        "accuracy_m": present(point.accuracy_dm, 1e1),
    })
}
