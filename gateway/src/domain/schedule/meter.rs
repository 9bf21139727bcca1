//! How much of something comes in a second, of late.

use std::time::Duration;

/// What happened this long ago counts about a third.
const MEMORY_S: f64 = 30.0;

/// A rate.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    /// What was counted, older counts less.
    sum: f64,
    /// How long was counted, older time less.
    seconds: f64,
    at: Duration,
}

impl Meter {
    pub(super) fn add(&mut self, now: Duration, count: u64) {
        *self = self.at(now);
        self.sum += count as f64;
    }

    /// How many a second; `None` in the first second.
    pub(super) fn per_s(&self, now: Duration) -> Option<f64> {
        let Meter { sum, seconds, .. } = self.at(now);
        (seconds >= 0.9).then(|| sum / seconds)
    }

    fn at(&self, now: Duration) -> Meter {
        let passed_s = now.saturating_sub(self.at).as_secs_f64();
        let left = (-passed_s / MEMORY_S).exp();
        Meter {
            sum: self.sum * left,
            seconds: self.seconds * left + MEMORY_S * (1.0 - left),
            at: now.max(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_told_from_the_first_seconds_on_and_a_pause_lets_it_fall() {
        let mut meter = Meter::default();
        assert_eq!(meter.per_s(Duration::ZERO), None);
        for second in 1..=600 {
            meter.add(Duration::from_secs(second), 100);
            let rate = meter.per_s(Duration::from_secs(second)).expect("a rate");
            assert!((95.0..=105.0).contains(&rate) || second < 20 && rate < 110.0, "{rate} after {second} s");
        }
        assert!(meter.per_s(Duration::from_secs(900)).expect("a rate") < 1.0);
    }
}
