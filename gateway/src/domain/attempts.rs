//! Failed attempts, and how long whoever failed is not listened to: doubling, without chance, and bounded.
//!
//! The first few failures of a source cost nothing: people mistype. From then on each failure doubles the wait, from a second to a
//! minute. Attempts during a wait are not looked at and don't make it longer, so a source that has a right password among its wrong
//! ones gets its turn. A source that has not failed for a while is forgotten.

use std::collections::HashMap;
use std::hash::Hash;

/// Failures without a wait.
const FREE: u32 = 3;
/// The first wait, and the longest.
const WAIT_MIN_MS: u64 = 1000;
const WAIT_MAX_MS: u64 = 60_000;
/// A source is forgotten so long after its last failure.
const REMEMBERED_MS: u64 = 5 * 60_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_ms: u64,
    wait_until_ms: u64,
}

/// The failures of all sources. Times are milliseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Attempts<S> {
    sources: HashMap<S, Failures>,
    sources_max: usize,
}

impl<S: Eq + Hash + Clone> Attempts<S> {
    /// Of at most so many sources; beyond, the one that failed longest ago is forgotten.
    pub fn new(sources_max: usize) -> Attempts<S> {
        Attempts { sources: HashMap::new(), sources_max: sources_max.max(1) }
    }

    /// Whether an attempt of this source is looked at now.
    pub fn may_try(&self, source: &S, now_ms: u64) -> bool {
        self.sources.get(source).is_none_or(|failures| failures.wait_until_ms <= now_ms)
    }

    /// The source has failed once more.
    pub fn failed(&mut self, source: S, now_ms: u64) {
        self.sources.retain(|_, failures| now_ms.saturating_sub(failures.last_ms) < REMEMBERED_MS);
        if self.sources.len() >= self.sources_max && !self.sources.contains_key(&source) {
            let oldest = self.sources.iter().min_by_key(|(_, failures)| failures.last_ms);
            if let Some(oldest) = oldest.map(|(source, _)| source.clone()) {
                self.sources.remove(&oldest);
            }
        }
        let nothing = Failures { count: 0, last_ms: now_ms, wait_until_ms: now_ms };
        let failures = self.sources.entry(source).or_insert(nothing);
        failures.count = failures.count.saturating_add(1);
        failures.last_ms = now_ms;
        failures.wait_until_ms = now_ms + wait_ms(failures.count);
    }
}

fn wait_ms(failures: u32) -> u64 {
    match failures.checked_sub(FREE + 1) {
        None => 0,
        Some(doublings) => WAIT_MIN_MS.saturating_mul(1 << doublings.min(16)).min(WAIT_MAX_MS),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_are_forgotten() {
        let waits: Vec<u64> = (1..=12).map(wait_ms).collect();
        assert_eq!(waits, [0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        let mut attempts = Attempts::new(8);
        (0..12).for_each(|_| attempts.failed("a", 0));
        assert!(
            !attempts.may_try(&"a", 59_999) && attempts.may_try(&"a", 60_000) && attempts.may_try(&"b", 0)
        );
        attempts.failed("a", REMEMBERED_MS);
        assert!(attempts.may_try(&"a", REMEMBERED_MS), "it begins anew");
    }

    proptest! {
        /// However many addresses an attacker has, the memory is bounded, and nobody waits for more than a minute.
        #[test]
        fn memory_and_waits_are_bounded(failures in prop::collection::vec((0..50_u8, 0..10_000_u64), 1..200)) {
            let mut attempts = Attempts::new(16);
            let mut now_ms = 0;
            for (source, later_ms) in failures {
                now_ms += later_ms;
                attempts.failed(source, now_ms);
                prop_assert!(attempts.sources.len() <= 16);
                prop_assert!(attempts.may_try(&source, now_ms + WAIT_MAX_MS));
            }
        }
    }
}
