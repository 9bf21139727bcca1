//! The city's data: the operator's files, or the example that is built in.

mod rules;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use rules::{describe_rules, rules, stalls};

use crate::config;
use crate::domain::bad_lines::BadLines;
use crate::domain::camera::CameraEvents;
use crate::domain::city::City;
use crate::domain::codes::{CodeTable, CodeTableError};
use crate::domain::geography::{Geography, GeographyError};
use crate::domain::places::PlacesError;
use crate::domain::points::PointRules;
use crate::domain::rules::UnknownPlace;
use crate::domain::stalls::StallRegisterError;

/// The example city: Deyang's centre with synthetic duty grids, and the starter table of case codes.
const EXAMPLE_GRIDS: &[u8] = include_bytes!("../city/duty-grids.geojson");
const EXAMPLE_CODES: &[u8] = include_bytes!("../city/case-codes.csv");
/// What assessments of stalls bring and cost, and the case of each camera event number.
const EXAMPLE_POINTS: &[u8] = include_bytes!("../city/stall-points.csv");
const EXAMPLE_CAMERA_EVENTS: &[u8] = include_bytes!("../city/camera-ai-event-map.csv");
/// A city file is read up to here.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why a city file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// It can't be read, or is too large.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The grids are not valid.
    #[error("{name}: {source}")]
    Grids {
        /// The file's name, or "built-in example".
        name: String,
        /// What is wrong.
        source: GeographyError,
    },
    /// The case codes are not valid.
    #[error("{name}: {source}")]
    Codes {
        /// The file's name, or "built-in example".
        name: String,
        /// What is wrong.
        source: CodeTableError,
    },
    /// A file is not UTF-8 text.
    #[error("{name}: not UTF-8 text (byte {offset})")]
    NotText {
        /// The file's name.
        name: String,
        /// The first byte that is not UTF-8.
        offset: usize,
    },
    /// The rules are not valid.
    #[error("{source}")]
    Rules {
        /// What is wrong, with the file's name in each line.
        source: config::ConfigError,
    },
    /// The places are not valid.
    #[error("{name}: {source}")]
    Places {
        /// The file's name, or "built-in example".
        name: String,
        /// What is wrong.
        source: PlacesError,
    },
    /// The rules speak of a place that there is not.
    #[error("{name}: {source}")]
    UnknownPlace {
        /// The name of the file of rules.
        name: String,
        /// Which.
        source: UnknownPlace,
    },
    /// The stall register is not valid.
    #[error("{name}: {source}")]
    Stalls {
        /// The file's name.
        name: String,
        /// What is wrong.
        source: StallRegisterError,
    },
    /// A table has lines that are not valid.
    #[error("{name}: {source}")]
    Table {
        /// The file's name, or "built-in example".
        name: String,
        /// All that is wrong.
        source: BadLines,
    },
}

/// Reads the configured city.
///
/// # Errors
/// [`CityError`]: a file is missing or something in it is wrong.
pub fn load(geography: &config::Geography) -> Result<City, CityError> {
    let (name, bytes) = source(geography.grids.as_deref(), EXAMPLE_GRIDS)?;
    let grids = Geography::from_geojson(&bytes).map_err(|source| CityError::Grids { name, source })?;
    let (name, bytes) = source(geography.codes.as_deref(), EXAMPLE_CODES)?;
    let codes = CodeTable::from_csv(&bytes).map_err(|source| CityError::Codes { name, source })?;
    let grids = match &geography.unit_grids {
        None => grids,
        Some(path) => {
            let (name, bytes) = file(path)?;
            grids.with_unit_grids(&bytes).map_err(|source| CityError::Grids { name, source })?
        }
    };
    let grids = grids.with_codes(codes).with_coordinates(geography.coordinates());
    Ok(City { geography: grids, rules: rules(geography)?, points: Arc::new(points(geography)?) })
}

/// Reads what assessments of stalls bring and cost.
///
/// # Errors
/// [`CityError`], as [`load`].
fn points(geography: &config::Geography) -> Result<PointRules, CityError> {
    let (name, bytes) = source(geography.points.as_deref(), EXAMPLE_POINTS)?;
    PointRules::from_csv(&bytes).map_err(|source| CityError::Table { name, source })
}

/// Reads the case of each camera event number.
///
/// # Errors
/// [`CityError`], as [`load`].
pub fn camera_events(geography: &config::Geography) -> Result<CameraEvents, CityError> {
    let (name, bytes) = source(geography.camera_events.as_deref(), EXAMPLE_CAMERA_EVENTS)?;
    CameraEvents::from_csv(&bytes).map_err(|source| CityError::Table { name, source })
}

/// The city in one line, for people.
pub fn describe(geography: &config::Geography, city: &City) -> String {
    let grids = city.geography.grids().len();
    let duty = match &geography.grids {
        Some(path) => format!("{}, {grids} duty grids", path.display()),
        None => format!("built-in example: Deyang, {grids} synthetic grids"),
    };
    match &geography.unit_grids {
        Some(path) => format!("{duty}; {}, {} unit grids", path.display(), city.geography.unit_grids()),
        None => duty,
    }
}

fn source(path: Option<&Path>, example: &'static [u8]) -> Result<(String, Vec<u8>), CityError> {
    match path {
        Some(path) => file(path),
        None => Ok(("built-in example".to_owned(), example.to_vec())),
    }
}

fn file(path: &Path) -> Result<(String, Vec<u8>), CityError> {
    Ok((path.display().to_string(), read(path)?))
}

/// Reads a file of the city's, if it is not too large.
///
/// # Errors
/// [`CityError::File`], with its name.
pub fn read(path: &Path) -> Result<Vec<u8>, CityError> {
    let file = |source| CityError::File { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(file)?.len();
    if bytes > FILE_BYTES_MAX {
        let message = format!("{bytes} bytes, at most {FILE_BYTES_MAX} are read");
        return Err(file(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message)));
    }
    fs::read(path).map_err(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_unit_grids_is_read_beside_the_duty_grids_and_named_when_it_is_bad() {
        let unit_grids = tempfile::NamedTempFile::new().unwrap();
        let with_units =
            config::Geography { unit_grids: Some(unit_grids.path().to_owned()), ..Default::default() };
        let name = unit_grids.path().display().to_string();
        assert!(load(&with_units).err().unwrap().to_string().starts_with(&name), "an empty file");
        fs::write(unit_grids.path(), EXAMPLE_GRIDS).unwrap();
        let city = load(&with_units).unwrap();
        assert_eq!((city.geography.grids().len(), city.geography.unit_grids()), (320, 320));
        assert!(describe(&with_units, &city).ends_with(&format!("{name}, 320 unit grids")));
    }

    #[test]
    fn the_built_in_city_loads_and_a_missing_file_is_named() {
        let built_in = config::Geography::default();
        assert_eq!(load(&built_in).unwrap().geography.grids().len(), 320);
        assert!(!load(&built_in).unwrap().points.is_empty() && !camera_events(&built_in).unwrap().is_empty());
        let missing =
            config::Geography { grids: Some("/nowhere/grids.geojson".into()), ..Default::default() };
        assert!(load(&missing).err().unwrap().to_string().starts_with("/nowhere/grids.geojson: "));
    }
}
