//! The machine of an uplink: what it holds, has under way, put off, and may ask for.
//!
//! The driver's loop:
//!
//! 1. [`Dispatch::committed`] after each commit of the store, before the first poll too.
//! 2. [`Dispatch::poll`], and do what it says, until it says [`Do::Wait`]:
//!    - `Forget`: drop the records of these keys.
//!    - `Load`: ask the store, keep the records by (class, key), and hand the items in with [`Dispatch::loaded`] before the
//!      next poll.
//!    - `Send`: pack the first of the keys, as many as fit; say how many with [`Dispatch::packed`], and if it returns true
//!      send the parcel; hand in how that ended, once, with [`Dispatch::answered`]. All this without a poll between `Send` and
//!      `packed`.
//!    - `Settle`: make these words durable, then [`Dispatch::settled`] (drop the records) or [`Dispatch::unsettled`] (keep
//!      them). Other polls may come between.
//! 3. Wait for whichever comes first: a commit, an answer, a settlement, another link or day, `until`. Then go on with 1 or 2.

mod answers;
mod batch;
mod choose;
mod figures;
mod packing;
mod patience;
mod put_off;
mod queue;
mod waiting;

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use self::batch::{Batch, Phase};
use self::figures::Figures;
use self::patience::Patience;
use self::put_off::PutOff;
use self::queue::{Order, Queue};
use self::waiting::{Loading, Waiting};
use super::budget::Spent;
use super::outlook::{HeldBack, Hindrance, Outlook};
use super::plan::{Around, Plan, Room};
use super::scheduler::Scheduler;
use super::stream::{Side, Stream};
use crate::domain::report::Class;

/// A batch, by its number. None is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A record that the driver loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<K> {
    /// Where it stands in the store; no two records of a class have the same.
    pub key: K,
    /// A hash of its device's id, the same for all records of the device.
    pub device: u64,
    /// Its place in the order of its class: what came later has a higher one, or the same one (records of one segment).
    pub id: i64,
}

/// Which records of a class to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Those with ids above this one,
    pub after: i64,
    /// and at most this one.
    pub up_to: i64,
    /// The newest of them, in descending order; otherwise the oldest, in ascending order. Of incidents and tasks the store's
    /// order: urgent ones first.
    pub newest_first: bool,
}

/// Records to ask the store for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load<K: Eq + Hash> {
    /// For which stream.
    pub stream: Stream,
    /// From where.
    pub range: Range,
    /// Not these: they are here already, or put off.
    pub skip: HashSet<K>,
    /// How much; a little more does no harm.
    pub room: Room,
}

/// The platform's word on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It has it.
    Accepted,
    /// It will never take it.
    Rejected,
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The platform's word on each record in the order of the batch; `None` where it said nothing.
    Words(Vec<Option<Word>>),
    /// It does not take this batch as it is: some record in it is to blame, or its size.
    Refused,
    /// No complete answer in time.
    Deadline,
    /// The platform asks to come back later, or has failed.
    Unavailable {
        /// The wait that it asked for.
        retry_after: Option<Duration>,
    },
    /// No connection, or it was cut.
    NoAnswer,
    /// It does not know us: a person is needed.
    Denied,
    /// An answer that nobody understands.
    Garbled,
}

/// What keeps an uplink waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing waits to be sent.
    Idle,
    /// The batches under way, or the words that are being stored, must end first.
    UnderWay,
    /// The last attempt failed.
    BackingOff,
    /// The platform asked to come back later.
    Asked,
    /// A condition of the link, a budget, the jitter of a drain.
    HeldBack(Hindrance),
    /// Records on which the platform said nothing are tried again later.
    PutOff,
    /// The store counts records that it did not hand out; it is asked again.
    Recheck,
}

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do<K: Eq + Hash> {
    /// Drop these records: they are not held any more, and loaded again in time.
    Forget {
        /// Their class.
        class: Class,
        /// Their keys.
        keys: Vec<K>,
    },
    /// Load records.
    Load(Load<K>),
    /// Pack and send a batch.
    Send {
        /// Its number.
        ticket: Ticket,
        /// What it is taken from.
        stream: Stream,
        /// Its records at most, in order.
        keys: Vec<K>,
        /// How much of them at most.
        room: Room,
    },
    /// Make the platform's words durable. A rejection of a batch's only record may come from [`Reply::Refused`].
    Settle {
        /// The batch.
        ticket: Ticket,
        /// The class of its records.
        class: Class,
        /// Each record that the platform said something about.
        words: Vec<(K, Word)>,
    },
    /// Wait.
    Wait {
        /// At most until then; `None`: until something else happens.
        until: Option<Duration>,
        /// Why.
        why: Why,
    },
}

