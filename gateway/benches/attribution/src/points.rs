//! The points: anywhere on a map and a little around it, each with the accuracy of a phone or a vehicle.

use crate::map::Map;

/// Points that are asked for.
pub(crate) const POINTS: usize = 200_000;
/// The part of the map's extent by which points lie around it.
const MARGIN: f64 = 0.05;
/// Accuracies, evenly spread, in metres.
const ACCURACY_M: std::ops::Range<f64> = 2.0..15.0;
const SEED: u64 = 7;

/// A report's position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) lon_deg: f64,
    pub(crate) lat_deg: f64,
    pub(crate) accuracy_m: f64,
}

/// The same points in every run.
pub(crate) fn around(map: &Map) -> Vec<Point> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut within = |low: f64, high: f64| low + random.f64() * (high - low);
    let span = |axis: usize| {
        let all = || map.polygons.iter().flat_map(|(_, ring)| ring).map(|position| position[axis]);
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let margin = (high - low) * MARGIN;
        (low - margin, high + margin)
    };
    let (lon, lat) = (span(0), span(1));
    let mut point = || Point {
        lon_deg: within(lon.0, lon.1),
        lat_deg: within(lat.0, lat.1),
        accuracy_m: within(ACCURACY_M.start, ACCURACY_M.end),
    };
    (0..POINTS).map(|_| point()).collect()
}
