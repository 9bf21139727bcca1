//! Named places on the map that rules speak of: roads as lines, points with a radius.
//!
//! The file is GeoJSON (RFC 7946) in WGS-84: a feature collection of `LineString` and `MultiLineString` (kind `road`) and
//! `Point` (kind `joint_point`, with `radius_m`). Each has a `name` that no other has. Distances are those of the plane that
//! touches the Earth at the point in question; to a point with a radius they count from its circle.

use std::borrow::Cow;
use std::collections::BTreeMap;

use geo::{Coord, LineString};
use serde::Deserialize;

use super::area::{RADIUS_MAX_M, are_degrees};
use super::plane::Plane;

/// Places of one file.
pub const PLACES_MAX: usize = 10_000;

/// The places, by name. Immutable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Places {
    places: BTreeMap<Box<str>, Place>,
    version: String,
}

/// One place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// The line, or one position.
    lines: Vec<LineString<f64>>,
    /// How far it reaches around that, in metres.
    radius_m: f64,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// A road.
    Road,
    /// A point where authorities work together.
    JointPoint,
}

/// Why a file is no list of places. The operator corrects the feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    /// It is not a GeoJSON feature collection of lines and points.
    #[error("not a GeoJSON feature collection of lines and points: {detail}")]
    NotGeoJson {
        /// What the reader found, with line and column.
        detail: String,
    },
    /// One feature can't be used.
    #[error("feature {number} ({name}): {fault}")]
    BadFeature {
        /// Its place in the file, from 1.
        number: usize,
        /// Its name, or what stands there.
        name: String,
        /// What is wrong.
        fault: PlaceFault,
    },
    /// More than [`PLACES_MAX`].
    #[error("{found} features; at most {PLACES_MAX} are taken")]
    TooMany {
        /// How many there are.
        found: usize,
    },
}

/// What is wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceFault {
    /// It has no name.
    #[error("no `name`")]
    NoName,
    /// Another has its name.
    #[error("another feature has this name")]
    Twice,
    /// A coordinate outside the degrees of the Earth.
    #[error("a coordinate is outside -180..180, -90..90: longitude comes first, in degrees")]
    NotDegrees,
    /// A line of one position.
    #[error("a line has fewer than two positions")]
    ShortLine,
    /// Its kind is another than its form says.
    #[error("`kind` must be \"road\" for a line and \"joint_point\" for a point")]
    Kind,
    /// A radius that no point has.
    #[error("`radius_m` must be from 0 to {RADIUS_MAX_M}")]
    Radius,
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    features: Vec<Feature<'a>>,
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
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    radius_m: Option<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point(Vec<f64>),
    LineString(Vec<Vec<f64>>),
    MultiLineString(Vec<Vec<Vec<f64>>>),
}

impl Places {
    /// Reads a file of places.
    ///
    /// # Errors
    /// [`PlacesError`].
    pub fn from_geojson(bytes: &[u8]) -> Result<Places, PlacesError> {
        let collection: Collection<'_> = serde_json::from_slice(bytes)
            .map_err(|error| PlacesError::NotGeoJson { detail: error.to_string() })?;
        if collection.features.len() > PLACES_MAX {
            return Err(PlacesError::TooMany { found: collection.features.len() });
        }
        let mut places = BTreeMap::new();
        for (index, Feature { properties, geometry }) in collection.features.into_iter().enumerate() {
            let name = properties.name.trim().to_owned();
            let place = place(&properties, geometry).and_then(|place| match name.as_str() {
                "" => Err(PlaceFault::NoName),
                taken if places.contains_key(taken) => Err(PlaceFault::Twice),
                _ => Ok(place),
            });
            let place = place.map_err(|fault| PlacesError::BadFeature {
                number: index + 1,
                name: name.clone(),
                fault,
            })?;
            places.insert(name.into(), place);
        }
        Ok(Places { places, version: format!("places@{:08x}", crc32c::crc32c(bytes)) })
    }

    /// Name and CRC-32C of the file, `places@1a2b3c4d`; empty without one.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The place of this name.
    pub fn get(&self, name: &str) -> Option<&Place> {
        self.places.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.places.iter().map(|(name, place)| (&**name, place))
    }

    /// The places within so many metres of a point (degrees, WGS-84), with their distance.
    pub fn near(&self, lon_deg: f64, lat_deg: f64, within_m: f64) -> impl Iterator<Item = (&str, f64)> {
        let distances = self.iter().map(move |(name, place)| (name, place.distance_m(lon_deg, lat_deg)));
        distances.filter(move |(_, distance_m)| *distance_m <= within_m)
    }
}

