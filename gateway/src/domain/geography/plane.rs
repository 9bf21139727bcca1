//! Distances in metres on the plane that touches the Earth at one point (local equirectangular projection).
//!
//! Degrees are scaled by the mean Earth radius, longitude by the cosine of the point's latitude. Within 2 km
//! the error stays below 1 % between the 70th parallels, far below what an accuracy circle means; a map over
//! the 180th meridian is not served.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Coord, LineString, MultiPolygon};

/// One degree of latitude in metres: pi / 180 of the mean Earth radius 6,371,008.8 m.
const METRES_PER_DEGREE: f64 = 111_195.079_7;
/// Longitude never shrinks below this share, so that degrees stay finite at the poles.
const COSINE_MIN: f64 = 1e-6;

/// The plane through one point.
pub(super) struct Plane {
    point: Coord<f64>,
    lon_metres_per_degree: f64,
}

impl Plane {
    pub(super) fn through(point: Coord<f64>) -> Plane {
        let cosine = point.y.to_radians().cos().max(COSINE_MIN);
        Plane { point, lon_metres_per_degree: METRES_PER_DEGREE * cosine }
    }

    /// How many degrees a distance in metres is, in longitude and latitude.
    pub(super) fn degrees(&self, metres: f64) -> Coord<f64> {
        Coord { x: metres / self.lon_metres_per_degree, y: metres / METRES_PER_DEGREE }
    }

    /// Metres from the point to an area, 0 in it.
    pub(super) fn distance_m(&self, area: &MultiPolygon<f64>) -> f64 {
        match area.coordinate_position(&self.point) {
            CoordPos::Outside => self.edge_distance_m(area),
            CoordPos::Inside | CoordPos::OnBoundary => 0.0,
        }
    }

    /// Metres from the point to the nearest edge of an area, holes included.
    pub(super) fn edge_distance_m(&self, area: &MultiPolygon<f64>) -> f64 {
        let rings =
            area.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
        rings.map(|ring| self.ring_distance_m(ring)).fold(f64::INFINITY, f64::min)
    }

    fn ring_distance_m(&self, ring: &LineString<f64>) -> f64 {
        let ends = ring.0.windows(2).map(|ends| (self.metres(ends[0]), self.metres(ends[1])));
        ends.map(|(from, to)| distance_to_segment(from, to)).fold(f64::INFINITY, f64::min)
    }

    /// A coordinate in metres east and north of the point.
    fn metres(&self, coord: Coord<f64>) -> Coord<f64> {
        Coord {
            x: (coord.x - self.point.x) * self.lon_metres_per_degree,
            y: (coord.y - self.point.y) * METRES_PER_DEGREE,
        }
    }
}

/// Distance from the origin to a segment.
fn distance_to_segment(from: Coord<f64>, to: Coord<f64>) -> f64 {
    let along = to - from;
    let length2 = along.x * along.x + along.y * along.y;
    let share =
        if length2 > 0.0 { (-(from.x * along.x + from.y * along.y) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (from.x + share * along.x).hypot(from.y + share * along.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_ends_and_to_the_middle_of_a_segment() {
        let coord = |x: f64, y: f64| Coord { x, y };
        assert_eq!(distance_to_segment(coord(-5.0, 3.0), coord(5.0, 3.0)), 3.0);
        assert_eq!(distance_to_segment(coord(3.0, 4.0), coord(30.0, 40.0)), 5.0);
        assert_eq!(distance_to_segment(coord(3.0, 4.0), coord(3.0, 4.0)), 5.0);
    }

    #[test]
    fn a_thousandth_of_a_degree_here_is_111_m_north_and_95_m_east() {
        let plane = Plane::through(Coord { x: 104.398, y: 31.127 });
        let corner = plane.metres(Coord { x: 104.399, y: 31.128 });
        assert!((corner.y - 111.2).abs() < 0.1 && (corner.x - 95.2).abs() < 0.1, "{corner:?}");
        let back = plane.degrees(95.2);
        assert!((back.x - 0.001).abs() < 1e-5, "{back:?}");
    }
}
