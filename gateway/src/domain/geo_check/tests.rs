//! Maps with one thing wrong each, and what must hold between the check and the loader.

use geo::{ConvexHull, Coord, MultiPoint, Polygon, Validation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::grid;

const CITY: &[u8] = include_bytes!("../../../city/duty-grids.geojson");

/// A ring around a box, counter-clockwise, in thousandths of a degree from 104 E 31 N.
fn around(west: f64, south: f64, east: f64, north: f64) -> Vec<[f64; 2]> {
    let at = |x: f64, y: f64| [104.0 + x / 1_000.0, 31.0 + y / 1_000.0];
    vec![at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]
}

/// A feature with everything that a duty grid should have, of these rings.
fn feature(number: u32, rings: &[Vec<[f64; 2]>]) -> Value {
    json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": rings}, "properties": {
        "grid_code": format!("510603001001{number:03}"), "district_code": "510603", "district": "旌阳区",
        "street_code": "510603001", "street": "旌阳街道", "community_code": "510603001001", "community": "文庙社区",
        "responsible_unit": "中队", "line_authority": "大队", "block_authority": "办事处"}})
}

fn map(features: &[Value]) -> Vec<u8> {
    json!({"type": "FeatureCollection", "features": features}).to_string().into_bytes()
}

fn found(features: &[Value]) -> Vec<Finding> {
    check(&map(features), MapKind::DutyGrids).expect("a collection").findings
}

/// The one finding of a map of one feature.
fn the_fault(feature: Value) -> Fault {
    let mut findings = found(&[feature]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0).fault
}

fn reversed(mut ring: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    ring.reverse();
    ring
}

#[test]
fn the_example_city_is_without_a_fault() {
    let report = check(CITY, MapKind::DutyGrids).expect("a collection");
    assert_eq!((report.features, report.findings.as_slice()), (320, [].as_slice()));
    assert_eq!(check(CITY, MapKind::UnitGrids).expect("a collection").findings, []);
}

#[test]
fn every_fault_of_a_ring_is_named() {
    let square = around(0.0, 0.0, 1.0, 1.0);
    assert_eq!(the_fault(feature(1, &[square[..3].to_vec()])), Fault::ShortRing);
    let open = the_fault(feature(1, &[square[..4].to_vec()]));
    assert_eq!(open, Fault::OpenRing { at: Place { lon: 104.0, lat: 31.0 } });
    assert_eq!(the_fault(feature(1, &[reversed(square.clone())])), Fault::RingOrder);
    let hole = around(0.2, 0.2, 0.8, 0.8);
    assert_eq!(the_fault(feature(1, &[square.clone(), hole.clone()])), Fault::RingOrder);
    assert_eq!(found(&[feature(1, &[square.clone(), reversed(hole)])]).len(), 1, "the gap of the hole only");
    assert_eq!(the_fault(feature(1, &[])), Fault::NoRing);
    let bow_tie = vec![square[0], square[2], square[1], square[3], square[0]];
    let spike = [&square[..2], &[[104.003, 31.0], square[1]], &square[2..]].concat();
    let eight = [around(0.0, 0.0, 1.0, 1.0), around(-1.0, -1.0, 0.0, 0.0)[2..4].to_vec()].concat();
    let eight = [&eight[..], &[[103.999, 30.999], square[0]]].concat();
    for crossing in [bow_tie, spike, eight] {
        let findings = found(&[feature(1, &[crossing])]);
        let crosses = |finding: &Finding| matches!(finding.fault, Fault::SelfCrossing { .. });
        assert!(findings.iter().any(crosses), "{findings:?}");
    }
    for outside in [around(2.0, 2.0, 3.0, 3.0), around(0.5, 0.5, 1.5, 0.8)] {
        let findings = found(&[feature(1, &[square.clone(), reversed(outside)])]);
        let leaves = |finding: &Finding| matches!(finding.fault, Fault::HoleOutsideShell { .. });
        assert!(findings.iter().any(leaves), "{findings:?}");
    }
}

