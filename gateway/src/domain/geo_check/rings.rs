//! The rings of one area: do they cross themselves or each other, and do they run the right way?
//!
//! The edges of a polygon are sorted by where they begin from west to east; an edge is compared with those that begin
//! before it ends, so that a long ring costs little more than its sorting. Whether edges meet is told by a robust predicate.

use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::fault::Fault;

/// An edge of a polygon.
#[derive(Clone, Copy)]
struct Edge {
    from: Coord<f64>,
    to: Coord<f64>,
    /// Which ring of the polygon, 0 the shell.
    ring: usize,
    /// Its place in the ring.
    at: usize,
}

/// What is wrong with the rings of an area, one finding of a kind for each polygon.
pub(super) fn faults(area: &MultiPolygon<f64>) -> Vec<Fault> {
    area.iter().flat_map(polygon_faults).collect()
}

fn polygon_faults(polygon: &Polygon<f64>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rings = || std::iter::once(polygon.exterior()).chain(polygon.interiors());
    let (crossing, leaving) = meetings(rings());
    faults.extend(crossing.map(|at| Fault::SelfCrossing { at: at.into() }));
    let leaving = leaving.or_else(|| hole_outside(polygon)).or_else(|| hole_in_hole(polygon));
    faults.extend(leaving.map(|at| Fault::HoleOutsideShell { at: at.into() }));
    let wrong_way = |(at, ring)| if at == 0 { signed_area(ring) < 0.0 } else { signed_area(ring) > 0.0 };
    if rings().enumerate().any(wrong_way) {
        faults.push(Fault::RingOrder);
    }
    faults
}

/// A corner of a hole that lies outside the shell.
fn hole_outside(polygon: &Polygon<f64>) -> Option<Coord<f64>> {
    let is_outside =
        |at: &&Coord<f64>| coord_pos_relative_to_ring(**at, polygon.exterior()) == CoordPos::Outside;
    polygon.interiors().iter().flat_map(|hole| &hole.0).find(is_outside).copied()
}

/// A corner of a hole that lies within another one.
fn hole_in_hole(polygon: &Polygon<f64>) -> Option<Coord<f64>> {
    let holes = polygon.interiors();
    let within = |at: Coord<f64>, own: usize| {
        let others = holes.iter().enumerate().filter(move |(other, _)| *other != own);
        others.into_iter().any(|(_, other)| coord_pos_relative_to_ring(at, other) == CoordPos::Inside)
    };
    let corners = holes.iter().enumerate().filter_map(|(own, hole)| Some((*hole.0.first()?, own)));
    corners.into_iter().find(|(at, own)| within(*at, *own)).map(|(at, _)| at)
}

/// Where a ring meets itself, and where two rings cross.
fn meetings<'a>(
    rings: impl Iterator<Item = &'a LineString<f64>>,
) -> (Option<Coord<f64>>, Option<Coord<f64>>) {
    let mut edges: Vec<Edge> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    for (ring, line) in rings.enumerate() {
        let moving = line.0.windows(2).filter(|ends| ends[0] != ends[1]);
        let before = edges.len();
        edges.extend(moving.enumerate().map(|(at, ends)| Edge { from: ends[0], to: ends[1], ring, at }));
        counts.push(edges.len() - before);
    }
    edges.sort_by(|a, b| a.west().total_cmp(&b.west()));
    let (mut crossing, mut leaving) = (None, None);
    for (at, edge) in edges.iter().enumerate() {
        let beside = edges[at + 1..].iter().take_while(|other| other.west() <= edge.east());
        for other in beside.filter(|other| edge.is_level_with(other)) {
            if edge.ring != other.ring {
                leaving = leaving.or_else(|| edge.crosses(other).then_some(other.from));
            } else if crossing.is_none() && edge.meets(other, counts[edge.ring]) {
                crossing = Some(other.from);
            }
        }
    }
    (crossing, leaving)
}

impl Edge {
    fn west(&self) -> f64 {
        self.from.x.min(self.to.x)
    }

    fn east(&self) -> f64 {
        self.from.x.max(self.to.x)
    }

    fn is_level_with(&self, other: &Edge) -> bool {
        self.from.y.min(self.to.y) <= other.from.y.max(other.to.y)
            && other.from.y.min(other.to.y) <= self.from.y.max(self.to.y)
    }

    /// The inner parts of both have one point in common.
    fn crosses(&self, other: &Edge) -> bool {
        let apart = |edge: &Edge, a, b| {
            let (a, b) = (side(edge, a), side(edge, b));
            a != b && a != Orientation::Collinear && b != Orientation::Collinear
        };
        apart(self, other.from, other.to) && apart(other, self.from, self.to)
    }

    /// Two edges of a ring of `count` edges have a point in common that they should not: for neighbours any beside the one
    /// corner, for others any at all.
    fn meets(&self, other: &Edge, count: usize) -> bool {
        let (first, second) = if self.at < other.at { (self, other) } else { (other, self) };
        let (next, last) = (second.at == first.at + 1, first.at == 0 && second.at + 1 == count);
        match (next, last) {
            (true, true) => true, // there and back: the ring has two edges
            (true, false) => runs_back(first.from, first.to, second.to),
            (false, true) => runs_back(second.from, second.to, first.to),
            (false, false) => {
                let on = |edge: &Edge, at| side(edge, at) == Orientation::Collinear && edge.spans(at);
                first.crosses(second)
                    || on(first, second.from)
                    || on(first, second.to)
                    || on(second, first.from)
                    || on(second, first.to)
            }
        }
    }

    /// A point in line with the edge lies between its ends.
    fn spans(&self, at: Coord<f64>) -> bool {
        let between = |at: f64, a: f64, b: f64| a.min(b) <= at && at <= a.max(b);
        between(at.x, self.from.x, self.to.x) && between(at.y, self.from.y, self.to.y)
    }
}

fn side(edge: &Edge, at: Coord<f64>) -> Orientation {
    RobustKernel::orient2d(edge.from, edge.to, at)
}

/// A way from `a` over `b` to `c` goes back on itself.
fn runs_back(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let (there, back) = (b - a, c - b);
    RobustKernel::orient2d(a, b, c) == Orientation::Collinear && there.x * back.x + there.y * back.y < 0.0
}

/// Twice the area that a ring goes around, counter-clockwise positive, in squares of its own coordinates.
pub(super) fn signed_area(ring: &LineString<f64>) -> f64 {
    let Some(origin) = ring.0.first() else { return 0.0 };
    let cross = |ends: &[Coord<f64>]| {
        let (a, b) = (ends[0] - *origin, ends[1] - *origin);
        a.x * b.y - a.y * b.x
    };
    ring.0.windows(2).map(cross).sum()
}
