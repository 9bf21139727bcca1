//! The chunks of one answer that are still to be sent, and those that wait for their acknowledgement.

use crate::body::{EvidenceWant, RecordRef, WANT_CHUNKS_MAX};

/// Chunks without an acknowledgement at most.
pub const CHUNKS_IN_FLIGHT_MAX: usize = 8;

/// One answer being followed.
#[derive(Debug, Clone)]
pub(super) struct Round {
    base_index: u32,
    /// A bit a chunk from `base_index` on that is still to be sent, lowest bit of the first byte first.
    wanted: [u8; WANT_CHUNKS_MAX / 8],
}

impl Round {
    /// What is wanted of a file of so many chunks; `None` when that is none of them.
    pub(super) fn new(want: &EvidenceWant<'_>, chunks: u32) -> Option<Self> {
        let mut wanted = [0; WANT_CHUNKS_MAX / 8];
        wanted.iter_mut().zip(want.missing.as_slice()).for_each(|(place, byte)| *place = *byte);
        let mut round = Self { base_index: want.base_index, wanted };
        round.keep_below(chunks);
        round.next_index().map(|_| round)
    }

    /// Strikes out what the file does not have.
    fn keep_below(&mut self, chunks: u32) {
        let existing = chunks.saturating_sub(self.base_index);
        for (byte, first_bit) in self.wanted.iter_mut().zip((0_u32..).step_by(8)) {
            let bits = existing.saturating_sub(first_bit).min(8);
            *byte &= ((1_u16 << bits) - 1) as u8;
        }
    }

    /// The next chunk to be sent; `None` when all were.
    pub(super) fn next_index(&self) -> Option<u32> {
        let mut bytes = self.wanted.iter().zip((0_u32..).step_by(8));
        let (byte, first_bit) = bytes.find(|(byte, _)| **byte != 0)?;
        self.base_index.checked_add(first_bit + byte.trailing_zeros())
    }

    /// The next chunk was sent.
    pub(super) fn advance(&mut self) {
        if let Some(byte) = self.wanted.iter_mut().find(|byte| **byte != 0) {
            *byte &= byte.wrapping_sub(1); // its lowest bit
        }
    }
}

/// Chunks without an acknowledgement; (0, 0) is a free place.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight([RecordRef; CHUNKS_IN_FLIGHT_MAX]);

const FREE: RecordRef = RecordRef { boot: 0, seq: 0 };

impl InFlight {
    pub(super) fn is_full(&self) -> bool {
        !self.0.contains(&FREE)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|place| *place == FREE)
    }

    pub(super) fn add(&mut self, chunk: RecordRef) {
        self.change(FREE, chunk);
    }

    /// `false` when it is none of them.
    pub(super) fn remove(&mut self, chunk: RecordRef) -> bool {
        chunk != FREE && self.change(chunk, FREE)
    }

    fn change(&mut self, from: RecordRef, to: RecordRef) -> bool {
        let place = self.0.iter_mut().find(|place| **place == from);
        place.map(|place| *place = to).is_some()
    }
}