#[test]
fn coordinates_that_are_no_degrees_or_far_away_are_named_with_what_they_look_like() {
    let hint = |positions: [[f64; 2]; 3]| {
        let ring = [&positions[..], &positions[..1]].concat();
        let fault = found(&[feature(1, &[ring])]).remove(0).fault;
        let (Fault::NotDegrees { hint, .. } | Fault::OutsideChina { hint, .. }) = fault else {
            panic!("{fault:?}")
        };
        (fault.severity(), hint)
    };
    let metres = [[442_582.0, 3_445_210.0], [442_682.0, 3_445_210.0], [442_682.0, 3_445_310.0]];
    assert_eq!(hint(metres), (Severity::Error, Hint::Metres));
    let swapped = [[31.0, 104.0], [31.1, 104.0], [31.1, 104.1]];
    assert_eq!(hint(swapped), (Severity::Error, Hint::Swapped));
    let in_the_west = [[39.0, 76.0], [39.1, 76.0], [39.1, 76.1]];
    assert_eq!(hint(in_the_west), (Severity::Warning, Hint::Swapped), "Kashgar, and degrees all the same");
    let boston = [[-71.0, 42.0], [-70.9, 42.0], [-70.9, 42.1]];
    assert_eq!(hint(boston), (Severity::Warning, Hint::None));
}

#[test]
fn codes_and_properties_that_are_malformed_missing_or_twice_are_named() {
    let square = [around(0.0, 0.0, 1.0, 1.0)];
    let with = |name: &str, value: Value| {
        let mut feature = feature(1, &square);
        feature["properties"][name] = value;
        feature
    };
    let fault = |name: &str, value: Value| the_fault(with(name, value));
    assert_eq!(fault("grid_code", json!("5106")), Fault::Code { found: "\"5106\"".into() });
    assert_eq!(fault("grid_code", json!(5)), Fault::Code { found: "5".into() });
    assert_eq!(fault("street", json!(" ")), Fault::MissingProperties { names: vec!["street"] });
    let flag = fault("points_pilot", json!("yes"));
    assert_eq!(flag, Fault::Property { name: "points_pilot".into(), found: "\"yes\"".into() });
    let both = fault("code", json!("510603001001002"));
    assert!(matches!(&both, Fault::Property { name, .. } if name == "grid_code"), "{both:?}");
    let twice = found(&[feature(1, &square), feature(1, &[around(5.0, 5.0, 6.0, 6.0)])]);
    assert_eq!((twice.len(), &twice[0].fault), (1, &Fault::CodeTwice { first: 1 }));
    assert_eq!(twice[0].feature, Some(2));
    let mut point = feature(1, &square);
    point["geometry"] = json!({"type": "Point", "coordinates": [104, 31]});
    assert_eq!(the_fault(point), Fault::NotAPolygon { found: "Point".into() });
}

#[test]
fn an_overlap_is_told_once_with_its_area_and_a_narrow_one_as_a_sliver() {
    let overlap = |by: f64| {
        let squares = [around(0.0, 0.0, 1.0, 1.0), around(1.0 - by, 0.0, 2.0, 1.0)];
        let findings = found(&[feature(1, &squares[..1]), feature(2, &squares[1..])]);
        assert!(findings.len() <= 1, "{findings:?}");
        findings.into_iter().next().map(|finding| (finding.feature, finding.fault))
    };
    // A thousandth of a degree at 31 N is 111.195 m north and 95.31 m east.
    let Some((Some(2), Fault::Overlap { other: 1, other_code, area_m2, at })) = overlap(0.1) else {
        panic!("{:?}", overlap(0.1))
    };
    assert_eq!(other_code, "510603001001001");
    assert!((area_m2 - 111.195 * 9.531).abs() < 1.0, "{area_m2}");
    assert!((104.0009 - 1e-9..=104.001 + 1e-9).contains(&at.lon), "{at:?}");
    assert!(matches!(overlap(0.001), Some((Some(2), Fault::OverlapSliver { .. }))), "10 cm wide");
    assert_eq!(overlap(0.0), None, "a shared edge");
}

#[test]
fn a_shared_edge_with_a_vertex_on_one_side_only_is_no_overlap_and_no_gap() {
    let (a, b, c) = (around(0.0, 0.0, 1.0, 1.0), around(1.0, 0.0, 2.0, 0.37), around(1.0, 0.37, 2.0, 1.0));
    assert_eq!(found(&[feature(1, &[a]), feature(2, &[b]), feature(3, &[c])]), []);
}

