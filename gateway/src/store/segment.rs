//! The segment: many records of one class in one blob.
//!
//! ```text
//! "PS" version=1 flags=0 | crc32c u32 le of all that follows
//! base_at i64 le | n | devices | devices x (len u8, name) | n x record
//! record: device index, origin (0 device, 1 minted), boot or run, seq or number, zigzag(received_at - base_at), len, payload
//! ```
//! Integers without a type are LEB128. The checksum covers everything a record is made of, so that a flipped byte on
//! flash can never travel on as somebody's position.

use bytes::Bytes;

use super::record::StoredRecord;
use crate::domain::report::{Class, DeviceId, Identity};
use crate::domain::varint;

const MAGIC: [u8; 4] = [b'P', b'S', 1, 0];
const CHECKED_FROM: usize = 8;
/// A segment is closed at this many records ...
pub const RECORDS_MAX: u32 = 2048;
/// ... or at this many bytes, whichever comes first (a larger single record has a segment of its own).
pub const BYTES_MAX: usize = 512 * 1024;

/// Why a blob is not a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// It does not start with the magic and a version this code knows.
    #[error("not a segment of a known version")]
    Unknown,
    /// The checksum does not hold: the blob was damaged at rest.
    #[error("checksum does not hold")]
    Checksum,
    /// The checksum holds, yet the content does not parse: it was written by something else.
    #[error("content does not parse")]
    Malformed,
}

/// Collects records into a segment.
#[derive(Debug, Default)]
pub struct SegmentBuilder {
    devices: Vec<DeviceId>,
    records: Vec<u8>,
    n: u32,
    payload_bytes: u64,
    base_at_ms: i64,
}

/// A finished segment and the figures its row carries.
#[derive(Debug)]
pub struct Segment {
    /// The blob.
    pub blob: Vec<u8>,
    /// Records in it.
    pub n: u32,
    /// Sum of their payload bytes.
    pub payload_bytes: u64,
    /// When its first record was received.
    pub first_at_ms: i64,
}

impl SegmentBuilder {
    /// Appends a record.
    pub fn push(&mut self, device: &DeviceId, identity: Identity, received_at_ms: i64, payload: &[u8]) {
        if self.n == 0 {
            self.base_at_ms = received_at_ms;
        }
        let index = self.device_index(device);
        let (origin, major, minor) = identity_parts(identity);
        let out = &mut self.records;
        varint::put(out, index as u64);
        out.push(origin);
        varint::put(out, major);
        varint::put(out, u64::from(minor));
        varint::put(out, varint::zigzag(received_at_ms.wrapping_sub(self.base_at_ms)));
        varint::put(out, payload.len() as u64);
        out.extend_from_slice(payload);
        self.n += 1;
        self.payload_bytes += payload.len() as u64;
    }

    /// The device's place in the segment's table; records of one device mostly come in runs.
    fn device_index(&mut self, device: &DeviceId) -> usize {
        let found = self.devices.iter().rposition(|known| known == device);
        found.unwrap_or_else(|| {
            self.devices.push(device.clone());
            self.devices.len() - 1
        })
    }

    /// True when the next record belongs into a new segment.
    pub fn is_full(&self) -> bool {
        self.n >= RECORDS_MAX || self.records.len() >= BYTES_MAX
    }

    /// True while nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Takes the segment out and leaves the builder empty.
    pub fn finish(&mut self) -> Segment {
        let built = std::mem::take(self);
        let names: usize = built.devices.iter().map(|device| device.as_str().len() + 1).sum();
        let mut blob = Vec::with_capacity(32 + names + built.records.len());
        blob.extend_from_slice(&MAGIC);
        blob.extend_from_slice(&[0; 4]);
        blob.extend_from_slice(&built.base_at_ms.to_le_bytes());
        varint::put(&mut blob, u64::from(built.n));
        varint::put(&mut blob, built.devices.len() as u64);
        for device in &built.devices {
            blob.push(device.as_str().len() as u8);
            blob.extend_from_slice(device.as_str().as_bytes());
        }
        blob.extend_from_slice(&built.records);
        let crc = crc32c::crc32c(&blob[CHECKED_FROM..]);
        blob[MAGIC.len()..CHECKED_FROM].copy_from_slice(&crc.to_le_bytes());
        Segment { blob, n: built.n, payload_bytes: built.payload_bytes, first_at_ms: built.base_at_ms }
    }
}

/// Reads a segment's records in the order in which they were pushed. The payloads are slices of `blob`.
///
/// # Errors
/// [`SegmentError`] when the blob is damaged or not a segment; then none of it may be used.
pub fn decode(class: Class, blob: &Bytes) -> Result<Vec<StoredRecord>, SegmentError> {
    let checked = blob.get(CHECKED_FROM..).ok_or(SegmentError::Unknown)?;
    if !blob.starts_with(&MAGIC) {
        return Err(SegmentError::Unknown);
    }
    if crc32c::crc32c(checked).to_le_bytes() != blob[MAGIC.len()..CHECKED_FROM] {
        return Err(SegmentError::Checksum);
    }
    decode_checked(class, blob, checked).ok_or(SegmentError::Malformed)
}