impl Place {
    /// Metres from a point (degrees, WGS-84) to the place; 0 within its radius.
    pub fn distance_m(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let point = Coord { x: lon_deg, y: lat_deg };
        let distances = self.lines.iter().map(|line| Plane::through(point).line_distance_m(line));
        let nearest_m = distances.fold(f64::INFINITY, f64::min);
        (nearest_m - self.radius_m).max(0.0)
    }
}

fn place(properties: &Properties<'_>, geometry: Geometry) -> Result<Place, PlaceFault> {
    let line = |positions: Vec<Vec<f64>>| {
        let coords = positions.iter().map(|position| coord(position)).collect::<Result<Vec<_>, _>>()?;
        if coords.len() < 2 { Err(PlaceFault::ShortLine) } else { Ok(LineString::new(coords)) }
    };
    let (kind, lines) = match geometry {
        Geometry::Point(position) => (PlaceKind::JointPoint, vec![LineString::new(vec![coord(&position)?])]),
        Geometry::LineString(positions) => (PlaceKind::Road, vec![line(positions)?]),
        Geometry::MultiLineString(lines) => {
            (PlaceKind::Road, lines.into_iter().map(line).collect::<Result<_, _>>()?)
        }
    };
    let kind_name = match kind {
        PlaceKind::Road => "road",
        PlaceKind::JointPoint => "joint_point",
    };
    if properties.kind.as_deref().is_some_and(|written| written != kind_name) {
        return Err(PlaceFault::Kind);
    }
    let radius_m = properties.radius_m.unwrap_or(0.0);
    if !(0.0..=RADIUS_MAX_M).contains(&radius_m) {
        return Err(PlaceFault::Radius);
    }
    Ok(Place { kind, lines, radius_m })
}

/// A position: longitude, latitude, and a height that is passed over.
fn coord(position: &[f64]) -> Result<Coord<f64>, PlaceFault> {
    match *position {
        [x, y, ..] if are_degrees(x, y) => Ok(Coord { x, y }),
        _ => Err(PlaceFault::NotDegrees),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &[u8] = include_bytes!("../../city/joint-enforcement-roads.geojson");

    #[test]
    fn the_example_city_has_twelve_roads_and_six_points_and_each_is_near_itself() {
        let places = Places::from_geojson(CITY).unwrap();
        let of = |kind| places.iter().filter(|(_, place)| place.kind == kind).count();
        assert_eq!((of(PlaceKind::Road), of(PlaceKind::JointPoint)), (12, 6));
        for (name, place) in places.iter() {
            for position in place.lines.iter().flat_map(|line| &line.0) {
                assert!(places.near(position.x, position.y, 1.0).any(|(near, _)| near == name), "{name}");
            }
        }
    }

    #[test]
    fn a_point_reaches_as_far_as_its_radius_and_a_road_is_a_line() {
        let places = Places::from_geojson(CITY).unwrap();
        let (point, road) = (places.get("联合整治点1").unwrap(), places.get("泰山路").unwrap());
        // 100 m and 200 m north of the point, in degrees of latitude.
        assert_eq!(point.distance_m(104.373, 31.1124 + 0.0009), 0.0);
        let beyond = point.distance_m(104.373, 31.1124 + 0.0018);
        assert!((beyond - 50.0).abs() < 2.0, "{beyond}");
        // The road runs from 104.372 to 104.374: its middle lies at 104.373.
        let east = road.distance_m(104.3735, 31.135);
        assert!((east - 47.6).abs() < 1.0, "{east}");
    }

    #[test]
    fn a_bad_feature_is_named() {
        let with = |feature: &str| {
            let text = format!("{{\"features\":[{feature}]}}");
            Places::from_geojson(text.as_bytes()).unwrap_err().to_string()
        };
        let point = |properties: &str, position: &str| {
            with(&format!(
                "{{\"properties\":{properties},\"geometry\":{{\"type\":\"Point\",\"coordinates\":{position}}}}}"
            ))
        };
        assert_eq!(point("{}", "[104.4, 31.1]"), "feature 1 (): no `name`");
        assert!(point("{\"name\":\"a\"}", "[31.1, 104.4]").contains("longitude comes first"));
        assert!(point("{\"name\":\"a\",\"kind\":\"road\"}", "[104.4, 31.1]").contains("`kind` must be"));
        assert!(point("{\"name\":\"a\",\"radius_m\":-1}", "[104.4, 31.1]").contains("`radius_m` must be"));
        assert!(with("7").starts_with("not a GeoJSON feature collection"));
        let one = "{\"properties\":{\"name\":\"a\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[104.4,31.1]}}";
        assert!(with(&format!("{one},{one}")).starts_with("feature 2 (a): another feature"));
    }
}
