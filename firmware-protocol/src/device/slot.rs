//! What stands in a slot: who it is, how long, a checksum, the bytes. A slot in which a power cut left half of it reads
//! as empty.
//!
//! | offset | field | bytes |
//! |---|---|---|
//! | 0 | CRC-32C of everything behind it, little-endian | 4 |
//! | 4 | boot | 4 |
//! | 8 | seq; 0: the slot holds the boot counter | 4 |
//! | 12 | length of the record's bytes | 2 |
//! | 14 | message type | 1 |
//! | 15 | this layout: 1 | 1 |
//! | 16 | the record's bytes, as they are sent | |

use crate::body::RecordRef;
use crate::crc32c::crc32c;
use crate::header::MessageType;

/// Bytes in front of a record in its slot.
pub const SLOT_HEAD_LEN: usize = 16;

const CRC_LEN: usize = 4;
const LAYOUT: u8 = 1;

/// A slot's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content<'a> {
    pub(super) record: RecordRef,
    pub(super) message_type: MessageType,
    /// The record's bytes.
    pub(super) bytes: &'a [u8],
}

/// Where in `buffer` a record's bytes belong that are to fit into a slot of `slot_len` bytes; `None` when the buffer has
/// less than a slot.
pub(super) fn place_for_bytes(buffer: &mut [u8], slot_len: usize) -> Option<&mut [u8]> {
    buffer.get_mut(SLOT_HEAD_LEN..slot_len)
}

/// Puts the head before the `len` bytes in their place; gives all that is to be written, `None` when they can't be
/// that many.
pub(super) fn with_head(
    buffer: &mut [u8],
    record: RecordRef,
    message_type: MessageType,
    len: usize,
) -> Option<&[u8]> {
    let whole = buffer.get_mut(..SLOT_HEAD_LEN.checked_add(len)?)?;
    let (head, bytes) = whole.split_first_chunk_mut::<SLOT_HEAD_LEN>()?;
    let [b0, b1, b2, b3] = record.boot.to_le_bytes();
    let [s0, s1, s2, s3] = record.seq.to_le_bytes();
    let [l0, l1] = u16::try_from(len).ok()?.to_le_bytes();
    let rest = [b0, b1, b2, b3, s0, s1, s2, s3, l0, l1, message_type.0, LAYOUT];
    let crc = crc32c(rest.iter().chain(bytes.iter())).to_le_bytes();
    head.iter_mut().zip(crc.iter().chain(&rest)).for_each(|(place, byte)| *place = *byte);
    Some(whole)
}

/// What was written to the slot that begins with `slot`; `None` when that is nothing whole.
pub(super) fn content(slot: &[u8]) -> Option<Content<'_>> {
    let &[c0, c1, c2, c3, b0, b1, b2, b3, s0, s1, s2, s3, l0, l1, message_type, LAYOUT] =
        slot.first_chunk::<SLOT_HEAD_LEN>()?
    else {
        return None;
    };
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    let whole = slot.get(..SLOT_HEAD_LEN + len)?;
    if crc32c(whole.get(CRC_LEN..)?) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return None;
    }
    let record =
        RecordRef { boot: u32::from_le_bytes([b0, b1, b2, b3]), seq: u32::from_le_bytes([s0, s1, s2, s3]) };
    Some(Content { record, message_type: MessageType(message_type), bytes: whole.get(SLOT_HEAD_LEN..)? })
}
