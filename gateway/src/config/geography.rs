//! `[geography]`: the city's data. What is left out is taken from the built-in example city.

mod systems;

use std::path::PathBuf;

use self::systems::{Meridian, System};
use super::kinds::FilePath;
use super::value::Keys;
use crate::domain::coordinates::Coordinates;
use crate::domain::coordinates::gauss_krueger::Projection;
use crate::domain::coordinates::local::LocalSystem;

/// The central meridian of the built-in example city: Deyang, zone 35.
const EXAMPLE_MERIDIAN_DEG: f64 = 105.0;

/// `[geography]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Geography {
    /// GeoJSON of the duty grids.
    pub grids: Option<PathBuf>,
    /// GeoJSON of the unit grids (about 100 m), named on incidents beside the duty grid.
    pub unit_grids: Option<PathBuf>,
    /// CSV of the case codes.
    pub codes: Option<PathBuf>,
    /// TOML of the local rules: who owns, who gets a copy, time limits, joint enforcement.
    pub rules: Option<PathBuf>,
    /// GeoJSON of the roads and points that joint enforcement is about.
    pub places: Option<PathBuf>,
    /// CSV of the stall register, until the platform sends a newer one.
    pub stalls: Option<PathBuf>,
    /// CSV of the points that assessments of stalls bring and cost.
    pub points: Option<PathBuf>,
    /// CSV of the case code of each camera event number.
    pub camera_events: Option<PathBuf>,
    /// The plane of positions in `cgcs2000_gk` whose easting has no zone.
    pub central_meridian_deg: Option<Projection>,
    /// The city's own coordinate system.
    pub local_system: Option<LocalSystem>,
}

impl Geography {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("geography");
        keys.optional("grids", FilePath, &mut self.grids);
        keys.optional("unit_grids", FilePath, &mut self.unit_grids);
        keys.optional("codes", FilePath, &mut self.codes);
        keys.optional("rules", FilePath, &mut self.rules);
        keys.optional("places", FilePath, &mut self.places);
        keys.optional("stalls", FilePath, &mut self.stalls);
        keys.optional("points", FilePath, &mut self.points);
        keys.optional("camera_events", FilePath, &mut self.camera_events);
        keys.optional("central_meridian_deg", Meridian, &mut self.central_meridian_deg);
        keys.optional("local_system", System, &mut self.local_system);
    }

    /// The systems in which devices may send their positions. The example city's meridian counts for the example city only:
    /// with grids of another one it would be a guess.
    pub fn coordinates(&self) -> Coordinates {
        let example = || Projection::new(EXAMPLE_MERIDIAN_DEG).filter(|_| self.grids.is_none());
        Coordinates::new(self.central_meridian_deg.or_else(example), self.local_system)
    }
}
