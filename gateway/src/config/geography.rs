//! `[geography]`: the city. What is left out is taken from the built-in example city.

use std::path::PathBuf;

use super::kinds::FilePath;
use super::value::Keys;

/// `[geography]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Geography {
    /// GeoJSON of the duty grids.
    pub grids: Option<PathBuf>,
    /// CSV of the case codes.
    pub codes: Option<PathBuf>,
}

impl Geography {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("geography");
        keys.optional("grids", FilePath, &mut self.grids);
        keys.optional("codes", FilePath, &mut self.codes);
    }
}
