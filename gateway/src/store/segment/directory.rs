//! The directory at the end of a segment: where its blocks are. With it a damaged header costs no more than its own block.

use super::{u16_at, u32_at};

/// How a segment ends.
const END: [u8; 4] = [b'2', b'S', b'P', 0];
const ENTRY_BYTES: usize = 8;
/// Blocks, records, checksum, [`END`].
const TAIL_BYTES: usize = 12;

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Bytes of the block, header included.
    pub(super) len: u32,
    /// Checksum of its header, and with it of all that is in it: another segment's block is not taken for it.
    pub(super) header_crc: u32,
}

/// Where the blocks are, and how many records they have together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    pub(super) records: u16,
}

impl Directory {
    /// Appends it to a segment.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for entry in &self.entries {
            out.extend_from_slice(&entry.len.to_le_bytes());
            out.extend_from_slice(&entry.header_crc.to_le_bytes());
        }
        out.extend_from_slice(&(self.entries.len() as u16).to_le_bytes()); // a block has a record at least
        out.extend_from_slice(&self.records.to_le_bytes());
        let crc = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&END);
    }

    /// The directory at the end of `blob`; `None` when there is none that holds.
    pub(super) fn parse(blob: &[u8]) -> Option<Directory> {
        let tail_at = blob.len().checked_sub(TAIL_BYTES)?;
        let blocks = usize::from(u16_at(blob, tail_at)?);
        let start = tail_at.checked_sub(blocks * ENTRY_BYTES)?;
        let crc = u32_at(blob, tail_at + 4)?;
        if !blob.ends_with(&END) || crc32c::crc32c(&blob[start..tail_at + 4]) != crc {
            return None;
        }
        let entry = |at: usize| Some(Entry { len: u32_at(blob, at)?, header_crc: u32_at(blob, at + 4)? });
        let entries = (start..tail_at).step_by(ENTRY_BYTES).map(entry).collect::<Option<_>>()?;
        Some(Directory { entries, records: u16_at(blob, tail_at + 2)? })
    }

    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        Directory::len_of(self.entries.len())
    }

    /// Bytes that the directory of so many blocks takes.
    pub(super) const fn len_of(blocks: usize) -> usize {
        blocks * ENTRY_BYTES + TAIL_BYTES
    }
}
