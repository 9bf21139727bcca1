//! A scan over all polygons, as one writes it in a minute: even-odd rule, floating point, no index.

use std::time::Instant;

use super::Answers;
use crate::map::{Map, Ring};
use crate::points::Point;

pub(crate) fn answer(map: &Map, points: &[Point]) -> Answers {
    let begun = Instant::now();
    let polygons =
        points.iter().map(|point| map.polygons.iter().position(|(_, ring)| is_in(ring, point))).collect();
    Answers { polygons, took: begun.elapsed() }
}

fn is_in(ring: &Ring, point: &Point) -> bool {
    let (x, y) = (point.lon_deg, point.lat_deg);
    let mut inside = false;
    for ends in ring.windows(2) {
        let ([ax, ay], [bx, by]) = (ends[0], ends[1]);
        if (ay > y) != (by > y) && x < ax + (bx - ax) * (y - ay) / (by - ay) {
            inside = !inside;
        }
    }
    inside
}
