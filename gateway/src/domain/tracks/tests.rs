use proptest::prelude::*;

use super::*;

/// A vehicle that drives east at 10 m/s along 31.127 N, a point every 5 s.
fn driving(points: i64) -> VehicleTrack {
    let mut track = VehicleTrack::default();
    for number in 0..points {
        assert_eq!(track.note(on_the_way(number * 5_000)), None);
    }
    track
}

/// Degrees of longitude that 10 m are there.
const TEN_METRES_DEG: f64 = 0.000_105_05;

fn on_the_way(at_ms: i64) -> TrackFix {
    let at = (104.39 + TEN_METRES_DEG * at_ms as f64 / 1000.0, 31.127);
    TrackFix { at_ms, at, accuracy_m: Some(4.0) }
}

#[test]
fn between_two_points_the_place_is_on_the_line_at_that_time() {
    let track = driving(20);
    let place = track.place_at(52_500).unwrap();
    assert!(distance::metres(place.at, on_the_way(52_500).at) < 0.1, "{place:?}");
    assert_eq!((place.accuracy_m, place.age_ms, place.interpolated), (4.0, 0, true));
}

#[test]
fn after_the_last_point_the_circle_grows_as_the_vehicle_drove_and_after_ten_minutes_nothing_is_said() {
    let track = driving(20);
    let last_ms = 19 * 5_000;
    let place = track.place_at(last_ms + 20_000).unwrap();
    assert_eq!((place.at, place.age_ms, place.interpolated), (on_the_way(last_ms).at, 20_000, false));
    assert!((place.accuracy_m - 204.0).abs() < 1.0, "4 m and 20 s at 10 m/s: {place:?}");
    assert!(track.place_at(last_ms + REACH_MAX_MS).is_some());
    assert_eq!(track.place_at(last_ms + REACH_MAX_MS + 1), None);
    assert_eq!(VehicleTrack::default().place_at(0), None);
}

#[test]
fn in_a_gap_nobody_knows_the_way_so_the_circle_reaches_from_end_to_end() {
    let mut track = VehicleTrack::default();
    assert_eq!(track.note(on_the_way(0)), None);
    assert_eq!(track.note(on_the_way(100_000)), None);
    let place = track.place_at(40_000).unwrap();
    assert_eq!((place.at, place.age_ms, place.interpolated), (on_the_way(0).at, 40_000, false));
    assert!((place.accuracy_m - 1004.0).abs() < 2.0, "{place:?}");
}

#[test]
fn at_a_time_that_nobody_vouches_for_the_circle_holds_all_places_of_those_minutes() {
    let track = driving(20);
    let place = track.place_about(47_500).unwrap();
    for at_ms in [0, 95_000] {
        assert!(distance::metres(place.at, on_the_way(at_ms).at) <= place.accuracy_m);
    }
    let mut parked = VehicleTrack::default();
    for number in 0..20 {
        parked.note(TrackFix { at_ms: number * 5_000, ..on_the_way(0) });
    }
    assert_eq!(parked.place_about(47_500).unwrap().accuracy_m, 4.0, "who stands still is known");
}

#[test]
fn a_jump_is_told_and_believed_only_when_the_next_position_is_there_too() {
    let mut track = driving(3);
    let elsewhere = |at_ms| TrackFix { at_ms, at: (104.45, 31.18), accuracy_m: Some(4.0) };
    let jump = track.note(elsewhere(15_000)).unwrap();
    assert!(jump.distance_m > 8_000.0 && jump.elapsed_ms == 5_000, "{jump:?}");
    assert_eq!(track.newest_ms(), Some(10_000));
    assert_eq!(track.note(on_the_way(20_000)), None, "it was an outlier");
    assert!(track.note(elsewhere(25_000)).is_some());
    assert!(track.note(elsewhere(25_000)).is_some(), "sent again, it confirms nothing");
    assert_eq!(track.note(elsewhere(30_000)), None, "it is really there");
    assert_eq!(track.place_at(30_000).unwrap().at, (104.45, 31.18));
}

proptest! {
    #[test]
    fn the_order_in_which_positions_come_does_not_matter(
        order in Just((0..40_i64).collect::<Vec<_>>()).prop_shuffle(),
        at_ms in 0..200_000_i64,
    ) {
        let mut track = VehicleTrack::default();
        for number in order {
            track.note(on_the_way(number * 5_000));
        }
        prop_assert_eq!(track.place_at(at_ms), driving(40).place_at(at_ms));
    }

    #[test]
    fn a_track_is_bounded_in_points_and_in_time(steps in proptest::collection::vec(1..200_000_i64, 0..2_000)) {
        let (mut track, mut at_ms) = (VehicleTrack::default(), 0);
        for step in steps {
            at_ms += step;
            track.note(TrackFix { at_ms, at: (104.39, 31.127), accuracy_m: None });
            prop_assert!(track.points.len() <= POINTS_MAX);
            prop_assert!(at_ms - track.points[0].at_ms <= SPAN_MAX_MS);
        }
    }
}
