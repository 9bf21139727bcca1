//! Many areas with an index: which one holds a point, and which are near it?
//!
//! A tree of bounding boxes (R-tree, loaded at once) finds the few areas that a question can be about. The areas are in
//! the order of their codes, so the lowest index is the lowest code, whatever the order of the file and of the tree.

use geo::{BoundingRect, Coord, MultiPolygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::area::Area;
use crate::domain::plane::Plane;

/// An area's bounding box in degrees, with its index.
type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Areas in the order of their codes.
#[derive(Debug)]
pub(super) struct Areas {
    areas: Vec<Area>,
    tree: RTree<Boxed>,
}

impl Areas {
    pub(super) fn new<'a>(areas: impl Iterator<Item = &'a MultiPolygon<f64>> + Clone) -> Areas {
        let boxes = areas.clone().enumerate().filter_map(|(index, area)| {
            let bounds = area.bounding_rect()?;
            let corners = Rectangle::from_corners(bounds.min().into(), bounds.max().into());
            Some(GeomWithData::new(corners, index))
        });
        Areas { tree: RTree::bulk_load(boxes.collect()), areas: areas.map(Area::new).collect() }
    }

    /// The lowest index of those that hold a point.
    pub(super) fn holding(&self, point: Coord<f64>) -> Option<usize> {
        let boxes = self.tree.locate_all_at_point(&[point.x, point.y]);
        boxes.map(|boxed| boxed.data).filter(|index| self.areas[*index].holds(point)).min()
    }

    /// Metres from a point to the nearest edge of an area, if that is less than `below_m`.
    pub(super) fn edge_distance_m(&self, point: Coord<f64>, index: usize, below_m: f64) -> Option<f64> {
        let below_m2 = below_m * below_m;
        let nearest_m2 = self.areas[index].edge_distance_m2(&Plane::through(point), below_m2);
        (nearest_m2 < below_m2).then(|| nearest_m2.sqrt())
    }

    /// The areas that a circle touches, with their distance in metres (0 for those that hold the point): the nearest
    /// first, the lower index where they are equally near.
    pub(super) fn touched(&self, point: Coord<f64>, radius_m: f64) -> Vec<(f64, usize)> {
        let plane = Plane::through(point);
        let reach = plane.degrees(radius_m);
        let around = AABB::from_corners(
            [point.x - reach.x, point.y - reach.y],
            [point.x + reach.x, point.y + reach.y],
        );
        let distance_m = |index: usize| match self.areas[index].holds(point) {
            true => 0.0,
            false => self.areas[index].edge_distance_m2(&plane, f64::INFINITY).sqrt(),
        };
        let boxes = self.tree.locate_in_envelope_intersecting(&around);
        let mut touched: Vec<(f64, usize)> =
            boxes.map(|boxed| (distance_m(boxed.data), boxed.data)).collect();
        touched.retain(|(distance_m, _)| *distance_m <= radius_m);
        touched.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        touched
    }
}
