//! Where devices are: vehicles along the city's roads, everything else spread over its grids.
//!
//! Pure. The roads are the twelve of `city/joint-enforcement-roads.geojson`, built in. A ride goes to the end of its
//! road, turns and comes back; its place is a function of the distance travelled. Distances are computed on a plane
//! that touches the city, which is exact to a millimetre over ten kilometres.

use serde_json::Value;

use crate::device::Position;

const ROADS: &str = include_str!("../city/joint-enforcement-roads.geojson");
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_194.927;
/// The area of the duty grids: west, south, east, north in degrees.
const AREA: [f64; 4] = [104.335, 31.085, 104.455, 31.185];
/// Accuracy of a vehicle's satellite fix, metres.
const VEHICLE_ACCURACY_M: f64 = 3.0;
/// Accuracy of a surveyed place, metres.
const SURVEYED_ACCURACY_M: f64 = 1.0;

/// The roads file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// No JSON.
    #[error("the roads are no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// No line in it.
    #[error("there is no road with two or more points")]
    NoRoads,
}

/// A road: its name and its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Road {
    /// For instance 泰山路.
    pub name: String,
    /// (longitude, latitude) in degrees, two or more.
    points: Vec<(f64, f64)>,
}

/// The roads vehicles drive on; at least one.
#[derive(Debug, Clone)]
pub struct RoadMap {
    roads: Vec<Road>,
}

impl RoadMap {
    /// The built-in roads.
    pub fn built_in() -> Result<RoadMap, RouteError> {
        RoadMap::from_geojson(ROADS)
    }

    /// The line strings of a GeoJSON feature collection; other features are left out.
    pub fn from_geojson(text: &str) -> Result<RoadMap, RouteError> {
        let collection: Value = serde_json::from_str(text)?;
        let features = collection["features"].as_array().map(Vec::as_slice).unwrap_or_default();
        let roads: Vec<Road> = features.iter().filter_map(road).collect();
        if roads.is_empty() { Err(RouteError::NoRoads) } else { Ok(RoadMap { roads }) }
    }

    /// The roads.
    pub fn roads(&self) -> &[Road] {
        &self.roads
    }

    /// A ride on the `index`-th road, counted around.
    pub fn ride(&self, index: usize, start_m: f64, speed_kmh: f64) -> Ride {
        Ride { road: self.roads[index % self.roads.len()].clone(), start_m, speed_kmh }
    }
}

fn road(feature: &Value) -> Option<Road> {
    let geometry = &feature["geometry"];
    if geometry["type"] != "LineString" {
        return None;
    }
    let point = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_f64()?));
    let points: Vec<_> = geometry["coordinates"].as_array()?.iter().map(point).collect::<Option<_>>()?;
    let name = feature["properties"]["name"].as_str().unwrap_or("").to_owned();
    (points.len() >= 2).then_some(Road { name, points })
}

impl Road {
    /// Length in metres.
    pub fn length_m(&self) -> f64 {
        self.points.windows(2).map(|pair| offset_m(pair[0], pair[1]).0).sum()
    }

    /// The place `along_m` from the start and the heading there; beyond the end it is the end.
    fn at(&self, along_m: f64) -> ((f64, f64), f64) {
        let mut rest_m = along_m;
        let mut last = (self.points[0], 0.0);
        for pair in self.points.windows(2) {
            let (length_m, heading_deg) = offset_m(pair[0], pair[1]);
            let share = if length_m > 0.0 { (rest_m / length_m).clamp(0.0, 1.0) } else { 1.0 };
            let between = |from: f64, to: f64| from + (to - from) * share;
            last = ((between(pair[0].0, pair[1].0), between(pair[0].1, pair[1].1)), heading_deg);
            rest_m -= length_m;
            if rest_m < 0.0 {
                break;
            }
        }
        last
    }
}

/// Distance in metres and heading in degrees clockwise from north, 0..360.
fn offset_m(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let east_m = (to.0 - from.0) * DEGREE_M * from.1.to_radians().cos();
    let north_m = (to.1 - from.1) * DEGREE_M;
    (east_m.hypot(north_m), east_m.atan2(north_m).to_degrees().rem_euclid(360.0))
}

