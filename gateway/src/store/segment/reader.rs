//! Reads segments of version 2: all of it or nothing, or what is left of it.

use bytes::Bytes;

use super::block::{self, HEADER_BYTES, Header};
use super::builder::{BYTES_MAX, RECORDS_MAX};
use super::compress::INFLATED_BYTES_MAX;
use super::directory::Directory;
use super::{MAGIC, Salvaged, SegmentError};
use crate::domain::report::Class;
use crate::store::record::StoredRecord;

/// What all blocks of a segment may inflate to. Its last record may go beyond its own bound, and if that record is larger than this
/// allows for, its block is not compressed; what a body has beside its records is small.
const SEGMENT_INFLATED_BYTES_MAX: usize = BYTES_MAX + INFLATED_BYTES_MAX + 4096;

/// Reads the segment if all of it holds.
pub(super) fn decode(class: Class, blob: &Bytes) -> Result<Vec<StoredRecord>, SegmentError> {
    let directory = Directory::parse(blob).ok_or(SegmentError::Checksum)?;
    let mut cursor = Cursor::new(class, blob);
    let mut records = Vec::with_capacity(directory.records.min(RECORDS_MAX).into());
    for entry in &directory.entries {
        let (first, block_records) = cursor.read(entry.len as usize, Some(entry.header_crc))?;
        if usize::from(first) != records.len() {
            return Err(SegmentError::Malformed);
        }
        records.extend(block_records);
    }
    let is_complete =
        records.len() == usize::from(directory.records) && cursor.at + directory.len() == blob.len();
    is_complete.then_some(records).ok_or(SegmentError::Malformed)
}

/// Reads every block that holds.
pub(super) fn salvage(class: Class, blob: &Bytes) -> Salvaged {
    let mut salvaged = Salvaged::default();
    let mut cursor = Cursor::new(class, blob);
    let mut add = |read: Result<(u16, Vec<StoredRecord>), SegmentError>| match read {
        Ok((first, records)) => salvaged.records.extend((u32::from(first)..).zip(records)),
        Err(_) => salvaged.damaged_blocks += 1,
    };
    if let Some(directory) = Directory::parse(blob) {
        for entry in &directory.entries {
            add(cursor.read(entry.len as usize, Some(entry.header_crc)));
        }
        salvaged.expected = Some(directory.records.into());
        return salvaged;
    }
    let mut blocks = 0;
    while let Some((header, _)) = blob.get(cursor.at..).and_then(Header::parse) {
        add(cursor.read(header.block_len(), None));
        blocks += 1;
    }
    // What is left is the damaged directory, or begins with a damaged block.
    if blob.len() > cursor.at && blob.len() - cursor.at != Directory::len_of(blocks) {
        salvaged.damaged_blocks += 1;
    }
    salvaged
}

/// Goes through a segment, block by block, within the bounds of what a segment may be.
struct Cursor<'a> {
    class: Class,
    blob: &'a Bytes,
    /// Where the next block begins.
    at: usize,
    /// Its first record has this index at least.
    next: u16,
    /// Bytes that may still be inflated.
    room: usize,
}

impl Cursor<'_> {
    fn new(class: Class, blob: &Bytes) -> Cursor<'_> {
        Cursor { class, blob, at: MAGIC.len(), next: 0, room: SEGMENT_INFLATED_BYTES_MAX }
    }

    /// Reads the block of `len` bytes, if it holds and is the one that the directory means: its records and the index of the
    /// first. Moves on in any case.
    fn read(&mut self, len: usize, meant_crc: Option<u32>) -> Result<(u16, Vec<StoredRecord>), SegmentError> {
        let start = self.at;
        self.at = start.saturating_add(len);
        let block = self.blob.get(start..self.at).ok_or(SegmentError::Malformed)?;
        let (header, crc) = Header::parse(block).ok_or(SegmentError::Checksum)?;
        if header.block_len() != len || meant_crc.is_some_and(|meant| meant != crc) {
            return Err(SegmentError::Checksum);
        }
        let end = header.first.saturating_add(header.records);
        if header.first < self.next || end > RECORDS_MAX {
            return Err(SegmentError::Malformed);
        }
        let stored = self.blob.slice_ref(&block[HEADER_BYTES..]);
        let records = block::read_body(self.class, &header, stored, &mut self.room)?;
        self.next = end;
        Ok((header.first, records))
    }
}