fn decode_checked(class: Class, blob: &Bytes, checked: &[u8]) -> Option<Vec<StoredRecord>> {
    let (base_at, mut input) = checked.split_first_chunk::<8>()?;
    let base_at_ms = i64::from_le_bytes(*base_at);
    let n = varint::take(&mut input)?;
    let devices = decode_devices(&mut input)?;
    // A record takes at least six bytes, so a claimed count can't make us reserve more than the blob holds.
    let mut records = Vec::with_capacity((n as usize).min(input.len() / 6 + 1));
    for _ in 0..n {
        let device = devices.get(varint::take(&mut input)? as usize)?.clone();
        let (&origin, rest) = input.split_first()?;
        input = rest;
        let major = varint::take(&mut input)?;
        let minor = u32::try_from(varint::take(&mut input)?).ok()?;
        let received_at_ms = base_at_ms.wrapping_add(varint::unzigzag(varint::take(&mut input)?));
        let len = usize::try_from(varint::take(&mut input)?).ok()?;
        let (payload, rest) = input.split_at_checked(len)?;
        input = rest;
        records.push(StoredRecord {
            device,
            identity: identity_from_parts(origin, major, minor)?,
            class,
            received_at_ms,
            payload: blob.slice_ref(payload),
            casework: None,
            gateway: None,
        });
    }
    input.is_empty().then_some(records)
}

fn decode_devices(input: &mut &[u8]) -> Option<Vec<DeviceId>> {
    let count = varint::take(input)?;
    let mut devices = Vec::new();
    for _ in 0..count {
        let (&len, rest) = input.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(len))?;
        *input = rest;
        devices.push(DeviceId::parse(std::str::from_utf8(name).ok()?)?);
    }
    Some(devices)
}

/// An identity as the three numbers that segments and rows keep: (origin, boot or run, seq or number).
pub(super) fn identity_parts(identity: Identity) -> (u8, u64, u32) {
    match identity {
        Identity::Device { boot, seq } => (0, u64::from(boot), seq),
        Identity::Minted { run, number } => (1, run, number),
    }
}

/// The inverse of [`identity_parts`]; `None` for an unknown origin or a boot that is none.
pub(super) fn identity_from_parts(origin: u8, major: u64, minor: u32) -> Option<Identity> {
    match origin {
        0 => Some(Identity::Device { boot: u32::try_from(major).ok()?, seq: minor }),
        1 => Some(Identity::Minted { run: major, number: minor }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn device(name: &str) -> DeviceId {
        DeviceId::parse(name).unwrap()
    }

    fn records() -> impl Strategy<Value = Vec<StoredRecord>> {
        let identity = prop_oneof![
            (any::<u32>(), any::<u32>()).prop_map(|(boot, seq)| Identity::Device { boot, seq }),
            (any::<u64>(), any::<u32>()).prop_map(|(run, number)| Identity::Minted { run, number }),
        ];
        let record = (
            "[a-z0-9][a-z0-9-]{0,31}",
            identity,
            any::<i64>(),
            proptest::collection::vec(any::<u8>(), 0..300),
        );
        let record = record.prop_map(|(name, identity, received_at_ms, payload)| StoredRecord {
            device: device(&name),
            identity,
            class: Class::Telemetry,
            received_at_ms,
            payload: payload.into(),
            casework: None,
            gateway: None,
        });
        proptest::collection::vec(record, 1..40)
    }

    fn build(records: &[StoredRecord]) -> Segment {
        let mut builder = SegmentBuilder::default();
        for record in records {
            builder.push(&record.device, record.identity, record.received_at_ms, &record.payload);
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn records_come_back_in_order_and_unchanged(records in records()) {
            let segment = build(&records);
            prop_assert_eq!(segment.n as usize, records.len());
            prop_assert_eq!(segment.first_at_ms, records[0].received_at_ms);
            prop_assert_eq!(decode(Class::Telemetry, &segment.blob.into()).unwrap(), records);
        }

        #[test]
        fn any_flipped_bit_is_noticed(records in records(), at: prop::sample::Index, bit in 0u8..8) {
            let mut blob = build(&records).blob;
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert!(decode(Class::Telemetry, &blob.into()).is_err());
        }

        #[test]
        fn any_cut_is_noticed(records in records(), at: prop::sample::Index) {
            let mut blob = build(&records).blob;
            blob.truncate(at.index(blob.len()));
            prop_assert!(decode(Class::Telemetry, &blob.into()).is_err());
        }

        #[test]
        fn hostile_content_under_a_right_checksum_is_refused_or_read_but_never_panics(
            content in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut blob = MAGIC.to_vec();
            blob.extend_from_slice(&crc32c::crc32c(&content).to_le_bytes());
            blob.extend_from_slice(&content);
            let _ = decode(Class::Telemetry, &blob.into());
        }
    }
}
