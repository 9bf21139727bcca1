//! Features one by one, tolerantly: what can't be read is a fault of its feature, not the end of the reading.

use std::fmt;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::MapKind;
use super::fault::{Fault, Hint, Place};
use crate::domain::grid;

/// Text properties of duty grids: what cases are addressed by, and what the loader wants to be text.
const ADDRESSES: [&str; 9] = [
    "district_code",
    "district",
    "street_code",
    "street",
    "community_code",
    "community",
    "responsible_unit",
    "line_authority",
    "block_authority",
];
/// Other properties that must be text where they stand, as the loader reads them.
const TEXTS: [&str; 3] = ["grid_name", "name", "community_unit"];
/// Properties that must be true or false, or nothing.
const FLAGS: [&str; 2] = ["joint_enforcement", "points_pilot"];
/// Names of one property, of which a feature has one.
const ALIASES: [(&str, &str); 2] = [("grid_code", "code"), ("grid_name", "name")];
/// Names of a unit grid's code, in the order in which they count.
const UNIT_CODES: [&str; 3] = ["unit_grid_code", "grid_code", "code"];
/// China with its islands, in degrees: longitude and latitude.
const CHINA_LON_DEG: std::ops::RangeInclusive<f64> = 73.4..=135.1;
const CHINA_LAT_DEG: std::ops::RangeInclusive<f64> = 3.4..=53.6;
/// Beyond this no degree goes, turned round or not.
const DEGREES_MAX: f64 = 360.0;
/// What is shown of a value that stands where another should, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// A feature as far as it could be read.
pub(super) struct Feature {
    /// Place in the file, from 1.
    pub(super) number: usize,
    /// Its code, or empty.
    pub(super) code: String,
    pub(super) faults: Vec<Fault>,
    /// Its area, if every ring of it can be used.
    pub(super) area: Option<MultiPolygon<f64>>,
}

/// The features of a collection; the error is the reader's.
pub(super) fn features(bytes: &[u8], kind: MapKind) -> Result<Vec<Feature>, String> {
    #[derive(Deserialize)]
    struct Collection {
        features: Features,
    }
    let Collection { features: Features(values) } =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(values.into_iter().enumerate().map(|(index, raw)| raw.feature(index + 1, kind)).collect())
}

/// All features; each is taken apart as it comes, because JSON values take ten times the room of a text.
struct Features(Vec<Raw>);

/// A feature's properties, and its area or why there is none.
struct Raw {
    properties: Value,
    area: Result<Parts, Fault>,
}

/// Polygons of rings of positions.
type Parts = Vec<Vec<Vec<Coord<f64>>>>;

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Features, D::Error> {
        struct OneByOne;

        impl<'de> Visitor<'de> for OneByOne {
            type Value = Features;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of features")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Features, A::Error> {
                let mut features = Vec::new();
                while let Some(value) = elements.next_element::<Value>()? {
                    features.push(Raw::of(value));
                }
                Ok(Features(features))
            }
        }

        deserializer.deserialize_seq(OneByOne)
    }
}

impl Raw {
    fn of(mut feature: Value) -> Raw {
        let area = match feature.get("geometry") {
            Some(geometry) => parts(geometry),
            None => Err(Fault::NotAFeature { found: shown(&feature) }),
        };
        let properties = feature.get_mut("properties").map(Value::take);
        // Without properties there is no code, and that is told.
        Raw { properties: properties.unwrap_or_else(|| Value::Object(serde_json::Map::new())), area }
    }

    fn feature(self, number: usize, kind: MapKind) -> Feature {
        let mut faults = Vec::new();
        let code = match &self.properties {
            Value::Object(_) => properties(&self.properties, kind, &mut faults),
            other => {
                faults.push(Fault::NotAFeature { found: format!("properties: {}", shown(other)) });
                String::new()
            }
        };
        let area = self.area.and_then(|parts| area(parts, &mut faults));
        let area = area.map_err(|fault| faults.push(fault)).ok();
        Feature { number, code, faults, area }
    }
}

/// The code, and what is wrong with the properties.
fn properties(properties: &Value, kind: MapKind, faults: &mut Vec<Fault>) -> String {
    let found = match kind {
        MapKind::DutyGrids => properties.get("grid_code").or(properties.get("code")),
        MapKind::UnitGrids => {
            UNIT_CODES.iter().filter_map(|name| properties.get(name)).find(|value| !value.is_null())
        }
    };
    let code = found.and_then(Value::as_str).unwrap_or_default().trim();
    let fits = match kind {
        MapKind::DutyGrids => grid::is_grid_code(code),
        MapKind::UnitGrids => grid::is_unit_code(code),
    };
    if !fits {
        let found = found.map_or("nothing".to_owned(), shown);
        faults.push(Fault::Code { found });
    }
    match kind {
        MapKind::DutyGrids => duty_properties(properties, faults),
        MapKind::UnitGrids => {
            let text_or_nothing = |value: &Value| value.is_string() || value.is_null();
            of_type(properties, &UNIT_CODES, text_or_nothing, faults);
        }
    }
    if fits { code.to_owned() } else { String::new() }
}

