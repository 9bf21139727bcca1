//! Properties of the example city, against a scan over all grids that uses nothing of ours.

use geo::coordinate_position::{CoordPos, CoordinatePosition};

use super::*;

/// Metres per degree of latitude on the sphere that distances are measured on.
const METRES_PER_DEGREE: f64 = 111_195.079_7;

/// A point anywhere in the city and around it, or exactly on a vertex, or as exactly on an edge as doubles go.
fn point() -> impl Strategy<Value = Coord<f64>> {
    let anywhere = (104.32..104.47_f64, 31.07..31.2_f64).prop_map(|(x, y)| Coord { x, y });
    let on_edge = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8).prop_map(
        |(grid, edge, quarter)| {
            let grid = grid.get(GEOGRAPHY.grids());
            let edges: Vec<_> = grid.area.0[0].exterior().lines().collect();
            let line = edge.get(&edges);
            let share = f64::from(quarter) / 4.0;
            line.start + (line.end - line.start) * share
        },
    );
    prop_oneof![anywhere, on_edge]
}

/// The codes of all grids that touch a point, in order.
fn touching(point: Coord<f64>) -> Vec<&'static str> {
    let touches = |grid: &&Grid| grid.area.coordinate_position(&point) != CoordPos::Outside;
    GEOGRAPHY.grids().iter().filter(touches).map(|grid| grid.facts.grid.as_ref()).collect()
}

