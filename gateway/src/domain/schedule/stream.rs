//! The streams between which an uplink chooses.

use crate::domain::report::Class;

/// Which end of what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// What came just now.
    Live,
    /// What has waited.
    Backlog,
}

/// Records that are sent in one order. A batch is of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream {
    /// Their class.
    pub class: Class,
    /// Which of them; always live for incidents and tasks, whose order is the store's.
    pub side: Side,
}

impl Stream {
    /// Those that share what incidents and tasks leave of the link.
    pub const SHARING: [Stream; 6] = [
        Stream { class: Class::Status, side: Side::Live },
        Stream { class: Class::Reading, side: Side::Live },
        Stream { class: Class::Telemetry, side: Side::Live },
        Stream { class: Class::Status, side: Side::Backlog },
        Stream { class: Class::Reading, side: Side::Backlog },
        Stream { class: Class::Telemetry, side: Side::Backlog },
    ];
    /// Those that go before all others, in this order.
    pub const FIRST: [Stream; 2] = [
        Stream { class: Class::Incident, side: Side::Live },
        Stream { class: Class::Task, side: Side::Live },
    ];

    /// True for incidents and tasks.
    pub fn is_first(self) -> bool {
        matches!(self.class, Class::Incident | Class::Task)
    }
}
