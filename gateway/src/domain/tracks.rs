//! Where a vehicle was: its last positions, and the place at a time between them.
//!
//! - Points are ordered by time; one that comes late goes where it belongs, one whose time is there already is passed over.
//! - Between two points that are at most [`GAP_MAX_MS`] apart the place is on the straight line between them. Elsewhere it is the
//!   nearest point's, up to [`REACH_MAX_MS`] away, and its circle grows by how far the vehicle may have come since.
//! - A point that the vehicle can't have reached from the one before is no point of the track: it is told, and dropped, unless the
//!   next one is there too.
//!
//! Bounds: [`POINTS_MAX`] points over at most [`SPAN_MAX_MS`]. All figures are project-defined.

use std::collections::VecDeque;

use super::distance;

/// Points of one track.
pub const POINTS_MAX: usize = 600;
/// Points that are older than the newest by more are dropped: an hour.
pub const SPAN_MAX_MS: i64 = 3_600_000;
/// Vehicle units report every 1 to 10 s; with a longer gap nobody knows the way between two points.
pub const GAP_MAX_MS: i64 = 15_000;
/// A place is given for so long before and after a point at most: 10 minutes.
pub const REACH_MAX_MS: i64 = 600_000;
/// Nothing on patrol is faster: 200 km/h in m/s.
pub const SPEED_MAX_M_PER_S: f64 = 200.0 / 3.6;
/// As fast as anybody is who was just seen standing: a brisk walk, in m/s.
const SPEED_MIN_M_PER_S: f64 = 1.5;
/// What a position is good to when its device does not say.
pub const ACCURACY_USUAL_M: f64 = 15.0;
/// Two positions that are so near each other are no jump, however short the time between them.
const JUMP_MIN_M: f64 = 100.0;

/// A position at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackFix {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Longitude and latitude in degrees, WGS-84.
    pub at: (f64, f64),
    /// Radius of the accuracy circle in metres, if known.
    pub accuracy_m: Option<f64>,
}

/// Two positions that nothing on patrol can both have had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jump {
    /// Metres between them.
    pub distance_m: f64,
    /// The time between them, in milliseconds.
    pub elapsed_ms: i64,
}

/// Where a vehicle was at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Longitude and latitude in degrees, WGS-84.
    pub at: (f64, f64),
    /// Radius of the circle in which it was, in metres.
    pub accuracy_m: f64,
    /// How far the nearest point is away in time, in milliseconds; 0 between two points.
    pub age_ms: i64,
    /// It lies between two points.
    pub interpolated: bool,
}

/// The last positions of a vehicle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VehicleTrack {
    /// Times rise.
    points: VecDeque<TrackFix>,
    /// A point that was taken for a jump: if the next one is near it, the vehicle is really there.
    doubted: Option<TrackFix>,
}

impl VehicleTrack {
    /// Adds a position. Returns how far it would have jumped, in which case it is not believed for now.
    pub fn note(&mut self, fix: TrackFix) -> Option<Jump> {
        let after = self.points.partition_point(|point| point.at_ms <= fix.at_ms);
        let before = after.checked_sub(1).and_then(|at| self.points.get(at)).copied();
        if before.is_some_and(|before| before.at_ms == fix.at_ms) {
            return None;
        }
        let jump = before.and_then(|before| jump(&before, &fix));
        let doubted = self.doubted.take();
        // What is sent again confirms nothing.
        let is_confirmed =
            doubted.is_some_and(|doubted| doubted.at_ms != fix.at_ms && self::jump(&doubted, &fix).is_none());
        if let (Some(jump), false) = (jump, is_confirmed) {
            self.doubted = Some(fix);
            return Some(jump);
        }
        self.points.insert(after, fix);
        let newest_ms = self.points.back().map_or(fix.at_ms, |newest| newest.at_ms);
        while self.points.len() > POINTS_MAX
            || self.points.front().is_some_and(|oldest| newest_ms - oldest.at_ms > SPAN_MAX_MS)
        {
            self.points.pop_front();
        }
        None
    }

    /// Time of the newest point.
    pub fn newest_ms(&self) -> Option<i64> {
        self.points.back().map(|point| point.at_ms)
    }

