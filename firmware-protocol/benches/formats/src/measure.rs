//! Times small operations against each other.
//!
//! Every contender runs once a round, for about 50 microseconds; the result is the median of many rounds, and the median
//! of each round's ratio to the first contender. What a busy machine does to one contender of a round it does to
//! all of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 401;
const BATCH: Duration = Duration::from_micros(50);

/// An operation that is run this many times.
pub(crate) struct Contender<'a>(Box<dyn FnMut(u32) + 'a>);

/// How long an operation takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) nanoseconds: f64,
    /// To the first contender's.
    pub(crate) ratio: f64,
}

impl<'a> Contender<'a> {
    pub(crate) fn new<T>(mut operation: impl FnMut() -> T + 'a) -> Self {
        Self(Box::new(move |times| {
            for _ in 0..times {
                black_box(operation());
            }
        }))
    }

    fn time(&mut self, times: u32) -> Duration {
        let start = Instant::now();
        self.0(times);
        start.elapsed()
    }

    /// How often it runs in a batch.
    fn times(&mut self) -> u32 {
        let mut times = 1;
        while self.time(times) < BATCH {
            times *= 2;
        }
        times
    }
}

/// Times the contenders, one after the other in each round.
pub(crate) fn race<const N: usize>(mut contenders: [Contender<'_>; N]) -> [Timing; N] {
    let mut times = [0; N];
    times.iter_mut().zip(&mut contenders).for_each(|(times, contender)| *times = contender.times());
    let rounds: Vec<[f64; N]> = (0..ROUNDS)
        .map(|_| {
            let mut nanoseconds = [0.0; N];
            for (at, contender) in contenders.iter_mut().enumerate() {
                nanoseconds[at] = contender.time(times[at]).as_secs_f64() * 1e9 / f64::from(times[at]);
            }
            nanoseconds
        })
        .collect();
    std::array::from_fn(|at| Timing {
        nanoseconds: median(rounds.iter().map(|round| round[at])),
        ratio: median(rounds.iter().map(|round| round[at] / round[0])),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
