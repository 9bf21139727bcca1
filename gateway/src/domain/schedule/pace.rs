//! How large a batch should be and how many may be under way, learnt from what batches took.
//!
//! A batch takes a time that does not depend on its size (the way there and back, the platform) and one that does. The second
//! is what makes an incident wait: it is learnt as the slope of a line through (bytes on the wire, time), older batches
//! counting less. A batch is as large as [`BATCH_S`] of it, and another one goes while not more than that is under way. So a
//! slow link is full with two small batches, and a fast one has full ones, as many as are allowed.

use std::time::Duration;

use super::plan::Room;
use crate::domain::report::Class;

/// Time on the wire of one batch, in seconds.
const BATCH_S: f64 = 0.75;
/// No batch is so large that it would take longer than this altogether, by the fastest that was seen of late.
const WHOLE_S: f64 = 3.0;
/// A batch that takes twice as long as expected and this much more, in seconds, is overdue.
const SLACK_S: f64 = 0.5;
/// Wire bytes of the first batch, and of one that only finds out whether the link is back.
const FIRST_BYTES: f64 = 8192.0;
/// The smallest target.
const LEAST_BYTES: f64 = 1024.0;
/// What a batch still counts after another one.
const DECAY: f64 = 0.9;
/// How much the line is drawn towards the origin: with batches of one size nobody can tell the two times apart.
const TOWARDS_ORIGIN: f64 = 0.05;
/// After a full batch the next one may be so many times as large.
const GROWTH: f64 = 2.0;
/// Batches grow back to all their records in so many steps.
const RECORD_STEPS: usize = 16;
/// A class's bytes before compression are at most so many times those on the wire.
const EXPANSION_MAX: f64 = 200.0;

/// What was learnt about the link of one uplink.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    room_max: Room,
    in_flight_max: usize,
    line: Line,
    /// Fastest of late, in bytes a second.
    fastest: f64,
    /// Wire bytes of the next batch.
    batch_bytes: f64,
    /// Records of the next batch; less than the maximum after refusals and missed deadlines.
    batch_records: usize,
    /// Bytes before compression for one on the wire.
    expansion: [f64; Class::ALL.len()],
}

impl Pace {
    pub(super) fn new(room_max: Room, in_flight_max: usize) -> Pace {
        Pace {
            room_max,
            in_flight_max,
            line: Line::default(),
            fastest: 0.0,
            batch_bytes: FIRST_BYTES.min(room_max.bytes as f64),
            batch_records: room_max.records,
            expansion: [1.0; Class::ALL.len()],
        }
    }

    /// Wire bytes that the next batch should have.
    pub(super) fn batch_bytes(&self) -> u64 {
        self.batch_bytes as u64
    }

    /// Room for a batch of a class. `is_probe`: it only finds out whether the link is back. `left_bytes` is what is left of a
    /// budget.
    pub(super) fn room(&self, class: Class, is_probe: bool, left_bytes: Option<u64>) -> Room {
        let mut wire_bytes = self.batch_bytes;
        if is_probe {
            wire_bytes = wire_bytes.min(FIRST_BYTES);
        }
        if let Some(left) = left_bytes {
            wire_bytes = wire_bytes.min(left as f64);
        }
        let bytes = (wire_bytes * self.expansion[class as usize]) as usize;
        Room { records: self.batch_records, bytes: bytes.clamp(1, self.room_max.bytes) }
    }

    /// Batches that may be under way at the same time on this link.
    pub(super) fn in_flight(&self) -> usize {
        let Some(per_byte_s) = self.line.slope() else { return 1 };
        let batches = (BATCH_S / (self.batch_bytes * per_byte_s).max(1e-9)) as usize;
        batches.saturating_add(1).min(self.in_flight_max)
    }

    /// Whether another batch may go while `bytes` are under way.
    pub(super) fn has_room_beside(&self, bytes: u64) -> bool {
        // A little more than a batch: figures of a batch that is under way are not the ones that were aimed at.
        bytes == 0 || self.line.slope().is_some_and(|per_byte_s| bytes as f64 * per_byte_s <= BATCH_S * 1.25)
    }

    /// How long a batch is waited for before it does not count any more for what is under way: it may be lost, and nobody has
    /// noticed yet. `bytes` with those before it.
    pub(super) fn patience(&self, bytes: u64) -> Duration {
        let expected_s = self.line.at(bytes as f64).unwrap_or(WHOLE_S).min(60.0);
        Duration::from_secs_f64(expected_s * 2.0 + SLACK_S)
    }

