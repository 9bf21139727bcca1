//! Segments of version 1, which are read and no longer written.
//!
//! ```text
//! "PS" version=1 flags=0 | crc32c u32 le of all that follows
//! base_at i64 le | n | devices | devices x (len u8, name) | n x record
//! record: device index, origin (0 device, 1 minted), boot or run, seq or number, zigzag(received_at - base_at), len, payload
//! ```

use bytes::Bytes;

use super::{SegmentError, identity_from_parts};
use crate::domain::report::{Class, DeviceId};
use crate::domain::varint;
use crate::store::record::StoredRecord;

pub(super) const MAGIC: [u8; 4] = [b'P', b'S', 1, 0];
const CHECKED_FROM: usize = 8;

/// Reads the records when the checksum holds, also when the magic before it does not.
pub(super) fn decode(class: Class, blob: &Bytes) -> Result<Vec<StoredRecord>, SegmentError> {
    let checked = blob.get(CHECKED_FROM..).ok_or(SegmentError::Checksum)?;
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
