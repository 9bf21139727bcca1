//! An area made ready for many questions: does it hold a point, and how near is its edge?
//!
//! The edges of a ring are taken in runs of [`RUN_EDGES`] that know their bounding box; a run that the question can't be
//! about is passed over, so that a ring of ten thousand edges costs little more than one of a hundred. Whether a point
//! lies left of an edge is told by a robust predicate (Shewchuk 1997, crate `robust`): the answer is exact for the doubles
//! as they are, and a point on an edge is on the edge of both its neighbours.
//!
//! A ring counts by its winding number (Sunday 2001): a ring that crosses itself holds what it goes around.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, LineString, MultiPolygon};

use crate::domain::plane::Plane;

/// Edges in a run.
const RUN_EDGES: usize = 16;

/// An area: polygons with holes.
#[derive(Debug)]
pub(super) struct Area(Box<[Polygon]>);

#[derive(Debug)]
struct Polygon {
    outer: Ring,
    holes: Box<[Ring]>,
}

/// A closed ring: its last point is its first.
#[derive(Debug)]
struct Ring {
    points: Box<[Coord<f64>]>,
    /// The bounding box of each run of edges.
    runs: Box<[Bounds]>,
}

/// A box between its lowest and highest coordinates.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: Coord<f64>,
    high: Coord<f64>,
}

/// Where a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    OnEdge,
    Outside,
}

impl Area {
    pub(super) fn new(area: &MultiPolygon<f64>) -> Area {
        let polygon = |polygon: &geo::Polygon<f64>| Polygon {
            outer: Ring::new(polygon.exterior()),
            holes: polygon.interiors().iter().map(Ring::new).collect(),
        };
        Area(area.iter().map(polygon).collect())
    }

    /// The point lies in it or on its edge.
    pub(super) fn holds(&self, point: Coord<f64>) -> bool {
        self.0.iter().any(|polygon| polygon.holds(point))
    }

    /// The square of the distance in metres from the plane's point to the nearest edge, holes included; `below_m2` when
    /// that is not less.
    pub(super) fn edge_distance_m2(&self, plane: &Plane, below_m2: f64) -> f64 {
        let rings = self.0.iter().flat_map(|polygon| std::iter::once(&polygon.outer).chain(&polygon.holes));
        rings.fold(below_m2, |nearest_m2, ring| ring.edge_distance_m2(plane, nearest_m2))
    }
}

impl Polygon {
    fn holds(&self, point: Coord<f64>) -> bool {
        match self.outer.side(point) {
            Side::Outside => false,
            Side::OnEdge => true,
            Side::Inside => self.holes.iter().all(|hole| hole.side(point) != Side::Inside),
        }
    }
}

impl Ring {
    fn new(ring: &LineString<f64>) -> Ring {
        let points: Box<[Coord<f64>]> = ring.0.as_slice().into();
        let edges = points.len().saturating_sub(1);
        let bounds = |first: usize| {
            let run = &points[first..=(first + RUN_EDGES).min(edges)];
            let low = |a: Coord<f64>, b: &Coord<f64>| Coord { x: a.x.min(b.x), y: a.y.min(b.y) };
            let high = |a: Coord<f64>, b: &Coord<f64>| Coord { x: a.x.max(b.x), y: a.y.max(b.y) };
            Bounds { low: run.iter().fold(run[0], low), high: run.iter().fold(run[0], high) }
        };
        let runs = (0..edges).step_by(RUN_EDGES).map(bounds).collect();
        Ring { runs, points }
    }

    /// The runs with their points: one more than edges.
    fn runs(&self) -> impl Iterator<Item = (Bounds, &[Coord<f64>])> {
        let points = |(at, bounds): (usize, &Bounds)| {
            let first = at * RUN_EDGES;
            (*bounds, &self.points[first..=(first + RUN_EDGES).min(self.points.len() - 1)])
        };
        self.runs.iter().enumerate().map(points)
    }

    fn side(&self, point: Coord<f64>) -> Side {
        let mut winding = 0;
        for (Bounds { low, high }, points) in self.runs() {
            // A ray to the east meets edges that are at its height and not all west of the point.
            if point.y < low.y || point.y > high.y || point.x > high.x {
                continue;
            }
            for ends in points.windows(2) {
                match crossing(ends[0], ends[1], point) {
                    Some(turn) => winding += turn,
                    None => return Side::OnEdge,
                }
            }
        }
        if winding == 0 { Side::Outside } else { Side::Inside }
    }

