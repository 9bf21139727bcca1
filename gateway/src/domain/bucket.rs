//! A token bucket: how much somebody may take in the long run, and at once after a pause.
//!
//! What is taken is known only afterwards (a read brings what it brings), so the bucket may go into debt: in any span of time
//! at most its burst, its rate times the span, and the last thing taken are gone.

use std::num::NonZeroU64;
use std::time::Duration;

/// What a full bucket holds: so many seconds of its rate.
pub const BURST_S: u64 = 10;

const NANOS_PER_S: i128 = 1_000_000_000;

/// The bucket. It is full in the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    rate_per_s: NonZeroU64,
    /// In billionths of a token, so that a nanosecond is worth a whole number of them; negative is debt.
    level: i128,
    /// Up to when it was filled, since an origin of the caller's.
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket into which so many tokens fall a second; `now` counts from an origin of the caller's.
    pub fn new(rate_per_s: NonZeroU64, now: Duration) -> Bucket {
        Bucket { rate_per_s, level: capacity(rate_per_s), filled_at: now }
    }

    /// Fills in what has fallen since. A time before the last one changes nothing.
    pub fn fill(&mut self, now: Duration) {
        let Some(elapsed) = now.checked_sub(self.filled_at) else { return };
        let fallen = nanos(elapsed).saturating_mul(self.rate());
        self.level = self.level.saturating_add(fallen).min(capacity(self.rate_per_s));
        self.filled_at = now;
    }

    /// Takes tokens, there or not.
    pub fn take(&mut self, tokens: u64) {
        self.level = self.level.saturating_sub(i128::from(tokens) * NANOS_PER_S);
    }

    /// Puts tokens back that were taken for nothing.
    pub fn put_back(&mut self, tokens: u64) {
        let back = i128::from(tokens) * NANOS_PER_S;
        self.level = self.level.saturating_add(back).min(capacity(self.rate_per_s));
    }

    /// True while nothing may be taken.
    pub fn is_empty(&self) -> bool {
        self.level <= 0
    }

    /// How long after it was filled last it is not empty any more.
    pub fn refills_in(&self) -> Duration {
        if !self.is_empty() {
            return Duration::ZERO;
        }
        let missing_ns = -self.level / self.rate() + 1;
        Duration::from_nanos(u64::try_from(missing_ns).unwrap_or(u64::MAX))
    }

    fn rate(&self) -> i128 {
        i128::from(self.rate_per_s.get())
    }
}

fn capacity(rate_per_s: NonZeroU64) -> i128 {
    i128::from(rate_per_s.get()) * i128::from(BURST_S) * NANOS_PER_S
}

fn nanos(span: Duration) -> i128 {
    i128::try_from(span.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(rate_per_s: u64) -> Bucket {
        Bucket::new(NonZeroU64::new(rate_per_s).unwrap(), Duration::ZERO)
    }

    #[test]
    fn a_full_bucket_gives_ten_seconds_at_once_and_then_its_rate() {
        let mut bucket = bucket(1000);
        let mut drink = |now_ms| {
            bucket.fill(Duration::from_millis(now_ms));
            let mut taken = 0;
            while !bucket.is_empty() {
                bucket.take(1);
                taken += 1;
            }
            taken
        };
        assert_eq!((drink(0), drink(0), drink(1), drink(500), drink(60_000)), (10_000, 0, 1, 499, 10_000));
    }

    #[test]
    fn what_was_put_back_is_there_and_no_more_than_fits() {
        let mut bucket = bucket(1);
        bucket.take(10);
        assert!(bucket.is_empty());
        bucket.put_back(1);
        assert!(!bucket.is_empty());
        bucket.put_back(1_000_000);
        bucket.take(10);
        assert!(bucket.is_empty());
    }

    proptest! {
        /// Whoever takes only from a bucket that is not empty never gets more than the burst, the rate and one last thing; and
        /// is never kept waiting longer than he was told.
        #[test]
        fn the_rate_holds_in_every_span_and_nobody_starves(
            rate in 1..5_000_u64, steps in prop::collection::vec((0..3_000_000_000_u64, 1..20_000_u64), 1..60),
        ) {
            let (mut bucket, mut now) = (bucket(rate), Duration::ZERO);
            let (mut taken, mut last) = (0, 0);
            for (pause_ns, amount) in steps {
                now += Duration::from_nanos(pause_ns);
                bucket.fill(now);
                // A clock that goes back gives nothing away.
                bucket.fill(now.saturating_sub(Duration::from_secs(1)));
                if bucket.is_empty() {
                    let wait = bucket.refills_in();
                    let mut early = bucket;
                    early.fill(now + wait - Duration::from_nanos(1));
                    prop_assert!(early.is_empty());
                    now += wait;
                    bucket.fill(now);
                    prop_assert!(!bucket.is_empty());
                }
                bucket.take(amount);
                (taken, last) = (taken + amount, amount);
            }
            let allowed = rate as f64 * (BURST_S as f64 + now.as_secs_f64()) + last as f64;
            prop_assert!(taken as f64 <= allowed + 1.0, "{} of {}", taken, allowed);
        }

        #[test]
        fn no_figure_overflows(rate in 1..=u64::MAX, taken in any::<u64>(), at in any::<u64>()) {
            let mut bucket = bucket(rate);
            for _ in 0..3 {
                bucket.take(taken);
                bucket.fill(Duration::from_secs(at));
                bucket.put_back(taken);
                let _ = bucket.refills_in();
            }
        }
    }
}