/// A vehicle's way: to the end of its road and back, for ever.
#[derive(Debug, Clone)]
pub struct Ride {
    road: Road,
    start_m: f64,
    speed_kmh: f64,
}

/// Where a ride is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint {
    /// The place.
    pub position: Position,
    /// Course in degrees clockwise from north, 0..360.
    pub heading_deg: f64,
    /// Speed in km/h.
    pub speed_kmh: f64,
    /// Metres travelled since the start.
    pub travelled_m: f64,
}

impl Ride {
    /// Where the vehicle is `elapsed_s` seconds after its start.
    pub fn at(&self, elapsed_s: f64) -> Waypoint {
        let travelled_m = self.speed_kmh / 3.6 * elapsed_s;
        let length_m = self.road.length_m();
        let around_m = (self.start_m + travelled_m).rem_euclid(2.0 * length_m);
        let back = around_m > length_m;
        let (place, heading_deg) = self.road.at(if back { 2.0 * length_m - around_m } else { around_m });
        let heading_deg = if back { (heading_deg + 180.0).rem_euclid(360.0) } else { heading_deg };
        let (lon_deg, lat_deg) = place;
        let position = Position { lon_deg, lat_deg, accuracy_m: VEHICLE_ACCURACY_M };
        Waypoint { position, heading_deg, speed_kmh: self.speed_kmh, travelled_m }
    }
}

/// A surveyed place somewhere in the area of the duty grids.
pub fn place_in_area(rng: &mut fastrand::Rng) -> Position {
    let [west, south, east, north] = AREA;
    let lon_deg = west + rng.f64() * (east - west);
    let lat_deg = south + rng.f64() * (north - south);
    Position { lon_deg, lat_deg, accuracy_m: SURVEYED_ACCURACY_M }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Distance in metres from a place to a road.
    fn off_road_m(road: &Road, position: Position) -> f64 {
        let place = (position.lon_deg, position.lat_deg);
        let to_segment = |pair: &[(f64, f64)]| {
            let (length_m, heading) = offset_m(pair[0], pair[1]);
            let (distance_m, bearing) = offset_m(pair[0], place);
            let turn = (bearing - heading).to_radians();
            let along_m = (distance_m * turn.cos()).clamp(0.0, length_m);
            ((distance_m * turn.sin()).powi(2) + (distance_m * turn.cos() - along_m).powi(2)).sqrt()
        };
        road.points.windows(2).map(to_segment).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn the_built_in_map_has_the_twelve_roads() {
        let map = RoadMap::built_in().unwrap();
        assert_eq!(map.roads().len(), 12);
        assert!(map.roads().iter().all(|road| road.length_m() > 5_000.0));
    }

    proptest! {
        #[test]
        fn a_ride_stays_on_its_road_and_moves_at_its_speed(
            index in 0..12_usize, start_m in 0.0..50_000.0_f64, speed_kmh in 1.0..80.0_f64, elapsed_s in 0.0..100_000.0_f64
        ) {
            let map = RoadMap::built_in().unwrap();
            let ride = map.ride(index, start_m, speed_kmh);
            let (here, later) = (ride.at(elapsed_s), ride.at(elapsed_s + 1.0));
            prop_assert!(off_road_m(&map.roads()[index], here.position) < 1.0);
            prop_assert!((0.0..360.0).contains(&here.heading_deg));
            let lon_lat = |position: Position| (position.lon_deg, position.lat_deg);
            let (moved_m, _) = offset_m(lon_lat(here.position), lon_lat(later.position));
            prop_assert!(moved_m <= speed_kmh / 3.6 * 1.01, "{moved_m} m in a second at {speed_kmh} km/h");
        }

        #[test]
        fn places_are_within_the_area(seed: u64) {
            let place = place_in_area(&mut fastrand::Rng::with_seed(seed));
            prop_assert!((104.335..=104.455).contains(&place.lon_deg) && (31.085..=31.185).contains(&place.lat_deg));
        }
    }
}
