//! The segment: many records of one class in one blob.
//!
//! ```text
//! segment   = "PS" version=2 0 | block... | directory
//! block     = header | body                                        (`block`)
//! header    = crc32c of what follows in it | crc32c of the body | codec u8 | index of its first record u16
//!             | records u16 | raw length u32 | stored length u32
//! directory = blocks x (length of the block u32, its header's crc32c)       (`directory`)
//!             | blocks u16 | records u16 | crc32c of the directory so far | "2SP" 0
//! body      = as stored raw or compressed (`compress`), columns inside (`columns`):
//!             senders | senders x (gateway, device; each len u8, text) | sender's index x records
//!             | identity x records | received_at x records | payload length x records | payloads
//! ```
//! Integers are little endian, those in a body LEB128; the columns hold differences, so that they are mostly zeros.
//!
//! Rules
//! - Every byte is covered: by the magics, by a header's checksum, by the checksum of a body that stands in its header, or
//!   by the directory's. A flipped byte can never travel on as somebody's position.
//! - A block is whole in itself: it has its senders, and nothing in it refers to another block. Damage costs the block it is in.
//! - Blocks are found by the directory, or else by walking from header to header. They are never searched for: a payload may
//!   contain what looks like a block.
//! - Nothing is decompressed whose checksum does not hold, and never into more than [`compress::INFLATED_BYTES_MAX`].
//! - Codecs and dictionaries are part of the format: one that was released is never edited, only followed by another.
//!
//! Version 1 was one checksum over all records; it is still read ([`version_1`]).

mod block;
mod builder;
mod columns;
mod compress;
mod directory;
mod reader;
mod senders;
#[cfg(test)]
mod tests;
mod version_1;

use bytes::Bytes;

pub use builder::{BYTES_MAX, RECORDS_MAX, Segment, SegmentBuilder};

use super::record::StoredRecord;
use crate::domain::report::{Class, Identity};

/// How a segment of version 2 begins.
const MAGIC: [u8; 4] = [b'P', b'S', 2, 0];

/// Why a blob is not a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// It does not start with the magic and a version this code knows.
    #[error("not a segment of a known version")]
    Unknown,
    /// A checksum does not hold, or something is missing: the blob was damaged at rest.
    #[error("checksum does not hold")]
    Checksum,
    /// The checksums hold, yet the content does not parse: it was written by something else.
    #[error("content does not parse")]
    Malformed,
}

/// What could be read of a segment that may be damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Salvaged {
    /// The records of all blocks whose checksums hold, with their index in the segment, in its order.
    pub records: Vec<(u32, StoredRecord)>,
    /// How many records the segment had; `None` when that part of it is damaged.
    pub expected: Option<u32>,
    /// Blocks that could not be read. Where also the directory is damaged, what followed the first of them counts as one.
    pub damaged_blocks: u32,
}

/// Reads a segment's records in the order in which they were pushed. Their payloads are slices of the blob, or of the
/// block that they were decompressed with.
///
/// # Errors
/// [`SegmentError`] when anything in the blob is damaged, or it is not a segment; [`salvage`] reads what is left of it.
pub fn decode(class: Class, blob: &Bytes) -> Result<Vec<StoredRecord>, SegmentError> {
    if blob.starts_with(&MAGIC) {
        reader::decode(class, blob)
    } else if blob.starts_with(&version_1::MAGIC) {
        version_1::decode(class, blob)
    } else {
        Err(SegmentError::Unknown)
    }
}

/// Reads all records of a segment that are undamaged, whatever happened to the rest of it.
pub fn salvage(class: Class, blob: &Bytes) -> Salvaged {
    match version_1::decode(class, blob) {
        Ok(records) => {
            let expected = u32::try_from(records.len()).ok();
            Salvaged { records: (0..).zip(records).collect(), expected, damaged_blocks: 0 }
        }
        Err(_) => reader::salvage(class, blob),
    }
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

/// The integer at `at`; `None` beyond the end.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The integer at `at`; `None` beyond the end.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
