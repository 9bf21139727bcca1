//! The custody of a photo or clip: which file it is, which of its pieces are there, and what its device is told.
//!
//! - A file is named by its device and a record number ([`File::evidence`]). Size, chunk size and SHA-256 belong to the
//!   name for ever: a description that says otherwise is refused.
//! - A device is told what is lacking from the first lacking piece on, [`WINDOW_CHUNKS`] pieces at a time.
//! - A file takes part only as a whole: before its first piece is taken, room for all of it is promised
//!   ([`File::room_bytes`]), so that no number of files begun can keep each other from being finished.

use firmware_protocol::body::{EvidenceWant, RecordRef as WireRef, TransferState, WANT_CHUNKS_MAX};
use firmware_protocol::{Bytes, TooLong};

use super::report::{EvidenceMeta, RecordRef, Sha256};

/// Pieces of a file at most; a description with more is refused. 16 MiB in pieces of 1 KiB.
pub const CHUNKS_MAX: u32 = 16_384;
/// Pieces that one answer can name.
pub const WINDOW_CHUNKS: u32 = WANT_CHUNKS_MAX as u32;
/// A file whose SHA-256 did not hold so often is refused: its description is wrong, or its device is.
pub const MISMATCHES_MAX: u32 = 3;
/// What a piece takes in the store beside its bytes, and beside an eighth of them: its frame, its row, its place.
const CHUNK_OVERHEAD_BYTES: u64 = 160;

/// A file as its description fixes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name among those of its device.
    pub evidence: RecordRef,
    /// Bytes, from 1.
    pub size_bytes: u32,
    /// Bytes of every piece but the last.
    pub chunk_bytes: u32,
    /// Of the whole file.
    pub sha256: Sha256,
}

impl File {
    /// The file that is described.
    pub fn of(meta: &EvidenceMeta) -> File {
        let &EvidenceMeta { evidence, size_bytes, chunk_bytes, sha256, .. } = meta;
        File { evidence, size_bytes, chunk_bytes, sha256 }
    }

    /// Pieces it has, from 1.
    pub fn chunks(&self) -> u32 {
        self.size_bytes.div_ceil(self.chunk_bytes)
    }

    /// Bytes of the piece with this index; `None` when it has no such piece.
    pub fn chunk_len(&self, index: u32) -> Option<u32> {
        let before = index.checked_mul(self.chunk_bytes)?;
        self.size_bytes.checked_sub(before).filter(|left| *left > 0).map(|left| left.min(self.chunk_bytes))
    }

    /// Bytes that it takes in the store when it is whole.
    pub fn room_bytes(&self) -> u64 {
        room_bytes(self.size_bytes, self.chunk_bytes)
    }
}

/// Bytes that a file of this size in pieces of this size takes in the store when it is whole.
pub fn room_bytes(size_bytes: u32, chunk_bytes: u32) -> u64 {
    let chunks = u64::from(size_bytes.div_ceil(chunk_bytes));
    let size_bytes = u64::from(size_bytes);
    size_bytes + size_bytes / 8 + chunks * CHUNK_OVERHEAD_BYTES
}

/// What a device that has described a file wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enquiry {
    /// How far the transfer of this file is.
    About(File),
    /// A file that can't be taken, whatever the store says.
    Refused(RecordRef),
}

impl Enquiry {
    /// The file it is about.
    pub fn evidence(&self) -> RecordRef {
        match self {
            Enquiry::About(File { evidence, .. }) | Enquiry::Refused(evidence) => *evidence,
        }
    }
}

/// What the device is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These pieces are lacking: bit n stands for piece `base_index` + n, lowest bit of the first byte first. At most 32 bytes.
    Wanted {
        /// The first piece that is lacking.
        base_index: u32,
        /// A bit a piece.
        missing: Vec<u8>,
    },
    /// It is whole, safe, and its SHA-256 holds.
    Complete,
    /// Not now: there is no room.
    Wait,
    /// Never.
    Refused,
    /// Its SHA-256 did not hold; what was there is dropped.
    Mismatch,
}

impl Answer {
    /// What is lacking of `chunks` pieces when `present` are there, which are those from `first_lacking` on, ascending.
    pub fn wanted(chunks: u32, first_lacking: u32, present: impl IntoIterator<Item = u32>) -> Answer {
        let window = chunks.saturating_sub(first_lacking).min(WINDOW_CHUNKS);
        let mut missing = vec![0; window.div_ceil(8) as usize];
        (0..window).for_each(|at| missing[at as usize / 8] |= 1 << (at % 8));
        for index in present {
            let at = index.wrapping_sub(first_lacking);
            if at < window {
                missing[at as usize / 8] &= !(1 << (at % 8));
            }
        }
        while missing.last() == Some(&0) {
            missing.pop();
        }
        Answer::Wanted { base_index: first_lacking, missing }
    }

    /// The body of the frame that says it.
    ///
    /// # Errors
    /// [`TooLong`] for a bitmap that [`Answer::wanted`] did not make.
    pub fn body(&self, evidence: RecordRef) -> Result<EvidenceWant<'_>, TooLong> {
        let (base_index, missing) = match self {
            Answer::Wanted { base_index, missing } => (*base_index, missing.as_slice()),
            _ => (0, [].as_slice()),
        };
        let state = match self {
            Answer::Wanted { .. } => TransferState::WANTED,
            Answer::Complete => TransferState::COMPLETE,
            Answer::Wait => TransferState::WAIT,
            Answer::Refused => TransferState::REFUSED,
            Answer::Mismatch => TransferState::MISMATCH,
        };
        let evidence = WireRef { boot: evidence.boot, seq: evidence.seq };
        Ok(EvidenceWant { evidence, state, base_index, missing: Bytes::new(missing)? })
    }

    /// The label in metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Answer::Wanted { .. } => "evidence_wanted",
            Answer::Complete => "evidence_complete",
            Answer::Wait => "evidence_wait",
            Answer::Refused => "evidence_refused",
            Answer::Mismatch => "evidence_mismatch",
        }
    }
}

#[cfg(test)]
mod tests;
