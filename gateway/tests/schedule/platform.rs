//! A platform, and the way to it: what it says on a batch, and what of that arrives.

use std::time::Duration;

use patrol_gateway::domain::schedule::{Reply, Word};

use super::store::Store;

/// How often something goes wrong, of a hundred times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// A record is rejected.
    pub(super) rejected: u8,
    /// The platform says nothing on a record.
    pub(super) silent: u8,
    /// 503, with a Retry-After half of the time.
    pub(super) unavailable: u8,
    /// 401.
    pub(super) denied: u8,
    /// An answer that nobody understands.
    pub(super) garbled: u8,
    /// The platform has the batch, and its answer is lost.
    pub(super) lost: u8,
    /// No answer in time, though the link is there.
    pub(super) late: u8,
    /// The store has no room for the words.
    pub(super) unsettled: u8,
}

impl Faults {
    /// Faults of every kind, each often or never.
    pub(super) fn any(rng: &mut fastrand::Rng) -> Faults {
        let mut some = |most: u8| if rng.bool() { rng.u8(0..=most) } else { 0 };
        Faults {
            rejected: some(10),
            silent: some(20),
            unavailable: some(20),
            denied: some(5),
            garbled: some(10),
            lost: some(20),
            late: some(10),
            unsettled: some(10),
        }
    }
}

/// What comes of a batch.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) reply: Reply,
    /// It is only known when the time is over.
    pub(super) is_at_deadline: bool,
}

/// What the platform says on these records, and what of it arrives.
pub(super) fn outcome(rng: &mut fastrand::Rng, faults: &Faults, store: &Store, keys: &[usize]) -> Outcome {
    let mut happens = |percent: u8| rng.u8(0..100) < percent;
    if happens(faults.unavailable) {
        let asks = happens(50);
        let wait =
            Duration::from_secs(if asks && happens(2) { 7200 } else { 1 + u64::from(happens(50)) * 9 });
        return now(Reply::Unavailable { retry_after: asks.then_some(wait) });
    }
    if happens(faults.denied) {
        return now(Reply::Denied);
    }
    if happens(faults.garbled) {
        return now(Reply::Garbled);
    }
    if happens(faults.late) {
        return Outcome { reply: Reply::Deadline, is_at_deadline: true };
    }
    if happens(faults.lost) {
        let is_at_deadline = happens(50);
        let reply = if is_at_deadline { Reply::Deadline } else { Reply::NoAnswer };
        return Outcome { reply, is_at_deadline };
    }
    if keys.iter().any(|key| store.records[*key].is_poison) {
        return now(Reply::Refused);
    }
    let word = |_: &usize| {
        if happens(faults.silent) {
            None
        } else if happens(faults.rejected) {
            Some(Word::Rejected)
        } else {
            Some(Word::Accepted)
        }
    };
    now(Reply::Words(keys.iter().map(word).collect()))
}

fn now(reply: Reply) -> Outcome {
    Outcome { reply, is_at_deadline: false }
}
