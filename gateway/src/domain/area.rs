//! Small areas on the ground: a circle, or a polygon. What is on the edge is in it.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Coord, LineString, Polygon};

use super::plane::Plane;

/// The largest radius of a circle in metres: distances are good to 1 % up to here.
pub const RADIUS_MAX_M: f64 = 2_000.0;
/// Corners of a polygon.
pub const CORNERS_MAX: usize = 200;

/// An area, in degrees, WGS-84.
#[derive(Debug, Clone, PartialEq)]
pub struct Area(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Circle { centre: Coord<f64>, radius_m: f64 },
    Polygon(Polygon<f64>),
}

/// Whether these are degrees of longitude and latitude.
pub fn are_degrees(lon_deg: f64, lat_deg: f64) -> bool {
    (-180.0..=180.0).contains(&lon_deg) && (-90.0..=90.0).contains(&lat_deg)
}

impl Area {
    /// A circle; `None` when it is not on the Earth, has no radius, or one above [`RADIUS_MAX_M`].
    pub fn circle(lon_deg: f64, lat_deg: f64, radius_m: f64) -> Option<Area> {
        let fits = are_degrees(lon_deg, lat_deg) && radius_m > 0.0 && radius_m <= RADIUS_MAX_M;
        fits.then_some(Area(Form::Circle { centre: Coord { x: lon_deg, y: lat_deg }, radius_m }))
    }

    /// A polygon of 3 to [`CORNERS_MAX`] corners (longitude, latitude), closed or not; `None` when it is none.
    pub fn polygon(corners: &[(f64, f64)]) -> Option<Area> {
        let degrees = corners.iter().all(|(lon_deg, lat_deg)| are_degrees(*lon_deg, *lat_deg));
        let mut ring: Vec<Coord<f64>> = corners.iter().map(|&(x, y)| Coord { x, y }).collect();
        if ring.first() == ring.last() {
            ring.pop();
        }
        if !degrees || ring.len() < 3 || ring.len() > CORNERS_MAX {
            return None;
        }
        let polygon = Polygon::new(LineString::new(ring), Vec::new());
        Some(Area(Form::Polygon(polygon)))
    }

    /// Metres from a point to the area; 0 in it.
    pub fn distance_m(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let point = Coord { x: lon_deg, y: lat_deg };
        match &self.0 {
            Form::Circle { centre, radius_m } => {
                (Plane::through(point).distance_m(*centre) - radius_m).max(0.0)
            }
            Form::Polygon(polygon) => match polygon.coordinate_position(&point) {
                CoordPos::Outside => Plane::through(point).line_distance_m(polygon.exterior()),
                CoordPos::Inside | CoordPos::OnBoundary => 0.0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_from_the_edge_and_are_nothing_inside() {
        let circle = Area::circle(104.398, 31.127, 10.0).unwrap();
        assert_eq!(circle.distance_m(104.398, 31.127), 0.0);
        let away = circle.distance_m(104.398, 31.128);
        assert!((away - 101.2).abs() < 0.2, "{away}");
        let square =
            Area::polygon(&[(104.398, 31.127), (104.399, 31.127), (104.399, 31.128), (104.398, 31.128)])
                .unwrap();
        assert_eq!(square.distance_m(104.3985, 31.1275), 0.0);
        assert_eq!(square.distance_m(104.398, 31.1275), 0.0, "the edge is in it");
        let away = square.distance_m(104.3985, 31.126);
        assert!((away - 111.2).abs() < 0.2, "{away}");
    }

    #[test]
    fn what_is_no_area_is_refused() {
        assert_eq!(Area::circle(31.1, 104.4, 10.0), None, "latitude and longitude swapped");
        for radius_m in [0.0, -1.0, RADIUS_MAX_M * 2.0, f64::NAN] {
            assert_eq!(Area::circle(104.4, 31.1, radius_m), None);
        }
        assert_eq!(Area::polygon(&[(104.0, 31.0), (104.1, 31.0), (104.0, 31.0)]), None, "two corners");
        assert_eq!(Area::polygon(&[]), None);
        assert_eq!(Area::polygon(&vec![(104.0, 31.0); CORNERS_MAX + 2]), None);
    }
}
