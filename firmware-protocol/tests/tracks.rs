//! Points go into a batch and come out of it exactly, and any batch at all has points.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::body::{FixType, Telemetry, TrackBatch, TrackStep, VehicleState};
use firmware_protocol::track::{TrackBuilder, TrackPoint};
use firmware_protocol::{DegreesE7, List, Suite, open};
use proptest::prelude::*;
use support::bodies::{Sample, typical_telemetry};
use support::keys::car_key;
use support::points::{FIRST_UPTIME_MS, any_points, any_vehicle, batch_of, push_all, telemetry_of};
use support::{car_header, encoded, sealed_with};

proptest! {
    #[test]
    fn any_legal_points_come_out_of_a_sealed_frame_exactly(
        points in any_points(),
        vehicle in any_vehicle(),
        taken_after_ms in any::<u32>(),
    ) {
        let mut track = TrackBuilder::new(usize::MAX);
        prop_assert_eq!(push_all(&mut track, &points, &vehicle), points.len());
        let batch = track.take(FIRST_UPTIME_MS + u64::from(taken_after_ms)).unwrap();
        prop_assert!(track.is_empty());

        let key = car_key(Suite::HMAC_SHA256_128);
        let frame = sealed_with(&key, &car_header::<TrackBatch>(), &batch);
        let read = open(&frame, &key).unwrap().decode::<TrackBatch>().unwrap();
        prop_assert_eq!(read.age_ms, taken_after_ms);
        prop_assert_eq!(read.first, telemetry_of(&points[0], &vehicle));
        prop_assert_eq!(read.points().collect::<Vec<_>>(), points);
    }

    #[test]
    fn any_steps_of_a_hostile_sender_have_points(batch in TrackBatch::any(), ends in any_steps()) {
        prop_assert_eq!(batch.points().count(), 1 + batch.steps.len());
        let batch = TrackBatch { steps: ends, ..batch };
        prop_assert_eq!(batch.points().count(), 1 + ends.len());
    }
}

/// Steps of the ends of the range and what stands for special things.
fn any_steps() -> impl Strategy<Value = List<TrackStep, 63>> {
    let change =
        || prop::sample::select(vec![i32::MIN, -36_001, -36_000, -1, 0, 1, 36_000, 36_001, i32::MAX]);
    let changes = (change(), change(), change(), change(), change(), change());
    let step = changes.prop_map(|(interval, lat, lon, speed, heading, accuracy)| TrackStep {
        interval_change_ms: interval,
        lat_step_change_e7: lat,
        lon_step_change_e7: lon,
        speed_change_cm_s: speed,
        heading_change_cdeg: heading,
        accuracy_change_dm: accuracy,
    });
    prop::collection::vec(step, 0..=63).prop_map(|steps| List::from_slice(&steps).unwrap())
}

/// As computed by another implementation.
#[test]
fn the_typical_batch_has_these_points() {
    let point = |[elapsed_ms, lat_e7, lon_e7, speed, heading, accuracy]: [u32; 6]| TrackPoint {
        elapsed_ms,
        lat_e7: DegreesE7::new(lat_e7 as i32),
        lon_e7: DegreesE7::new(lon_e7 as i32),
        speed_cm_s: speed as u16,
        heading_cdeg: heading as u16,
        accuracy_dm: accuracy as u16,
    };
    let points = [
        [0, 311_270_000, 1_043_980_000, 650, 8750, 45],
        [1000, 311_269_972, 1_043_980_681, 654, 8738, 45],
        [2003, 311_269_945, 1_043_981_360, 648, 8743, 46],
        [3001, 311_269_918, 1_043_982_042, 648, 8783, 45],
        [4001, 311_269_888, 1_043_982_725, 660, 35_883, 45],
        [5001, 311_269_858, 1_043_983_408, 660, 0, 65],
        [6001, 311_269_828, 1_043_984_091, 660, 0, 65],
    ]
    .map(point);
    let typical = TrackBatch::typical();
    assert_eq!(typical.points().collect::<Vec<_>>(), points);
    assert_eq!(batch_of(&points, &typical.first), TrackBatch { age_ms: u32::MAX, ..typical });
}

/// Points a second apart with these courses.
fn turning(headings_cdeg: &[u16]) -> Vec<TrackPoint> {
    let at = |(second, &heading_cdeg)| TrackPoint {
        elapsed_ms: 1000 * second as u32,
        heading_cdeg,
        ..TrackPoint::default()
    };
    headings_cdeg.iter().enumerate().map(at).collect()
}

/// Bytes that a turn takes more than going straight on, which takes one.
fn extra_len_of_turn(from_cdeg: u16, to_cdeg: u16) -> usize {
    let len = |headings| encoded(&batch_of(&turning(headings), &typical_telemetry())).len();
    len(&[from_cdeg, to_cdeg]) - len(&[from_cdeg, from_cdeg])
}

