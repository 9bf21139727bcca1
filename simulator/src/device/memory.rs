//! A device's storage in this process's memory: it never fails and outlives nothing.

use std::convert::Infallible;

use firmware_protocol::device::{COUNTER_SLOTS, SLOT_HEAD_LEN, Storage};

/// Room for the longest record a device stores: a track of 64 points.
const RECORD_LEN_MAX: usize = 2_048;

/// Slots for the boot counter and for records.
#[derive(Debug)]
pub(super) struct Memory {
    slots: Vec<Vec<u8>>,
}

impl Memory {
    /// Bytes of every slot.
    pub(super) const SLOT_LEN: usize = SLOT_HEAD_LEN + RECORD_LEN_MAX;

    /// Room for at most `records` records.
    pub(super) fn new(records: u16) -> Memory {
        Memory { slots: vec![Vec::new(); usize::from(COUNTER_SLOTS) + usize::from(records)] }
    }
}

impl Storage for Memory {
    type Error = Infallible;

    fn slots(&self) -> u16 {
        u16::try_from(self.slots.len()).unwrap_or(u16::MAX)
    }

    fn slot_len(&self) -> usize {
        Memory::SLOT_LEN
    }

    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let content = &self.slots[usize::from(slot)];
        let len = content.len().min(buffer.len());
        buffer[..len].copy_from_slice(&content[..len]);
        Ok(len)
    }

    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Infallible> {
        self.slots[usize::from(slot)] = bytes.to_vec();
        Ok(())
    }

    fn erase(&mut self, slot: u16) -> Result<(), Infallible> {
        self.slots[usize::from(slot)] = Vec::new();
        Ok(())
    }
}
