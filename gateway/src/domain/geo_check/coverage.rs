//! All areas together: overlaps and gaps.
//!
//! Overlaps are the intersections of areas whose bounding boxes meet; gaps are the holes of the union of all areas. Both
//! are worked out on a grid of whole numbers (crate `i_overlay`), fine enough that what is below [`AREA_MIN_M2`] is
//! rounding and is passed over.

use geo::bool_ops::unary_union;
use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo::{BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::fault::{Fault, Place};
use super::rings::signed_area;
use super::{Report, Shape};

/// Areas below this are rounding. Project-defined.
const AREA_MIN_M2: f64 = 0.01;
/// What is narrower on average (twice its area by its perimeter) is a slip of the drawing. Project-defined: half a metre is
/// what a person on a screen misses a line by.
const SLIVER_WIDTH_M: f64 = 0.5;
/// One degree of latitude in metres, on the sphere of [`geography`](crate::domain::geography).
const METRES_PER_DEGREE: f64 = 111_195.079_7;

/// Notes every overlap of two areas, with the later feature of the file.
pub(super) fn overlaps(shapes: &[Shape], report: &mut Report) {
    let bounds: Vec<Option<Rect<f64>>> = shapes.iter().map(|shape| shape.area.bounding_rect()).collect();
    let corners = |bounds: &Rect<f64>| -> ([f64; 2], [f64; 2]) { (bounds.min().into(), bounds.max().into()) };
    let boxes = bounds.iter().enumerate().filter_map(|(index, bounds)| {
        let (low, high) = corners(bounds.as_ref()?);
        Some(GeomWithData::new(Rectangle::from_corners(low, high), index))
    });
    let tree = RTree::bulk_load(boxes.collect());
    for (index, (shape, own)) in shapes.iter().zip(&bounds).enumerate() {
        let Some(own) = own else { continue };
        let (low, high) = corners(own);
        let around = tree.locate_in_envelope_intersecting(&AABB::from_corners(low, high));
        let mut others: Vec<usize> = around.map(|boxed| boxed.data).filter(|other| *other < index).collect();
        others.sort_unstable();
        for other in others {
            let other = &shapes[other];
            if let Some(shared) = shared(&shape.area, &other.area) {
                report.note(Some((shape.number, &shape.code)), shared.overlap(other));
            }
        }
    }
}

/// Notes every place that areas go around and that is nobody's.
pub(super) fn gaps(shapes: &[Shape], report: &mut Report) {
    let all = unary_union(shapes.iter().map(|shape| &shape.area));
    for (index, part) in all.iter().enumerate() {
        for hole in part.interiors() {
            let mut gap = Extent::of(hole);
            let others = all.iter().enumerate().filter(|(other, _)| *other != index);
            let islands = others.map(|(_, island)| island.exterior()).filter(|island| {
                island.0.first().is_some_and(|at| coord_pos_relative_to_ring(*at, hole) != CoordPos::Outside)
            });
            gap.area_m2 -= islands.map(|island| Extent::of(island).area_m2).sum::<f64>();
            if gap.area_m2 >= AREA_MIN_M2 {
                report.note(None, gap.gap());
            }
        }
    }
}

/// What two areas share, if that is more than an edge.
fn shared(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> Option<Extent> {
    let shared = a.intersection(b);
    let mut whole: Option<Extent> = None;
    for part in &shared {
        let mut extent = Extent::of(part.exterior());
        extent.area_m2 -= part.interiors().iter().map(|hole| Extent::of(hole).area_m2).sum::<f64>();
        whole = Some(whole.map_or(extent, |whole| whole.and(extent)));
    }
    whole.filter(|whole| whole.area_m2 >= AREA_MIN_M2)
}

/// How large something is, and where.
#[derive(Clone, Copy)]
struct Extent {
    area_m2: f64,
    perimeter_m: f64,
    at: Coord<f64>,
}

impl Extent {
    /// What a ring goes around.
    fn of(ring: &LineString<f64>) -> Extent {
        let at = ring.0.first().copied().unwrap_or_default();
        let cosine = at.y.to_radians().cos();
        let length_m = |ends: &[Coord<f64>]| {
            let along = ends[1] - ends[0];
            (along.x * cosine).hypot(along.y) * METRES_PER_DEGREE
        };
        Extent {
            area_m2: signed_area(ring).abs() / 2.0 * cosine * METRES_PER_DEGREE * METRES_PER_DEGREE,
            perimeter_m: ring.0.windows(2).map(length_m).sum(),
            at,
        }
    }

    /// Both; the place is the larger one's.
    fn and(self, other: Extent) -> Extent {
        Extent {
            area_m2: self.area_m2 + other.area_m2,
            perimeter_m: self.perimeter_m + other.perimeter_m,
            at: if other.area_m2 > self.area_m2 { other.at } else { self.at },
        }
    }

    fn is_sliver(&self) -> bool {
        2.0 * self.area_m2 < SLIVER_WIDTH_M * self.perimeter_m
    }

    fn overlap(self, with: &Shape) -> Fault {
        let (other, other_code, area_m2, at) =
            (with.number, with.code.clone(), self.area_m2, Place::from(self.at));
        match self.is_sliver() {
            true => Fault::OverlapSliver { other, other_code, area_m2, at },
            false => Fault::Overlap { other, other_code, area_m2, at },
        }
    }

    fn gap(self) -> Fault {
        let (area_m2, at) = (self.area_m2, Place::from(self.at));
        if self.is_sliver() { Fault::GapSliver { area_m2, at } } else { Fault::Gap { area_m2, at } }
    }
}