/// Metres from a point to the nearest edge of a grid, by a scan.
fn edge_distance_m(point: Coord<f64>, grid: &Grid) -> f64 {
    let scale = METRES_PER_DEGREE * point.y.to_radians().cos();
    let metres = |at: Coord<f64>| ((at.x - point.x) * scale, (at.y - point.y) * METRES_PER_DEGREE);
    let lines = grid.area.iter().flat_map(|polygon| polygon.exterior().lines().collect::<Vec<_>>());
    let distances = lines.map(|line| {
        let ((ax, ay), (bx, by)) = (metres(line.start), metres(line.end));
        let (dx, dy) = (bx - ax, by - ay);
        let share = (-(ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        (ax + share * dx).hypot(ay + share * dy)
    });
    distances.fold(f64::INFINITY, f64::min)
}

proptest! {
    #[test]
    fn a_point_has_one_grid_or_none_and_it_is_the_lowest_that_touches_it(point in point()) {
        prop_assert_eq!(code_at(&GEOGRAPHY, point.x, point.y), touching(point).first().copied());
    }

    #[test]
    fn a_fix_is_ambiguous_exactly_when_its_accuracy_is_above_the_distance_to_the_nearest_edge(
        point in point(), accuracy_m in prop_oneof![0.0..30.0_f64, 30.0..3_000.0_f64]
    ) {
        let location = GEOGRAPHY.locate(point.x, point.y, Some(accuracy_m));
        let Some(grid) = location.grid else { return Ok(()) };
        let scanned_m = edge_distance_m(point, grid);
        let distance_m = GEOGRAPHY.edge_distance_m(point.x, point.y).unwrap();
        prop_assert!((distance_m - scanned_m).abs() < 1e-6, "{distance_m} {scanned_m}");
        prop_assert_eq!(location.candidates.is_empty(), distance_m >= accuracy_m, "{} m", distance_m);
    }

    #[test]
    fn candidates_are_the_nearest_grids_within_the_accuracy_and_the_own_one_comes_first_of_its_distance(
        point in point(), accuracy_m in 1.0..1_000.0_f64
    ) {
        let location = GEOGRAPHY.locate(point.x, point.y, Some(accuracy_m));
        if location.grid.is_some() && location.candidates.is_empty() {
            return Ok(());
        }
        let held = touching(point);
        let distance_m = |grid: &Grid| match held.contains(&grid.facts.grid.as_ref()) {
            true => 0.0,
            false => edge_distance_m(point, grid),
        };
        let mut near: Vec<(f64, &Grid)> = GEOGRAPHY.grids().iter().map(|grid| (distance_m(grid), grid)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.facts.grid.cmp(&b.1.facts.grid)));
        let distances_m: Vec<f64> = location.candidates.iter().map(|grid| distance_m(grid)).collect();
        prop_assert!(distances_m.iter().all(|distance_m| *distance_m <= accuracy_m + 1e-6));
        // Grids that are equally near but for rounding may change places.
        for (found_m, (expected_m, _)) in distances_m.iter().zip(&near) {
            prop_assert!((found_m - expected_m).abs() < 1e-6, "{found_m} {expected_m}");
        }
        let within = near.iter().filter(|(distance_m, _)| *distance_m <= accuracy_m - 1e-6).count();
        prop_assert!(location.candidates.len() >= within.min(CANDIDATES_MAX));
        if let Some(own) = location.grid {
            prop_assert_eq!(own, location.candidates[0]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_the_features_changes_no_answer(
        seed in any::<u64>(), points in prop::collection::vec((point(), 0.0..200.0_f64), 200)
    ) {
        let mut collection: Value = serde_json::from_slice(CITY).unwrap();
        let features = collection["features"].as_array_mut().unwrap();
        let place = |feature: &Value| crc32c::crc32c_append(seed as u32, feature.to_string().as_bytes());
        features.sort_by_cached_key(place);
        let shuffled = Geography::from_geojson(collection.to_string().as_bytes()).unwrap();
        for (point, accuracy_m) in points {
            let answer = |geography: &Geography| {
                let location = geography.locate(point.x, point.y, Some(accuracy_m));
                let codes = location.candidates.iter().map(|grid| grid.facts.grid.to_string());
                (location.grid.map(|grid| grid.facts.grid.to_string()), codes.collect::<Vec<_>>())
            };
            prop_assert_eq!(answer(&GEOGRAPHY), answer(&shuffled));
        }
    }
}

#[test]
fn every_grid_has_its_zone_and_the_pilots_are_marked() {
    let grids = GEOGRAPHY.grids();
    assert!(grids.iter().all(|grid| !grid.zone.is_empty()));
    let zones = |name: &str| grids.iter().filter(|grid| &*grid.zone == name).count();
    assert_eq!((zones("旌阳区"), zones("德阳经开区管委会")), (179, 141));
    assert_eq!(grids.iter().filter(|grid| grid.joint_enforcement).count(), 3);
    assert_eq!(grids.iter().filter(|grid| grid.points_pilot).count(), 8);
}

#[test]
fn marks_that_are_left_out_or_null_are_not_set_and_of_another_type_are_refused() {
    let with = |marks: Value| {
        let mut feature = square("510000000000001", 0, 0);
        feature["properties"]["joint_enforcement"] = marks;
        map(&[feature])
    };
    let unset = |marks: Value| !with(marks).expect("a map").grids()[0].joint_enforcement;
    assert!(unset(Value::Null) && unset(json!(false)) && !unset(json!(true)));
    assert!(with(json!("yes")).is_err());
}

#[test]
fn a_unit_grid_is_found_beside_the_duty_grid_and_has_a_version_of_its_own() {
    let units = json!({"type": "FeatureCollection", "name": "units", "features": [
        square("5106030010010102", 0, 0), square("5106030010010101", 1, 0)]});
    let geography = map(&four_squares()).expect("a map");
    assert_eq!((geography.unit_grid(104.005, 31.005), geography.unit_version()), (None, None));
    let geography = geography.with_unit_grids(units.to_string().as_bytes()).expect("unit grids");
    assert_eq!(geography.unit_grid(104.005, 31.005), Some("5106030010010102"));
    assert_eq!(geography.unit_grid(104.01, 31.005), Some("5106030010010101"), "an edge goes to the lowest");
    assert_eq!(geography.unit_grid(104.005, 31.015), None);
    assert!(geography.unit_version().is_some_and(|version| version.starts_with("units@")));
    assert_eq!(code_at(&geography, 104.005, 31.015), Some("51000000000004"));
}

#[test]
fn outside_the_map_the_distance_is_to_the_nearest_grid_and_ends_with_the_search_radius() {
    let geography = map(&four_squares()).expect("a map");
    let distance_m = geography.edge_distance_m(104.005, 30.999).expect("111 m south of the map");
    assert!((distance_m - 111.2).abs() < 0.1, "{distance_m}");
    assert_eq!(geography.edge_distance_m(104.005, 30.9), None);
}
