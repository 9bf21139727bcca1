//! Coordinate systems: what a device declares becomes WGS-84 at the edge, and the declared system stays with the position.
//!
//! | system | what it is | how it becomes WGS-84 |
//! |---|---|---|
//! | `wgs84` | longitude, latitude | as it is |
//! | `cgcs2000` | longitude, latitude of the national system | as it is: they differ by centimetres |
//! | `gcj02` | the shifted longitude, latitude of Chinese map services | [`gcj02`], by iteration |
//! | `cgcs2000_gk` | easting, northing on a 3-degree Gauss-Krueger plane of CGCS2000 | [`gauss_krueger`] |
//! | `local` | easting, northing in the city's own system | [`local`], then the plane, then as above |
//!
//! Nothing is guessed: a plane whose central meridian is not known and a local system that is not configured are refused.
//! All is arithmetic; errors are below a millimetre but for GCJ-02, whose inverse is good to 0.01 m.

pub mod gauss_krueger;
pub mod gcj02;
pub mod local;

use self::gauss_krueger::Projection;
use self::local::LocalSystem;
use super::report::Crs;

/// A place in degrees; in which system is said by whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLat {
    /// Longitude in degrees east.
    pub lon_deg: f64,
    /// Latitude in degrees north.
    pub lat_deg: f64,
}

/// A point on a plane in metres; of which system is said by whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanePoint {
    /// Metres to the east, false easting included.
    pub easting_m: f64,
    /// Metres to the north.
    pub northing_m: f64,
}

/// The systems of this city that can't be read without configuration. Small and copied, so that it can be handed beside
/// whatever reads payloads; by default nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Coordinates {
    /// The plane of `cgcs2000_gk` for eastings without a zone.
    plane: Option<Projection>,
    /// The city's own system.
    local: Option<LocalSystem>,
    /// Points on planes are not placed at all.
    unplaced: bool,
}

/// Why a position can't be brought into WGS-84.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CoordinateError {
    /// An easting without a zone, and nobody said which central meridian counts. The operator sets the key.
    #[error(
        "cgcs2000_gk: an easting without a zone needs a central meridian, and none is configured: set \
         geography.central_meridian_deg"
    )]
    NoCentralMeridian,
    /// A position in the city's own system, which nobody described. The operator sets the key.
    #[error("local: no local system is configured: set geography.local_system")]
    NoLocalSystem,
    /// No easting of a 3-degree zone. The device is corrected.
    #[error(
        "easting_m: {found} is neither an easting (0 to 1000000, with 500000 at the central meridian) nor one behind \
         the number of a 3-degree zone (25 to 45)"
    )]
    Easting {
        /// What stood there.
        found: f64,
    },
    /// No northing of the northern hemisphere. The device is corrected.
    #[error("northing_m: {found} is not between 0 and 10000000")]
    Northing {
        /// What stood there.
        found: f64,
    },
}

impl CoordinateError {
    /// The configuration lacks something; otherwise the position is wrong.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, CoordinateError::NoCentralMeridian | CoordinateError::NoLocalSystem)
    }
}

impl Coordinates {
    /// For who reads a payload and does not look at where it is: points on any plane are read, and all lie at 0, 0.
    pub const UNPLACED: Coordinates = Coordinates { plane: None, local: None, unplaced: true };

    /// The plane of eastings without a zone, and the city's own system, as far as they are known.
    pub const fn new(plane: Option<Projection>, local: Option<LocalSystem>) -> Coordinates {
        Coordinates { plane, local, unplaced: false }
    }

    /// A position as declared (longitude and latitude in degrees, or easting and northing in metres) in WGS-84.
    ///
    /// # Errors
    /// [`CoordinateError`]: the plane is not known, or this is no point on it. Degrees always have an answer.
    pub fn wgs84(&self, crs: Crs, first: f64, second: f64) -> Result<LonLat, CoordinateError> {
        let degrees = LonLat { lon_deg: first, lat_deg: second };
        let point = PlanePoint { easting_m: first, northing_m: second };
        match crs {
            Crs::Wgs84 | Crs::Cgcs2000 => Ok(degrees),
            Crs::Gcj02 => Ok(gcj02::to_wgs84(degrees)),
            Crs::Cgcs2000Gk | Crs::Local if self.unplaced => Ok(LonLat { lon_deg: 0.0, lat_deg: 0.0 }),
            Crs::Cgcs2000Gk => gauss_krueger::with_zone(point, self.plane),
            Crs::Local => self.local.ok_or(CoordinateError::NoLocalSystem)?.degrees(point),
        }
    }

    /// A place in WGS-84 as a device would declare it in `crs`: the inverse of [`wgs84`](Self::wgs84), without a zone.
    ///
    /// # Errors
    /// [`CoordinateError`]: the plane is not known.
    pub fn declared(&self, crs: Crs, place: LonLat) -> Result<(f64, f64), CoordinateError> {
        let degrees = |place: LonLat| (place.lon_deg, place.lat_deg);
        let metres = |point: PlanePoint| (point.easting_m, point.northing_m);
        match crs {
            Crs::Wgs84 | Crs::Cgcs2000 => Ok(degrees(place)),
            Crs::Gcj02 => Ok(degrees(gcj02::from_wgs84(place))),
            Crs::Cgcs2000Gk => {
                Ok(metres(self.plane.ok_or(CoordinateError::NoCentralMeridian)?.project(place)))
            }
            Crs::Local => Ok(metres(self.local.ok_or(CoordinateError::NoLocalSystem)?.point(place))),
        }
    }
}

#[cfg(test)]
mod tests;
