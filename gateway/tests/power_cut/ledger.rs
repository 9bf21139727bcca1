//! What the store was asked to keep, as a plain model, and what it had acknowledged by when.

use std::collections::{BTreeMap, BTreeSet};

use patrol_gateway::domain::report::Class;

use super::message::{self, Number};

/// Where the store keeps a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// It waits for the platform.
    Pending(Class),
    /// The platform refused it for good.
    DeadLetter,
    /// The platform made a case of it.
    Case,
    /// Its receipt waits for its device.
    Receipt,
    /// It was not understood.
    Quarantine,
}

/// Everything that is in the store.
pub(crate) type Contents = BTreeSet<(Place, Number)>;

/// A transaction.
#[derive(Debug)]
pub(crate) struct Moment {
    /// The store held this after it.
    pub(crate) contents: Contents,
    /// It was acknowledged when the disk had been called this often.
    pub(crate) acknowledged_at: usize,
    /// It was synced before that; if not, a later one will do it.
    pub(crate) synced: bool,
    /// How many messages with numbers of their devices' own had been taken by then.
    pub(crate) claims: usize,
}

/// The store, modelled transaction by transaction.
///
/// A group's records of one class are one segment. A settled record of a segment stays in the database until all of the
/// segment is settled, and a restart forgets which were: they are sent again, and the platform recognises them.
#[derive(Debug)]
pub(crate) struct Ledger {
    contents: Contents,
    /// Segments that are not wholly settled, with what of them is not.
    segments: Vec<Segment>,
    /// The group's segments.
    filling: BTreeMap<Class, BTreeSet<Number>>,
    /// Classes whose messages may be synced later than they are acknowledged.
    delayed: &'static [Class],
    /// The group has something that may not.
    needs_sync: bool,
    /// Messages with numbers of their devices' own, in the order in which they were taken.
    pub(crate) claimed: Vec<Number>,
    /// Every transaction, from the empty store on.
    pub(crate) history: Vec<Moment>,
}

#[derive(Debug)]
struct Segment {
    class: Class,
    all: BTreeSet<Number>,
    unsettled: BTreeSet<Number>,
}

impl Ledger {
    pub(crate) fn new(delayed: &'static [Class]) -> Ledger {
        let empty = Moment { contents: Contents::new(), acknowledged_at: 0, synced: true, claims: 0 };
        Ledger {
            contents: Contents::new(),
            segments: Vec::new(),
            filling: BTreeMap::new(),
            delayed,
            needs_sync: false,
            claimed: Vec::new(),
            history: vec![empty],
        }
    }

    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// A message is taken; `None` is one that was not understood.
    pub(crate) fn take(&mut self, class: Option<Class>, number: Number) {
        self.needs_sync |= class.is_none_or(|class| !self.delayed.contains(&class));
        let place = class.map_or(Place::Quarantine, Place::Pending);
        self.contents.insert((place, number));
        if class.is_some_and(|class| message::is_claimed(class, number)) {
            self.claimed.push(number);
        }
        if let Some(class @ (Class::Status | Class::Reading | Class::Telemetry)) = class {
            self.filling.entry(class).or_default().insert(number);
        }
    }

    /// The platform has some messages of a class, and refuses others.
    pub(crate) fn settle(&mut self, class: Class, settled: impl IntoIterator<Item = (Number, bool)>) {
        self.needs_sync = true;
        for (number, accepted) in settled {
            self.settle_one(class, number, accepted);
        }
    }

    fn settle_one(&mut self, class: Class, number: Number, accepted: bool) {
        match (accepted, class) {
            (false, _) => drop(self.contents.insert((Place::DeadLetter, number))),
            (true, Class::Incident) => {
                self.contents.extend([(Place::Case, number), (Place::Receipt, number)]);
            }
            (true, _) => {}
        }
        let at =
            self.segments.iter().position(|segment| segment.class == class && segment.all.contains(&number));
        let Some(at) = at else {
            self.contents.remove(&(Place::Pending(class), number));
            return;
        };
        self.segments[at].unsettled.remove(&number);
        if self.segments[at].unsettled.is_empty() {
            for number in self.segments.swap_remove(at).all {
                self.contents.remove(&(Place::Pending(class), number));
            }
        }
    }

    /// A device has its receipt.
    pub(crate) fn deliver(&mut self, number: Number) {
        self.needs_sync = true;
        self.contents.remove(&(Place::Receipt, number));
    }

    /// Here a transaction ends, acknowledged when the disk had been called so often.
    pub(crate) fn commit(&mut self, acknowledged_at: usize) {
        for (class, all) in std::mem::take(&mut self.filling) {
            self.segments.push(Segment { class, unsettled: all.clone(), all });
        }
        let (contents, claims) = (self.contents.clone(), self.claimed.len());
        let synced = std::mem::take(&mut self.needs_sync);
        self.history.push(Moment { contents, acknowledged_at, synced, claims });
    }

    pub(crate) fn restarted(&mut self) {
        for segment in &mut self.segments {
            segment.unsettled.clone_from(&segment.all);
        }
    }

    /// What the store may hold when it was killed at this call: what it held after the last transaction that was acknowledged by
    /// then, or after the one that was on its way.
    pub(crate) fn possible_after_kill(&self, calls: usize) -> &[Moment] {
        let acknowledged = self.acknowledged_by(calls);
        &self.history[acknowledged - 1..self.history.len().min(acknowledged + 1)]
    }

    /// The same for a power cut: it may also take what was acknowledged and not yet synced, from the end on.
    pub(crate) fn possible_after_cut(&self, calls: usize) -> &[Moment] {
        let acknowledged = self.acknowledged_by(calls);
        let synced = self.history[..acknowledged].iter().rposition(|moment| moment.synced).unwrap_or(0);
        &self.history[synced..self.history.len().min(acknowledged + 1)]
    }

    fn acknowledged_by(&self, calls: usize) -> usize {
        self.history.partition_point(|moment| moment.acknowledged_at <= calls)
    }
}