#[test]
fn a_gap_is_told_with_its_area_without_the_islands_in_it() {
    let frame = |inner: Vec<[f64; 2]>| feature(1, &[around(0.0, 0.0, 3.0, 3.0), reversed(inner)]);
    let gaps = |features: &[Value]| {
        let area = |finding: Finding| match finding.fault {
            Fault::Gap { area_m2, .. } | Fault::GapSliver { area_m2, .. } => area_m2,
            other => panic!("{other:?}"),
        };
        found(features).into_iter().map(area).collect::<Vec<f64>>()
    };
    let hole_m2 = 111.195 * 95.31;
    let [whole_m2] = gaps(&[frame(around(1.0, 1.0, 2.0, 2.0))])[..] else { panic!("one gap") };
    assert!((whole_m2 - hole_m2).abs() < 5.0, "{whole_m2}");
    let island = feature(2, &[around(1.25, 1.25, 1.75, 1.75)]);
    let [rest_m2] = gaps(&[frame(around(1.0, 1.0, 2.0, 2.0)), island])[..] else { panic!("one gap") };
    assert!((rest_m2 - 0.75 * hole_m2).abs() < 5.0, "{rest_m2}");
    let filled = feature(2, &[around(1.0, 1.0, 2.0, 2.0)]);
    assert_eq!(gaps(&[frame(around(1.0, 1.0, 2.0, 2.0)), filled]), Vec::<f64>::new());
    let narrow = feature(2, &[around(1.0, 1.0, 2.0, 1.999)]);
    let findings = found(&[frame(around(1.0, 1.0, 2.0, 2.0)), narrow]);
    assert!(matches!(findings[..], [Finding { fault: Fault::GapSliver { .. }, .. }]), "{findings:?}");
}

#[test]
fn what_is_no_collection_is_unreadable_and_says_where() {
    let error = check(b"{\"features\": [", MapKind::DutyGrids).expect_err("cut off");
    assert!(error.contains("line 1 column 14"), "{error}");
    assert!(
        check(b"{}", MapKind::DutyGrids).is_err() && check(b"{\"features\": 1}", MapKind::DutyGrids).is_err()
    );
    assert_eq!(found(&[])[0].fault, Fault::NoFeature);
}

/// Something that may stand where something else should.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!("510603001001001")),
        Just(json!("")),
        Just(json!(104.5)),
        Just(json!(1000)),
        Just(json!([])),
        Just(json!([104.0, 31.0])),
        Just(json!({})),
    ]
}

/// Where something else may stand, in the second of two features.
fn places() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "/geometry",
        "/geometry/type",
        "/geometry/coordinates",
        "/geometry/coordinates/0",
        "/geometry/coordinates/0/2",
        "/geometry/coordinates/0/2/1",
        "/geometry/coordinates/0/4",
        "/properties",
        "/properties/grid_code",
        "/properties/street",
        "/properties/joint_enforcement",
        "/properties/zone",
        "/properties/community_unit",
        "/properties/synthetic",
    ])
}

proptest! {
    #[test]
    fn the_check_finds_an_error_wherever_the_loader_refuses_and_nowhere_else(place in places(), other in anything()) {
        let mut second = feature(2, &[around(1.0, 0.0, 2.0, 1.0)]);
        for name in ["joint_enforcement", "zone", "community_unit", "synthetic"] {
            second["properties"][name] = if name == "joint_enforcement" { json!(true) } else { json!("x") };
        }
        *second.pointer_mut(place).unwrap() = other;
        let bytes = map(&[feature(1, &[around(0.0, 0.0, 1.0, 1.0)]), second]);
        let refused = grid::read(&bytes).map(|_| ());
        let report = check(&bytes, MapKind::DutyGrids).unwrap();
        let finds = report.findings.iter().any(|finding| finding.fault.is_refused());
        prop_assert_eq!(finds, refused.is_err(), "{:?} {:?}", refused, report.findings);
    }

    #[test]
    fn a_ring_that_geo_s_slower_test_calls_crossing_is_called_so_and_a_convex_one_never(
        points in prop::collection::vec((0..12_i32, 0..12_i32), 4..40)
    ) {
        let coords = points.iter().map(|(x, y)| Coord { x: 104.0 + f64::from(*x), y: 31.0 + f64::from(*y) });
        let hull = coords.clone().map(geo::Point::from).collect::<MultiPoint<f64>>().convex_hull();
        let polygon = Polygon::new(coords.collect(), Vec::new());
        let crosses = |polygon: &Polygon<f64>| {
            let faults = rings::faults(&MultiPolygon::new(vec![polygon.clone()]));
            faults.iter().any(|fault| matches!(fault, Fault::SelfCrossing { .. }))
        };
        let theirs = polygon.validation_errors().iter().any(|error| format!("{error:?}").contains("SelfIntersection"));
        prop_assert!(!theirs || crosses(&polygon));
        prop_assert!(hull.exterior().0.len() < 4 || !crosses(&hull));
    }

    #[test]
    fn any_bytes_give_a_value(bytes in prop::collection::vec(any::<u8>(), 0..100), at in 0..3_000_usize, byte: u8) {
        let _ = check(&bytes, MapKind::DutyGrids);
        let mut damaged = CITY[..3_000].to_vec();
        damaged[at] = byte;
        let _ = check(&damaged, MapKind::DutyGrids);
    }
}
