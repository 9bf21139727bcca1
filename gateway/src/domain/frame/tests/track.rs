//! Tracks: every point of a device comes out where and when it was, and no track is taken that can't have been.

use firmware_protocol::body::{TrackBatch, TrackStep};
use firmware_protocol::track::TrackBuilder;

use super::*;
use crate::domain::report::Track;

fn track(batch: &TrackBatch) -> Result<Track, Rejection> {
    let payload = frame(batch);
    match read(Class::Telemetry, &payload)?.body {
        Body::Track(track) => Ok(track),
        other => panic!("{other:?}"),
    }
}

/// A batch of one point and these steps.
fn batch(age_ms: u32, first: body::Telemetry, steps: &[TrackStep]) -> TrackBatch {
    TrackBatch { age_ms, first, steps: List::from_slice(steps).expect("fits") }
}

fn after_ms(interval_change_ms: i32) -> TrackStep {
    TrackStep { interval_change_ms, ..TrackStep::default() }
}

#[test]
fn a_track_is_dated_by_its_first_point_and_tells_of_each_what_it_knows() {
    let mut builder = TrackBuilder::new(500);
    let standing = body::Telemetry { valid: VehicleState::MOVING, state: VehicleState::EMPTY, ..vehicle() };
    let points = [
        (0, standing),
        (1_000, body::Telemetry { lat_e7: DegreesE7::new(311_271_000), ..standing }),
        (3_000, body::Telemetry { speed_cm_s: 0, heading_cdeg: 0, accuracy_dm: 0, ..standing }),
    ];
    for (at_ms, point) in &points {
        assert!(builder.push(*at_ms, point));
    }
    let wire = builder.take(5_000).expect("a batch");
    let payload = frame(&wire);
    let report = read(Class::Telemetry, &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 5_000));
    let Body::Track(track) = report.body else { panic!("a track") };
    assert_eq!(track.first.odometer_m, Some(120_345));
    let seen: Vec<_> = track.points.iter().map(|point| (point.elapsed_ms, point.lat_deg)).collect();
    assert_eq!(seen, [(0, 31.127), (1_000, 31.1271), (3_000, 31.127)]);
    let last = track.points[2];
    assert_eq!((last.speed_kmh, last.heading_deg, last.accuracy_m), (Some(0.0), None, None), "it stands");
}

#[test]
fn a_track_that_can_not_have_been_is_refused_with_the_point() {
    let refused = |batch: &TrackBatch| {
        let rejection = track(batch).expect_err("refused");
        (rejection.reason, rejection.detail)
    };
    let (reason, detail) = refused(&batch(9_000, vehicle(), &[after_ms(2_000), after_ms(-2_001)]));
    assert_eq!(
        (reason, detail.as_str()),
        (Reason::OutOfRange, "points[2].elapsed_ms: 1999 is before the point before it, 2000")
    );
    assert!(
        refused(&batch(1_999, vehicle(), &[after_ms(2_000)])).1.starts_with("points[1].elapsed_ms: 2000")
    );
    assert!(refused(&batch(1_999, vehicle(), &[after_ms(-1)])).1.starts_with("points[1].elapsed_ms"));
    let beyond = TrackStep { lat_step_change_e7: 600_000_000, ..TrackStep::default() };
    assert!(refused(&batch(0, vehicle(), &[beyond])).1.starts_with("points[1].position: latitude 91.127"));
    let turned = TrackStep { heading_change_cdeg: 40_000, ..TrackStep::default() };
    let unknown = body::Telemetry { heading_cdeg: 0, ..vehicle() };
    assert!(refused(&batch(0, unknown, &[turned])).1.starts_with("points[1].heading_cdeg: 40000"));
    let nowhere = body::Telemetry { fix: body::FixType::NONE, ..vehicle() };
    assert_eq!(refused(&batch(0, nowhere, &[])), (Reason::MissingField, "first.fix is missing".to_owned()));
    assert!(track(&batch(0, vehicle(), &[after_ms(0); 63])).is_ok(), "points at one time are legal");
}

proptest! {
    #[test]
    fn any_steps_are_a_track_that_can_have_been_or_refused(
        age_ms: u32,
        steps in prop::collection::vec(any::<[i32; 6]>(), 0..8),
        gentle in any::<bool>(),
    ) {
        let step = |[interval, lat, lon, speed, heading, accuracy]: [i32; 6]| {
            let some = |change: i32| if gentle { change % 1_000 } else { change };
            TrackStep {
                interval_change_ms: some(interval),
                lat_step_change_e7: some(lat),
                lon_step_change_e7: some(lon),
                speed_change_cm_s: some(speed),
                heading_change_cdeg: some(heading),
                accuracy_change_dm: some(accuracy),
            }
        };
        let steps: Vec<_> = steps.into_iter().map(step).collect();
        match track(&batch(age_ms, vehicle(), &steps)) {
            Ok(track) => {
                prop_assert_eq!(track.points.len(), 1 + steps.len());
                prop_assert!(track.points.is_sorted_by_key(|point| point.elapsed_ms));
                for point in track.points {
                    prop_assert!(point.elapsed_ms <= age_ms);
                    prop_assert!(point.lat_deg.abs() <= 90.0 && point.lon_deg.abs() <= 180.0);
                    prop_assert!(point.heading_deg.is_none_or(|heading| (0.0..=360.0).contains(&heading)));
                }
            }
            Err(rejection) => prop_assert_eq!(rejection.reason, Reason::OutOfRange),
        }
    }
}
