//! Point to grid: whose an incident is, by the place it carries.
//!
//! - A bounding-box tree finds the few grids a point may lie in (`areas`); a robust point-in-polygon test decides
//!   (`area`). A point on an edge belongs to the lowest grid code that touches it, whatever the order of the file.
//! - Outside every grid, or without a position, an incident is `unassigned` and forwarded all the same.
//! - When the accuracy circle reaches the grid's edge the answer is `ambiguous`, with the grids the circle
//!   touches.
//! - Distances are measured on a plane through the point (`plane`), good to 1 % within the search radius.
//! - Unit grids (单元网格, about 100 m) are a second map, found the same way and without candidates.

mod area;
mod areas;

use geo::Coord;

use self::areas::Areas;
use super::codes::CodeTable;
use super::coordinates::Coordinates;
use super::grid::{self, Grid, GridFileError};

/// Accuracy circles are searched for candidate grids up to this radius in metres; a worse fix names no grid
/// better.
pub const SEARCH_RADIUS_MAX_M: f64 = 2_000.0;
/// Candidate grids named for one incident, the nearest first.
pub const CANDIDATES_MAX: usize = 8;

/// Why a file is no geography.
pub type GeographyError = GridFileError;

/// The city: its duty grids, its case codes and its coordinate systems. Immutable; shared by reference counting.
#[derive(Debug)]
pub struct Geography {
    /// Sorted by code: the lowest index is the lowest code.
    grids: Vec<Grid>,
    areas: Areas,
    units: Option<UnitGrids>,
    codes: CodeTable,
    coordinates: Coordinates,
    version: String,
}

/// A map of unit grids.
#[derive(Debug)]
struct UnitGrids {
    /// Sorted.
    codes: Vec<Box<str>>,
    areas: Areas,
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
    /// Reads a map of duty grids; see [`super::grid`] for its form. No case code is known yet, nor a unit grid.
    pub fn from_geojson(bytes: &[u8]) -> Result<Geography, GeographyError> {
        let file = grid::read(bytes)?;
        Ok(Geography {
            areas: Areas::new(file.grids.iter().map(|grid| &grid.area)),
            grids: file.grids,
            units: None,
            codes: CodeTable::default(),
            coordinates: Coordinates::default(),
            version: version(&file.name, bytes),
        })
    }

    /// The same with a map of unit grids; see [`grid::read_units`] for its form.
    ///
    /// # Errors
    /// [`GeographyError`]: the map is not one.
    pub fn with_unit_grids(self, bytes: &[u8]) -> Result<Geography, GeographyError> {
        let file = grid::read_units(bytes)?;
        let areas = Areas::new(file.units.iter().map(|unit| &unit.area));
        let codes = file.units.into_iter().map(|unit| unit.code).collect();
        let units = UnitGrids { codes, areas, version: version(&file.name, bytes) };
        Ok(Geography { units: Some(units), ..self })
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

    /// The same of the map of unit grids; `None` without one.
    pub fn unit_version(&self) -> Option<&str> {
        self.units.as_ref().map(|units| units.version.as_str())
    }

    /// How many unit grids there are.
    pub fn unit_grids(&self) -> usize {
        self.units.as_ref().map_or(0, |units| units.codes.len())
    }

    /// Where a point lies (degrees, WGS-84), within an accuracy in metres if one is known.
    pub fn locate(&self, lon_deg: f64, lat_deg: f64, accuracy_m: Option<f64>) -> Location<'_> {
        let point = Coord { x: lon_deg, y: lat_deg };
        let own = self.areas.holding(point);
        let candidates = accuracy_m.map(|accuracy_m| self.candidates(point, own, accuracy_m));
        Location { grid: own.map(|index| &self.grids[index]), candidates: candidates.unwrap_or_default() }
    }

    /// The code of the unit grid that holds a point (degrees, WGS-84), the lowest on an edge; `None` outside all, and
    /// without a map of them.
    pub fn unit_grid(&self, lon_deg: f64, lat_deg: f64) -> Option<&str> {
        let units = self.units.as_ref()?;
        Some(&units.codes[units.areas.holding(Coord { x: lon_deg, y: lat_deg })?])
    }

    /// Metres from a point (degrees, WGS-84) to the nearest edge of the grid that holds it, or else of the nearest grid
    /// within [`SEARCH_RADIUS_MAX_M`]. An accuracy above it is ambiguous.
    pub fn edge_distance_m(&self, lon_deg: f64, lat_deg: f64) -> Option<f64> {
        let point = Coord { x: lon_deg, y: lat_deg };
        match self.areas.holding(point) {
            Some(index) => self.areas.edge_distance_m(point, index, f64::INFINITY),
            None => Some(self.areas.touched(point, SEARCH_RADIUS_MAX_M).first()?.0),
        }
    }

    /// The grids that an accuracy circle touches, if it reaches an edge of the grid that holds the point.
    fn candidates(&self, point: Coord<f64>, own: Option<usize>, accuracy_m: f64) -> Vec<&Grid> {
        if own.is_some_and(|index| self.areas.edge_distance_m(point, index, accuracy_m).is_none()) {
            return Vec::new();
        }
        let touched = self.areas.touched(point, accuracy_m.min(SEARCH_RADIUS_MAX_M)).into_iter();
        touched.take(CANDIDATES_MAX).map(|(_, index)| &self.grids[index]).collect()
    }
}

/// Name and CRC-32C of a map.
fn version(name: &str, bytes: &[u8]) -> String {
    format!("{name}@{:08x}", crc32c::crc32c(bytes))
}

#[cfg(test)]
mod tests;
