//! A store of a few lines: what was committed, in which order, and the platform's word on it.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{ClassStanding, Item, Load, Range, Room, Standing, Word};

/// A record; its key is its place in [`Store::records`].
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) class: Class,
    pub(super) device: u64,
    pub(super) id: i64,
    pub(super) bytes: usize,
    pub(super) is_urgent: bool,
    /// The platform refuses every batch with it.
    pub(super) is_poison: bool,
    pub(super) committed_at: Duration,
    pub(super) word: Option<Word>,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) records: Vec<Record>,
    /// Of each class what waits, in the order in which it is handed out: (not urgent, id, key).
    pending: [BTreeSet<(bool, i64, usize)>; 6],
    newest: [i64; 6],
    urgent_taken: u64,
    /// Records that wait and are not poison.
    pub(super) sound_waiting: usize,
}

impl Store {
    /// Commits a record; of a segment when it has the id of the one before.
    pub(super) fn put(&mut self, record: Record, is_same_segment: bool) {
        let (class, key) = (record.class as usize, self.records.len());
        self.newest[class] += i64::from(!is_same_segment || self.newest[class] == 0);
        let record = Record { id: self.newest[class], ..record };
        self.urgent_taken += u64::from(record.is_urgent);
        self.sound_waiting += usize::from(!record.is_poison);
        self.pending[class].insert((!record.is_urgent, record.id, key));
        self.records.push(record);
    }

    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing { urgent_taken: self.urgent_taken, ..Standing::default() };
        for (index, class) in standing.classes.iter_mut().enumerate() {
            *class = ClassStanding { records: self.pending[index].len() as u64, newest: self.newest[index] };
        }
        standing
    }

    pub(super) fn waiting(&self) -> usize {
        self.pending.iter().map(BTreeSet::len).sum()
    }

    pub(super) fn pending(&self, class: Class) -> impl Iterator<Item = usize> {
        self.pending[class as usize].iter().map(|(.., key)| *key)
    }

    /// Hands out what was asked for: whole segments, as the real one does.
    pub(super) fn load(&self, load: &Load<usize>) -> Vec<Item<usize>> {
        let Range { after, up_to, newest_first } = load.range;
        let waiting = &self.pending[load.stream.class as usize];
        let fits = |entry: &&(bool, i64, usize)| {
            after < entry.1 && entry.1 <= up_to && !load.skip.contains(&entry.2)
        };
        let items = |entries: &mut dyn Iterator<Item = &(bool, i64, usize)>| self.take(entries, load.room);
        if load.stream.is_first() {
            items(&mut waiting.iter().filter(fits))
        } else {
            // Others than incidents are never urgent: their order is that of their ids.
            let (from, to) = ((true, after.saturating_add(1), 0), (true, up_to, usize::MAX));
            if from > to {
                return Vec::new();
            }
            let range = waiting.range(from..=to);
            if newest_first { items(&mut range.rev().filter(fits)) } else { items(&mut range.filter(fits)) }
        }
    }

    fn take(&self, entries: &mut dyn Iterator<Item = &(bool, i64, usize)>, room: Room) -> Vec<Item<usize>> {
        let mut items: Vec<Item<usize>> = Vec::new();
        let mut bytes = 0;
        for &(_, id, key) in entries {
            let is_full = items.len() >= room.records || bytes >= room.bytes;
            if is_full && items.last().is_none_or(|last| last.id != id) {
                break;
            }
            bytes += self.records[key].bytes;
            items.push(Item { key, device: self.records[key].device, id });
        }
        items
    }

    /// Makes words durable. False, and nothing happens, when one of the records has one already.
    pub(super) fn settle(&mut self, words: &[(usize, Word)]) -> bool {
        let mut keys = HashSet::new();
        if words.iter().any(|(key, _)| self.records[*key].word.is_some() || !keys.insert(*key)) {
            return false;
        }
        for &(key, word) in words {
            let record = &mut self.records[key];
            record.word = Some(word);
            self.sound_waiting -= usize::from(!record.is_poison);
            self.pending[record.class as usize].remove(&(!record.is_urgent, record.id, key));
        }
        true
    }
}
