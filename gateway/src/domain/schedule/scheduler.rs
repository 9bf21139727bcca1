//! Which stream sends next, and how large a batch may be: plan, shares, budget, conditions, pace and drain of one uplink.

use std::time::Duration;

use super::budget::Budget;
use super::drain::Drain;
use super::outlook::Hindrance;
use super::pace::Pace;
use super::plan::{Condition, Link, Plan, Room};
use super::shares::Shares;
use super::stream::{Side, Stream};
use crate::domain::report::Class;

/// The scheduler of one uplink. It knows neither records nor failures; [`super::Dispatch`] does.
#[derive(Debug)]
pub struct Scheduler {
    plan: Plan,
    budget: Budget,
    shares: Shares,
    pace: Pace,
    drain: Drain,
}

impl Scheduler {
    /// A scheduler by this plan.
    pub fn new(plan: Plan) -> Scheduler {
        Scheduler {
            budget: Budget::new(&plan.policy),
            shares: Shares::new(plan.policy.live_percent),
            pace: Pace::new(plan.room_max, plan.in_flight_max),
            drain: Drain::new(plan.policy.drain_jitter),
            plan,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The budgets, and what was spent of them.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// See [`Scheduler::budget`].
    pub fn budget_mut(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// Why a stream does not go now, if it does not, whatever else is under way.
    pub fn hindrance(&self, now: Duration, link: Link, stream: Stream) -> Option<Hindrance> {
        if stream.is_first() {
            return None;
        }
        let hindrance = self.hindrance_of_class(link, stream.class);
        let waits = || stream.side == Side::Backlog && self.drain.waits_until(now).is_some();
        hindrance.or_else(|| waits().then_some(Hindrance::DrainJitter))
    }

    /// Why a class does not go over this link at all, if it does not.
    pub fn hindrance_of_class(&self, link: Link, class: Class) -> Option<Hindrance> {
        match self.plan.policy.condition(class) {
            Condition::UnmeteredOnly if link.metered => return Some(Hindrance::Metered),
            Condition::DepotOnly if !link.depot => return Some(Hindrance::NotInDepot),
            Condition::Any | Condition::UnmeteredOnly | Condition::DepotOnly => {}
        }
        if matches!(class, Class::Incident | Class::Task) {
            None
        } else if self.budget.left_of_all() == Some(0) {
            Some(Hindrance::BudgetUsed)
        } else if link.metered && self.budget.left_of_metered() == Some(0) {
            Some(Hindrance::MeteredBudgetUsed)
        } else {
            None
        }
    }

    /// Whose turn it is among the streams that wait, in the order of [`Stream::SHARING`].
    pub fn pick(&self, waits: [bool; Stream::SHARING.len()]) -> Option<Stream> {
        self.shares.pick(waits)
    }

    /// Room for a batch of the stream. `is_probe`: it only finds out whether the link is back.
    pub fn room(&self, link: Link, stream: Stream, is_probe: bool) -> Room {
        let left = self.budget.left(link).filter(|_| !stream.is_first());
        self.pace.room(stream.class, is_probe, left)
    }

    /// Batches that may be under way at the same time on a link like this one.
    pub fn in_flight(&self) -> usize {
        self.pace.in_flight()
    }

    /// Whether a batch of a stream that shares may go while so many bytes are under way.
    pub fn has_room_beside(&self, wire_bytes: u64) -> bool {
        self.pace.has_room_beside(wire_bytes)
    }

    /// How long a batch counts for what is under way; `wire_bytes` with those before it.
    pub fn patience(&self, wire_bytes: u64) -> Duration {
        self.pace.patience(wire_bytes)
    }

    /// Wire bytes that the next batch should have.
    pub fn batch_wire_bytes(&self) -> u64 {
        self.pace.batch_bytes()
    }

    /// A batch was packed: `records` of `offered` fitted into the room. Books it; false, and nothing is booked, when its
    /// stream has no budget for it.
    #[must_use]
    pub fn packed(
        &mut self,
        link: Link,
        stream: Stream,
        room: Room,
        (offered, records): (usize, usize),
        wire_bytes: u64,
    ) -> bool {
        self.pace.packed(stream.class, room, offered, records, wire_bytes);
        let is_too_much = self.budget.left(link).is_some_and(|left| left < wire_bytes);
        if is_too_much && !stream.is_first() {
            match records {
                1 => self.budget.close(link, wire_bytes),
                _ => self.pace.too_much(stream.class, room, wire_bytes),
            }
            return false;
        }
        self.budget.book(link, wire_bytes);
        self.shares.charge(stream, wire_bytes);
        true
    }

    /// The platform answered a batch that went while `bytes_ahead` were under way.
    pub fn answered(&mut self, wire_bytes: u64, bytes_ahead: u64, took: Duration) {
        self.pace.answered(wire_bytes, bytes_ahead, took);
    }

    /// A batch had no answer in time.
    pub fn missed(&mut self, records: usize, wire_bytes: u64) {
        self.pace.missed(records, wire_bytes);
    }

    /// A batch of so many records was refused whole.
    pub fn refused(&mut self, records: usize) {
        self.pace.refused(records);
    }

    /// The uplink is back after an outage, or starts with a backlog. `chance` is an even draw from 0..1.
    pub fn begin_drain(&mut self, now: Duration, chance: f64) {
        self.drain.begin(now, chance);
    }

    /// Until when the backlog waits for its start, if it does.
    pub fn drain_waits_until(&self, now: Duration) -> Option<Duration> {
        self.drain.waits_until(now)
    }

    /// The backlog does not have its full share yet: one batch of it at a time.
    pub fn is_drain_growing(&self, now: Duration) -> bool {
        self.drain.is_growing(now)
    }

    /// A batch of backlog ended that took so long.
    pub fn backlog_ended(&mut self, now: Duration, took: Duration) {
        self.drain.ended(now, took);
    }
}
