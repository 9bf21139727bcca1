//! Message type 12: a stretch of positions, each told as the change from what the one before led to expect.

use serde::{Deserialize, Serialize};

use crate::body::{Body, Telemetry};
use crate::header::MessageType;
use crate::list::List;
use crate::wire::{Wire, wire_fields};

/// Points of a batch at most: the first and its steps.
pub const TRACK_POINTS_MAX: usize = 1 + STEPS_MAX;

/// Steps of a batch at most.
const STEPS_MAX: usize = 63;

/// A change of course that means: the course is not known any more. No real change is that large.
pub const HEADING_LOST: i32 = 36_000;

/// From one point to the next. Sealed: a nested struct can't grow.
///
/// Time and position change most evenly, so what is told is how much the *step* changed: at 1 Hz and an even pace it
/// is 0 each time, one byte. Sums wrap around, so that every step is legal. [`track`](crate::track) does the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackStep {
    /// Change of the time between two points, in ms; the first step changes from 0.
    pub interval_change_ms: i32,
    /// Change of the step in latitude, 1e-7 degrees; the first step changes from 0.
    pub lat_step_change_e7: i32,
    /// Change of the step in longitude, 1e-7 degrees; the first step changes from 0.
    pub lon_step_change_e7: i32,
    /// Change of the speed, cm/s.
    pub speed_change_cm_s: i32,
    /// Change of the course, 0.01 degrees, the short way round: -18000..=17999. From an absent course: the course.
    /// [`HEADING_LOST`]: absent from here on.
    pub heading_change_cdeg: i32,
    /// Change of the accuracy, 0.1 m.
    pub accuracy_change_dm: i32,
}

wire_fields!(TrackStep {
    interval_change_ms: i32,
    lat_step_change_e7: i32,
    lon_step_change_e7: i32,
    speed_change_cm_s: i32,
    heading_change_cdeg: i32,
    accuracy_change_dm: i32,
});

/// A stretch of positions during which fix type and vehicle state did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackBatch {
    /// How long before the frame's time the first point was, in ms; 0 = at the frame's time.
    pub age_ms: u32,
    /// The first point, in full; it needs a fix. Ages in it count from its own time. Sealed as telemetry of revision 1.
    pub first: Telemetry,
    /// The points behind it, at most 63. What they do not tell (altitude, battery, odometer ...) is not known of them.
    pub steps: List<TrackStep, STEPS_MAX>,
}

wire_fields!(TrackBatch { age_ms: u32, first: Telemetry, steps: List<TrackStep, STEPS_MAX> });

impl Body for TrackBatch {
    const MESSAGE_TYPE: MessageType = MessageType::TRACK_BATCH;
    const MIN_LENS: &'static [usize] = &[22];
}

const _: () = assert!(TrackBatch::MIN_LEN == 22);

// A nested struct can't grow. Whoever appends to telemetry gives the batch a struct of its own that stays as it was.
const _: () = assert!(Telemetry::REVISION == 1);
