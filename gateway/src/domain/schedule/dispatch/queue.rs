//! What is held of one stream, in the order in which it goes.

use std::collections::{HashSet, VecDeque};

use super::Item;

/// Held records.
///
/// Apart from those that were put off in between, they are the first of all that the store has in the stream's range and that
/// are not under way: whatever is loaded later goes behind them.
#[derive(Debug)]
pub(super) struct Queue<K> {
    items: VecDeque<Item<K>>,
    /// Parts of batches that were refused whole. Each goes on its own, before the items.
    suspects: VecDeque<Vec<Item<K>>>,
    /// The store has nothing more of it, as far as we know.
    pub(super) is_exhausted: bool,
}

/// The part of the devices that a batch is taken from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) number: u64,
    pub(super) of: u64,
}

impl Part {
    fn has(self, device: u64) -> bool {
        device % self.of == self.number
    }
}

/// How a stream's records are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As the store hands them out.
    Store,
    Ascending,
    Descending,
}

impl<K: Copy> Queue<K> {
    pub(super) fn new() -> Queue<K> {
        Queue { items: VecDeque::new(), suspects: VecDeque::new(), is_exhausted: false }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len() + self.suspects.iter().map(Vec::len).sum::<usize>()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item<K>> {
        self.suspects.iter().flatten().chain(&self.items)
    }

    /// Whether a batch can be taken while these devices have one under way.
    pub(super) fn is_ready(&self, busy: &HashSet<u64>) -> bool {
        let is_free = |item: &Item<K>| !busy.contains(&item.device);
        // A device that is only in groups that wait is in one that can go.
        self.iter().any(is_free)
    }

    /// Takes a batch of at most `records_max`, of devices that are not busy: of one group of suspects (true), or the first
    /// items. When there are more of them than fit, only those of one part of the devices, so that the others can go beside
    /// them; `turn` says which part is tried first.
    pub(super) fn take(
        &mut self,
        busy: &HashSet<u64>,
        records_max: usize,
        parts: u64,
        turn: u64,
    ) -> (Vec<Item<K>>, bool) {
        let is_free = |item: &Item<K>| !busy.contains(&item.device);
        // What is busy in an earlier group is so in a later one, so no device overtakes itself.
        if let Some(index) = self.suspects.iter().position(|group| group.iter().any(is_free)) {
            let group = self.suspects.remove(index).unwrap_or_default();
            let (taken, stays): (Vec<_>, Vec<_>) = group.into_iter().partition(is_free);
            if !stays.is_empty() {
                self.suspects.insert(index, stays);
            }
            return (taken, true);
        }
        let blocked = busy;
        let free = |item: &&Item<K>| !blocked.contains(&item.device);
        let parts = if self.items.iter().filter(free).nth(records_max).is_some() { parts.max(1) } else { 1 };
        let part = (0..parts)
            .map(|step| Part { number: (turn + step) % parts, of: parts })
            .find(|part| self.items.iter().filter(free).any(|item| part.has(item.device)));
        let Some(part) = part else { return (Vec::new(), false) };
        let mut taken = Vec::with_capacity(records_max.min(self.items.len()));
        self.items.retain(|item| {
            let goes = taken.len() < records_max && part.has(item.device) && !blocked.contains(&item.device);
            if goes {
                taken.push(*item);
            }
            !goes
        });
        (taken, false)
    }

    /// Puts items behind the others.
    pub(super) fn append(&mut self, items: impl IntoIterator<Item = Item<K>>, order: Order) {
        self.items.extend(items);
        self.sort(order);
    }

    /// Puts items back to where they were taken from.
    pub(super) fn put_back(&mut self, items: Vec<Item<K>>, order: Order) {
        for item in items.into_iter().rev() {
            self.items.push_front(item);
        }
        self.sort(order);
    }

    /// Puts a refused batch back in two halves, or one group as it was.
    pub(super) fn suspect(&mut self, mut items: Vec<Item<K>>, is_split: bool) {
        if is_split && items.len() > 1 {
            let rest = items.split_off(items.len() / 2);
            self.suspects.push_front(rest);
        }
        if !items.is_empty() {
            self.suspects.push_front(items);
        }
    }

    /// Lets go of the items that `goes` names; suspects stay.
    pub(super) fn drop_where(&mut self, goes: impl Fn(&Item<K>) -> bool) -> Vec<Item<K>> {
        let mut dropped = Vec::new();
        self.items.retain(|item| {
            let stays = !goes(item);
            if !stays {
                dropped.push(*item);
            }
            stays
        });
        dropped
    }

    /// Records of one segment share an id, so the sort must keep their order.
    fn sort(&mut self, order: Order) {
        match order {
            Order::Store => {}
            Order::Ascending => self.items.make_contiguous().sort_by_key(|item| item.id),
            Order::Descending => self.items.make_contiguous().sort_by_key(|item| std::cmp::Reverse(item.id)),
        }
    }
}
