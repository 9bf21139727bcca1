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

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use super::budget::Spent;
use super::outlook::{Hindrance, Outlook};
use super::plan::{Around, Plan, Room, Standing};
use super::scheduler::Scheduler;
use super::stream::Stream;
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
    forget: Vec<(Class, Vec<K>)>,
}

impl<K: Copy + Eq + Hash> Dispatch<K> {
    /// A machine that holds nothing yet. `chance` is an even draw from 0..1; with it the drain of a backlog that is there at the
    /// start is put off.
    pub fn new(plan: Plan, chance: f64) -> Dispatch<K> {
        let _ = chance;
        Dispatch { scheduler: Scheduler::new(plan), forget: Vec::new() }
    }

    /// What was spent of the budgets; to be kept across restarts.
    pub fn spent(&self) -> Spent {
        self.scheduler.budget().spent()
    }

    /// Goes on from what was spent before a restart.
    pub fn restore(&mut self, spent: Spent) {
        self.scheduler.budget_mut().restore(spent);
    }

    /// The store has committed: what waits now.
    pub fn committed(&mut self, now: Duration, standing: &Standing) {
        let _ = (now, standing);
    }

    /// What to do next.
    pub fn poll(&mut self, now: Duration, around: Around) -> Do<K> {
        self.scheduler.budget_mut().tick(now, around.day);
        if let Some((class, keys)) = self.forget.pop() {
            return Do::Forget { class, keys };
        }
        Do::Wait { until: None, why: Why::Idle }
    }

    /// What the store had for the [`Load`] that the last poll asked for; nothing means that there is nothing more.
    pub fn loaded(&mut self, now: Duration, items: Vec<Item<K>>) {
        let _ = (now, items);
    }

    /// The carrier packed the first `records` of the batch, about `wire_bytes` with headers and compression. The rest goes back
    /// to where it was taken from. False: it does not go after all, for want of budget; drop the parcel.
    #[must_use]
    pub fn packed(&mut self, now: Duration, ticket: Ticket, records: usize, wire_bytes: u64) -> bool {
        let _ = (now, ticket, records, wire_bytes);
        false
    }

    /// A batch ended. `wire_bytes` is what really went over the link for it, if the carrier knows: 0 when there was no
    /// connection. False, and nothing happens, when no such batch is under way. `chance` is an even draw from 0..1.
    pub fn answered(
        &mut self,
        now: Duration,
        chance: f64,
        ticket: Ticket,
        reply: Reply,
        wire_bytes: Option<u64>,
    ) -> bool {
        let _ = (now, chance, ticket, reply, wire_bytes);
        false
    }

    /// The words of a batch are durable. False when none were being stored.
    pub fn settled(&mut self, now: Duration, ticket: Ticket) -> bool {
        let _ = (now, ticket);
        false
    }

    /// They could not be stored: its records are still pending, and sent again later.
    pub fn unsettled(&mut self, now: Duration, chance: f64, ticket: Ticket) -> bool {
        let _ = (now, chance, ticket);
        false
    }

    /// How the uplink stands.
    pub fn outlook(&self, now: Duration, around: Around) -> Outlook {
        let _ = (now, around);
        Outlook::default()
    }
}
