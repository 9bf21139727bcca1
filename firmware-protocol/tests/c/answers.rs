//! What the reference answers to what the C programs are asked.

use firmware_protocol::body::{self, Body};
use firmware_protocol::{
    DecodeError, DeviceSecret, Direction, Frame, FrameKey, Header, Suite, frame_len_max, open, seal,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::code::code;
use crate::support::keys::SECRET;

/// The suites the C codec offers.
pub(crate) const SUITES: [Suite; 3] = [Suite::CRC32C, Suite::HMAC_SHA256_64, Suite::HMAC_SHA256_128];

/// The key that the C programs derive for this header.
pub(crate) fn key_of(suite: Suite, direction: Direction, header: &Header) -> FrameKey {
    match suite {
        Suite::CRC32C => FrameKey::CRC32C,
        _ => DeviceSecret::new(SECRET).frame_key(suite, header.key_id, direction, header.device).unwrap(),
    }
}

/// The direction as the C programs are told it.
pub(crate) fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// Opens `bytes` with the keys of their header, as the C programs do.
pub(crate) fn opened(bytes: &[u8], direction: Direction) -> Result<Frame<'_>, DecodeError> {
    let (header, _) = Header::read(bytes)?;
    let keys = SUITES.map(|suite| key_of(suite, direction, &header));
    open(bytes, &keys[..])
}

/// The fields of a body by their names. Degrees stand as one number, as in C.
pub(crate) fn body_in_json(body: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(body).unwrap();
    degrees_as_numbers(&mut value);
    value
}

fn degrees_as_numbers(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(degrees_as_numbers),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(bytes) if name.ends_with("_e7") => {
                        let bytes: Vec<u8> = bytes.iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
                        *field = json!(i32::from_le_bytes(bytes.try_into().unwrap()));
                    }
                    other => degrees_as_numbers(other),
                }
            }
        }
        _ => {}
    }
}

pub(crate) fn header_in_json(header: &Header) -> Value {
    let Header { flags, suite, key_id, message_type, revision, .. } = *header;
    let Header { device, boot, seq, uptime_ms, unix_ms, time_quality, .. } = *header;
    json!({
        "flags": flags.0, "suite": suite.0, "key_id": key_id, "message_type": message_type.0, "revision": revision,
        "device": device.0, "boot": boot, "seq": seq, "uptime_ms": uptime_ms, "unix_ms": unix_ms,
        "time_quality": time_quality.to_byte(),
    })
}

/// What the C codec says about a body, and the frame it makes of it again without a key.
pub(crate) fn verdict(frame: &Frame<'_>) -> (u8, Vec<u8>) {
    macro_rules! verdict_on {
        (() $($name:ident: $body:ident,)+) => {
            $(if frame.header.message_type == body::$body::MESSAGE_TYPE {
                return match frame.decode::<body::$body>() {
                    Ok(body) => (0, resealed(&frame.header, &body)),
                    Err(error) => (code(error), Vec::new()),
                };
            })+
        };
    }
    every_type! { verdict_on () }
    unreachable!("a message type without a body")
}

fn resealed<B: Body>(header: &Header, body: &B) -> Vec<u8> {
    let mut out = vec![0; frame_len_max::<B>(Suite::CRC32C)];
    // What was read may be an older or newer revision; what is written is ours.
    let header = Header { revision: B::REVISION, ..*header };
    let len = seal(&header, body, &FrameKey::CRC32C, &mut out).unwrap();
    out.truncate(len);
    out
}
