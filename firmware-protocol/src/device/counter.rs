//! The numbers of records: the boot counter, kept in two slots in turn, and seq within the boot.

use super::slot::{self, SLOT_HEAD_LEN};
use super::storage::{COUNTER_SLOTS, Storage};
use crate::body::RecordRef;
use crate::header::MessageType;

/// The boot counter as the storage has it.
pub(super) struct SavedBoot {
    /// The last boot that was saved; 0 when there was none.
    pub(super) boot: u32,
    /// The slot that is not needed to know it.
    spare_slot: u16,
}

impl SavedBoot {
    /// Reads both slots. A power cut can spoil at most the one that was being written, so the other one holds.
    pub(super) fn read<S: Storage>(storage: &mut S) -> Result<Self, S::Error> {
        let mut saved = Self { boot: 0, spare_slot: 0 };
        for slot in 0..COUNTER_SLOTS {
            let mut head = [0; SLOT_HEAD_LEN];
            let len = storage.read(slot, &mut head)?;
            let content = head.get(..len).and_then(slot::content).filter(|content| content.record.seq == 0);
            if let Some(content) = content.filter(|content| content.record.boot > saved.boot) {
                saved = Self { boot: content.record.boot, spare_slot: COUNTER_SLOTS - 1 - slot };
            }
        }
        Ok(saved)
    }

    /// Saves the boot that begins.
    pub(super) fn replace<S: Storage>(&self, storage: &mut S, boot: u32) -> Result<(), S::Error> {
        let mut head = [0; SLOT_HEAD_LEN];
        match slot::with_head(&mut head, RecordRef { boot, seq: 0 }, MessageType::default(), 0) {
            Some(content) => storage.write(self.spare_slot, content),
            None => Ok(()), // can't be: a head of no bytes fits into the head's length
        }
    }
}

/// The numbers of this boot's records. A number that may have left the device, or be in the storage, is not given again.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    boot: u32,
    /// `None` when there is none left.
    next_seq: Option<u32>,
}

impl Counter {
    pub(super) const fn of_boot(boot: u32) -> Self {
        Self { boot, next_seq: Some(1) }
    }

    pub(super) const fn boot(&self) -> u32 {
        self.boot
    }

    /// The next record's number; `None` when this boot has used all.
    pub(super) fn next(&self) -> Option<RecordRef> {
        Some(RecordRef { boot: self.boot, seq: self.next_seq? })
    }

    /// The number is taken.
    pub(super) fn advance(&mut self) {
        self.next_seq = self.next_seq.and_then(|seq| seq.checked_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_a_boot_is_given_and_none_behind_it() {
        let mut counter = Counter { boot: 7, next_seq: Some(u32::MAX) };
        assert_eq!(counter.next(), Some(RecordRef { boot: 7, seq: u32::MAX }));
        counter.advance();
        assert_eq!(counter.next(), None);
        counter.advance();
        assert_eq!(counter.next(), None);
    }
}