/// The machine of one uplink.
#[derive(Debug)]
pub struct Dispatch<K: Copy + Eq + Hash> {
    scheduler: Scheduler,
    patience: Patience,
    put_off: PutOff<K>,
    classes: [Waiting<K>; Class::ALL.len()],
    /// Those that were offered, are under way, or whose words are being stored.
    batches: Vec<Batch<K>>,
    last_ticket: u64,
    /// The load that the driver was asked for.
    loading: Option<Loading>,
    /// Keys that are not held any more, and that the driver was not told of yet.
    forget: Vec<(Class, Vec<K>)>,
    /// Urgent incidents that had come when those that are held were loaded.
    urgent_taken: u64,
    /// The platform has accepted something since a record was last buried for a refused batch.
    accepted_since_burial: bool,
    /// The chance for the drain at the start, until the first commit is known.
    start_chance: Option<f64>,
    figures: Figures,
}

impl<K: Copy + Eq + Hash> Dispatch<K> {
    /// A machine that holds nothing yet. `chance` is an even draw from 0..1; with it the drain of a backlog that is there at the
    /// start is put off.
    pub fn new(plan: Plan, chance: f64) -> Dispatch<K> {
        Dispatch {
            patience: Patience::new(plan.retry_min, plan.retry_max),
            scheduler: Scheduler::new(plan),
            put_off: PutOff::new(),
            classes: std::array::from_fn(|_| Waiting::new()),
            batches: Vec::new(),
            last_ticket: 0,
            loading: None,
            forget: Vec::new(),
            urgent_taken: 0,
            accepted_since_burial: false,
            start_chance: Some(chance),
            figures: Figures::default(),
        }
    }

    /// What was spent of the budgets; to be kept across restarts.
    pub fn spent(&self) -> Spent {
        self.scheduler.budget().spent()
    }

    /// Goes on from what was spent before a restart.
    pub fn restore(&mut self, spent: Spent) {
        self.scheduler.budget_mut().restore(spent);
    }

    /// What to do next. Call it again until it says [`Do::Wait`].
    pub fn poll(&mut self, now: Duration, around: Around) -> Do<K> {
        self.scheduler.budget_mut().tick(now, around.day);
        self.expire(now);
        if let Some((class, keys)) = self.forget.pop() {
            return Do::Forget { class, keys };
        }
        if let Some(settle) = self.next_settlement() {
            return settle;
        }
        // A driver that keeps to its contract does not ask meanwhile.
        if self.loading.is_some() || self.batches.iter().any(|batch| batch.phase == Phase::Offered) {
            return Do::Wait { until: None, why: Why::UnderWay };
        }
        if let Some((until, why)) = self.patience.silent_until(now) {
            return Do::Wait { until: Some(until), why };
        }
        self.choose(now, around)
    }

    /// How the uplink stands.
    pub fn outlook(&self, now: Duration, around: Around) -> Outlook {
        let held_back: Vec<HeldBack> = Class::ALL
            .into_iter()
            .filter_map(|class| {
                let records = self.classes[class as usize].standing.records;
                let why = self.scheduler.hindrance_of_class(around.link, class)?;
                (records > 0 && class != Class::Evidence).then_some(HeldBack { class, records, why })
            })
            .collect();
        let is_held_back = |class: Class| held_back.iter().any(|held| held.class == class);
        let waiting_records = Class::ALL
            .into_iter()
            .filter(|class| *class != Class::Evidence && !is_held_back(*class))
            .map(|class| self.classes[class as usize].standing.records)
            .sum();
        let budget = self.scheduler.budget();
        Outlook {
            records_per_s: self.figures.settled.per_s(now).unwrap_or_default(),
            wire_bytes_per_s: self.figures.wire_bytes.per_s(now).unwrap_or_default(),
            waiting_records,
            eta: self.figures.eta(now, waiting_records),
            budget_left_bytes: budget.left_of_all(),
            metered_budget_left_bytes: budget.left_of_metered(),
            held_back,
            drain_starts_in: self.scheduler.drain_waits_until(now).map(|until| until.saturating_sub(now)),
            silent_for: self.patience.silent_until(now).map(|(until, _)| until.saturating_sub(now)),
            batch_wire_bytes: self.scheduler.batch_wire_bytes(),
            under_way: self.batches.len(),
        }
    }

    fn queue(&mut self, stream: Stream) -> &mut Queue<K> {
        self.classes[stream.class as usize].queue_mut(stream.side)
    }

    fn order(&self, stream: Stream) -> Order {
        if stream.is_first() {
            Order::Store
        } else if stream.side == Side::Backlog && self.is_newest_first(stream.class) {
            Order::Descending
        } else {
            Order::Ascending
        }
    }

    fn is_newest_first(&self, class: Class) -> bool {
        self.scheduler.plan().policy.newest_first.contains(&class)
    }

    /// Keys of a class that the machine knows of.
    fn known(&self, class: Class) -> impl Iterator<Item = K> {
        let held = self.classes[class as usize].queues.iter().flat_map(Queue::iter);
        let of_class = self.batches.iter().filter(move |batch| batch.stream.class == class);
        let under_way = of_class.flat_map(|batch| &batch.items);
        held.chain(under_way).map(|item| item.key).chain(self.put_off.keys(class))
    }

    /// Devices of a class that have a record in a batch.
    fn busy(&self, class: Class) -> HashSet<u64> {
        let of_class = self.batches.iter().filter(|batch| batch.stream.class == class);
        of_class.flat_map(|batch| &batch.items).map(|item| item.device).collect()
    }
}
