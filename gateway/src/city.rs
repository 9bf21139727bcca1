//! The city's data: the operator's files, or the example that is built in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config;
use crate::domain::codes::{CodeTable, CodeTableError};
use crate::domain::geography::{Geography, GeographyError};

/// The example city: Deyang's centre with synthetic duty grids, and the starter table of case codes.
const EXAMPLE_GRIDS: &[u8] = include_bytes!("../city/duty-grids.geojson");
const EXAMPLE_CODES: &[u8] = include_bytes!("../city/case-codes.csv");
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
}

/// Reads the configured city.
///
/// # Errors
/// [`CityError`]: a file is missing or something in it is wrong.
pub fn load(geography: &config::Geography) -> Result<Geography, CityError> {
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
    Ok(grids.with_codes(codes).with_coordinates(geography.coordinates()))
}

/// The city in one line, for people.
pub fn describe(geography: &config::Geography, city: &Geography) -> String {
    let grids = city.grids().len();
    let duty = match &geography.grids {
        Some(path) => format!("{}, {grids} duty grids", path.display()),
        None => format!("built-in example: Deyang, {grids} synthetic grids"),
    };
    match &geography.unit_grids {
        Some(path) => format!("{duty}; {}, {} unit grids", path.display(), city.unit_grids()),
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
        assert_eq!((city.grids().len(), city.unit_grids()), (320, 320));
        assert!(describe(&with_units, &city).ends_with(&format!("{name}, 320 unit grids")));
    }

    #[test]
    fn the_built_in_city_loads_and_a_missing_file_is_named() {
        let built_in = config::Geography::default();
        assert_eq!(load(&built_in).unwrap().grids().len(), 320);
        let missing =
            config::Geography { grids: Some("/nowhere/grids.geojson".into()), ..Default::default() };
        assert!(load(&missing).err().unwrap().to_string().starts_with("/nowhere/grids.geojson: "));
    }
}
