//! Duty grids as GeoJSON (RFC 7946): polygons and multi-polygons with holes in WGS-84, and who is responsible for each.
//!
//! Every feature needs a `grid_code` (or `code`) of 14 or 15 digits that no other feature has; the rest may be left out and is then
//! empty. A bad feature refuses the whole file and is named: half a map would send cases to nobody.

use std::borrow::Cow;
use std::fmt;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;

use super::casework::GridFacts;

/// One duty grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Its code and who is responsible.
    pub facts: GridFacts<'static>,
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

/// What is wrong with an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AreaFault {
    /// Fewer than four positions in a ring.
    #[error("a ring has fewer than four positions")]
    ShortRing,
    /// The first and the last position of a ring differ.
    #[error("a ring is not closed")]
    OpenRing,
    /// A coordinate outside the degrees of the Earth: perhaps metres, perhaps swapped.
    #[error("a coordinate is outside -180..180, -90..90: longitude comes first, in degrees")]
    NotDegrees,
    /// There is no ring at all.
    #[error("the area is empty")]
    NoRing,
}

type Ring = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct Collection<'a> {
    name: Option<String>,
    #[serde(borrow)]
    features: Vec<Feature<'a>>,
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow, default)]
    properties: Properties<'a>,
    geometry: Geometry,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
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
}

/// Reads a grid file; the grids come back sorted by code, whatever their order in the file.
pub fn read(bytes: &[u8]) -> Result<GridFile, GridFileError> {
    let collection: Collection<'_> = serde_json::from_slice(bytes)
        .map_err(|error| GridFileError::NotGeoJson { detail: error.to_string() })?;
    if collection.features.is_empty() {
        return Err(GridFileError::Empty);
    }
    let features = collection.features.into_iter().enumerate();
    let mut grids =
        features.map(|(index, feature)| grid(index + 1, feature)).collect::<Result<Vec<_>, _>>()?;
    grids.sort_by(|a, b| a.facts.grid.cmp(&b.facts.grid));
    match grids.windows(2).find(|pair| pair[0].facts.grid == pair[1].facts.grid) {
        Some(pair) => Err(GridFileError::Twice { code: pair[0].facts.grid.to_string() }),
        None => Ok(GridFile { name: collection.name.unwrap_or_else(|| "grids".to_owned()), grids }),
    }
}

fn grid(number: usize, feature: Feature<'_>) -> Result<Grid, GridFileError> {
    let code = feature.properties.grid_code.trim();
    let name = || FeatureName { number, code: code.to_owned() };
    if !matches!(code.len(), 14 | 15) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(GridFileError::NoCode {
            feature: FeatureName { number, code: String::new() },
            found: code.into(),
        });
    }
    let area = area(feature.geometry).map_err(|fault| GridFileError::BadArea { feature: name(), fault })?;
    Ok(Grid { facts: facts(feature.properties), area })
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

fn area(geometry: Geometry) -> Result<MultiPolygon<f64>, AreaFault> {
    let polygons = match geometry {
        Geometry::Polygon(rings) => vec![rings],
        Geometry::MultiPolygon(polygons) => polygons,
    };
    if polygons.is_empty() {
        return Err(AreaFault::NoRing);
    }
    polygons.into_iter().map(polygon).collect::<Result<Vec<_>, _>>().map(MultiPolygon::new)
}

fn polygon(rings: Vec<Ring>) -> Result<Polygon<f64>, AreaFault> {
    let mut rings = rings.into_iter().map(ring).collect::<Result<Vec<_>, _>>()?.into_iter();
    let outer = rings.next().ok_or(AreaFault::NoRing)?;
    Ok(Polygon::new(outer, rings.collect()))
}

fn ring(positions: Ring) -> Result<LineString<f64>, AreaFault> {
    let coords = positions.iter().map(|position| coord(position)).collect::<Result<Vec<_>, _>>()?;
    match (coords.len() >= 4, coords.first() == coords.last()) {
        (false, _) => Err(AreaFault::ShortRing),
        (_, false) => Err(AreaFault::OpenRing),
        _ => Ok(LineString::new(coords)),
    }
}

/// A position: longitude, latitude, and a height that is passed over.
fn coord(position: &[f64]) -> Result<Coord<f64>, AreaFault> {
    match *position {
        [x, y, ..] if (-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y) => Ok(Coord { x, y }),
        _ => Err(AreaFault::NotDegrees),
    }
}
