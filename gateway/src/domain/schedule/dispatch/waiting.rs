//! What waits: what the store says, what is held of it, and where backlog ends.

use std::hash::Hash;
use std::time::Duration;

use super::queue::{Order, Queue};
use super::{Dispatch, Item};
use crate::domain::report::Class;
use crate::domain::schedule::marks::Mark;
use crate::domain::schedule::plan::{ClassStanding, Standing};
use crate::domain::schedule::stream::{Side, Stream};

/// First wait before the store is asked again for records that it counts and did not hand out; it doubles.
const RECHECK_MIN: Duration = Duration::from_secs(1);
/// Longest such wait.
const RECHECK_MAX: Duration = Duration::from_secs(60);

/// One class.
#[derive(Debug)]
pub(super) struct Waiting<K> {
    pub(super) standing: ClassStanding,
    /// Live, backlog.
    pub(super) queues: [Queue<K>; 2],
    pub(super) mark: Mark,
    /// Grows whenever there may be something that a load has not seen.
    pub(super) news: u64,
    /// When the store is asked again though it had nothing more.
    pub(super) recheck_at: Option<Duration>,
    recheck_wait: Duration,
}

/// A load that the driver was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loading {
    pub(super) stream: Stream,
    pub(super) news: u64,
}

impl<K: Copy> Waiting<K> {
    pub(super) fn new() -> Waiting<K> {
        Waiting {
            standing: ClassStanding::default(),
            queues: [Queue::new(), Queue::new()],
            mark: Mark::default(),
            news: 0,
            recheck_at: None,
            recheck_wait: RECHECK_MIN,
        }
    }

    pub(super) fn queue(&self, side: Side) -> &Queue<K> {
        &self.queues[side as usize]
    }

    pub(super) fn queue_mut(&mut self, side: Side) -> &mut Queue<K> {
        &mut self.queues[side as usize]
    }

    /// There may be something more.
    pub(super) fn reopen(&mut self, side: Side) {
        self.news += 1;
        self.queue_mut(side).is_exhausted = false;
    }

    /// The store counts more than it hands out: true when it is time to ask again.
    pub(super) fn is_recheck_due(&mut self, now: Duration) -> bool {
        let wait = self.recheck_wait;
        let is_due = now >= *self.recheck_at.get_or_insert(now + wait);
        if is_due {
            self.recheck_at = None;
            self.recheck_wait = (wait * 2).min(RECHECK_MAX);
        }
        is_due
    }
}

impl<K: Copy + Eq + Hash> Dispatch<K> {
    /// The store has committed: what waits now.
    pub fn committed(&mut self, now: Duration, standing: &Standing) {
        let window = self.scheduler.plan().policy.live_window;
        for class in Class::ALL {
            let (new, waiting) = (standing.class(class), &mut self.classes[class as usize]);
            let old = std::mem::replace(&mut waiting.standing, new);
            if new.newest > old.newest {
                waiting.reopen(Side::Live);
            } else if new.records > old.records {
                // Something is back that was there before.
                waiting.reopen(Side::Live);
                waiting.reopen(Side::Backlog);
            }
            if waiting.mark.see(now, new, window) {
                self.mark_moved(class);
            }
        }
        if standing.urgent_taken != self.urgent_taken {
            self.urgent_taken = standing.urgent_taken;
            self.reload_incidents();
        }
        let waiting = Class::ALL.into_iter().filter(|class| *class != Class::Evidence);
        self.figures.waiting(now, waiting.map(|class| standing.class(class).records).sum());
        self.start_drain(now, standing);
    }

    /// What the store had for the [`super::Load`] that the last poll asked for; nothing means that there is nothing more.
    pub fn loaded(&mut self, items: Vec<Item<K>>) {
        let Some(Loading { stream, news }) = self.loading.take() else { return };
        let order = self.order(stream);
        let known: std::collections::HashSet<K> = self.known(stream.class).collect();
        let waiting = &mut self.classes[stream.class as usize];
        let fresh: Vec<Item<K>> = items.into_iter().filter(|item| !known.contains(&item.key)).collect();
        if !fresh.is_empty() {
            waiting.recheck_wait = RECHECK_MIN;
            waiting.queue_mut(stream.side).append(fresh, order);
        } else if waiting.news == news {
            waiting.queue_mut(stream.side).is_exhausted = true;
        }
    }

    /// What time alone changes.
    pub(super) fn expire(&mut self, now: Duration) {
        for class in self.put_off.expire(now) {
            self.classes[class as usize].reopen(Side::Live);
            self.classes[class as usize].reopen(Side::Backlog);
        }
        let window = self.scheduler.plan().policy.live_window;
        for class in Class::ALL {
            if self.classes[class as usize].mark.roll(now, window) {
                self.mark_moved(class);
            }
        }
    }

    /// Lets go of live records that are backlog now. What is held of the backlog must be the first of it: so what comes after
    /// them there goes too, and all of it is loaded again in order.
    pub(super) fn mark_moved(&mut self, class: Class) {
        if matches!(class, Class::Incident | Class::Task | Class::Evidence) {
            return;
        }
        let is_newest_first = self.is_newest_first(class);
        let waiting = &mut self.classes[class as usize];
        let mark = waiting.mark.id();
        let mut dropped = waiting.queue_mut(Side::Live).drop_where(|item| item.id <= mark);
        let ids = dropped.iter().map(|item| item.id);
        let behind = if is_newest_first {
            // What the mark passed is newer than all of it.
            waiting.queue_mut(Side::Backlog).drop_where(|_| true)
        } else if let Some(first) = ids.min() {
            waiting.queue_mut(Side::Backlog).drop_where(|item| item.id >= first)
        } else {
            Vec::new()
        };
        dropped.extend(behind);
        waiting.reopen(Side::Backlog);
        self.let_go(class, dropped);
    }

    /// Puts what was taken from a stream back, in order.
    pub(super) fn put_back(&mut self, stream: Stream, items: Vec<Item<K>>) {
        let order = self.order(stream);
        let waiting = &mut self.classes[stream.class as usize];
        let mark = waiting.mark.id();
        let is_past = stream.side == Side::Live && items.iter().any(|item| item.id <= mark);
        waiting.queue_mut(stream.side).put_back(items, order);
        if is_past && order != Order::Store {
            self.mark_moved(stream.class);
        }
    }

    /// An urgent incident has come: it goes before those that are held, in the store's order.
    fn reload_incidents(&mut self) {
        let waiting = &mut self.classes[Class::Incident as usize];
        let dropped = waiting.queue_mut(Side::Live).drop_where(|_| true);
        waiting.reopen(Side::Live);
        self.let_go(Class::Incident, dropped);
    }

    pub(super) fn let_go(&mut self, class: Class, items: Vec<Item<K>>) {
        if !items.is_empty() {
            self.forget.push((class, items.into_iter().map(|item| item.key).collect()));
        }
    }

    /// At the start more than a batch of backlog waits by chance, as after an outage.
    fn start_drain(&mut self, now: Duration, standing: &Standing) {
        let Some(chance) = self.start_chance.take() else { return };
        let sharing = [Class::Status, Class::Reading, Class::Telemetry];
        let waiting: u64 = sharing.into_iter().map(|class| standing.class(class).records).sum();
        if waiting > self.scheduler.plan().room_max.records as u64 {
            self.scheduler.begin_drain(now, chance);
        }
    }
}
