//! `[store]`: how much is kept.

use super::kinds::{Count, Size};
use super::read::Checks;
use super::value::Keys;

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Quota of the database file in bytes.
    pub max_bytes: u64,
    /// Part of the quota that only incidents may fill, in bytes; at most half of it.
    pub incident_reserve_bytes: u64,
    /// Room that photos and clips may have together, in bytes; at most the quota.
    pub evidence_max_bytes: u64,
    /// Accepted cases kept to look up their case number; the oldest leave first.
    pub keep_accepted: u64,
    /// Payloads kept in quarantine; the oldest leave first.
    pub keep_quarantined: u64,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            max_bytes: 2 << 30,
            incident_reserve_bytes: 64 << 20,
            evidence_max_bytes: 1 << 30,
            keep_accepted: 20_000,
            keep_quarantined: 10_000,
        }
    }
}

impl Store {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("store");
        keys.key("max_bytes", Size { min: 16 << 20, max: 1 << 40 }, &mut self.max_bytes);
        keys.key("incident_reserve", Size { min: 1 << 20, max: 1 << 39 }, &mut self.incident_reserve_bytes);
        keys.key("evidence_max_bytes", Size { min: 0, max: 1 << 40 }, &mut self.evidence_max_bytes);
        keys.key("keep_accepted", Count { min: 0, max: 10_000_000 }, &mut self.keep_accepted);
        keys.key("keep_quarantined", Count { min: 0, max: 1_000_000 }, &mut self.keep_quarantined);
    }

    /// What was left out follows the quota; what was given must fit into it.
    pub(super) fn check(&mut self, checks: &mut Checks) {
        let most = self.max_bytes / 2;
        if checks.is_given("store.incident_reserve") {
            checks.require(
                self.incident_reserve_bytes <= most,
                &["store.incident_reserve", "store.max_bytes"],
                "at most half of store.max_bytes",
            );
        } else {
            self.incident_reserve_bytes = self.incident_reserve_bytes.min(most);
        }
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
