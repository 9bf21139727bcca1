//! What several tests need: the golden vectors, frames around any body, bodies with any content, and what is around a
//! device.
#![allow(dead_code, unused_imports, unused_macros)] // each test file uses its part
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod types;
pub(crate) mod bodies;
pub(crate) mod device;
pub(crate) mod hex;
pub(crate) mod keys;
pub(crate) mod next;
pub(crate) mod points;
pub(crate) mod vectors;

use firmware_protocol::body::{Body, Telemetry};
use firmware_protocol::{
    DecodeError, DeviceTag, ErrorBound, Flags, FrameKey, HEADER_LEN, Header, MessageType, Suite, TimeQuality,
    TimeSource, frame_len_max, open, seal,
};
use proptest::prelude::*;
use serde::Deserialize;

/// A sealed frame of `body`, without a key.
pub(crate) fn sealed<B: Body>(header: &Header, body: &B) -> Vec<u8> {
    sealed_with(&FrameKey::CRC32C, header, body)
}

/// A frame of `body`, sealed with `key`.
pub(crate) fn sealed_with<B: Body>(key: &FrameKey, header: &Header, body: &B) -> Vec<u8> {
    let mut out = vec![0; frame_len_max::<B>(key.suite())];
    let len = seal(header, body, key, &mut out).unwrap();
    out.truncate(len);
    out
}

/// The bytes of a body on the wire.
pub(crate) fn encoded<B: Body>(body: &B) -> Vec<u8> {
    let frame = sealed(&car_header::<B>(), body);
    frame[HEADER_LEN..frame.len() - 4].to_vec()
}

/// What a receiver reads from these bytes of a body with a right tag around them; never freed, because texts are
/// borrowed from it.
pub(crate) fn decoded<B: Body + Deserialize<'static>>(revision: u8, body: &[u8]) -> Result<B, DecodeError> {
    let frame = forged(B::MESSAGE_TYPE, revision, body).leak();
    open(frame, &FrameKey::CRC32C).unwrap().decode()
}

/// A frame with a right tag around any bytes, as a faulty or hostile sender could make it.
pub(crate) fn forged(message_type: MessageType, revision: u8, body: &[u8]) -> Vec<u8> {
    let header = Header { message_type, revision, ..car_header::<Telemetry>() };
    let mut frame = header.write(body.len() as u16).unwrap().to_vec();
    assert_eq!(frame.len(), HEADER_LEN);
    frame.extend_from_slice(body);
    retag(&mut frame, 0);
    frame
}

/// Puts the right CRC-32C behind all but the last `old_tag_len` bytes, computed by another implementation.
pub(crate) fn retag(frame: &mut Vec<u8>, old_tag_len: usize) {
    frame.truncate(frame.len() - old_tag_len);
    let tag = crc32c::crc32c(frame);
    frame.extend_from_slice(&tag.to_le_bytes());
}

/// The header of the typical telemetry frame.
pub(crate) fn car_header<B: Body>() -> Header {
    Header {
        device: DeviceTag::of("car-07"),
        boot: 7,
        seq: 901,
        uptime_ms: 3_600_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) },
        ..Header::of::<B>()
    }
}

/// Any header that `B` can be sealed with.
pub(crate) fn any_header<B: Body>() -> impl Strategy<Value = Header> {
    let numbers = (any::<u8>(), any::<[u8; 8]>(), any::<u32>(), any::<u32>());
    let times = (0..1_u64 << 40, 0..1_u64 << 48, any::<u8>());
    (numbers, times).prop_map(|((key_id, device, boot, seq), (uptime_ms, unix_ms, quality))| Header {
        flags: Flags::NONE,
        suite: Suite::CRC32C,
        key_id,
        device: DeviceTag(device),
        boot,
        seq,
        uptime_ms,
        unix_ms,
        time_quality: TimeQuality::from_byte(quality),
        ..Header::of::<B>()
    })
}
