//! What a device's maker brings, as stand-ins: memory that fails and loses power when it is told to, a clock that shows
//! what it is told to.

use std::cell::{Cell, RefCell};

use firmware_protocol::device::{Clock, Storage, WallTime};
use proptest::prelude::*;

/// Something goes wrong at the `calls`-th change of the memory from now on, counted from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) calls: usize,
    pub(crate) how: How,
    /// How much of it has an effect: up to so many bytes are new, the rest is as it was.
    pub(crate) new_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The call reports an error; the next ones work.
    Error,
    /// The power goes: this call and all behind it fail until the power is back.
    PowerCut,
}

/// A fault at one of the next few changes.
pub(crate) fn any_fault() -> impl Strategy<Value = Fault> {
    let calls = prop_oneof![0..2_usize, 0..12_usize];
    let new_bytes = prop_oneof![Just(0), 1..20_usize, 20..64_usize, Just(usize::MAX)];
    let how = prop_oneof![Just(How::Error), Just(How::PowerCut)];
    (calls, how, new_bytes).prop_map(|(calls, how, new_bytes)| Fault { calls, how, new_bytes })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryError;

/// Slots of 256 bytes. The device has the memory, and so have those who break it.
#[derive(Debug)]
pub(crate) struct Memory(RefCell<Chip>);

#[derive(Debug)]
struct Chip {
    slots: Vec<[u8; Memory::SLOT_LEN]>,
    /// Changes of each slot.
    writes: Vec<u32>,
    fault: Option<Fault>,
    /// Takes nothing in any more.
    broken_slot: Option<u16>,
    powered: bool,
}

impl Memory {
    pub(crate) const SLOT_LEN: usize = 256;

    /// Slots with whatever was in them before.
    pub(crate) fn new(slots: usize, content: u8) -> Self {
        let (slots, writes) = (vec![[content; Self::SLOT_LEN]; slots], vec![0; slots]);
        Self(RefCell::new(Chip { slots, writes, fault: None, broken_slot: None, powered: true }))
    }

    /// From now on this slot takes nothing in any more.
    pub(crate) fn break_slot(&self, slot: u16) {
        self.0.borrow_mut().broken_slot = Some(slot);
    }

    pub(crate) fn plan(&self, fault: Fault) {
        self.0.borrow_mut().fault = Some(fault);
    }

    /// The power is back.
    pub(crate) fn power_on(&self) {
        let mut chip = self.0.borrow_mut();
        (chip.powered, chip.fault) = (true, None);
    }

    pub(crate) fn is_powered(&self) -> bool {
        self.0.borrow().powered
    }

    pub(crate) fn content(&self, slot: u16) -> [u8; Self::SLOT_LEN] {
        self.0.borrow().slots[usize::from(slot)]
    }

    /// What is in a slot is in another one too.
    pub(crate) fn copy(&self, from: u16, to: u16) {
        let content = self.content(from);
        self.0.borrow_mut().slots[usize::from(to)] = content;
    }

    /// Changes of each slot so far.
    pub(crate) fn writes(&self) -> Vec<u32> {
        self.0.borrow().writes.clone()
    }

    /// Changes a bit, as time and rays do.
    pub(crate) fn flip(&self, slot: u16, at: usize) {
        self.0.borrow_mut().slots[usize::from(slot)][at] ^= 0x10;
    }
}

impl Chip {
    /// Changes the beginning of a slot, unless something goes wrong.
    fn change(&mut self, slot: u16, bytes: &[u8]) -> Result<(), MemoryError> {
        if !self.powered || self.broken_slot == Some(slot) {
            return Err(MemoryError);
        }
        let fault = self.fault.take();
        let now = fault.filter(|fault| fault.calls == 0);
        let later = fault.filter(|fault| fault.calls > 0);
        self.fault = later.map(|fault| Fault { calls: fault.calls - 1, ..fault });
        let len = now.map_or(bytes.len(), |fault| bytes.len().min(fault.new_bytes));
        self.slots[usize::from(slot)][..len].copy_from_slice(&bytes[..len]);
        self.writes[usize::from(slot)] += 1;
        self.powered = now.is_none_or(|fault| fault.how == How::Error);
        if now.is_some() { Err(MemoryError) } else { Ok(()) }
    }
}

impl Storage for &Memory {
    type Error = MemoryError;

    fn slots(&self) -> u16 {
        self.0.borrow().slots.len() as u16
    }

    fn slot_len(&self) -> usize {
        Memory::SLOT_LEN
    }

    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, MemoryError> {
        let len = buffer.len().min(Memory::SLOT_LEN);
        buffer[..len].copy_from_slice(&self.content(slot)[..len]);
        if self.is_powered() { Ok(len) } else { Err(MemoryError) }
    }

    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), MemoryError> {
        self.0.borrow_mut().change(slot, bytes)
    }

    fn erase(&mut self, slot: u16) -> Result<(), MemoryError> {
        self.0.borrow_mut().change(slot, &[0; 4])
    }
}

/// A clock that shows what it is told to.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) uptime_ms: Cell<u64>,
    pub(crate) wall: Cell<Option<WallTime>>,
}

impl Clock for Watch {
    fn uptime_ms(&self) -> u64 {
        self.uptime_ms.get()
    }

    fn wall(&self) -> Option<WallTime> {
        self.wall.get()
    }
}
