//! How fast records leave and come.

use std::time::Duration;

use crate::domain::schedule::meter::Meter;

/// The rates of one uplink.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) settled: Meter,
    pub(super) wire_bytes: Meter,
    arrived: Meter,
    /// Since the start.
    settled_total: u64,
    /// Records that waited at the start and came since.
    seen_total: Option<u64>,
}

impl Figures {
    pub(super) fn settled(&mut self, now: Duration, records: u64) {
        self.settled.add(now, records);
        self.settled_total += records;
    }

    /// After a commit `waiting` records wait. A settlement shows in it before or after it is told; so only what is beyond the
    /// most that was seen counts as having come.
    pub(super) fn waiting(&mut self, now: Duration, waiting: u64) {
        let seen = waiting + self.settled_total;
        let before = *self.seen_total.get_or_insert(seen);
        self.arrived.add(now, seen.saturating_sub(before));
        self.seen_total = Some(before.max(seen));
    }

    /// Time until `waiting` records are gone, with what comes meanwhile.
    pub(super) fn eta(&self, now: Duration, waiting: u64) -> Option<Duration> {
        if waiting == 0 {
            return Some(Duration::ZERO);
        }
        let net = self.settled.per_s(now)? - self.arrived.per_s(now)?;
        // Beyond a century nobody needs a date.
        (net > 0.0).then(|| Duration::from_secs_f64((waiting as f64 / net).min(4e9)))
    }
}