    fn edge_distance_m2(&self, plane: &Plane, below_m2: f64) -> f64 {
        let mut nearest_m2 = below_m2;
        for (Bounds { low, high }, points) in self.runs() {
            if plane.box_distance_m2(low, high) < nearest_m2 {
                for ends in points.windows(2) {
                    nearest_m2 = nearest_m2.min(plane.segment_distance_m2(ends[0], ends[1]));
                }
            }
        }
        nearest_m2
    }
}

/// What an edge adds to the winding number around a point: 1 when it passes upwards east of it, -1 downwards, 0 when it
/// does not; `None` when the point lies on it. An upward edge counts with its first end, a downward one with its last.
fn crossing(from: Coord<f64>, to: Coord<f64>, point: Coord<f64>) -> Option<i32> {
    let (upwards, downwards) = (from.y <= point.y && point.y <= to.y, to.y <= point.y && point.y <= from.y);
    if !(upwards || downwards) || (point.x > from.x && point.x > to.x) {
        return Some(0);
    }
    let is_west = point.x < from.x && point.x < to.x;
    if !is_west {
        match (RobustKernel::orient2d(from, to, point), upwards) {
            // At its height and in line with it; a level edge needs the longitude looked at as well, which was done above.
            (Orientation::Collinear, _) => return None,
            (Orientation::CounterClockwise, true) | (Orientation::Clockwise, false) => {}
            _ => return Some(0),
        }
    }
    Some(i32::from(from.y <= point.y && point.y < to.y) - i32::from(to.y <= point.y && point.y < from.y))
}

#[cfg(test)]
mod tests {
    use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
    use proptest::prelude::*;

    use super::*;

    /// Rings of a few coarse coordinates, so that points often lie on edges and vertices, long enough for several runs.
    fn rings() -> impl Strategy<Value = Vec<LineString<f64>>> {
        let coord = (0..12_i32, 0..12_i32).prop_map(|(x, y)| Coord { x: f64::from(x), y: f64::from(y) });
        let ring = prop::collection::vec(coord, 3..60).prop_map(|mut points| {
            points.push(points[0]);
            LineString::new(points)
        });
        prop::collection::vec(ring, 1..4)
    }

    proptest! {
        #[test]
        fn rings_hold_what_a_slower_test_without_runs_says_they_hold(rings in rings(), x in -1..26_i32, y in -1..26_i32) {
            let point = Coord { x: f64::from(x) / 2.0, y: f64::from(y) / 2.0 };
            let sides: Vec<CoordPos> = rings.iter().map(|ring| coord_pos_relative_to_ring(point, ring)).collect();
            let (outer, holes) = (sides[0], &sides[1..]);
            let in_no_hole = holes.iter().all(|side| *side != CoordPos::Inside);
            let expected = outer == CoordPos::OnBoundary || outer == CoordPos::Inside && in_no_hole;
            let mut rings = rings.into_iter();
            let polygon = geo::Polygon::new(rings.next().unwrap(), rings.collect());
            prop_assert_eq!(Area::new(&MultiPolygon::new(vec![polygon])).holds(point), expected);
        }

        #[test]
        fn the_nearest_edge_is_the_nearest_of_all_edges(rings in rings(), x in -1.0..13.0_f64, y in -1.0..13.0_f64) {
            let plane = Plane::through(Coord { x, y });
            let edges = rings.iter().flat_map(|ring| ring.0.windows(2));
            let nearest = edges.map(|ends| plane.segment_distance_m2(ends[0], ends[1])).fold(f64::INFINITY, f64::min);
            let polygons = rings.iter().map(|ring| geo::Polygon::new(ring.clone(), Vec::new())).collect();
            let area = Area::new(&MultiPolygon::new(polygons));
            // The box of a run and an edge in it may differ by a rounding.
            let found = area.edge_distance_m2(&plane, f64::INFINITY);
            prop_assert!((found - nearest).abs() <= nearest * 1e-12, "{found} {nearest}");
            prop_assert_eq!(area.edge_distance_m2(&plane, nearest / 2.0), nearest / 2.0, "nothing is as near");
        }
    }
}