#[test]
fn a_turn_through_north_costs_what_the_same_turn_costs_elsewhere() {
    assert_eq!(extra_len_of_turn(35_999, 1), 0);
    assert_eq!(extra_len_of_turn(1, 35_999), 0);
    for turn_cdeg in -8192..=8191_i32 {
        let through_north = turn_cdeg.rem_euclid(36_000) + 1;
        let extra = usize::from(!(-64..64).contains(&turn_cdeg));
        assert_eq!(extra_len_of_turn(1, through_north as u16), extra, "{turn_cdeg}");
        assert_eq!(extra_len_of_turn(18_000, (18_000 + turn_cdeg) as u16), extra, "{turn_cdeg}");
    }
}

#[test]
fn a_course_may_be_lost_and_found() {
    for headings in [[0, 0, 9000, 0, 36_000], [1, 0, 1, 0, 0], [36_000, 0, 36_000, 0, 18_000]] {
        let points = turning(&headings);
        assert_eq!(batch_of(&points, &typical_telemetry()).points().collect::<Vec<_>>(), points);
    }
}

#[test]
fn a_course_beyond_the_circle_is_none() {
    let batch = batch_of(&turning(&[36_001, 9000, u16::MAX]), &typical_telemetry());
    let headings = batch.points().map(|point| point.heading_cdeg);
    assert_eq!(headings.collect::<Vec<_>>(), [0, 9000, 0]);
}

proptest! {
    #[test]
    fn another_fix_or_vehicle_state_ends_a_batch(vehicle in any_vehicle(), other in any_vehicle()) {
        let mut track = TrackBuilder::new(usize::MAX);
        prop_assert!(track.push(FIRST_UPTIME_MS, &vehicle));
        let changes = [
            (vehicle.fix == other.fix, Telemetry { fix: other.fix, ..vehicle }),
            (vehicle.valid == other.valid, Telemetry { valid: other.valid, ..vehicle }),
            (vehicle.state == other.state, Telemetry { state: other.state, ..vehicle }),
        ];
        for (same, changed) in changes {
            prop_assert_eq!(track.push(FIRST_UPTIME_MS, &changed), same);
        }
        let same_state = Telemetry { fix: vehicle.fix, valid: vehicle.valid, state: vehicle.state, ..other };
        prop_assert!(track.push(FIRST_UPTIME_MS, &same_state));
    }
}

#[test]
fn a_point_without_a_fix_is_never_taken() {
    let mut track = TrackBuilder::new(usize::MAX);
    let no_fix = Telemetry { fix: FixType::NONE, ..typical_telemetry() };
    assert!(!track.push(FIRST_UPTIME_MS, &no_fix));
    assert!(track.is_empty() && track.take(FIRST_UPTIME_MS).is_none());
    assert!(track.push(FIRST_UPTIME_MS, &typical_telemetry()));
    assert!(!track.push(FIRST_UPTIME_MS + 1, &no_fix));
}

#[test]
fn a_refused_point_leaves_the_batch_as_it_was_and_fits_into_the_next() {
    let mut track = TrackBuilder::new(usize::MAX);
    let moving = typical_telemetry();
    let panic = Telemetry { state: moving.state | VehicleState::PANIC, ..moving };
    assert!(track.push(FIRST_UPTIME_MS, &moving) && track.push(FIRST_UPTIME_MS + 1000, &moving));
    assert!(!track.push(FIRST_UPTIME_MS + 2000, &panic));
    assert_eq!(track.take(FIRST_UPTIME_MS + 2000).unwrap().points().count(), 2);
    assert!(track.push(FIRST_UPTIME_MS + 2000, &panic));
    let next = track.take(FIRST_UPTIME_MS + 2500).unwrap();
    assert_eq!((next.first, next.age_ms, next.steps.len()), (panic, 500, 0));
}

#[test]
fn a_batch_holds_points_of_up_to_2_pow_31_ms_and_none_before_its_first() {
    let longest_ms = FIRST_UPTIME_MS + i32::MAX as u64;
    let mut track = TrackBuilder::new(usize::MAX);
    assert!(track.push(FIRST_UPTIME_MS, &typical_telemetry()));
    assert!(!track.push(FIRST_UPTIME_MS - 1, &typical_telemetry()));
    assert!(!track.push(longest_ms + 1, &typical_telemetry()));
    assert!(track.push(longest_ms, &typical_telemetry()));
    assert!(track.push(FIRST_UPTIME_MS, &typical_telemetry()), "a clock that is turned back is told, too");
    let elapsed = track.take(longest_ms).unwrap().points().map(|point| point.elapsed_ms).collect::<Vec<_>>();
    assert_eq!(elapsed, [0, i32::MAX as u32, 0]);
}
