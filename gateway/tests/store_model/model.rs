//! The plain model: sets of numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use patrol_gateway::domain::loss::LossReason;
use patrol_gateway::domain::report::Class;
use patrol_gateway::store::submission::Item;
use proptest::sample::Index;

use super::CLASSES;
use super::world::{Held, World};
use crate::{Session, accepted, head, report, seqs, settle};

/// How often each thing happened, over all cases.
#[derive(Debug, Default)]
pub(super) struct Reached {
    acknowledged: u64,
    withheld: u64,
    settled: u64,
    thinned: u64,
    evicted: u64,
    restarts: u64,
    looks: u64,
}

impl Reached {
    pub(super) fn add(&mut self, case: &Reached) {
        self.acknowledged += case.acknowledged;
        self.withheld += case.withheld;
        self.settled += case.settled;
        self.thinned += case.thinned;
        self.evicted += case.evicted;
        self.restarts += case.restarts;
        self.looks += case.looks;
    }

    /// A test that never fills the store proves nothing about a full one.
    pub(super) fn assert_everything_was_met(&self) {
        let Reached { acknowledged, withheld, settled, thinned, evicted, restarts, looks } = *self;
        let all = [acknowledged, withheld, settled, thinned, evicted, restarts, looks];
        assert!(all.iter().all(|count| *count > 100), "{self:?}");
    }
}

/// What the store must hold.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// What was ever sent, by number, acknowledged or not: a number has one payload for ever.
    sent: BTreeMap<u32, (usize, usize)>,
    acknowledged: [BTreeSet<u32>; CLASSES.len()],
    settled: [BTreeSet<u32>; CLASSES.len()],
    /// Settled records that a store may hold again: which records of a segment are settled is forgotten with the process.
    forgotten: [BTreeSet<u32>; CLASSES.len()],
    next_position: u32,
    pub(super) reached: Reached,
}

impl Model {
    pub(super) async fn put(&mut self, world: &World, items: &[(usize, u32, u16)]) {
        // As on a device, a number belongs to one class for ever.
        let numbered = |&(class, number, len): &(usize, u32, u16)| {
            (class, number * CLASSES.len() as u32 + class as u32, usize::from(len))
        };
        self.send(world, items.iter().map(numbered).collect()).await;
    }

    /// Positions with numbers of their own.
    pub(super) async fn drive(&mut self, world: &World, count: u32) {
        let first = self.next_position;
        self.next_position += count;
        let telemetry = CLASSES.len() - 1;
        let number = |position: u32| (1_000 + position) * CLASSES.len() as u32 + telemetry as u32;
        self.send(world, (first..first + count).map(|position| (telemetry, number(position), 900)).collect())
            .await;
    }

    async fn send(&mut self, world: &World, messages: Vec<(usize, u32, usize)>) {
        let mut items = Vec::new();
        for &(class, seq, len) in &messages {
            let (_, len) = *self.sent.entry(seq).or_insert((class, len));
            items.push(item(class, seq, len));
        }
        if !Session::new().put(world.store(), items).await {
            // What of it is stored is known when it is looked at; nothing was promised.
            self.reached.withheld += 1;
            return;
        }
        for (class, seq, _) in messages {
            self.acknowledged[class].insert(seq);
            self.reached.acknowledged += 1;
        }
    }

    pub(super) async fn settle(&mut self, world: &World, class: Class, picks: &[Index]) {
        let waiting = head(world.store(), class).await;
        if waiting.is_empty() {
            return;
        }
        let chosen: HashSet<_> = picks.iter().map(|pick| pick.index(waiting.len())).collect();
        let chosen: Vec<_> = chosen.into_iter().map(|place| waiting[place].clone()).collect();
        self.settled[place(class)].extend(seqs(&chosen));
        self.reached.settled += chosen.len() as u64;
        settle(world.store(), class, chosen, accepted()).await;
    }

    /// The process has ended.
    pub(super) fn forget_releases(&mut self) {
        self.forgotten = self.settled.clone();
        self.reached.restarts += 1;
    }

    /// Nothing that was acknowledged is missing without being settled, or told as lost; nothing is there that was never sent.
    pub(super) fn compare(&mut self, held: &Held) {
        self.reached.looks += 1;
        for (at, class) in CLASSES.into_iter().enumerate() {
            let handed_out: BTreeSet<_> = seqs(&held.records[at]).into_iter().collect();
            assert_eq!(handed_out.len(), held.records[at].len(), "{class}: nothing twice");
            for (seq, pending) in seqs(&held.records[at]).iter().zip(&held.records[at]) {
                let &(of, len) = self.sent.get(seq).expect("it was sent");
                assert_eq!(
                    (of, &pending.record.payload),
                    (at, &item(of, *seq, len).payload),
                    "{class} {seq}"
                );
            }
            let owed: BTreeSet<_> = self.acknowledged[at].difference(&self.settled[at]).copied().collect();
            let missing = owed.difference(&handed_out).count() as u64;
            let told = told(held, class);
            if class == Class::Incident {
                assert_eq!((missing, told), (0, 0), "an incident is never lost");
            }
            // What was stored without having been acknowledged, and what was settled before a restart, may be told as lost too.
            let more = self.forgotten[at].len() + self.unacknowledged(at);
            assert!(missing <= told, "{class}: {missing} missing, {told} told");
            assert!(told <= missing + more as u64, "{class}: {told} told, {missing} missing, {more} unsure");
            let figures = held.snapshot.class(class);
            assert_eq!(figures.records, handed_out.len() as u64, "{class}: {figures:?}");
            let bytes: usize = held.records[at].iter().map(|pending| pending.record.payload.len()).sum();
            assert_eq!(figures.bytes, bytes as u64, "{class}: {figures:?}");
        }
        self.reached.thinned = held.snapshot.losses.of(LossReason::Thinned);
        self.reached.evicted = held.snapshot.losses.of(LossReason::Evicted);
    }

    fn unacknowledged(&self, at: usize) -> usize {
        let sent = self.sent.iter().filter(|(_, (class, _))| *class == at);
        sent.filter(|(seq, _)| !self.acknowledged[at].contains(seq)).count()
    }
}

/// What the store tells as lost of a class.
fn told(held: &Held, class: Class) -> u64 {
    let gone = [LossReason::Thinned, LossReason::Evicted];
    let of_class = held.losses.iter().map(|row| &row.loss).filter(|loss| loss.key.class == Some(class));
    of_class.filter(|loss| gone.contains(&loss.key.reason)).map(|loss| loss.count).sum()
}

fn place(class: Class) -> usize {
    CLASSES.iter().position(|each| *each == class).expect("one of them")
}

/// A message of a class; what is long in it can't be compressed.
fn item(class: usize, seq: u32, len: usize) -> Item {
    let mut random = fastrand::Rng::with_seed(u64::from(seq));
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(len).collect();
    let payload = format!(r#"{{"boot":1,"seq":{seq},"ignition":true,"note":"{noise}"}}"#);
    Item { received_at_ms: i64::from(seq) * 100, ..report(CLASSES[class], seq, payload.as_bytes()) }
}
