//! The example city, grid by grid and edge by edge, and small maps whose answers are plain to see.

mod city;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use geo::InteriorPoint;
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CITY: &[u8] = include_bytes!("../../../city/duty-grids.geojson");
const CODES: &[u8] = include_bytes!("../../../city/case-codes.csv");

static GEOGRAPHY: LazyLock<Geography> = LazyLock::new(|| {
    let codes = CodeTable::from_csv(CODES).expect("the example city's codes");
    Geography::from_geojson(CITY).expect("the example city").with_codes(codes)
});

fn code_at(geography: &Geography, lon_deg: f64, lat_deg: f64) -> Option<&str> {
    geography.locate(lon_deg, lat_deg, None).grid.map(|grid| grid.facts.grid.as_ref())
}

/// A square grid of 0.01 degrees, about 950 m by 1,110 m, whose south-west corner is (104 + x/100, 31 +
/// y/100).
fn square(code: &str, x: u32, y: u32) -> Value {
    let (west, south) = (104.0 + f64::from(x) / 100.0, 31.0 + f64::from(y) / 100.0);
    let (east, north) = (104.0 + f64::from(x + 1) / 100.0, 31.0 + f64::from(y + 1) / 100.0);
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    feature(code, json!({"type": "Polygon", "coordinates": [ring]}))
}

fn feature(code: &str, geometry: Value) -> Value {
    json!({"type": "Feature", "properties": {"grid_code": code}, "geometry": geometry})
}

fn map(features: &[Value]) -> Result<Geography, GeographyError> {
    let collection = json!({"type": "FeatureCollection", "name": "test", "features": features});
    Geography::from_geojson(collection.to_string().as_bytes())
}

fn four_squares() -> Vec<Value> {
    vec![
        square("51000000000003", 0, 0),
        square("51000000000001", 1, 0),
        square("51000000000004", 0, 1),
        square("51000000000002", 1, 1),
    ]
}

#[test]
fn a_point_in_each_of_the_320_grids_is_attributed_to_it() {
    assert_eq!(GEOGRAPHY.grids().len(), 320);
    for grid in GEOGRAPHY.grids() {
        let inside = grid.area.interior_point().expect("a grid has an inside");
        assert_eq!(code_at(&GEOGRAPHY, inside.x(), inside.y()), Some(grid.facts.grid.as_ref()));
    }
}

#[test]
fn every_vertex_of_the_city_belongs_to_the_lowest_code_that_touches_it() {
    let mut lowest: BTreeMap<[u64; 2], &str> = BTreeMap::new();
    for grid in GEOGRAPHY.grids().iter().rev() {
        for coord in grid.area.iter().flat_map(|polygon| polygon.exterior().coords()) {
            lowest.insert([coord.x.to_bits(), coord.y.to_bits()], &grid.facts.grid);
        }
    }
    assert!(lowest.len() > 320);
    for ([x, y], code) in lowest {
        assert_eq!(code_at(&GEOGRAPHY, f64::from_bits(x), f64::from_bits(y)), Some(code));
    }
}

#[test]
fn along_every_shared_edge_a_point_belongs_to_one_of_its_two_grids_and_to_the_lower_if_it_is_exactly_on_it() {
    let mut sides: BTreeMap<[u64; 4], Vec<&Grid>> = BTreeMap::new();
    for grid in GEOGRAPHY.grids() {
        for line in grid.area.iter().flat_map(|polygon| polygon.exterior().lines()) {
            let (a, b) = if (line.start.x, line.start.y) < (line.end.x, line.end.y) {
                (line.start, line.end)
            } else {
                (line.end, line.start)
            };
            sides.entry([a.x, a.y, b.x, b.y].map(f64::to_bits)).or_default().push(grid);
        }
    }
    let shared: Vec<_> = sides.into_iter().filter(|(_, grids)| grids.len() == 2).collect();
    assert!(shared.len() > 400, "{} shared edges", shared.len());
    for (ends, grids) in shared {
        let [ax, ay, bx, by] = ends.map(f64::from_bits);
        for share in [0.25, 0.5, 0.75] {
            let point = Coord { x: ax + share * (bx - ax), y: ay + share * (by - ay) };
            let found = code_at(&GEOGRAPHY, point.x, point.y).expect("no gap along a shared edge");
            // Between two grids of coordinates the middle is rounded, so it may lie beside the edge.
            let on_both =
                grids.iter().all(|grid| grid.area.coordinate_position(&point) == CoordPos::OnBoundary);
            let codes: Vec<&str> = grids.iter().map(|grid| grid.facts.grid.as_ref()).collect();
            assert!(
                codes.contains(&found) && (!on_both || found == codes[0].min(codes[1])),
                "{found} {codes:?}"
            );
        }
    }
}

