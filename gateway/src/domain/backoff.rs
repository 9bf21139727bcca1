//! How long to wait before the next attempt at something that failed.
//!
//! Full jitter above a floor: the n-th wait is drawn evenly from `min ..= min * 2^n`, never above `max`. Gateways
//! that lost the platform at the same moment thus come back spread over the whole of the last range, and none
//! of them sooner than `min`. A success resets it.

use std::time::Duration;

/// The waits between attempts. Holds no clock and draws no chance itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    /// Upper end of the last range; `min` before the first failure.
    ceiling: Duration,
}

impl Backoff {
    /// Waits between `min` and `max`; a `max` below `min` counts as `min`.
    pub fn new(min: Duration, max: Duration) -> Backoff {
        Backoff { min, max: max.max(min), ceiling: min }
    }

    /// The wait after one more failure. `random01` is an even draw from 0..1; anything else is clamped to it.
    pub fn next(&mut self, random01: f64) -> Duration {
        self.ceiling = self.ceiling.saturating_mul(2).min(self.max);
        let share = if random01.is_finite() { random01.clamp(0.0, 1.0) } else { 1.0 };
        let spread = self.ceiling.saturating_sub(self.min);
        // Through milliseconds: `Duration::mul_f64` panics on overflow, and nobody waits for nanoseconds.
        let extra_ms = (spread.as_millis() as f64 * share) as u64;
        self.min.saturating_add(Duration::from_millis(extra_ms)).min(self.max)
    }

    /// Forgets the failures: the next wait starts small again.
    pub fn reset(&mut self) {
        self.ceiling = self.min;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIN: Duration = Duration::from_millis(500);
    const MAX: Duration = Duration::from_secs(60);

    #[test]
    fn the_upper_end_doubles_until_the_maximum_and_starts_again_after_a_success() {
        let mut backoff = Backoff::new(MIN, MAX);
        let waits: Vec<u64> = (0..9).map(|_| backoff.next(1.0).as_millis() as u64).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        backoff.reset();
        assert_eq!(backoff.next(1.0), Duration::from_secs(1));
    }

    #[test]
    fn gateways_that_failed_together_spread_over_the_whole_range() {
        let mut ends = [Duration::MAX, Duration::ZERO];
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let mut backoff = Backoff::new(MIN, MAX);
            let wait = (0..6).map(|_| backoff.next(share)).last().expect("six waits");
            ends = [ends[0].min(wait), ends[1].max(wait)];
        }
        assert_eq!(ends, [MIN, Duration::from_secs(32)]);
    }

    proptest! {
        #[test]
        fn every_wait_stays_between_minimum_and_maximum(
            min_ms in 0..100_000_u64, max_ms in 0..10_000_000_u64, draws in prop::collection::vec(any::<f64>(), 1..80)
        ) {
            let (min, max) = (Duration::from_millis(min_ms), Duration::from_millis(max_ms));
            let mut backoff = Backoff::new(min, max);
            for draw in draws {
                let wait = backoff.next(draw);
                prop_assert!(min <= wait && wait <= max.max(min), "{wait:?}");
            }
        }
    }
}
