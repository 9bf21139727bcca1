//! The block: a header that says what it is and how long, and a body that holds its records.

use bytes::Bytes;

use super::compress::{self, Codec};
use super::{SegmentError, columns, u16_at, u32_at};
use crate::domain::report::Class;
use crate::store::record::StoredRecord;

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 21;
const CHECKED_FROM: usize = 4;

/// What stands in front of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) body_crc: u32,
    /// Number of the [`Codec`].
    pub(super) codec: u8,
    /// Index of the block's first record in the segment.
    pub(super) first: u16,
    pub(super) records: u16,
    pub(super) raw_len: u32,
    pub(super) stored_len: u32,
}

impl Header {
    /// The header as it is stored, and its checksum.
    pub(super) fn to_bytes(self) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        bytes[4..8].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[8] = self.codec;
        bytes[9..11].copy_from_slice(&self.first.to_le_bytes());
        bytes[11..13].copy_from_slice(&self.records.to_le_bytes());
        bytes[13..17].copy_from_slice(&self.raw_len.to_le_bytes());
        bytes[17..].copy_from_slice(&self.stored_len.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[CHECKED_FROM..]);
        bytes[..CHECKED_FROM].copy_from_slice(&crc.to_le_bytes());
        (bytes, crc)
    }

    /// The header at the front of `bytes` and its checksum; `None` when that does not hold.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Header, u32)> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let crc = u32_at(bytes, 0)?;
        if crc32c::crc32c(&bytes[CHECKED_FROM..]) != crc {
            return None;
        }
        let header = Header {
            body_crc: u32_at(bytes, 4)?,
            codec: bytes[8],
            first: u16_at(bytes, 9)?,
            records: u16_at(bytes, 11)?,
            raw_len: u32_at(bytes, 13)?,
            stored_len: u32_at(bytes, 17)?,
        };
        Some((header, crc))
    }

    /// Bytes of the block, header and body.
    pub(super) fn block_len(&self) -> usize {
        HEADER_BYTES + self.stored_len as usize
    }
}

/// Reads the body that belongs to `header`. What it inflates is taken from `room`, in bytes.
///
/// # Errors
/// [`SegmentError`]: nothing of it may be used.
pub(super) fn read_body(
    class: Class,
    header: &Header,
    stored: Bytes,
    room: &mut usize,
) -> Result<Vec<StoredRecord>, SegmentError> {
    if crc32c::crc32c(&stored) != header.body_crc {
        return Err(SegmentError::Checksum);
    }
    let body = raw_body(header, stored, room);
    let records = body.and_then(|body| columns::read(class, header.records, &body));
    records.ok_or(SegmentError::Malformed)
}

fn raw_body(header: &Header, stored: Bytes, room: &mut usize) -> Option<Bytes> {
    let raw_len = header.raw_len as usize;
    match Codec::from_number(header.codec)? {
        Codec::Raw => (stored.len() == raw_len).then_some(stored),
        codec => {
            *room = room.checked_sub(raw_len)?;
            compress::inflate(codec, &stored, raw_len).map(Bytes::from)
        }
    }
}