#[test]
fn a_shared_edge_and_a_shared_corner_go_to_the_lowest_code() {
    let geography = map(&four_squares()).expect("a map");
    assert_eq!(code_at(&geography, 104.01, 31.005), Some("51000000000001"));
    assert_eq!(code_at(&geography, 104.005, 31.01), Some("51000000000003"));
    assert_eq!(code_at(&geography, 104.01, 31.01), Some("51000000000001"));
    assert_eq!(code_at(&geography, 104.0, 31.0), Some("51000000000003"), "the rim belongs to the map");
    assert_eq!(code_at(&geography, 103.999, 31.005), None);
}

#[test]
fn an_accuracy_beyond_the_nearest_edge_is_ambiguous_with_the_grids_it_touches() {
    let geography = map(&four_squares()).expect("a map");
    // About 95 m west and 111 m south of the corner that all four share, in square 3.
    let candidates = |accuracy_m: f64| {
        let location = geography.locate(104.009, 31.009, Some(accuracy_m));
        assert_eq!(location.grid.map(|grid| &*grid.facts.grid), Some("51000000000003"));
        let candidates = location.candidates.iter();
        candidates.map(|grid| grid.facts.grid.chars().last().expect("a digit")).collect::<String>()
    };
    assert_eq!(candidates(90.0), "");
    assert_eq!(candidates(100.0), "31");
    assert_eq!(candidates(120.0), "314");
    assert_eq!(candidates(160.0), "3142", "the nearest first");
    assert_eq!(
        candidates(20_000_000.0),
        "3142",
        "a hopeless accuracy names no more than the search radius holds"
    );
}

#[test]
fn grids_at_the_same_distance_are_named_lowest_code_first() {
    let geography = map(&four_squares()).expect("a map");
    let corner = geography.locate(104.01, 31.01, Some(1.0)).candidates;
    let codes: Vec<&str> = corner.iter().map(|grid| &grid.facts.grid[13..]).collect();
    assert_eq!(codes, ["1", "2", "3", "4"]);
}

#[test]
fn outside_the_map_the_grids_within_the_accuracy_are_candidates_and_none_is_the_owner() {
    let geography = map(&four_squares()).expect("a map");
    let location = geography.locate(104.005, 30.9995, Some(100.0));
    assert_eq!((location.grid, location.candidates.len()), (None, 1));
}

#[test]
fn holes_are_outside_and_every_part_of_a_multi_polygon_is_inside() {
    let outer = [[104.0, 31.0], [104.1, 31.0], [104.1, 31.1], [104.0, 31.1], [104.0, 31.0]];
    let hole = [[104.04, 31.04], [104.06, 31.04], [104.06, 31.06], [104.04, 31.06], [104.04, 31.04]];
    let island = [[105.0, 31.0], [105.1, 31.0], [105.1, 31.1], [105.0, 31.0]];
    let geometry = json!({"type": "MultiPolygon", "coordinates": [[outer, hole], [island]]});
    let geography = map(&[feature("510000000000001", geometry)]).expect("a map");
    assert!(code_at(&geography, 104.02, 31.02).is_some() && code_at(&geography, 105.08, 31.04).is_some());
    assert_eq!(code_at(&geography, 104.05, 31.05), None);
    // 100 m from the hole's edge: the hole counts as an edge.
    assert_eq!(geography.locate(104.05, 31.039, Some(120.0)).candidates.len(), 1);
}

