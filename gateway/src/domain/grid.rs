//! Duty grids as GeoJSON (RFC 7946): polygons and multi-polygons with holes in WGS-84, and who is responsible
//! for each.
//!
//! Self-crossing rings and areas that overlap are read all the same: a ring holds what it goes around, and where two
//! grids overlap the lower code counts. [`geo_check`](super::geo_check) tells of them.
//!
//! Every feature needs a `grid_code` (or `code`) of 14 or 15 digits that no other feature has; the rest may
//! be left out and is then empty. A bad feature refuses the whole file and is named: half a map would send
//! cases to nobody.

mod area;
mod unit;

use std::borrow::Cow;
use std::fmt;

use geo::MultiPolygon;
use serde::Deserialize;

pub use self::area::AreaFault;
use self::area::{Geometry, area};
pub(super) use self::unit::is_unit_code;
pub use self::unit::{UnitGrid, UnitGridFile, read_units};

use super::casework::GridFacts;

/// One duty grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Its code and who is responsible.
    pub facts: GridFacts<'static>,
    /// The administrative zone that it belongs to, such as a development zone beside the district; may be empty.
    pub zone: Box<str>,
    /// Cases here may go to several authorities at once (联勤联动).
    pub joint_enforcement: bool,
    /// Stalls here earn and lose points (积分制).
    pub points_pilot: bool,
    /// Its area in degrees, WGS-84; every ring is closed.
    pub area: MultiPolygon<f64>,
}

/// A grid file as read, with its own name.
#[derive(Debug, Clone, PartialEq)]
pub struct GridFile {
    /// The collection's `name`; `grids` when it has none.
    pub name: String,
    /// The grids, sorted by code.
    pub grids: Vec<Grid>,
}

/// Why a file is no map of duty grids. The operator corrects the feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridFileError {
    /// The file is not a GeoJSON FeatureCollection of polygons.
    #[error("not a GeoJSON feature collection of polygons: {detail}")]
    NotGeoJson {
        /// What the reader found, with line and column.
        detail: String,
    },
    /// The collection has no feature.
    #[error("the feature collection is empty")]
    Empty,
    /// A feature has no usable grid code.
    #[error("{feature}: grid_code {found:?} is not 14 or 15 digits")]
    NoCode {
        /// The feature.
        feature: FeatureName,
        /// What it has.
        found: String,
    },
    /// A feature has no usable code of a unit grid.
    #[error("{feature}: code {found:?} is not 1 to 20 letters and digits")]
    NoUnitCode {
        /// The feature.
        feature: FeatureName,
        /// What it has.
        found: String,
    },
    /// A feature's area is unusable.
    #[error("{feature}: {fault}")]
    BadArea {
        /// The feature.
        feature: FeatureName,
        /// What is wrong with it.
        fault: AreaFault,
    },
    /// Two features have the same code.
    #[error("grid code {code} stands in the file twice")]
    Twice {
        /// The code.
        code: String,
    },
}

/// Which feature it is: its place in the file (from 1) and its id, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureName {
    /// Place in the file, from 1.
    pub number: usize,
    /// Its grid code or what stands there.
    pub code: String,
}

impl fmt::Display for FeatureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feature {}", self.number)?;
        if self.code.is_empty() { Ok(()) } else { write!(f, " ({})", self.code) }
    }
}

/// The name of a collection that has none.
const UNNAMED: &str = "grids";

#[derive(Deserialize)]
struct Collection<F> {
    name: Option<String>,
    features: Vec<F>,
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow, default)]
    properties: Properties<'a>,
    geometry: Geometry,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Properties<'a> {
    #[serde(borrow, alias = "code")]
    grid_code: Cow<'a, str>,
    #[serde(borrow, alias = "name")]
    grid_name: Cow<'a, str>,
    #[serde(borrow)]
    district_code: Cow<'a, str>,
    #[serde(borrow)]
    district: Cow<'a, str>,
    #[serde(borrow)]
    street_code: Cow<'a, str>,
    #[serde(borrow)]
    street: Cow<'a, str>,
    #[serde(borrow)]
    community_code: Cow<'a, str>,
    #[serde(borrow)]
    community: Cow<'a, str>,
    #[serde(borrow)]
    responsible_unit: Cow<'a, str>,
    #[serde(borrow)]
    line_authority: Cow<'a, str>,
    #[serde(borrow)]
    block_authority: Cow<'a, str>,
    #[serde(borrow)]
    community_unit: Cow<'a, str>,
    #[serde(borrow)]
    zone: Option<Cow<'a, str>>,
    joint_enforcement: Option<bool>,
    points_pilot: Option<bool>,
}

/// Reads a grid file; the grids come back sorted by code, whatever their order in the file.
pub fn read(bytes: &[u8]) -> Result<GridFile, GridFileError> {
    let collection: Collection<Feature<'_>> = collection(bytes)?;
    let features = collection.features.into_iter().enumerate();
    let mut grids =
        features.map(|(index, feature)| grid(index + 1, feature)).collect::<Result<Vec<_>, _>>()?;
    grids.sort_by(|a, b| a.facts.grid.cmp(&b.facts.grid));
    match grids.windows(2).find(|pair| pair[0].facts.grid == pair[1].facts.grid) {
        Some(pair) => Err(GridFileError::Twice { code: pair[0].facts.grid.to_string() }),
        None => Ok(GridFile { name: collection.name.unwrap_or_else(|| UNNAMED.to_owned()), grids }),
    }
}

/// The collection, if it has a feature.
fn collection<'a, F: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Collection<F>, GridFileError> {
    let collection: Collection<F> = serde_json::from_slice(bytes)
        .map_err(|error| GridFileError::NotGeoJson { detail: error.to_string() })?;
    if collection.features.is_empty() { Err(GridFileError::Empty) } else { Ok(collection) }
}

/// A duty grid's code has its form: 15 digits, or 14 by an older edition.
pub(super) fn is_grid_code(code: &str) -> bool {
    matches!(code.len(), 14 | 15) && code.bytes().all(|byte| byte.is_ascii_digit())
}

fn grid(number: usize, feature: Feature<'_>) -> Result<Grid, GridFileError> {
    let code = feature.properties.grid_code.trim();
    let name = || FeatureName { number, code: code.to_owned() };
    if !is_grid_code(code) {
        return Err(GridFileError::NoCode {
            feature: FeatureName { number, code: String::new() },
            found: code.into(),
        });
    }
    let area = area(feature.geometry).map_err(|fault| GridFileError::BadArea { feature: name(), fault })?;
    let properties = feature.properties;
    Ok(Grid {
        zone: properties.zone.as_deref().unwrap_or_default().trim().into(),
        joint_enforcement: properties.joint_enforcement.unwrap_or(false),
        points_pilot: properties.points_pilot.unwrap_or(false),
        facts: facts(properties),
        area,
    })
}

fn facts(properties: Properties<'_>) -> GridFacts<'static> {
    let owned = |text: Cow<'_, str>| Cow::Owned(text.trim().to_owned());
    GridFacts {
        grid: owned(properties.grid_code),
        grid_name: owned(properties.grid_name),
        district_code: owned(properties.district_code),
        district: owned(properties.district),
        street_code: owned(properties.street_code),
        street: owned(properties.street),
        community_code: owned(properties.community_code),
        community: owned(properties.community),
        responsible_unit: owned(properties.responsible_unit),
        line_authority: owned(properties.line_authority),
        block_authority: owned(properties.block_authority),
        community_unit: owned(properties.community_unit),
    }
}