    /// Where it was at a time; `None` when no point is near enough in time.
    pub fn place_at(&self, at_ms: i64) -> Option<Place> {
        let after = self.points.partition_point(|point| point.at_ms < at_ms);
        let next = self.points.get(after);
        let before = after.checked_sub(1).and_then(|at| self.points.get(at));
        match (before, next) {
            (Some(before), Some(next)) if next.at_ms - before.at_ms <= GAP_MAX_MS => {
                Some(between(before, next, at_ms))
            }
            (Some(before), Some(next)) => {
                let nearest = if at_ms - before.at_ms <= next.at_ms - at_ms { before } else { next };
                beside(nearest, at_ms, distance::metres(before.at, next.at))
            }
            (Some(only), None) | (None, Some(only)) => {
                let seconds = (at_ms - only.at_ms).abs() as f64 / 1000.0;
                beside(only, at_ms, self.speed_m_per_s(only) * seconds)
            }
            (None, None) => None,
        }
    }

    /// Where it was at a time that nobody vouches for: the same, with a circle around all places where it was within
    /// [`REACH_MAX_MS`] of that time.
    pub fn place_about(&self, at_ms: i64) -> Option<Place> {
        let place = self.place_at(at_ms)?;
        let near = self.points.iter().filter(|point| (point.at_ms - at_ms).abs() <= REACH_MAX_MS);
        let spread_m = near.map(|point| distance::metres(place.at, point.at)).fold(0.0, f64::max);
        Some(Place { accuracy_m: place.accuracy_m + spread_m, ..place })
    }

    /// How fast it was near one end of the track, by the point beside it; at least [`SPEED_MIN_M_PER_S`].
    fn speed_m_per_s(&self, end: &TrackFix) -> f64 {
        let at = self.points.partition_point(|point| point.at_ms < end.at_ms);
        let neighbour = if at == 0 { self.points.get(1) } else { self.points.get(at - 1) };
        let speed = |other: &TrackFix| {
            distance::metres(end.at, other.at) / ((end.at_ms - other.at_ms).abs().max(1) as f64 / 1000.0)
        };
        neighbour.map_or(0.0, speed).clamp(SPEED_MIN_M_PER_S, SPEED_MAX_M_PER_S)
    }
}

/// How far a device would have jumped between two positions; `None` when it can have had both.
pub fn jump(from: &TrackFix, to: &TrackFix) -> Option<Jump> {
    let distance_m = distance::metres(from.at, to.at);
    let elapsed_ms = (to.at_ms - from.at_ms).abs();
    let slack_m = from.accuracy_m.unwrap_or(ACCURACY_USUAL_M) + to.accuracy_m.unwrap_or(ACCURACY_USUAL_M);
    let reachable_m = SPEED_MAX_M_PER_S * elapsed_ms as f64 / 1000.0 + slack_m;
    (distance_m > reachable_m.max(JUMP_MIN_M)).then_some(Jump { distance_m, elapsed_ms })
}

fn between(before: &TrackFix, next: &TrackFix, at_ms: i64) -> Place {
    let share = (at_ms - before.at_ms) as f64 / (next.at_ms - before.at_ms).max(1) as f64;
    let along = |from: f64, to: f64| from + (to - from) * share;
    let accuracy_m =
        before.accuracy_m.unwrap_or(ACCURACY_USUAL_M).max(next.accuracy_m.unwrap_or(ACCURACY_USUAL_M));
    let at = (along(before.at.0, next.at.0), along(before.at.1, next.at.1));
    Place { at, accuracy_m, age_ms: 0, interpolated: true }
}

fn beside(point: &TrackFix, at_ms: i64, travelled_m: f64) -> Option<Place> {
    let age_ms = (at_ms - point.at_ms).abs();
    let accuracy_m = point.accuracy_m.unwrap_or(ACCURACY_USUAL_M) + travelled_m;
    (age_ms <= REACH_MAX_MS).then_some(Place { at: point.at, accuracy_m, age_ms, interpolated: false })
}

#[cfg(test)]
mod tests;
