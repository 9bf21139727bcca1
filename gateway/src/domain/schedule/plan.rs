//! What the operator wants, and what is the case.

use std::time::Duration;

use crate::domain::report::Class;

/// How much a batch may hold. One record always fits, however large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Records.
    pub records: usize,
    /// Bytes, before compression.
    pub bytes: usize,
}

/// The link that an uplink has right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// It is paid for by the byte.
    pub metered: bool,
    /// The vehicle stands in its depot.
    pub depot: bool,
}

impl Link {
    /// The link by the word that the vehicle's router wrote, or by what the operator says as long as there is none that can be
    /// read.
    pub fn by_word(word: Option<&str>, metered: bool) -> Link {
        word.and_then(Link::from_word).unwrap_or(Link { metered, depot: false })
    }

    /// Reads the one word that a vehicle's router writes: `metered`, `unmetered` or `depot`, which is never metered.
    pub fn from_word(text: &str) -> Option<Link> {
        match text.trim() {
            "metered" => Some(Link { metered: true, depot: false }),
            "unmetered" => Some(Link { metered: false, depot: false }),
            "depot" => Some(Link { metered: false, depot: true }),
            _ => None,
        }
    }
}

/// On which links a class is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// On any.
    Any,
    /// On those that are not metered.
    UnmeteredOnly,
    /// In the depot.
    DepotOnly,
}

impl Condition {
    /// Whether the class is sent on this link.
    pub fn is_met(self, link: Link) -> bool {
        match self {
            Condition::Any => true,
            Condition::UnmeteredOnly => !link.metered,
            Condition::DepotOnly => link.depot,
        }
    }
}

/// How the links are used, the same for all uplinks: `[link]`.
///
/// The lists name status, reading and telemetry only: incidents and tasks go on any link, at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Wire bytes a day; `None` for any number.
    pub budget_bytes_per_day: Option<u64>,
    /// Wire bytes a day over metered links; `None` for any number.
    pub metered_budget_bytes_per_day: Option<u64>,
    /// Of a hundred bytes, how many are for live data while backlog waits too, 1..=99.
    pub live_percent: u8,
    /// What came within this time is live.
    pub live_window: Duration,
    /// Classes whose backlog goes newest first.
    pub newest_first: Vec<Class>,
    /// Classes that go over links that are not metered.
    pub unmetered_only: Vec<Class>,
    /// Classes that go in the depot.
    pub depot_only: Vec<Class>,
    /// After an outage the backlog starts within this time, by chance.
    pub drain_jitter: Duration,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            budget_bytes_per_day: None,
            metered_budget_bytes_per_day: None,
            live_percent: 50,
            live_window: Duration::from_secs(30),
            newest_first: Vec::new(),
            unmetered_only: Vec::new(),
            depot_only: Vec::new(),
            drain_jitter: Duration::from_secs(30),
        }
    }
}

impl Policy {
    /// The condition of a class.
    pub fn condition(&self, class: Class) -> Condition {
        if matches!(class, Class::Incident | Class::Task) {
            Condition::Any
        } else if self.depot_only.contains(&class) {
            Condition::DepotOnly
        } else if self.unmetered_only.contains(&class) {
            Condition::UnmeteredOnly
        } else {
            Condition::Any
        }
    }
}

/// What one uplink may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How the link is used.
    pub policy: Policy,
    /// The largest batch that the platform takes.
    pub room_max: Room,
    /// Most batches under way at the same time, 1..=4.
    pub in_flight_max: usize,
    /// First wait after a failure.
    pub retry_min: Duration,
    /// Longest wait after failures that the uplink imposes on itself.
    pub retry_max: Duration,
}

impl Plan {
    /// A plan; figures beyond their range count as its nearest end.
    pub fn new(
        policy: Policy,
        room_max: Room,
        in_flight_max: usize,
        retry_min: Duration,
        retry_max: Duration,
    ) -> Plan {
        let live_percent = policy.live_percent.clamp(1, 99);
        Plan {
            policy: Policy { live_percent, ..policy },
            room_max: Room { records: room_max.records.max(1), bytes: room_max.bytes.max(1) },
            in_flight_max: in_flight_max.clamp(1, 4),
            retry_min,
            retry_max: retry_max.max(retry_min),
        }
    }
}

/// What is the case around an uplink when it is asked what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Around {
    /// The link.
    pub link: Link,
    /// Number of the civil day, by a clock that can be trusted; without one a day is 24 hours of running time.
    pub day: Option<i64>,
}

/// What waits of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassStanding {
    /// Records that wait for this uplink.
    pub records: u64,
    /// Highest id of a record of the class, whether it waits or not; 0 for none.
    pub newest: i64,
}

/// What waits for an uplink after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// By class, in the order of [`Class::ALL`]; classes that the uplink does not get have no records.
    pub classes: [ClassStanding; Class::ALL.len()],
    /// Urgent incidents taken since the start.
    pub urgent_taken: u64,
}

impl Standing {
    /// What waits of one class.
    pub fn class(&self, class: Class) -> ClassStanding {
        self.classes[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routers_word_decides_and_without_one_the_operators() {
        let of = |word| Link::by_word(word, true);
        assert_eq!(of(Some("unmetered\n")), Link { metered: false, depot: false });
        assert_eq!(of(Some("metered")), Link { metered: true, depot: false });
        assert_eq!(of(Some(" depot ")), Link { metered: false, depot: true });
        for unreadable in [None, Some(""), Some("Depot"), Some("metered depot")] {
            assert_eq!(of(unreadable), Link { metered: true, depot: false });
            assert_eq!(Link::by_word(unreadable, false), Link::default());
        }
    }

    #[test]
    fn incidents_and_tasks_have_no_condition_whatever_the_lists_say() {
        let all = Class::ALL.to_vec();
        let policy = Policy { depot_only: all.clone(), unmetered_only: all, ..Policy::default() };
        for class in [Class::Incident, Class::Task] {
            assert_eq!(policy.condition(class), Condition::Any);
        }
        assert_eq!(policy.condition(Class::Telemetry), Condition::DepotOnly);
    }
}
