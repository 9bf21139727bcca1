//! Distances in metres on the plane that touches the Earth at one point (local equirectangular projection).
//!
//! Degrees are scaled by the mean Earth radius, longitude by the cosine of the point's latitude. Within 2 km
//! the error stays below 1 % between the 70th parallels, far below what an accuracy circle means; a map over
//! the 180th meridian is not served.

use geo::{Coord, LineString};

/// One degree of latitude in metres: pi / 180 of the mean Earth radius 6,371,008.8 m.
const METRES_PER_DEGREE: f64 = 111_195.079_7;
/// Longitude never shrinks below this share, so that degrees stay finite at the poles.
const COSINE_MIN: f64 = 1e-6;

/// The plane through one point.
#[derive(Debug)]
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

    /// Metres from the point to another one.
    pub(super) fn distance_m(&self, other: Coord<f64>) -> f64 {
        length2(self.metres(other)).sqrt()
    }

    /// Metres from the point to the nearest place of a line, or of the one position of it.
    pub(super) fn line_distance_m(&self, line: &LineString<f64>) -> f64 {
        match line.0.as_slice() {
            [position] => self.distance_m(*position),
            positions => {
                let ends = positions.windows(2).map(|ends| self.segment_distance_m2(ends[0], ends[1]));
                ends.fold(f64::INFINITY, f64::min).sqrt()
            }
        }
    }

    /// The square of the distance from the point to a segment.
    pub(super) fn segment_distance_m2(&self, from: Coord<f64>, to: Coord<f64>) -> f64 {
        segment_distance2(self.metres(from), self.metres(to))
    }

    /// The square of the distance from the point to a box between its lowest and highest coordinates, 0 in it.
    pub(super) fn box_distance_m2(&self, low: Coord<f64>, high: Coord<f64>) -> f64 {
        let beyond = |at: f64, low: f64, high: f64| (low - at).max(at - high).max(0.0);
        length2(Coord {
            x: beyond(self.point.x, low.x, high.x) * self.lon_metres_per_degree,
            y: beyond(self.point.y, low.y, high.y) * METRES_PER_DEGREE,
        })
    }

    /// A coordinate in metres east and north of the point.
    fn metres(&self, coord: Coord<f64>) -> Coord<f64> {
        Coord {
            x: (coord.x - self.point.x) * self.lon_metres_per_degree,
            y: (coord.y - self.point.y) * METRES_PER_DEGREE,
        }
    }
}

fn length2(vector: Coord<f64>) -> f64 {
    vector.x * vector.x + vector.y * vector.y
}

/// The square of the distance from the origin to a segment.
fn segment_distance2(from: Coord<f64>, to: Coord<f64>) -> f64 {
    let along = to - from;
    let along2 = length2(along);
    let share =
        if along2 > 0.0 { (-(from.x * along.x + from.y * along.y) / along2).clamp(0.0, 1.0) } else { 0.0 };
    length2(Coord { x: from.x + share * along.x, y: from.y + share * along.y })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_ends_and_to_the_middle_of_a_segment() {
        let coord = |x: f64, y: f64| Coord { x, y };
        assert_eq!(segment_distance2(coord(-5.0, 3.0), coord(5.0, 3.0)), 9.0);
        assert_eq!(segment_distance2(coord(3.0, 4.0), coord(30.0, 40.0)), 25.0);
        assert_eq!(segment_distance2(coord(3.0, 4.0), coord(3.0, 4.0)), 25.0);
    }

    #[test]
    fn a_box_is_as_near_as_its_nearest_side_or_corner() {
        let plane = Plane::through(Coord { x: 104.398, y: 31.127 });
        let corner = |x: f64, y: f64| Coord { x: 104.398 + x, y: 31.127 + y };
        assert_eq!(plane.box_distance_m2(corner(-0.1, -0.1), corner(0.1, 0.1)), 0.0);
        let north_m = plane.box_distance_m2(corner(-0.1, 0.001), corner(0.1, 0.1)).sqrt();
        assert!((north_m - 111.2).abs() < 0.1, "{north_m}");
        let south_east_m = plane.box_distance_m2(corner(0.001, -0.1), corner(0.1, -0.001)).sqrt();
        assert!((south_east_m - 146.4).abs() < 0.1, "{south_east_m}");
    }

    #[test]
    fn a_thousandth_of_a_degree_here_is_111_m_north_and_95_m_east() {
        let plane = Plane::through(Coord { x: 104.398, y: 31.127 });
        let corner = plane.metres(Coord { x: 104.399, y: 31.128 });
        assert!((corner.y - 111.2).abs() < 0.1 && (corner.x - 95.2).abs() < 0.1, "{corner:?}");
        let back = plane.degrees(95.2);
        assert!((back.x - 0.001).abs() < 1e-5, "{back:?}");
    }

    #[test]
    fn a_line_is_as_far_as_its_nearest_place() {
        let coord = |x: f64, y: f64| Coord { x, y };
        let line =
            LineString::new(vec![coord(104.397, 31.128), coord(104.399, 31.128), coord(104.399, 31.2)]);
        let north = Plane::through(coord(104.398, 31.127)).line_distance_m(&line);
        assert!((north - 111.2).abs() < 0.1, "{north}");
        let end = Plane::through(coord(104.396, 31.128)).line_distance_m(&line);
        assert!((end - 95.2).abs() < 0.1, "{end}");
        assert_eq!(Plane::through(coord(104.398, 31.128)).line_distance_m(&line), 0.0);
    }
}
