//! The vectors of the city, and what must hold all over China.

use proptest::prelude::*;

use super::*;

/// The published vectors: WGS-84, GCJ-02 and the plane of 105 E, with the size of the shift.
const VECTORS: &str = include_str!("vectors.csv");
/// What the vectors may be missed by.
const VECTOR_TOLERANCE_M: f64 = 0.5;
/// What a round trip may miss.
const ROUND_TRIP_MAX_M: f64 = 0.01;

fn at(lon_deg: f64, lat_deg: f64) -> LonLat {
    LonLat { lon_deg, lat_deg }
}

fn plane(central_meridian_deg: f64) -> Projection {
    Projection::new(central_meridian_deg).expect("a meridian in China")
}

/// Metres between two places that are near each other.
fn apart_m(a: LonLat, b: LonLat) -> f64 {
    let north_m = (a.lat_deg - b.lat_deg) * 111_195.08;
    let east_m = (a.lon_deg - b.lon_deg) * 111_195.08 * a.lat_deg.to_radians().cos();
    north_m.hypot(east_m)
}

fn local() -> LocalSystem {
    LocalSystem {
        dx_m: 380_000.0,
        dy_m: 3_400_000.0,
        rotation_arcsec: -754.25,
        scale_ppm: -73.5,
        plane: plane(104.5),
    }
}

fn city() -> Coordinates {
    Coordinates::new(Some(plane(105.0)), Some(local()))
}

/// A place in China and around it.
fn in_china() -> impl Strategy<Value = LonLat> {
    (73.4..135.2_f64, 3.4..53.6_f64).prop_map(|(lon_deg, lat_deg)| at(lon_deg, lat_deg))
}

#[test]
fn the_vectors_are_met_in_both_directions() {
    let mut lines = 0;
    for line in VECTORS.lines().skip(1) {
        let numbers: Vec<f64> = line.split(',').map(|number| number.parse().expect("a number")).collect();
        let [lon, lat, gcj_lon, gcj_lat, easting_m, northing_m, offset_m] = numbers[..] else {
            panic!("{line}")
        };
        let (wgs84, gcj) = (at(lon, lat), at(gcj_lon, gcj_lat));
        assert!(apart_m(gcj02::from_wgs84(wgs84), gcj) < VECTOR_TOLERANCE_M, "{line}");
        assert!(apart_m(gcj02::to_wgs84(gcj), wgs84) < VECTOR_TOLERANCE_M, "{line}");
        assert!((apart_m(gcj, wgs84) - offset_m).abs() < 1.0, "{line}");
        let point = plane(105.0).project(wgs84);
        assert!((point.easting_m - easting_m).abs() < 0.001, "{line}: {point:?}");
        assert!((point.northing_m - northing_m).abs() < 0.001, "{line}: {point:?}");
        let back = city().wgs84(Crs::Cgcs2000Gk, easting_m, northing_m).expect("on the plane");
        assert!(apart_m(back, wgs84) < 0.001, "{line}: {back:?}");
        lines += 1;
    }
    assert!(lines >= 5);
}

#[test]
fn on_the_central_meridian_the_northing_is_the_length_of_the_meridian() {
    // From the equator to the pole of GRS 80, whose ellipsoid this is: 10,001,965.7293 m (Moritz 1980).
    let pole = plane(105.0).project(at(105.0, 90.0));
    assert!((pole.northing_m - 10_001_965.729_3).abs() < 0.000_2, "{pole:?}");
    assert!((pole.easting_m - 500_000.0).abs() < 1e-6, "{pole:?}");
}

#[test]
fn outside_the_rectangle_gcj02_is_wgs84() {
    for place in [at(0.0, 0.0), at(-71.06, 42.36), at(151.2, -33.9), at(140.0, 35.7), at(104.0, 60.0)] {
        assert_eq!((gcj02::from_wgs84(place), gcj02::to_wgs84(place)), (place, place));
    }
}

#[test]
fn a_zone_in_front_of_the_easting_counts_before_the_configuration() {
    let nothing = Coordinates::default();
    let bare = city().wgs84(Crs::Cgcs2000Gk, 442_582.275, 3_445_210.817);
    let prefixed = nothing.wgs84(Crs::Cgcs2000Gk, 35_442_582.275, 3_445_210.817);
    let (bare, prefixed) = (bare.expect("a plane"), prefixed.expect("zone 35 is 105 E"));
    assert!(apart_m(bare, prefixed) < 1e-4, "{bare:?} {prefixed:?}");
    let beside = city().wgs84(Crs::Cgcs2000Gk, 36_442_582.275, 3_445_210.817).expect("zone 36");
    assert!((beside.lon_deg - bare.lon_deg - 3.0).abs() < 1e-9, "{beside:?}");
}

