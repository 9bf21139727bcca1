//! What an uplink says about itself: how fast, until when, and what holds something back.

use std::time::Duration;

use crate::domain::report::Class;

/// Why a class does not go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// It goes only over links that are not metered, and this one is.
    Metered,
    /// It goes only in the depot.
    NotInDepot,
    /// The budget of the day is used.
    BudgetUsed,
    /// The budget of the day for metered links is used.
    MeteredBudgetUsed,
    /// The backlog starts a little later, so that not all gateways come at once.
    DrainJitter,
}

/// A class that does not go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack {
    /// The class.
    pub class: Class,
    /// Its records that wait.
    pub records: u64,
    /// Why; a wait of the backlog alone is [`Outlook::drain_starts_in`].
    pub why: Hindrance,
}

/// How an uplink stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlook {
    /// Records that the platform took in a second, of late.
    pub records_per_s: f64,
    /// Bytes that went over the wire in a second, of late.
    pub wire_bytes_per_s: f64,
    /// Records that wait and may be sent on this link.
    pub waiting_records: u64,
    /// When none of these wait any more, at the present rate and with what comes meanwhile; `None` while they grow or nobody
    /// can say.
    pub eta: Option<Duration>,
    /// Bytes left of the budget today; `None` without one.
    pub budget_left_bytes: Option<u64>,
    /// Bytes left of the budget for metered links today; `None` without one.
    pub metered_budget_left_bytes: Option<u64>,
    /// What does not go now, and why.
    pub held_back: Vec<HeldBack>,
    /// The backlog starts in so long, so that not all gateways come at once.
    pub drain_starts_in: Option<Duration>,
    /// Nothing is sent for so long: after failures, or because the platform asked for it.
    pub silent_for: Option<Duration>,
    /// Bytes of a batch over the wire that suit the link at present.
    pub batch_wire_bytes: u64,
    /// Batches under way.
    pub under_way: usize,
}
