//! Points into batches and back.
//!
//! Lossless both ways for every legal point; any steps at all decode to some points, without an error.

use postcard::ser_flavors::Size;
use serde::Serialize;

use crate::body::{FixType, HEADING_LOST, TRACK_POINTS_MAX, Telemetry, TrackBatch, TrackStep};
use crate::list::List;
use crate::units::DegreesE7;
use crate::wire::{Wire, length_prefix_len};

/// Hundredths of a degree in a circle; also the course north.
const CIRCLE_CDEG: u16 = 36_000;

/// A point of a track: what a batch tells of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackPoint {
    /// Time since the first point in ms.
    pub elapsed_ms: u32,
    /// Latitude, 1e-7 degrees north.
    pub lat_e7: DegreesE7,
    /// Longitude, 1e-7 degrees east.
    pub lon_e7: DegreesE7,
    /// Speed over ground in cm/s, as in [`Telemetry`].
    pub speed_cm_s: u16,
    /// Course over ground in 0.01 degrees, 1..=36000; 0 = absent.
    pub heading_cdeg: u16,
    /// Radius of the accuracy circle in 0.1 m; 0 = absent.
    pub accuracy_dm: u16,
}

impl TrackPoint {
    fn of(telemetry: &Telemetry, elapsed_ms: u32) -> Self {
        Self {
            elapsed_ms,
            lat_e7: telemetry.lat_e7,
            lon_e7: telemetry.lon_e7,
            speed_cm_s: telemetry.speed_cm_s,
            heading_cdeg: telemetry.heading_cdeg,
            accuracy_dm: telemetry.accuracy_dm,
        }
    }
}

/// The last point and the step that led to it: what the next step is told from.
#[derive(Debug, Clone, Copy)]
struct Course {
    at: TrackPoint,
    interval_ms: i32,
    lat_step_e7: i32,
    lon_step_e7: i32,
}

impl Course {
    fn from(first: &Telemetry) -> Self {
        Self { at: TrackPoint::of(first, 0), interval_ms: 0, lat_step_e7: 0, lon_step_e7: 0 }
    }

    /// The step to `next`, and the course after it.
    fn step_to(&self, next: TrackPoint) -> (TrackStep, Self) {
        let interval_ms = next.elapsed_ms.wrapping_sub(self.at.elapsed_ms).cast_signed();
        let lat_step_e7 = next.lat_e7.get().wrapping_sub(self.at.lat_e7.get());
        let lon_step_e7 = next.lon_e7.get().wrapping_sub(self.at.lon_e7.get());
        let step = TrackStep {
            interval_change_ms: interval_ms.wrapping_sub(self.interval_ms),
            lat_step_change_e7: lat_step_e7.wrapping_sub(self.lat_step_e7),
            lon_step_change_e7: lon_step_e7.wrapping_sub(self.lon_step_e7),
            speed_change_cm_s: i32::from(next.speed_cm_s) - i32::from(self.at.speed_cm_s),
            heading_change_cdeg: heading_change(self.at.heading_cdeg, next.heading_cdeg),
            accuracy_change_dm: i32::from(next.accuracy_dm) - i32::from(self.at.accuracy_dm),
        };
        (step, Self { at: next, interval_ms, lat_step_e7, lon_step_e7 })
    }

    /// The course after `step`.
    fn after(&self, step: &TrackStep) -> Self {
        let interval_ms = self.interval_ms.wrapping_add(step.interval_change_ms);
        let lat_step_e7 = self.lat_step_e7.wrapping_add(step.lat_step_change_e7);
        let lon_step_e7 = self.lon_step_e7.wrapping_add(step.lon_step_change_e7);
        let at = TrackPoint {
            elapsed_ms: self.at.elapsed_ms.wrapping_add_signed(interval_ms),
            lat_e7: DegreesE7::new(self.at.lat_e7.get().wrapping_add(lat_step_e7)),
            lon_e7: DegreesE7::new(self.at.lon_e7.get().wrapping_add(lon_step_e7)),
            speed_cm_s: changed(self.at.speed_cm_s, step.speed_change_cm_s),
            heading_cdeg: heading_after(self.at.heading_cdeg, step.heading_change_cdeg),
            accuracy_dm: changed(self.at.accuracy_dm, step.accuracy_change_dm),
        };
        Self { at, interval_ms, lat_step_e7, lon_step_e7 }
    }
}

/// The value after a change, modulo 2^16: no encoder makes a change that leaves the range.
fn changed(value: u16, change: i32) -> u16 {
    i32::from(value).wrapping_add(change) as u16
}

/// The short way round from one course to the next, both 0..=36000.
fn heading_change(from_cdeg: u16, to_cdeg: u16) -> i32 {
    let circle = i32::from(CIRCLE_CDEG);
    match (from_cdeg, to_cdeg) {
        (0, to_cdeg) => i32::from(to_cdeg),
        (_, 0) => HEADING_LOST,
        (from_cdeg, to_cdeg) => {
            (i32::from(to_cdeg) - i32::from(from_cdeg) + circle / 2).rem_euclid(circle) - circle / 2
        }
    }
}