#[test]
fn what_is_not_configured_or_no_point_of_the_plane_is_refused_and_says_what_to_do() {
    let refused = |coordinates: Coordinates, crs, easting_m: f64, northing_m: f64| {
        coordinates.wgs84(crs, easting_m, northing_m).expect_err("refused").to_string()
    };
    let nothing = Coordinates::default();
    assert!(
        refused(nothing, Crs::Local, 1.0, 1.0).ends_with("set geography.local_system"),
        "the key is named"
    );
    let no_meridian = refused(nothing, Crs::Cgcs2000Gk, 442_582.0, 3_445_210.0);
    assert!(no_meridian.ends_with("set geography.central_meridian_deg"), "{no_meridian}");
    // Swapped, of a six-degree zone, of no zone, below zero, not a number.
    for easting_m in [3_445_210.0, 18_442_582.0, 46_000_001.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(city(), Crs::Cgcs2000Gk, easting_m, 442_582.0).starts_with("easting_m: "));
    }
    for northing_m in [-1.0, 10_000_001.0, f64::NAN] {
        assert!(refused(city(), Crs::Cgcs2000Gk, 442_582.0, northing_m).starts_with("northing_m: "));
    }
    assert!(refused(city(), Crs::Local, 9_000_000.0, 0.0).starts_with("easting_m: "));
}

#[test]
fn the_local_system_turns_counter_clockwise_and_shifts_on_the_plane() {
    let quarter = LocalSystem {
        dx_m: 500_000.0,
        dy_m: 3_000_000.0,
        rotation_arcsec: 324_000.0,
        scale_ppm: 100.0,
        plane: plane(105.0),
    };
    let place = quarter.degrees(PlanePoint { easting_m: 10_000.0, northing_m: 0.0 }).expect("on the plane");
    let point = plane(105.0).project(place);
    assert!((point.easting_m - 500_000.0).abs() < 1e-6, "east became north: {point:?}");
    assert!((point.northing_m - 3_010_001.0).abs() < 1e-6, "{point:?}");
}

proptest! {
    #[test]
    fn every_system_leads_back_to_the_place_all_over_china(place in in_china()) {
        for crs in Crs::ALL {
            // A plane serves its own surroundings.
            let meridian_deg = (place.lon_deg / 3.0).round().clamp(25.0, 45.0) * 3.0;
            let local = LocalSystem { plane: plane(meridian_deg), ..local() };
            let near = Coordinates::new(Some(plane(meridian_deg)), Some(local));
            let (first, second) = near.declared(crs, place).unwrap();
            let back = near.wgs84(crs, first, second).unwrap();
            prop_assert!(apart_m(back, place) < ROUND_TRIP_MAX_M, "{crs:?} {back:?}");
        }
    }

    #[test]
    fn a_plane_is_still_exact_seven_degrees_from_its_meridian(lon in -7.0..7.0_f64, lat in 0.0..80.0_f64) {
        let place = at(105.0 + lon, lat);
        let point = plane(105.0).project(place);
        prop_assume!((0.0..=1_000_000.0).contains(&point.easting_m));
        prop_assert!(apart_m(plane(105.0).degrees(point).unwrap(), place) < 1e-5);
    }

    #[test]
    fn a_step_of_a_metre_stays_a_step_of_a_metre_in_every_system(place in in_china(), way in 0.0..std::f64::consts::TAU) {
        let step = at(place.lon_deg + 1e-5 * way.cos(), place.lat_deg + 1e-5 * way.sin());
        let before_m = apart_m(place, step);
        for convert in [gcj02::from_wgs84, gcj02::to_wgs84] {
            let after_m = apart_m(convert(place), convert(step));
            prop_assert!((after_m - before_m).abs() < 0.02, "{before_m} m became {after_m} m");
        }
        let (a, b) = (plane(105.0).project(place), plane(105.0).project(step));
        let after_m = (a.easting_m - b.easting_m).hypot(a.northing_m - b.northing_m);
        // The sphere of `apart_m` and the plane's scale far from its meridian.
        prop_assert!((0.98..1.2).contains(&(after_m / before_m)), "{before_m} m became {after_m} m");
    }

    #[test]
    fn the_shift_is_below_a_kilometre_and_never_nothing_at_all_in_china(place in in_china()) {
        let shifted_m = apart_m(place, gcj02::from_wgs84(place));
        prop_assert!((1.0..1_000.0).contains(&shifted_m), "{shifted_m}");
    }

    #[test]
    fn any_numbers_give_a_value(first in any::<f64>(), second in any::<f64>()) {
        for crs in Crs::ALL {
            if let (Ok(place), true) = (city().wgs84(crs, first, second), crs.is_plane()) {
                prop_assert!(place.lon_deg.abs() <= 240.0 && place.lat_deg.abs() <= 90.0, "{place:?}");
            }
        }
    }
}