#[test]
fn a_bad_feature_refuses_the_map_and_is_named() {
    let error = |features: &[Value]| map(features).map(|_| ()).expect_err("refused").to_string();
    let polygon = |ring: Value| feature("510000000000002", json!({"type": "Polygon", "coordinates": [ring]}));
    let good = square("510000000000001", 0, 0);
    assert_eq!(error(&[]), "the feature collection is empty");
    assert_eq!(
        error(&[good.clone(), polygon(json!([[104, 31], [105, 31], [104, 31]]))]),
        "feature 2 (510000000000002): a ring has fewer than four positions"
    );
    assert_eq!(
        error(&[good.clone(), polygon(json!([[104, 31], [105, 31], [105, 32], [104, 32]]))]),
        "feature 2 (510000000000002): a ring is not closed"
    );
    assert_eq!(
        error(&[polygon(json!([
            [442_582, 3_445_210],
            [442_583, 3_445_210],
            [442_583, 3_445_211],
            [442_582, 3_445_210]
        ]))]),
        "feature 1 (510000000000002): a coordinate is outside -180..180, -90..90: longitude comes first, in degrees"
    );
    assert_eq!(error(&[square("5100", 0, 0)]), "feature 1: grid_code \"5100\" is not 14 or 15 digits");
    assert_eq!(error(&[good.clone(), good]), "grid code 510000000000001 stands in the file twice");
    let point = error(&[feature("510000000000001", json!({"type": "Point", "coordinates": [104, 31]}))]);
    assert!(
        point.starts_with("not a GeoJSON feature collection of polygons: unknown variant `Point`"),
        "{point}"
    );
}

#[test]
fn the_version_is_the_files_and_nothing_elses() {
    assert_eq!(Geography::from_geojson(CITY).expect("the city").version(), GEOGRAPHY.version());
    assert_ne!(
        map(&four_squares()).expect("a map").version(),
        map(&four_squares()[..3]).expect("a map").version()
    );
}

proptest! {
    #[test]
    fn attribution_does_not_depend_on_the_order_of_the_features(
        order in Just((0..36_u32).collect::<Vec<_>>()).prop_shuffle(),
        x in 0..=12_u32, y in 0..=12_u32, accuracy_m in prop::option::of(0.0..3_000.0_f64)
    ) {
        let squares = |order: &[u32]| {
            let features: Vec<Value> =
                order.iter().map(|i| square(&format!("510000000000{:03}", i * 7 % 36), i % 6, i / 6)).collect();
            map(&features).expect("a map")
        };
        // Every second of these points lies on an edge or a corner.
        let (lon, lat) = (104.0 + f64::from(x) / 200.0, 31.0 + f64::from(y) / 200.0);
        let (sorted, shuffled) = (squares(&(0..36).collect::<Vec<_>>()), squares(&order));
        let answer = |geography: &Geography| {
            let location = geography.locate(lon, lat, accuracy_m);
            let code = |grid: &&Grid| grid.facts.grid.to_string();
            (location.grid.as_ref().map(code), location.candidates.iter().map(code).collect::<Vec<_>>())
        };
        prop_assert_eq!(answer(&sorted), answer(&shuffled));
        prop_assert!(answer(&sorted).0.is_some());
    }

    #[test]
    fn a_point_is_strictly_inside_one_grid_at_most_and_gaps_do_not_exist_in_the_city(
        lon in 104.34..104.45_f64, lat in 31.09..31.18_f64
    ) {
        let point = Coord { x: lon, y: lat };
        let inside = GEOGRAPHY.grids().iter().filter(|grid| grid.area.coordinate_position(&point) == CoordPos::Inside);
        prop_assert!(inside.count() <= 1);
        let scanned = GEOGRAPHY.grids().iter().find(|grid| grid.area.coordinate_position(&point) != CoordPos::Outside);
        prop_assert_eq!(code_at(&GEOGRAPHY, lon, lat), scanned.map(|grid| grid.facts.grid.as_ref()));
    }

    #[test]
    fn any_position_and_accuracy_give_a_value(lon in any::<f64>(), lat in any::<f64>(), accuracy_m in any::<f64>()) {
        let location = GEOGRAPHY.locate(lon, lat, Some(accuracy_m));
        prop_assert!(location.candidates.len() <= CANDIDATES_MAX);
    }

    #[test]
    fn any_bytes_as_a_map_give_a_value(bytes in prop::collection::vec(any::<u8>(), 0..100), at in 0..3_000_usize, byte: u8) {
        let _ = Geography::from_geojson(&bytes);
        let mut damaged = CITY[..3_000].to_vec();
        damaged[at] = byte;
        let _ = Geography::from_geojson(&damaged);
    }
}
