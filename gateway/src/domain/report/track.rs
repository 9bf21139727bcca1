//! A stretch of positions.

use super::Telemetry;

/// Positions one after the other, during which fix type and vehicle state did not change. The report's time is that of
/// the first point.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The first point in full; it has a fix.
    pub first: Telemetry,
    /// All points, the first one included, their times rising or equal. Never empty.
    pub points: Vec<TrackPoint>,
}

/// A point of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackPoint {
    /// Time since the first point in milliseconds.
    pub elapsed_ms: u32,
    /// Longitude in degrees east, -180..=180.
    pub lon_deg: f64,
    /// Latitude in degrees north, -90..=90.
    pub lat_deg: f64,
    /// Speed over ground in km/h, if measured.
    pub speed_kmh: Option<f64>,
    /// Course over ground in degrees clockwise from north, 0..=360, if known.
    pub heading_deg: Option<f64>,
    /// Radius of the accuracy circle in metres, if known.
    pub accuracy_m: Option<f64>,
}
