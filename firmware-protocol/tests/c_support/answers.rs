//! What the C programs answer, and what the reference answers to the same.

use firmware_protocol::body::{
    Ack, Body, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task,
    TaskAck, Telemetry, TimeSync,
};
use firmware_protocol::{
    BodyFault, DecodeError, DeviceSecret, Direction, Frame, FrameKey, Header, MessageType, Suite, open, seal,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The suites the C codec offers.
pub(crate) const SUITES: [Suite; 3] = [Suite::CRC32C, Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128];

/// The key that the C programs derive for this frame's header.
pub(crate) fn key(suite: Suite, direction: Direction, header: &Header) -> FrameKey {
    let secret = DeviceSecret::new(std::array::from_fn(|at| at as u8));
    match suite {
        Suite::CRC32C => FrameKey::CRC32C,
        _ => secret.frame_key(suite, header.key_id, direction, header.device).unwrap(),
    }
}

/// What is done with a body, whatever its type.
pub(crate) trait WithBody {
    type Output;
    fn with<'a, B: Body + Serialize + Deserialize<'a>>(self, frame: &Frame<'a>) -> Self::Output;
}

/// Does it with the frame's type; `None` for one that the C codec does not offer.
pub(crate) fn with_body<W: WithBody>(frame: &Frame<'_>, what: W) -> Option<W::Output> {
    Some(match frame.header.message_type {
        MessageType::TELEMETRY => what.with::<Telemetry>(frame),
        MessageType::SENSOR_REPORT => what.with::<SensorReport>(frame),
        MessageType::INCIDENT => what.with::<Incident<'_>>(frame),
        MessageType::EVIDENCE_META => what.with::<EvidenceMeta>(frame),
        MessageType::EVIDENCE_CHUNK => what.with::<EvidenceChunk<'_>>(frame),
        MessageType::EVIDENCE_WANT => what.with::<EvidenceWant<'_>>(frame),
        MessageType::STATUS => what.with::<Status<'_>>(frame),
        MessageType::TASK => what.with::<Task<'_>>(frame),
        MessageType::TASK_ACK => what.with::<TaskAck<'_>>(frame),
        MessageType::TIME_SYNC => what.with::<TimeSync>(frame),
        MessageType::CONFIG => what.with::<Config<'_>>(frame),
        MessageType::ACK => what.with::<Ack<'_>>(frame),
        _ => return None,
    })
}

/// The body's fields as the C programs print them.
pub(crate) struct InJson;

impl WithBody for InJson {
    type Output = Value;

    fn with<'a, B: Body + Serialize + Deserialize<'a>>(self, frame: &Frame<'a>) -> Value {
        body_in_json(&frame.decode::<B>().unwrap())
    }
}

/// The fields of a body by their names. Degrees stand as one number, as in C.
pub(crate) fn body_in_json(body: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(body).unwrap();
    degrees_as_numbers(&mut value);
    value
}

fn degrees_as_numbers(value: &mut Value) {
    if let Value::Array(elements) = value {
        elements.iter_mut().for_each(degrees_as_numbers);
    }
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        match field {
            Value::Array(bytes) if name.ends_with("_e7") => {
                let bytes: Vec<_> = bytes.iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
                *field = json!(i32::from_le_bytes(bytes.try_into().unwrap()));
            }
            other => degrees_as_numbers(other),
        }
    }
}

pub(crate) fn header_in_json(header: &Header) -> Value {
    let Header {
        flags,
        suite,
        key_id,
        message_type,
        revision,
        device,
        boot,
        seq,
        uptime_ms,
        unix_ms,
        time_quality,
    } = *header;
    json!({
        "flags": flags.0, "suite": suite.0, "key_id": key_id, "message_type": message_type.0, "revision": revision,
        "device": device.0, "boot": boot, "seq": seq, "uptime_ms": uptime_ms, "unix_ms": unix_ms,
        "time_quality": time_quality.to_byte(),
    })
}

/// The frame's body sealed again with another header and key.
pub(crate) struct Resealed<'k>(pub(crate) Header, pub(crate) &'k FrameKey);

impl WithBody for Resealed<'_> {
    type Output = Vec<u8>;

    fn with<'a, B: Body + Serialize + Deserialize<'a>>(self, frame: &Frame<'a>) -> Vec<u8> {
        sealed_with(&self.0, &frame.decode::<B>().unwrap(), self.1)
    }
}

pub(crate) fn sealed_with<B: Body>(header: &Header, body: &B, key: &FrameKey) -> Vec<u8> {
    let mut out = vec![0; 1 << 17];
    let len = seal(header, body, key, &mut out).unwrap();
    out.truncate(len);
    out
}

/// The verdict on the body as a code of the C codec, and the body sealed again if it was taken.
pub(crate) struct Verdict;

impl WithBody for Verdict {
    type Output = (u8, Vec<u8>);

    fn with<'a, B: Body + Serialize + Deserialize<'a>>(self, frame: &Frame<'a>) -> (u8, Vec<u8>) {
        match frame.decode::<B>() {
            Ok(body) => (0, sealed_with(&frame.header, &body, &FrameKey::CRC32C)),
            Err(error) => (code(error), Vec::new()),
        }
    }
}

/// The number of the error in pgw_error.h.
pub(crate) fn code(error: DecodeError) -> u8 {
    match error {
        DecodeError::Short { .. } => 1,
        DecodeError::Magic { .. } => 2,
        DecodeError::Version { .. } => 3,
        DecodeError::Flags { .. } => 4,
        DecodeError::Suite { .. } => 5,
        DecodeError::Key { .. } => 6,
        DecodeError::Length { .. } => 7,
        DecodeError::Tag { .. } => 8,
        DecodeError::MessageType { .. } => 9,
        DecodeError::Revision { .. } => 10,
        DecodeError::BodyShort { .. } => 11,
        DecodeError::BodyLong { .. } => 12,
        DecodeError::Body { fault: BodyFault::Ended, .. } => 13,
        DecodeError::Body { fault: BodyFault::Number, .. } => 14,
        DecodeError::Body { fault: BodyFault::Utf8, .. } => 15,
        DecodeError::Body { fault: BodyFault::Capacity, .. } => 16,
        DecodeError::Body { fault: BodyFault::Form, .. } => unreachable!("no body has such a field"),
    }
}

/// The frame that `bytes` are with one of the keys of their header.
pub(crate) fn opened<'a>(bytes: &'a [u8], direction: Direction) -> Result<Frame<'a>, DecodeError> {
    let (header, _) = Header::read(bytes)?;
    let keys = SUITES.map(|suite| key(suite, direction, &header));
    open(bytes, &keys[..])
}
