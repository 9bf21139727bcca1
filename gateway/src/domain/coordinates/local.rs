//! A city's own plane system, by four parameters to the Gauss-Krueger plane of CGCS2000.
//!
//! The plane similarity transform (平面四参数, in CH/T 2014-2016 among others):
//!
//! ```text
//! E = dx + k (e cos r - n sin r)        k = 1 + scale / 1,000,000
//! N = dy + k (e sin r + n cos r)
//! ```
//!
//! with easting e and northing n in the city's system, E and N on the plane. The rotation r turns counter-clockwise, from
//! east to north. Surveyors often write x for the northing: their dx is our `dy_m`, their dy our `dx_m`, and their rotation has
//! the other sign. The parameters of most cities are not public: they are configuration, and a surveyed point tells whether
//! they are right (`geo locate`).

use super::gauss_krueger::Projection;
use super::{CoordinateError, LonLat, PlanePoint};

const ARC_SECONDS_PER_DEGREE: f64 = 3_600.0;
const PER_MILLION: f64 = 1e-6;

/// A city's own system. All parameters lead from the city's system to the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalSystem {
    /// Shift to the east in metres, within [`SHIFT_MAX_M`](Self::SHIFT_MAX_M).
    pub dx_m: f64,
    /// Shift to the north in metres, within the same.
    pub dy_m: f64,
    /// Rotation in arc seconds, counter-clockwise, within half a turn.
    pub rotation_arcsec: f64,
    /// Scale in parts per million beyond 1, within [`SCALE_MAX_PPM`](Self::SCALE_MAX_PPM).
    pub scale_ppm: f64,
    /// The plane.
    pub plane: Projection,
}

impl LocalSystem {
    /// The farthest shift: nowhere on the plane is farther from its origin.
    pub const SHIFT_MAX_M: f64 = 10_000_000.0;
    /// The largest rotation: half a turn.
    pub const ROTATION_MAX_ARCSEC: f64 = 648_000.0;
    /// The largest scale: ten times what height and distance from the meridian can ask for (project-defined).
    pub const SCALE_MAX_PPM: f64 = 10_000.0;

    /// A point of the city's system as longitude and latitude.
    ///
    /// # Errors
    /// [`CoordinateError`]: it lies beyond the plane, with the easting or northing that it would have there.
    pub fn degrees(&self, point: PlanePoint) -> Result<LonLat, CoordinateError> {
        let (sine, cosine) = self.turn();
        let PlanePoint { easting_m, northing_m } = point;
        self.plane.degrees(PlanePoint {
            easting_m: self.dx_m + self.scale() * (easting_m * cosine - northing_m * sine),
            northing_m: self.dy_m + self.scale() * (easting_m * sine + northing_m * cosine),
        })
    }

    /// A place in the city's system.
    pub fn point(&self, place: LonLat) -> PlanePoint {
        let (sine, cosine) = self.turn();
        let on_plane = self.plane.project(place);
        let (easting_m, northing_m) = (on_plane.easting_m - self.dx_m, on_plane.northing_m - self.dy_m);
        PlanePoint {
            easting_m: (easting_m * cosine + northing_m * sine) / self.scale(),
            northing_m: (northing_m * cosine - easting_m * sine) / self.scale(),
        }
    }

    fn turn(&self) -> (f64, f64) {
        (self.rotation_arcsec / ARC_SECONDS_PER_DEGREE).to_radians().sin_cos()
    }

    fn scale(&self) -> f64 {
        1.0 + self.scale_ppm * PER_MILLION
    }
}
