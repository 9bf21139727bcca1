//! Latencies in buckets that grow with the value: 1/16 of an octave wide, so a percentile is exact to about 6 %.

use std::time::Duration;

const STEPS_PER_OCTAVE_BITS: u32 = 4;
const STEPS: u64 = 1 << STEPS_PER_OCTAVE_BITS;
/// Covers 1 microsecond to 2^32 microseconds (71 minutes); longer ones land in the last bucket.
const BUCKETS: usize = ((32 - STEPS_PER_OCTAVE_BITS as usize) + 1) * STEPS as usize;

#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    pub(super) fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS] }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros).min(BUCKETS - 1)] += 1;
    }

    pub(super) fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The value below which `share` (0..=1) of all lie, in milliseconds: the upper edge of its bucket.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        let rank = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_edge(index) as f64 / 1000.0;
            }
        }
        0.0
    }
}

/// Values below 16 have their own bucket; above, 16 buckets to an octave.
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let octave = micros.ilog2() - STEPS_PER_OCTAVE_BITS;
    let step = (micros >> octave) - STEPS;
    ((u64::from(octave) + 1) * STEPS + step) as usize
}

/// The smallest value above the bucket.
fn upper_edge(index: usize) -> u64 {
    let index = index as u64;
    if index < STEPS {
        return index + 1;
    }
    let (octave, step) = (index / STEPS - 1, index % STEPS);
    (STEPS + step + 1) << octave
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_within_a_sixteenth_of_the_exact_one(
            mut micros in prop::collection::vec(1_u64..100_000_000, 1..300), share in 0.01..1.0_f64
        ) {
            let mut histogram = Histogram::new();
            micros.iter().for_each(|&value| histogram.record(Duration::from_micros(value)));
            micros.sort_unstable();
            let rank = (micros.len() as f64 * share).ceil() as usize;
            let exact_ms = micros[rank - 1] as f64 / 1000.0;
            let found_ms = histogram.quantile_ms(share);
            prop_assert!(found_ms > exact_ms && found_ms <= exact_ms * (1.0 + 1.0 / 16.0) + 0.001, "{found_ms} for {exact_ms}");
        }
    }
}
