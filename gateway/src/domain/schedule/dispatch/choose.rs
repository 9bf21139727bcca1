//! The choice: load, send or wait.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use super::batch::Phase;
use super::waiting::Loading;
use super::{Batch, Dispatch, Do, Load, Range, Ticket, Why};
use crate::domain::report::Class;
use crate::domain::schedule::plan::{Around, Room};
use crate::domain::schedule::stream::{Side, Stream};

/// What is asked of the store at once, at most. Batches are cut from it.
const LOAD_MAX: Room = Room { records: 2000, bytes: 1 << 20 };

/// What there is of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    /// A batch can be taken.
    Ready,
    /// The store has something.
    Loadable,
    /// Nothing, until something else happens.
    Nothing,
}

/// Why nothing was found yet, and when to look again.
#[derive(Debug, Default)]
struct Excuse {
    until: Option<Duration>,
    why: Option<Why>,
}

impl Excuse {
    /// The first reason stands; the earliest time counts.
    fn add(&mut self, why: Why, until: Option<Duration>) {
        self.why.get_or_insert(why);
        self.until = self.until.into_iter().chain(until).min();
    }
}

impl<K: Copy + Eq + Hash> Dispatch<K> {
    pub(super) fn choose(&mut self, now: Duration, around: Around) -> Do<K> {
        let mut excuse = Excuse::default();
        let has_slot = self.has_slot();
        for stream in Stream::FIRST {
            match self.prospect(now, stream, &mut excuse) {
                Prospect::Loadable => return self.load(stream),
                Prospect::Ready if has_slot => return self.offer(now, around, stream),
                Prospect::Ready => return Do::Wait { until: self.put_off.next_due(), why: Why::UnderWay },
                // They wait for their devices' batches under way; nothing less urgent goes before them.
                Prospect::Nothing if self.queue(stream).len() > 0 => {
                    return Do::Wait { until: self.put_off.next_due(), why: Why::UnderWay };
                }
                Prospect::Nothing => {}
            }
        }
        if let Some(next) = self.choose_sharing(now, around, has_slot, &mut excuse) {
            return next;
        }
        if !self.batches.is_empty() {
            excuse.why.get_or_insert(Why::UnderWay);
        }
        if let Some(due) = self.put_off.next_due() {
            excuse.add(Why::PutOff, Some(due));
        }
        Do::Wait { until: excuse.until, why: excuse.why.unwrap_or(Why::Idle) }
    }

    fn choose_sharing(
        &mut self,
        now: Duration,
        around: Around,
        has_slot: bool,
        excuse: &mut Excuse,
    ) -> Option<Do<K>> {
        let (under_way, changes_at) = self.bytes_under_way(now);
        if !has_slot || !self.scheduler.has_room_beside(under_way) {
            excuse.add(Why::UnderWay, changes_at.filter(|_| has_slot));
            return None;
        }
        let has_backlog_slot = !self.scheduler.is_drain_growing(now)
            || self.sent().all(|batch| batch.stream.side != Side::Backlog);
        let mut prospects = [Prospect::Nothing; Stream::SHARING.len()];
        for (prospect, stream) in prospects.iter_mut().zip(Stream::SHARING) {
            if self.classes[stream.class as usize].standing.records == 0
                && self.classes[stream.class as usize].queue(stream.side).len() == 0
            {
                continue;
            }
            if let Some(hindrance) = self.scheduler.hindrance(now, around.link, stream) {
                let until = self.hindrance_ends(now, around, stream);
                excuse.add(Why::HeldBack(hindrance), until);
            } else if stream.side == Side::Backlog && !has_backlog_slot {
                excuse.add(Why::UnderWay, None);
            } else {
                *prospect = self.prospect(now, stream, excuse);
            }
        }
        let waits = prospects.map(|prospect| prospect != Prospect::Nothing);
        let stream = self.scheduler.pick(waits)?;
        let index = Stream::SHARING.iter().position(|each| *each == stream)?;
        Some(match prospects[index] {
            Prospect::Loadable => self.load(stream),
            Prospect::Ready | Prospect::Nothing => self.offer(now, around, stream),
        })
    }

    /// When a hindrance ends by time alone.
    fn hindrance_ends(&self, now: Duration, around: Around, stream: Stream) -> Option<Duration> {
        match self.scheduler.hindrance_of_class(around.link, stream.class) {
            Some(_) => self.scheduler.budget().restarts_at(around.day),
            None => self.scheduler.drain_waits_until(now),
        }
    }

