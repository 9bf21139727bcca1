//! Shares of the link: fair queueing by bytes, first between live and backlog, then between classes.
//!
//! Who waits gets its share of the bytes that go while it waits; who does not saves nothing up for later, and owes nothing. A
//! batch may be larger than a share: its owner waits that much longer, so the shares hold in the long run, and nobody starves.

use super::stream::{Side, Stream};
use crate::domain::report::Class;

/// Of what one side gets, so many parts go to status, readings and telemetry.
const PARTS: [u64; 3] = [1, 2, 7];
/// A byte of a share of one part, in virtual units; divisible by every part from 1 to 10, fine enough for parts up to 99.
const UNITS: u64 = 2520;

/// Some that share.
#[derive(Debug, Clone)]
struct Fair<const N: usize> {
    parts: [u64; N],
    /// Virtual time at which each may have the next batch.
    next: [u64; N],
    /// Virtual time at which the last batch began.
    now: u64,
}

impl<const N: usize> Fair<N> {
    fn new(parts: [u64; N]) -> Fair<N> {
        Fair { parts, next: [0; N], now: 0 }
    }

    /// Whose turn it is among those that wait.
    fn pick(&self, waits: [bool; N]) -> Option<usize> {
        (0..N).filter(|each| waits[*each]).min_by_key(|each| self.next[*each].max(self.now))
    }

    fn charge(&mut self, each: usize, bytes: u64) {
        let began = self.next[each].max(self.now);
        self.now = began;
        self.next[each] = began.saturating_add(bytes.saturating_mul(UNITS) / self.parts[each].max(1));
    }
}

/// The shares of all streams that share.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    sides: Fair<2>,
    classes: [Fair<3>; 2],
}

impl Shares {
    /// Of a hundred bytes, `live_percent` for live data.
    pub(super) fn new(live_percent: u8) -> Shares {
        let live = u64::from(live_percent.clamp(1, 99));
        Shares {
            sides: Fair::new([live, 100 - live]),
            classes: [const { Fair { parts: PARTS, next: [0; 3], now: 0 } }; 2],
        }
    }

    /// Whose turn it is among those that wait, in the order of [`Stream::SHARING`].
    pub(super) fn pick(&self, waits: [bool; Stream::SHARING.len()]) -> Option<Stream> {
        let of_sides = [[waits[0], waits[1], waits[2]], [waits[3], waits[4], waits[5]]];
        let side = self.sides.pick(of_sides.map(|classes| classes.contains(&true)))?;
        let class = self.classes[side].pick(of_sides[side])?;
        Some(Stream::SHARING[side * PARTS.len() + class])
    }

    /// What a batch of the stream costs; nothing for one that does not share.
    pub(super) fn charge(&mut self, stream: Stream, bytes: u64) {
        let class = match stream.class {
            Class::Status => 0,
            Class::Reading => 1,
            Class::Telemetry => 2,
            Class::Incident | Class::Task | Class::Evidence => return,
        };
        let side = match stream.side {
            Side::Live => 0,
            Side::Backlog => 1,
        };
        self.sides.charge(side, bytes);
        self.classes[side].charge(class, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes each of the streams gets of `batches` of different sizes, while these wait.
    fn play(shares: &mut Shares, waits: [bool; 6], batches: u64) -> [u64; 6] {
        let mut got = [0; 6];
        for number in 0..batches {
            let stream = shares.pick(waits).expect("somebody waits");
            let bytes = 500 + number * 7919 % 1000;
            shares.charge(stream, bytes);
            got[Stream::SHARING.iter().position(|each| *each == stream).expect("it shares")] += bytes;
        }
        got
    }

    #[test]
    fn live_gets_its_percent_while_backlog_waits_and_classes_their_parts() {
        for live_percent in [1, 25, 50, 99] {
            let got = play(&mut Shares::new(live_percent), [true; 6], 50_000);
            let all: u64 = got.iter().sum();
            let live: u64 = got[..3].iter().sum();
            let percent = live as f64 * 100.0 / all as f64;
            assert!((percent - f64::from(live_percent)).abs() < 0.5, "{percent} for {live_percent}");
            for (part, bytes) in PARTS.iter().zip(&got[3..]) {
                let percent = *bytes as f64 * 100.0 / (all - live) as f64;
                assert!((percent - *part as f64 * 10.0).abs() < 2.5, "{percent} for {part} parts");
            }
        }
    }

    #[test]
    fn who_did_not_wait_has_saved_nothing_up() {
        let mut shares = Shares::new(50);
        let only_backlog = [false, false, false, false, false, true];
        play(&mut shares, only_backlog, 10_000);
        let both = [false, false, true, false, false, true];
        let got = play(&mut shares, both, 100);
        assert!(got[5] * 10 > (got[2] + got[5]) * 4, "the backlog goes on at once: {got:?}");
        assert_eq!(shares.pick([false; 6]), None);
    }
}
