//! GeoJSON geometries (RFC 7946): degrees, longitude first, WGS-84.

use serde::Serialize;

use crate::domain::geotag::Geotag;
use crate::domain::report::TrackPoint;

/// Where something was.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type")]
pub(super) enum Geometry {
    Point { coordinates: [f64; 2] },
    LineString { coordinates: Vec<[f64; 2]> },
}

impl Geometry {
    pub(super) fn of(geotag: &Geotag) -> Geometry {
        Geometry::Point { coordinates: [geotag.lon_deg, geotag.lat_deg] }
    }

    /// The way along these points; a line has at least two, so a single one stays a point.
    pub(super) fn along(points: &[TrackPoint]) -> Geometry {
        let place = |point: &TrackPoint| [point.lon_deg, point.lat_deg];
        match points {
            [only] => Geometry::Point { coordinates: place(only) },
            points => Geometry::LineString { coordinates: points.iter().map(place).collect() },
        }
    }
}