fn duty_properties(properties: &Value, faults: &mut Vec<Fault>) {
    for (name, other) in ALIASES {
        if properties.get(name).is_some() && properties.get(other).is_some() {
            faults.push(Fault::Property { name: name.to_owned(), found: format!("{other:?} beside it") });
        }
    }
    of_type(properties, &ADDRESSES, Value::is_string, faults);
    of_type(properties, &TEXTS, Value::is_string, faults);
    of_type(properties, &FLAGS, |value| value.is_boolean() || value.is_null(), faults);
    of_type(properties, &["zone"], |value| value.is_string() || value.is_null(), faults);
    let is_missing = |name: &&str| match properties.get(*name) {
        Some(value) => value.as_str().is_some_and(|text| text.trim().is_empty()),
        None => true,
    };
    let names: Vec<&str> = ADDRESSES.into_iter().filter(is_missing).collect();
    if !names.is_empty() {
        faults.push(Fault::MissingProperties { names });
    }
}

/// Tells of properties that stand there and are of another type.
fn of_type(properties: &Value, names: &[&str], fits: fn(&Value) -> bool, faults: &mut Vec<Fault>) {
    for name in names {
        if let Some(value) = properties.get(name).filter(|value| !fits(value)) {
            faults.push(Fault::Property { name: (*name).to_owned(), found: shown(value) });
        }
    }
}

/// The positions of a geometry.
fn parts(geometry: &Value) -> Result<Parts, Fault> {
    let not_a_polygon = || Fault::NotAPolygon { found: shown(geometry) };
    let coordinates = geometry.get("coordinates").and_then(Value::as_array).ok_or_else(not_a_polygon)?;
    let polygon = |rings: &Value| rings.as_array()?.iter().map(positions).collect::<Option<Vec<_>>>();
    let parts = match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon") => {
            coordinates.iter().map(positions).collect::<Option<Vec<_>>>().map(|rings| vec![rings])
        }
        Some("MultiPolygon") => coordinates.iter().map(polygon).collect(),
        _ => None,
    };
    parts.ok_or_else(not_a_polygon)
}

fn positions(ring: &Value) -> Option<Vec<Coord<f64>>> {
    let position = |position: &Value| match position.as_array()?.as_slice() {
        // A height must be a number too.
        numbers @ [x, y, ..] if numbers.iter().all(Value::is_number) => {
            Some(Coord { x: x.as_f64()?, y: y.as_f64()? })
        }
        _ => None,
    };
    ring.as_array()?.iter().map(position).collect()
}

/// The area, if every ring can be used; a place outside China is told beside it.
fn area(parts: Parts, faults: &mut Vec<Fault>) -> Result<MultiPolygon<f64>, Fault> {
    let mut abroad = None;
    let mut polygons = Vec::with_capacity(parts.len());
    for rings in parts {
        let mut lines = Vec::with_capacity(rings.len());
        for positions in rings {
            if let Some(at) = positions.iter().find(|at| at.x.abs() > 180.0 || at.y.abs() > 90.0) {
                return Err(Fault::NotDegrees { at: (*at).into(), hint: hint(*at) });
            }
            abroad = abroad.or(positions.iter().copied().find(|at| !is_in_china(*at)));
            lines.push(ring(positions)?);
        }
        let mut lines = lines.into_iter();
        let shell = lines.next().ok_or(Fault::NoRing)?;
        polygons.push(Polygon::new(shell, lines.collect()));
    }
    if let Some(at) = abroad {
        faults.push(Fault::OutsideChina { at: at.into(), hint: hint(at) });
    }
    if polygons.is_empty() { Err(Fault::NoRing) } else { Ok(MultiPolygon::new(polygons)) }
}

fn ring(positions: Vec<Coord<f64>>) -> Result<LineString<f64>, Fault> {
    if positions.len() < 4 {
        return Err(Fault::ShortRing);
    }
    match positions[0] == positions[positions.len() - 1] {
        true => Ok(LineString::new(positions)),
        false => Err(Fault::OpenRing { at: Place::from(positions[0]) }),
    }
}

fn is_in_china(at: Coord<f64>) -> bool {
    CHINA_LON_DEG.contains(&at.x) && CHINA_LAT_DEG.contains(&at.y)
}

/// What a place outside China looks like.
fn hint(at: Coord<f64>) -> Hint {
    if is_in_china(Coord { x: at.y, y: at.x }) {
        Hint::Swapped
    } else if at.x.abs() > DEGREES_MAX || at.y.abs() > DEGREES_MAX {
        Hint::Metres
    } else {
        Hint::None
    }
}

/// A value in a message: what has a type by that, the rest cut.
fn shown(value: &Value) -> String {
    if let Some(name) = value.get("type").and_then(Value::as_str) {
        return name.chars().take(SHOWN_CHARS_MAX).collect();
    }
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string().chars().take(SHOWN_CHARS_MAX).collect(),
    }
}
