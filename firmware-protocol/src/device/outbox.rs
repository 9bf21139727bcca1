//! Which record is in which slot, and what becomes of it: the index of what the storage holds, in memory of the caller.

use crate::body::RecordRef;
use crate::header::MessageType;

/// One line of the table that a [`Device`](super::Device) keeps its records in; start with `[Entry::default(); N]`, a
/// line for each record that may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entry {
    record: RecordRef,
    message_type: MessageType,
    slot: u16,
    state: State,
    /// Whether it was given out before, in this boot or an earlier one.
    resend: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Nothing is in the slot.
    #[default]
    Free,
    /// To be sent.
    Waiting,
    /// Sent, and nobody knows yet what became of it.
    InFlight,
    /// Acknowledged and kept: a description of evidence whose transfer is not over.
    Kept,
}

impl Entry {
    /// The record's number.
    pub const fn record(&self) -> RecordRef {
        self.record
    }

    /// What the record is.
    pub const fn message_type(&self) -> MessageType {
        self.message_type
    }

    pub(super) const fn slot(&self) -> u16 {
        self.slot
    }

    pub(super) const fn resend(&self) -> bool {
        self.resend
    }

    /// Orders the table: records as they were made, then what is free.
    const fn key(&self) -> (bool, u32, u32) {
        (matches!(self.state, State::Free), self.record.boot, self.record.seq)
    }
}

/// Memory for the table: an array or a slice of [`Entry`], or whatever holds one.
pub trait Table: AsRef<[Entry]> + AsMut<[Entry]> {}

impl<T: AsRef<[Entry]> + AsMut<[Entry]> + ?Sized> Table for T {}

/// The table. Its first `len` entries are the records, oldest first; behind them stand the free slots in the order in
/// which they are to be used, up to `capacity`.
#[derive(Debug, Clone)]
pub(super) struct Outbox<T> {
    table: T,
    capacity: usize,
    len: usize,
    in_flight: usize,
}

impl<T: Table> Outbox<T> {
    /// An outbox without a slot.
    pub(super) const fn new(table: T) -> Self {
        Self { table, capacity: 0, len: 0, in_flight: 0 }
    }

    /// Takes a slot in, with the record it holds if there is one; `false` when the table is full.
    pub(super) fn take_in(&mut self, slot: u16, held: Option<(RecordRef, MessageType)>) -> bool {
        let Some(place) = self.table.as_mut().get_mut(self.capacity) else { return false };
        *place = match held {
            Some((record, message_type)) => {
                self.len += 1;
                Entry { record, message_type, slot, state: State::Waiting, resend: true }
            }
            None => Entry { slot, ..Entry::default() },
        };
        self.capacity += 1;
        self.sink_last();
        true
    }

    /// Moves the last entry forward to where its key belongs.
    fn sink_last(&mut self) {
        let table = self.table.as_mut();
        let mut right_at = self.capacity;
        while let Some(pair) = right_at.checked_sub(2).and_then(|left_at| table.get_mut(left_at..right_at))
            && let [left, right] = pair
            && left.key() > right.key()
        {
            core::mem::swap(left, right);
            right_at -= 1;
        }
    }

    /// The records, oldest first.
    pub(super) fn records(&self) -> &[Entry] {
        self.table.as_ref().get(..self.len).unwrap_or_default()
    }

    fn records_mut(&mut self) -> &mut [Entry] {
        self.table.as_mut().get_mut(..self.len).unwrap_or_default()
    }

    pub(super) fn entry(&self, record: RecordRef) -> Option<&Entry> {
        let at = self.position(record)?;
        self.records().get(at)
    }

    fn entry_mut(&mut self, record: RecordRef) -> Option<&mut Entry> {
        let at = self.position(record)?;
        self.records_mut().get_mut(at)
    }

    fn position(&self, record: RecordRef) -> Option<usize> {
        let number = |record: &RecordRef| (record.boot, record.seq);
        self.records().binary_search_by_key(&number(&record), |entry| number(&entry.record)).ok()
    }

    /// The slot for the next record; `None` when the outbox is full.
    pub(super) fn free_slot(&self) -> Option<u16> {
        self.table.as_ref().get(self.len..self.capacity)?.first().map(Entry::slot)
    }

    /// A record with a number above all others was written to the free slot.
    pub(super) fn push(&mut self, record: RecordRef, message_type: MessageType) {
        if let Some(entry) = self.table.as_mut().get_mut(self.len) {
            *entry = Entry { record, message_type, slot: entry.slot, state: State::Waiting, resend: false };
            self.len += 1;
        }
    }

    /// Nobody knows what is in the free slot now: another one comes first.
    pub(super) fn pass_over_free_slot(&mut self) {
        self.move_to_the_end(self.len);
    }

    /// The oldest record that waits, while fewer than `window` are in flight.
    pub(super) fn next_to_send(&self, window: usize) -> Option<Entry> {
        let waits = |entry: &&Entry| entry.state == State::Waiting;
        self.records().iter().find(waits).filter(|_| self.in_flight < window).copied()
    }

    /// The record is given out.
    pub(super) fn sent(&mut self, record: RecordRef) {
        if self.change(record, State::Waiting, State::InFlight)
            && let Some(entry) = self.entry_mut(record)
        {
            entry.resend = true;
        }
    }

    /// The record is to be sent again, if it is in flight.
    pub(super) fn wait_again(&mut self, record: RecordRef) {
        self.change(record, State::InFlight, State::Waiting);
    }

    /// Everything in flight is to be sent again.
    pub(super) fn all_wait_again(&mut self) {
        let in_flight = |entry: &&mut Entry| entry.state == State::InFlight;
        self.records_mut().iter_mut().filter(in_flight).for_each(|entry| entry.state = State::Waiting);
        self.in_flight = 0;
    }

    /// The record stays although it was acknowledged.
    pub(super) fn keep(&mut self, record: RecordRef) {
        self.change(record, State::InFlight, State::Kept);
        self.change(record, State::Waiting, State::Kept);
    }

    /// A record that was kept is to be sent again.
    pub(super) fn send_kept_again(&mut self, record: RecordRef) -> bool {
        self.change(record, State::Kept, State::Waiting)
    }

    fn change(&mut self, record: RecordRef, from: State, to: State) -> bool {
        let Some(entry) = self.entry_mut(record).filter(|entry| entry.state == from) else { return false };
        entry.state = to;
        let counts = |state| usize::from(state == State::InFlight);
        self.in_flight = self.in_flight.saturating_add(counts(to)).saturating_sub(counts(from));
        true
    }

    /// Forgets the record; gives the slot it was in.
    pub(super) fn remove(&mut self, record: RecordRef) -> Option<u16> {
        let at = self.position(record)?;
        let entry = self.records_mut().get_mut(at)?;
        let Entry { slot, state, .. } = *entry;
        *entry = Entry { slot, ..Entry::default() };
        self.in_flight = self.in_flight.saturating_sub(usize::from(state == State::InFlight));
        self.move_to_the_end(at);
        self.len = self.len.saturating_sub(1);
        Some(slot)
    }

    /// Moves an entry behind all others: the slot that was freed last is used last.
    fn move_to_the_end(&mut self, at: usize) {
        let entries = self.table.as_mut().get_mut(at..self.capacity);
        let Some((mut place, behind)) = entries.and_then(<[Entry]>::split_first_mut) else { return };
        let moved = *place;
        for entry in behind {
            *place = *entry;
            place = entry;
        }
        *place = moved;
    }

    /// How many records fit.
    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }
}
