//! GCJ-02, the shifted coordinates of Chinese map services.
//!
//! The shift was never published by its authority. The formula here is the one that has circulated since 2010 ("WGS-84 to
//! GCJ-02", eviltransform and its many descendants) and reproduces the map services to about a metre; confidence: high in
//! practice, no standard. Outside a rectangle around China GCJ-02 is WGS-84.
//!
//! The shift has no closed inverse. It changes by less than one part in a hundred from place to place, so that taking the
//! shift of the last guess off the given point gains two digits a round.

use std::f64::consts::PI;

use super::LonLat;

/// Semi-major axis that the formula uses (Krassovsky 1940), in metres.
const AXIS_M: f64 = 6_378_245.0;
/// First eccentricity squared that the formula uses.
const ECCENTRICITY_2: f64 = 0.006_693_421_622_965_943;
/// Rounds of the inverse: each gains two digits of the shift's 700 m at least.
const ROUNDS: usize = 8;
/// The rectangle outside which nothing is shifted, in degrees: longitude and latitude.
const SHIFTED_LON_DEG: std::ops::RangeInclusive<f64> = 72.004..=137.834_7;
const SHIFTED_LAT_DEG: std::ops::RangeInclusive<f64> = 0.829_3..=55.827_1;

/// The place in GCJ-02.
pub fn from_wgs84(place: LonLat) -> LonLat {
    if is_shifted(place) { shifted_by(place, shift(place)) } else { place }
}

/// The place in WGS-84. Whether a point is in the shifted rectangle is asked of the given point, so that within a
/// kilometre of the rectangle's edge (at sea, or abroad) the two directions may disagree.
pub fn to_wgs84(place: LonLat) -> LonLat {
    if !is_shifted(place) {
        return place;
    }
    let mut guess = place;
    for _ in 0..ROUNDS {
        let by = shift(guess);
        guess = shifted_by(place, LonLat { lon_deg: -by.lon_deg, lat_deg: -by.lat_deg });
    }
    guess
}

/// Whether the formula counts at a place.
pub fn is_shifted(place: LonLat) -> bool {
    SHIFTED_LON_DEG.contains(&place.lon_deg) && SHIFTED_LAT_DEG.contains(&place.lat_deg)
}

fn shifted_by(place: LonLat, by: LonLat) -> LonLat {
    LonLat { lon_deg: place.lon_deg + by.lon_deg, lat_deg: place.lat_deg + by.lat_deg }
}

/// The shift at a place in WGS-84, in degrees.
fn shift(place: LonLat) -> LonLat {
    let (x, y) = (place.lon_deg - 105.0, place.lat_deg - 35.0);
    let (east_m, north_m) = (east(x, y), north(x, y));
    let (sine, cosine) = place.lat_deg.to_radians().sin_cos();
    let flattened = 1.0 - ECCENTRICITY_2 * sine * sine;
    // Radii of curvature: along the meridian, and of the circle of latitude.
    let meridian_m = AXIS_M * (1.0 - ECCENTRICITY_2) / (flattened * flattened.sqrt());
    let parallel_m = AXIS_M / flattened.sqrt() * cosine;
    LonLat { lon_deg: (east_m / parallel_m).to_degrees(), lat_deg: (north_m / meridian_m).to_degrees() }
}

/// The shift to the east in metres, of degrees from 105 E 35 N.
fn east(x: f64, y: f64) -> f64 {
    300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + waves(&[(20.0, 6.0 * x), (20.0, 2.0 * x), (20.0, x), (40.0, x / 3.0)])
        + waves(&[(150.0, x / 12.0), (300.0, x / 30.0)])
}

/// The shift to the north in metres, of degrees from 105 E 35 N.
fn north(x: f64, y: f64) -> f64 {
    -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + waves(&[(20.0, 6.0 * x), (20.0, 2.0 * x), (20.0, y), (40.0, y / 3.0)])
        + waves(&[(160.0, y / 12.0), (320.0, y / 30.0)])
}

/// Two thirds of a sum of waves: height in metres, phase in half turns.
fn waves(waves: &[(f64, f64)]) -> f64 {
    waves.iter().map(|(height_m, phase)| height_m * (phase * PI).sin()).sum::<f64>() * 2.0 / 3.0
}