    /// A batch was packed: `records` of the `offered` fitted.
    pub(super) fn packed(
        &mut self,
        class: Class,
        room: Room,
        offered: usize,
        records: usize,
        wire_bytes: u64,
    ) {
        let seen = (room.bytes as f64 / wire_bytes.max(1) as f64).clamp(0.1, EXPANSION_MAX);
        let expansion = &mut self.expansion[class as usize];
        let was_cut_by_bytes = records < offered && records < room.records;
        *expansion = match (was_cut_by_bytes, records) {
            // One record always goes, so it may have been larger than the room.
            (true, 1) => expansion.max(seen),
            (false, 1) => *expansion,
            (true, _) => (*expansion + seen) / 2.0,
            // It was at most as large as the room.
            (false, _) => expansion.min(seen.max(1.0)),
        };
    }

    /// A batch was larger on the wire than what is left of a budget: the next one is to be half of it at most.
    pub(super) fn too_much(&mut self, class: Class, room: Room, wire_bytes: u64) {
        let expansion = &mut self.expansion[class as usize];
        *expansion = expansion.min(room.bytes as f64 / wire_bytes.max(1) as f64 / 2.0);
    }

    /// The platform answered a batch of `bytes`; with those under way before it `bytes_ahead` more.
    pub(super) fn answered(&mut self, bytes: u64, bytes_ahead: u64, took: Duration) {
        let (took_s, all) = (took.as_secs_f64().max(1e-4), (bytes + bytes_ahead) as f64);
        self.line.add(all, took_s);
        self.fastest = (self.fastest * DECAY).max(all / took_s);
        let suits = self.line.slope().map_or(f64::INFINITY, |per_byte_s| BATCH_S / per_byte_s.max(1e-12));
        let is_full = bytes as f64 >= self.batch_bytes / 2.0;
        let most = if is_full { self.batch_bytes * GROWTH } else { self.batch_bytes };
        let bytes = suits.min(self.fastest * WHOLE_S).clamp(self.batch_bytes / GROWTH, most);
        self.batch_bytes =
            bytes.clamp(LEAST_BYTES.min(self.room_max.bytes as f64), self.room_max.bytes as f64);
        let step = (self.room_max.records / RECORD_STEPS).max(1);
        self.batch_records = (self.batch_records + step).min(self.room_max.records);
    }

    /// A batch had no answer in time: perhaps the link carries less than that.
    pub(super) fn missed(&mut self, records: usize, bytes: u64) {
        self.line = Line::default();
        self.fastest = 0.0;
        let half = (bytes as f64).min(self.batch_bytes) / 2.0;
        self.batch_bytes = half.max(LEAST_BYTES.min(self.room_max.bytes as f64));
        self.refused(records);
    }

    /// A batch of so many records was refused whole: perhaps for their number.
    pub(super) fn refused(&mut self, records: usize) {
        self.batch_records = self.batch_records.min((records / 2).max(1));
    }
}

/// A line through points, by least squares.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Line {
    fn add(&mut self, x: f64, y: f64) {
        let decayed = |sum: f64| sum * DECAY;
        *self = Line {
            n: decayed(self.n) + 1.0,
            x: decayed(self.x) + x,
            y: decayed(self.y) + y,
            xx: decayed(self.xx) + x * x,
            xy: decayed(self.xy) + x * y,
        };
    }

    /// Seconds that so many bytes take; `None` without a point.
    fn at(&self, x: f64) -> Option<f64> {
        let slope = self.slope()?;
        let start = (self.y - slope * self.x) / self.n;
        Some((start + slope * x).max(0.0))
    }

    /// Seconds a byte, above zero; `None` without a point.
    fn slope(&self) -> Option<f64> {
        let n = self.n + TOWARDS_ORIGIN;
        let determinant = n * self.xx - self.x * self.x;
        let slope = (n * self.xy - self.x * self.y) / determinant;
        (self.n > 0.0 && determinant > 0.0).then_some(slope.max(1e-12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { records: 500, bytes: 1 << 20 };

    /// Wire bytes of a batch after so many on a link of this rate, where each takes `fixed_s` besides.
    fn settles_at(bytes_per_s: f64, fixed_s: f64, batches: u32) -> u64 {
        let mut pace = Pace::new(ROOM, 1);
        for _ in 0..batches {
            let bytes = pace.batch_bytes();
            let took_s = fixed_s + bytes as f64 / bytes_per_s;
            pace.answered(bytes, 0, Duration::from_secs_f64(took_s));
        }
        pace.batch_bytes()
    }

    #[test]
    fn a_batch_is_three_quarters_of_a_second_of_a_slow_link_and_a_full_one_on_a_fast_one() {
        for bytes_per_s in [2e3, 8e3, 125e3] {
            let batch = settles_at(bytes_per_s, 0.05, 40) as f64;
            let share_s = batch / bytes_per_s;
            assert!((0.6..0.9).contains(&share_s), "{share_s} s at {bytes_per_s} bytes a second");
        }
        assert_eq!(settles_at(12.5e6, 0.05, 10), ROOM.bytes as u64);
    }

    #[test]
    fn a_platform_that_thinks_for_long_does_not_make_batches_small() {
        let batch = settles_at(12.5e6, 2.0, 40);
        assert!(batch >= 256 << 10, "{batch}");
    }
}