/// The course after a change: 1..=36000, or 0 for absent.
fn heading_after(from_cdeg: u16, change_cdeg: i32) -> u16 {
    match (from_cdeg, change_cdeg) {
        (0, change_cdeg) => change_cdeg as u16, // an encoder tells the course itself
        (_, HEADING_LOST) => 0,
        (from_cdeg, change_cdeg) => {
            let turned = i64::from(from_cdeg) - 1 + i64::from(change_cdeg);
            (turned.rem_euclid(i64::from(CIRCLE_CDEG)) + 1) as u16
        }
    }
}

impl TrackBatch {
    /// The points, the first one first. What a hostile sender made of them is for the receiver to judge.
    pub fn points(&self) -> impl Iterator<Item = TrackPoint> + '_ {
        let first = Course::from(&self.first);
        let rest = self.steps.iter().scan(first, |course, step| {
            *course = course.after(step);
            Some(course.at)
        });
        core::iter::once(first.at).chain(rest)
    }
}

/// Collects points until a batch is full, by their number or its bytes.
///
/// ```
/// use firmware_protocol::body::{FixType, Telemetry};
/// use firmware_protocol::track::TrackBuilder;
///
/// let mut track = TrackBuilder::new(420);
/// let point = Telemetry { fix: FixType::GNSS_3D, speed_cm_s: 700, heading_cdeg: 9000, ..Telemetry::default() };
/// let taken = (0..60).take_while(|second| track.push(1000 * second, &point)).count();
/// assert_eq!(taken, 60);
/// let batch = track.take(60_000).unwrap_or_default();
/// assert_eq!((batch.points().count(), batch.age_ms), (60, 60_000));
/// ```
#[derive(Debug, Clone)]
pub struct TrackBuilder {
    body_len_max: usize,
    collected: Option<Collected>,
}

#[derive(Debug, Clone)]
struct Collected {
    first: Telemetry,
    first_uptime_ms: u64,
    course: Course,
    steps: List<TrackStep, { TRACK_POINTS_MAX - 1 }>,
    /// Bytes of the batch's body so far, its age counted at its longest.
    body_len: usize,
}

impl TrackBuilder {
    /// An empty builder whose batches have bodies of at most `body_len_max` bytes; the first point is taken in any
    /// case. A packet's size less header and tag makes the frame fit into it. A batch's age is counted at its longest:
    /// of a full batch up to 4 bytes stay unused.
    pub const fn new(body_len_max: usize) -> Self {
        Self { body_len_max, collected: None }
    }

    /// Whether nothing is collected.
    pub const fn is_empty(&self) -> bool {
        self.collected.is_none()
    }

    /// Appends a point measured at `uptime_ms`. `false`: it does not belong into this batch, because the batch is full,
    /// the fix type or the vehicle's state has changed, or more than 24 days lie between; [`take`](Self::take) the
    /// batch and push it again. A point without a fix is never taken: send it as telemetry.
    #[must_use = "a point that was not taken is lost"]
    pub fn push(&mut self, uptime_ms: u64, point: &Telemetry) -> bool {
        if point.fix == FixType::NONE {
            return false;
        }
        let point = Telemetry { heading_cdeg: legal_heading(point.heading_cdeg), ..*point };
        match &mut self.collected {
            None => {
                self.collected = Some(Collected::start(uptime_ms, point));
                true
            }
            Some(collected) => collected.append(uptime_ms, &point, self.body_len_max),
        }
    }

    /// The collected batch for a frame made at `uptime_ms`, and an empty builder; `None` when nothing is collected.
    pub fn take(&mut self, uptime_ms: u64) -> Option<TrackBatch> {
        let Collected { first, first_uptime_ms, steps, .. } = self.collected.take()?;
        let age_ms = u32::try_from(uptime_ms.saturating_sub(first_uptime_ms)).unwrap_or(u32::MAX);
        Some(TrackBatch { age_ms, first, steps })
    }
}

/// A course beyond the circle is none.
fn legal_heading(heading_cdeg: u16) -> u16 {
    if heading_cdeg > CIRCLE_CDEG { 0 } else { heading_cdeg }
}

impl Collected {
    fn start(uptime_ms: u64, first: Telemetry) -> Self {
        let body_len = u32::MAX_LEN + encoded_len(&first) + length_prefix_len(TRACK_POINTS_MAX - 1);
        Self { first, first_uptime_ms: uptime_ms, course: Course::from(&first), steps: List::new(), body_len }
    }

    fn append(&mut self, uptime_ms: u64, point: &Telemetry, body_len_max: usize) -> bool {
        let same = |one: &Telemetry| (one.fix, one.valid, one.state);
        let elapsed_ms = uptime_ms.checked_sub(self.first_uptime_ms).and_then(|ms| i32::try_from(ms).ok());
        let Some(elapsed_ms) = elapsed_ms.filter(|_| same(point) == same(&self.first)) else { return false };
        let (step, course) = self.course.step_to(TrackPoint::of(point, elapsed_ms.cast_unsigned()));
        let body_len = self.body_len + encoded_len(&step);
        if body_len > body_len_max || self.steps.push(step).is_err() {
            return false;
        }
        (self.course, self.body_len) = (course, body_len);
        true
    }
}

/// Bytes of a value on the wire.
fn encoded_len<T: Wire + Serialize>(value: &T) -> usize {
    postcard::serialize_with_flavor(value, Size::default()).unwrap_or(T::MAX_LEN)
}
