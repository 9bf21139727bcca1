//! Point to grid: whose an incident is, by the place it carries.
//!
//! - A bounding-box tree finds the few grids a point may lie in; a robust point-in-polygon test decides. A
//!   point on an edge belongs to the lowest grid code that touches it, whatever the order of the file.
//! - Outside every grid, or without a position, an incident is `unassigned` and forwarded all the same.
//! - When the accuracy circle reaches the grid's edge the answer is `ambiguous`, with the grids the circle
//!   touches.
//! - Distances are measured on a plane through the point (`plane`), good to 1 % within the search radius.

mod plane;

use std::borrow::Cow;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use self::plane::Plane;
use super::casework::{Assignment, Casework, CodeName, DataVersions, Unassigned};
use super::codes::CodeTable;
use super::coordinates::Coordinates;
use super::geotag::Geotag;
use super::grid::{self, Grid, GridFileError};
use super::report::{Fix, Incident};

/// Accuracy circles are searched for candidate grids up to this radius in metres; a worse fix names no grid
/// better.
pub const SEARCH_RADIUS_MAX_M: f64 = 2_000.0;
/// Candidate grids named for one incident, the nearest first.
pub const CANDIDATES_MAX: usize = 8;

/// Why a file is no geography.
pub type GeographyError = GridFileError;

/// A grid's bounding box in degrees, with its place in the list of grids.
type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// The city: its duty grids, its case codes and its coordinate systems. Immutable; shared by reference counting.
#[derive(Debug)]
pub struct Geography {
    /// Sorted by code: the lowest index is the lowest code.
    grids: Vec<Grid>,
    tree: RTree<Boxed>,
    codes: CodeTable,
    coordinates: Coordinates,
    version: String,
}

/// Where a point lies: the grid that holds it, and the grids its accuracy circle touches.
#[derive(Debug, Clone, PartialEq)]
pub struct Location<'a> {
    /// The grid that holds the point, the lowest code on an edge.
    pub grid: Option<&'a Grid>,
    /// When the circle reaches the grid's edge: the grids it touches, the nearest first, at most
    /// [`CANDIDATES_MAX`].
    pub candidates: Vec<&'a Grid>,
}

impl Geography {
    /// Reads a map of duty grids; see [`super::grid`] for its form. No case code is known yet.
    pub fn from_geojson(bytes: &[u8]) -> Result<Geography, GeographyError> {
        let file = grid::read(bytes)?;
        let boxes = file.grids.iter().enumerate().filter_map(|(index, grid)| {
            let bounds = grid.area.bounding_rect()?;
            let corners = Rectangle::from_corners(bounds.min().into(), bounds.max().into());
            Some(GeomWithData::new(corners, index))
        });
        let tree = RTree::bulk_load(boxes.collect());
        let version = format!("{}@{:08x}", file.name, crc32c::crc32c(bytes));
        Ok(Geography {
            grids: file.grids,
            tree,
            codes: CodeTable::default(),
            coordinates: Coordinates::default(),
            version,
        })
    }

    /// The same map with this case code table.
    pub fn with_codes(self, codes: CodeTable) -> Geography {
        Geography { codes, ..self }
    }

    /// The same map, and positions of devices in these systems.
    pub fn with_coordinates(self, coordinates: Coordinates) -> Geography {
        Geography { coordinates, ..self }
    }

    /// The systems in which devices may send their positions.
    pub const fn coordinates(&self) -> Coordinates {
        self.coordinates
    }

    /// The grids, sorted by code.
    pub fn grids(&self) -> &[Grid] {
        &self.grids
    }

    /// The case codes.
    pub fn codes(&self) -> &CodeTable {
        &self.codes
    }

    /// Name and CRC-32C of the map, `deyang@1a2b3c4d`: the same file always has the same version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The gateway's work on an incident, by the incident's own fix.
    pub fn attribute(&self, incident: &Incident<'_>) -> Casework<'_> {
        let names = self.codes.names(incident.kind, &incident.code);
        Casework {
            geotag: incident.fix.as_ref().map(Geotag::of_device),
            assignment: self.assignment(incident.fix.as_ref()),
            code: names.map(|names| CodeName { zh: (&names.zh).into(), en: (&names.en).into() }),
            unit_grid: None,
            handling: None,
            stall: None,
            cross_boundary: None,
            clock_untrusted: None,
            data: DataVersions {
                grids: (&self.version).into(),
                codes: self.codes.version().unwrap_or("").into(),
                ..DataVersions::default()
            },
            finding: None,
            self_disposed: None,
        }
    }

    /// Where a point lies (degrees, WGS-84), within an accuracy in metres if one is known.
    pub fn locate(&self, lon_deg: f64, lat_deg: f64, accuracy_m: Option<f64>) -> Location<'_> {
        let point = Coord { x: lon_deg, y: lat_deg };
        let holds = |index: &usize| self.grids[*index].area.coordinate_position(&point) != CoordPos::Outside;
        let boxes = self.tree.locate_all_at_point(&[lon_deg, lat_deg]);
        let grid = boxes.map(|boxed| boxed.data).filter(holds).min().map(|index| &self.grids[index]);
        let candidates =
            accuracy_m.map(|accuracy_m| self.touched(point, grid, accuracy_m)).unwrap_or_default();
        Location { grid, candidates }
    }

    fn assignment(&self, fix: Option<&Fix>) -> Assignment<'_> {
        let Some(fix) = fix else {
            return Assignment::Unassigned { because: Unassigned::NoFix, candidates: Vec::new() };
        };
        let location = self.locate(fix.lon_deg, fix.lat_deg, fix.accuracy_m);
        let candidates =
            location.candidates.iter().map(|grid| Cow::Borrowed(grid.facts.grid.as_ref())).collect();
        match location.grid {
            Some(grid) if location.candidates.is_empty() => {
                Assignment::Assigned { grid: grid.facts.borrowed() }
            }
            Some(grid) => Assignment::Ambiguous { grid: grid.facts.borrowed(), candidates },
            None => Assignment::Unassigned { because: Unassigned::OutsideEveryGrid, candidates },
        }
    }

    /// The grids that an accuracy circle touches, if it reaches an edge of the grid that holds the point.
    fn touched(&self, point: Coord<f64>, own: Option<&Grid>, accuracy_m: f64) -> Vec<&Grid> {
        let plane = Plane::through(point);
        if own.is_some_and(|grid| plane.edge_distance_m(&grid.area) >= accuracy_m) {
            return Vec::new();
        }
        let radius_m = accuracy_m.min(SEARCH_RADIUS_MAX_M);
        let reach = plane.degrees(radius_m);
        let around = AABB::from_corners(
            [point.x - reach.x, point.y - reach.y],
            [point.x + reach.x, point.y + reach.y],
        );
        let boxes = self.tree.locate_in_envelope_intersecting(&around);
        let mut touched: Vec<(f64, usize)> =
            boxes.map(|boxed| (plane.distance_m(&self.grids[boxed.data].area), boxed.data)).collect();
        touched.retain(|(distance_m, _)| *distance_m <= radius_m);
        touched.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        touched.truncate(CANDIDATES_MAX);
        touched.into_iter().map(|(_, index)| &self.grids[index]).collect()
    }
}

#[cfg(test)]
mod tests;
