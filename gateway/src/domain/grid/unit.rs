//! Unit grids (单元网格) as GeoJSON: the same form as duty grids, and only code and area are read.

use std::borrow::Cow;

use geo::MultiPolygon;
use serde::Deserialize;

use super::area::{Geometry, area};
use super::{Collection, FeatureName, GridFileError, UNNAMED};

/// Length of a unit grid's code in characters. The national editions have 12 to 17 digits, and cities add their own.
const CODE_CHARS_MAX: usize = 20;

/// One unit grid.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitGrid {
    /// Its code: 1 to 20 letters and digits.
    pub code: Box<str>,
    /// Its area in degrees, WGS-84; every ring is closed.
    pub area: MultiPolygon<f64>,
}

/// A file of unit grids as read, with its own name.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitGridFile {
    /// The collection's `name`; `grids` when it has none.
    pub name: String,
    /// The unit grids, sorted by code.
    pub units: Vec<UnitGrid>,
}

/// The code stands under the first of these names that is there.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Properties<'a> {
    #[serde(borrow)]
    unit_grid_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    grid_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow, default)]
    properties: Properties<'a>,
    geometry: Geometry,
}

/// Reads a file of unit grids; they come back sorted by code, whatever their order in the file.
///
/// # Errors
/// [`GridFileError`]: as of duty grids, but for the form of the code.
pub fn read_units(bytes: &[u8]) -> Result<UnitGridFile, GridFileError> {
    let collection: Collection<Feature<'_>> = super::collection(bytes)?;
    let features = collection.features.into_iter().enumerate();
    let mut units =
        features.map(|(index, feature)| unit(index + 1, feature)).collect::<Result<Vec<_>, _>>()?;
    units.sort_by(|a, b| a.code.cmp(&b.code));
    match units.windows(2).find(|pair| pair[0].code == pair[1].code) {
        Some(pair) => Err(GridFileError::Twice { code: pair[0].code.to_string() }),
        None => Ok(UnitGridFile { name: collection.name.unwrap_or_else(|| UNNAMED.to_owned()), units }),
    }
}

/// A unit grid's code has its form.
pub(in crate::domain) fn is_unit_code(code: &str) -> bool {
    (1..=CODE_CHARS_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn unit(number: usize, feature: Feature<'_>) -> Result<UnitGrid, GridFileError> {
    let Properties { unit_grid_code, grid_code, code } = feature.properties;
    let found = unit_grid_code.or(grid_code).or(code).unwrap_or_default();
    let code = found.trim();
    let name = |code: &str| FeatureName { number, code: code.to_owned() };
    if !is_unit_code(code) {
        return Err(GridFileError::NoUnitCode { feature: name(""), found: code.to_owned() });
    }
    let area =
        area(feature.geometry).map_err(|fault| GridFileError::BadArea { feature: name(code), fault })?;
    Ok(UnitGrid { code: code.into(), area })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(properties: &[&str]) -> Result<UnitGridFile, GridFileError> {
        let ring = "[[[104,31],[104.001,31],[104.001,31.001],[104,31]]]";
        let features: Vec<String> = properties
            .iter()
            .map(|properties| {
                format!(
                    r#"{{"properties":{properties},"geometry":{{"type":"Polygon","coordinates":{ring}}}}}"#
                )
            })
            .collect();
        read_units(format!(r#"{{"features":[{}]}}"#, features.join(",")).as_bytes())
    }

    #[test]
    fn a_code_stands_under_one_of_three_names_and_other_properties_are_passed_over() {
        let file = file(&[
            r#"{"grid_code": "51060300100101", "code": "other", "area": 3}"#,
            r#"{"code": "510603001001A7"}"#,
            r#"{"unit_grid_code": " 12345678901234567890 ", "grid_code": "510603001001001"}"#,
        ])
        .expect("unit grids");
        let codes: Vec<&str> = file.units.iter().map(|unit| &*unit.code).collect();
        assert_eq!(codes, ["12345678901234567890", "51060300100101", "510603001001A7"], "sorted");
        assert_eq!(file.name, "grids");
    }

    #[test]
    fn a_malformed_or_second_code_refuses_the_file_and_is_named() {
        let error = |properties: &[&str]| file(properties).expect_err("refused").to_string();
        let good = r#"{"code": "1"}"#;
        assert_eq!(
            error(&[good, r#"{"code": "123456789012345678901"}"#]),
            "feature 2: code \"123456789012345678901\" is not 1 to 20 letters and digits"
        );
        assert!(error(&[r"{}"]).starts_with("feature 1: code \"\" is not"));
        assert!(error(&[r#"{"code": "a-1"}"#]).starts_with("feature 1: code \"a-1\" is not"));
        assert_eq!(error(&[good, good]), "grid code 1 stands in the file twice");
        assert_eq!(error(&[]), "the feature collection is empty");
    }
}
