//! Records that are not acknowledged yet, oldest first.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Class;

/// A device's own name for a record. Ordered as the device made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// Boot counter.
    pub boot: u32,
    /// Number within the boot, from 1.
    pub seq: u32,
}

/// A record to be published now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number.
    pub id: RecordId,
    /// Its class, which names the topic.
    pub class: Class,
    /// The bytes, the same each time.
    pub payload: Bytes,
    /// Whether it was given out before.
    pub resend: bool,
}

/// The outbox: sorted by [`RecordId`], at most `max` records.
#[derive(Debug)]
pub struct Outbox {
    slots: VecDeque<Slot>,
    in_flight: usize,
    max: usize,
}

#[derive(Debug)]
struct Slot {
    id: RecordId,
    class: Class,
    payload: Bytes,
    sends: u32,
    in_flight: bool,
}

impl Outbox {
    /// An empty outbox for at most `max` records.
    pub fn new(max: usize) -> Outbox {
        Outbox { slots: VecDeque::new(), in_flight: 0, max }
    }

    /// Records in it, in flight or waiting.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether everything is settled.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there is no room for one more.
    pub fn is_full(&self) -> bool {
        self.slots.len() >= self.max
    }

    /// Appends a record; its id is above all others'.
    pub(super) fn push(&mut self, id: RecordId, class: Class, payload: Bytes) {
        self.slots.push_back(Slot { id, class, payload, sends: 0, in_flight: false });
    }

    /// The oldest waiting record, if fewer than `window` are in flight.
    pub(super) fn next_to_send(&mut self, window: usize) -> Option<Outgoing> {
        if self.in_flight >= window {
            return None;
        }
        let slot = self.slots.iter_mut().find(|slot| !slot.in_flight)?;
        slot.in_flight = true;
        slot.sends += 1;
        self.in_flight += 1;
        Some(Outgoing {
            id: slot.id,
            class: slot.class,
            payload: slot.payload.clone(),
            resend: slot.sends > 1,
        })
    }

    pub(super) fn remove(&mut self, id: RecordId) -> bool {
        let Ok(index) = self.slots.binary_search_by_key(&id, |slot| slot.id) else { return false };
        if let Some(slot) = self.slots.remove(index) {
            self.in_flight -= usize::from(slot.in_flight);
        }
        true
    }

    pub(super) fn wait_again(&mut self, id: RecordId) {
        if let Ok(index) = self.slots.binary_search_by_key(&id, |slot| slot.id)
            && std::mem::take(&mut self.slots[index].in_flight)
        {
            self.in_flight -= 1;
        }
    }

    pub(super) fn all_wait_again(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.in_flight = false);
        self.in_flight = 0;
    }
}
