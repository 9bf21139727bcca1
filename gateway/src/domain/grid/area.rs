//! The area of a feature.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;

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
#[serde(tag = "type", content = "coordinates")]
pub(super) enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

pub(super) fn area(geometry: Geometry) -> Result<MultiPolygon<f64>, AreaFault> {
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