    fn prospect(&mut self, now: Duration, stream: Stream, excuse: &mut Excuse) -> Prospect {
        let batch_records = self.scheduler.plan().room_max.records.min(LOAD_MAX.records);
        let held = self.classes[stream.class as usize].queue(stream.side).len();
        let busy = if held > 0 { self.busy(stream.class) } else { HashSet::new() };
        let known = self.known(stream.class).count() as u64;
        let waiting = &mut self.classes[stream.class as usize];
        let queue = waiting.queue(stream.side);
        let is_ready = queue.is_ready(&busy);
        let has_more = waiting.standing.records > known;
        // Backlog goes in full batches: what is left of one load is not a batch of its own. And while the devices of all that
        // is held have a batch under way, others may have something.
        let is_enough = match (is_ready, stream.side) {
            (true, Side::Live) => true,
            (true, Side::Backlog) => held >= batch_records,
            (false, _) => held >= LOAD_MAX.records,
        };
        if has_more && !is_enough && !queue.is_exhausted {
            return Prospect::Loadable;
        }
        if is_ready {
            return Prospect::Ready;
        }
        if !has_more {
            waiting.recheck_at = None;
            return Prospect::Nothing;
        }
        let is_all_exhausted = stream.is_first() || waiting.queues.iter().all(|queue| queue.is_exhausted);
        if !is_all_exhausted || is_enough {
            return Prospect::Nothing;
        }
        if waiting.is_recheck_due(now) {
            waiting.reopen(Side::Live);
            waiting.reopen(Side::Backlog);
            return Prospect::Loadable;
        }
        excuse.add(Why::Recheck, waiting.recheck_at);
        Prospect::Nothing
    }

    fn load(&mut self, stream: Stream) -> Do<K> {
        let is_newest_first = stream.side == Side::Backlog && self.is_newest_first(stream.class);
        let waiting = &self.classes[stream.class as usize];
        let mark = waiting.mark.id();
        let (after, up_to) = match stream.side {
            Side::Live if stream.is_first() => (i64::MIN, i64::MAX),
            Side::Live => (mark, i64::MAX),
            Side::Backlog => (i64::MIN, mark),
        };
        self.loading = Some(Loading { stream, news: waiting.news });
        let range = Range { after, up_to, newest_first: is_newest_first };
        Do::Load(Load { stream, range, skip: self.known(stream.class).collect(), room: LOAD_MAX })
    }

    fn offer(&mut self, now: Duration, around: Around, stream: Stream) -> Do<K> {
        let is_probe = self.patience.probes_since().is_some();
        let room = self.scheduler.room(around.link, stream, is_probe);
        let parts = if is_probe { 1 } else { self.scheduler.in_flight() as u64 };
        let busy = self.busy(stream.class);
        self.last_ticket += 1;
        let (ticket, turn) = (Ticket(self.last_ticket), self.last_ticket);
        let (items, is_suspect) = self.queue(stream).take(&busy, room.records, parts, turn);
        let keys = items.iter().map(|item| item.key).collect();
        self.batches.push(Batch {
            ticket,
            stream,
            items,
            phase: Phase::Offered,
            room,
            link: around.link,
            sent_at: now,
            wire_bytes: 0,
            bytes_ahead: 0,
            is_suspect,
            words: Vec::new(),
            is_burial: false,
        });
        Do::Send { ticket, stream, keys, room }
    }

    /// Whether one more batch may be under way: as many as the plan allows, and one at a time to find out whether the platform
    /// is back. Words that are being stored count apart.
    fn has_slot(&self) -> bool {
        let in_flight_max = self.scheduler.plan().in_flight_max;
        let is_probed =
            self.patience.probes_since().is_some_and(|since| self.sent().any(|batch| batch.sent_at >= since));
        !is_probed && self.sent().count() < in_flight_max && self.batches.len() < 2 * in_flight_max
    }

    /// Bytes under way, those that are overdue left out; and when the next batch is.
    fn bytes_under_way(&self, now: Duration) -> (u64, Option<Duration>) {
        let due =
            |batch: &Batch<K>| batch.sent_at + self.scheduler.patience(batch.wire_bytes + batch.bytes_ahead);
        let timely = || self.sent().filter(|batch| now < due(batch));
        (timely().map(|batch| batch.wire_bytes).sum(), timely().map(due).min())
    }

    pub(super) fn sent(&self) -> impl Iterator<Item = &Batch<K>> {
        self.batches.iter().filter(|batch| batch.phase == Phase::Sent)
    }
}

/// Evidence has no stream.
const _: () = assert!(Stream::FIRST.len() + Stream::SHARING.len() / 2 + 1 == Class::ALL.len());
