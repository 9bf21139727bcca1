//! `[store]`: how much is kept, how safely, and what gives way.

use std::time::Duration;

use super::kinds::{Choice, Count, Size, Span};
use super::read::Checks;
use super::value::Keys;
use crate::domain::report::Class;
use crate::domain::retention::{Durability, Policies, WhenFull};

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Quota of the database file in bytes.
    pub max_bytes: u64,
    /// Room that photos and clips may have together, in bytes; at most the quota.
    pub evidence_max_bytes: u64,
    /// Accepted cases kept to look up their case number; the oldest leave first.
    pub keep_accepted: u64,
    /// Payloads kept in quarantine; the oldest leave first.
    pub keep_quarantined: u64,
    /// Incidents kept in the journal.
    pub keep_journal: u64,
    /// What each class may claim; the reserves together are at most half of the quota.
    pub policies: Policies,
    /// Longest time from a commit to its sync, where a class is delayed.
    pub sync_within: Duration,
    /// Bytes that may be written to flash in a day before the status complains.
    pub flash_budget_bytes_per_day: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            max_bytes: 2 << 30,
            evidence_max_bytes: 1 << 30,
            keep_accepted: 20_000,
            keep_quarantined: 10_000,
            keep_journal: 100_000,
            policies: Policies::default(),
            sync_within: Duration::from_secs(1),
            flash_budget_bytes_per_day: 20 << 30,
        }
    }
}

const DURABILITIES: Choice<Durability> =
    Choice(&[("synced", Durability::Synced), ("delayed", Durability::Delayed)]);
const DROPPABLE: Choice<WhenFull> =
    Choice(&[("drop_oldest", WhenFull::DropOldest), ("withhold", WhenFull::Withhold)]);
const THINNABLE: Choice<WhenFull> = Choice(&[
    ("thin", WhenFull::Thin),
    ("drop_oldest", WhenFull::DropOldest),
    ("withhold", WhenFull::Withhold),
]);

impl Store {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("store");
        keys.key("max_bytes", Size { min: 16 << 20, max: 1 << 40 }, &mut self.max_bytes);
        keys.key("evidence_max_bytes", Size { min: 0, max: 1 << 40 }, &mut self.evidence_max_bytes);
        keys.key("keep_accepted", Count { min: 0, max: 10_000_000 }, &mut self.keep_accepted);
        keys.key("keep_journal", Count { min: 0, max: 500_000 }, &mut self.keep_journal);
        keys.key("keep_quarantined", Count { min: 0, max: 1_000_000 }, &mut self.keep_quarantined);
        self.visit_room(keys);
        self.visit_durability(keys);
        let budget = Size { min: 1 << 20, max: 1 << 50 };
        keys.key("flash_budget_per_day", budget, &mut self.flash_budget_bytes_per_day);
    }

    fn visit_room(&mut self, keys: &mut impl Keys) {
        for class in Class::ALL {
            let (name, min) = match class {
                Class::Incident => ("incident_reserve", 1 << 20),
                Class::Task => ("task_reserve", 0),
                Class::Evidence => ("evidence_reserve", 0),
                Class::Status => ("status_reserve", 0),
                Class::Reading => ("reading_reserve", 0),
                Class::Telemetry => ("telemetry_reserve", 0),
            };
            keys.key(name, Size { min, max: 1 << 39 }, &mut self.policies[class].reserve_bytes);
        }
        for (class, name) in [
            (Class::Status, "status_max_bytes"),
            (Class::Reading, "reading_max_bytes"),
            (Class::Telemetry, "telemetry_max_bytes"),
        ] {
            keys.optional(name, Size { min: 1 << 20, max: 1 << 40 }, &mut self.policies[class].max_bytes);
        }
        keys.key("status_when_full", DROPPABLE, &mut self.policies[Class::Status].when_full);
        keys.key("reading_when_full", DROPPABLE, &mut self.policies[Class::Reading].when_full);
        keys.key("telemetry_when_full", THINNABLE, &mut self.policies[Class::Telemetry].when_full);
    }

    fn visit_durability(&mut self, keys: &mut impl Keys) {
        for class in Class::ALL {
            let (name, max_ms) = match class {
                Class::Incident => ("incident_linger", 20),
                Class::Task => ("task_linger", 100),
                Class::Evidence => ("evidence_linger", 100),
                Class::Status => ("status_linger", 2000),
                Class::Reading => ("reading_linger", 5000),
                Class::Telemetry => ("telemetry_linger", 5000),
            };
            let span = Span { min: Duration::ZERO, max: Duration::from_millis(max_ms) };
            keys.key(name, span, &mut self.policies[class].linger);
        }
        keys.key("reading_durability", DURABILITIES, &mut self.policies[Class::Reading].durability);
        keys.key("telemetry_durability", DURABILITIES, &mut self.policies[Class::Telemetry].durability);
        let within = Span { min: Duration::from_millis(100), max: Duration::from_secs(10) };
        keys.key("sync_within", within, &mut self.sync_within);
    }

    /// What was left out follows the quota; what was given must fit into it.
    pub(super) fn check(&mut self, checks: &mut Checks) {
        let most = self.max_bytes / 2;
        if !checks.is_given("store.incident_reserve") {
            let others = self.policies.reserved_from(Some(Class::Incident));
            let reserve = &mut self.policies[Class::Incident].reserve_bytes;
            *reserve = (*reserve).min(most.saturating_sub(others)).max(1 << 20);
        }
        checks.require(
            self.policies.reserved_from(None) <= most,
            &[
                "store.incident_reserve",
                "store.task_reserve",
                "store.evidence_reserve",
                "store.status_reserve",
                "store.reading_reserve",
                "store.telemetry_reserve",
                "store.max_bytes",
            ],
            "all reserves together at most half of store.max_bytes",
        );
        if checks.is_given("store.evidence_max_bytes") {
            checks.require(
                self.evidence_max_bytes <= self.max_bytes,
                &["store.evidence_max_bytes", "store.max_bytes"],
                "at most store.max_bytes",
            );
        } else {
            self.evidence_max_bytes = self.max_bytes / 2;
        }
    }
}
