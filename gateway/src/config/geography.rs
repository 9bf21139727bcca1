//! `[geography]`: the city's data. What is left out is taken from the built-in example city.

use std::path::PathBuf;

use super::kinds::FilePath;
use super::value::Keys;

/// `[geography]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    }
}
