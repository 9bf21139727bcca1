//! A position in JSON: where, how exactly, how old, and in which coordinate system.
//!
//! GCJ-02 read as WGS-84 is off by about 350 m, which is another grid more often than not; so a position
//! without its system is refused, and so is a system that is not known or not configured. What is declared is
//! brought into WGS-84 here. The fields of the declared system count; those of other systems are passed over
//! like any unknown field.

use serde::Deserialize;

use super::values::{Text, needed, whole, within};
use crate::domain::admission::{Reason, Rejection};
use crate::domain::coordinates::{CoordinateError, Coordinates, LonLat};
use crate::domain::report::{Crs, Fix, FixType};

/// A radius above this is no accuracy: half the way around the Earth, in metres.
const ACCURACY_MAX_M: f64 = 20_037_508.0;

#[derive(Deserialize)]
pub(super) struct PositionText<'a> {
    lon: Option<f64>,
    lat: Option<f64>,
    easting_m: Option<f64>,
    northing_m: Option<f64>,
    accuracy_m: Option<f64>,
    fix_age_ms: Option<f64>,
    #[serde(borrow)]
    fix_type: Option<Text<'a>>,
    #[serde(borrow)]
    crs: Option<Text<'a>>,
}

impl PositionText<'_> {
    pub(super) fn fix(self, coordinates: Coordinates) -> Result<Fix, Rejection> {
        let crs = crs(self.crs.as_ref())?;
        let LonLat { lon_deg, lat_deg } = self.place(crs, coordinates)?;
        Ok(Fix {
            lon_deg,
            lat_deg,
            accuracy_m: within("position.accuracy_m", self.accuracy_m, 0.0..=ACCURACY_MAX_M)?,
            fix_age_ms: whole("position.fix_age_ms", self.fix_age_ms, 0..=i64::from(u32::MAX))?,
            fix_type: self.fix_type.and_then(|name| FixType::from_name(&name.0)),
            crs,
        })
    }

    /// Where it is in WGS-84.
    fn place(&self, crs: Crs, coordinates: Coordinates) -> Result<LonLat, Rejection> {
        let (first, second) = if crs.is_plane() {
            (needed("position.easting_m", self.easting_m)?, needed("position.northing_m", self.northing_m)?)
        } else {
            let lon = within("position.lon", self.lon, -180.0..=180.0)?;
            let lat = within("position.lat", self.lat, -90.0..=90.0)?;
            (needed("position.lon", lon)?, needed("position.lat", lat)?)
        };
        coordinates.wgs84(crs, first, second).map_err(no_place)
    }
}

fn no_place(error: CoordinateError) -> Rejection {
    let reason = if error.is_configuration() { Reason::UnsupportedCrs } else { Reason::OutOfRange };
    Rejection::new(reason, format!("position: {error}"))
}

fn crs(declared: Option<&Text<'_>>) -> Result<Crs, Rejection> {
    let names = || Crs::NAMES.join(", ");
    let Some(declared) = declared else {
        let detail = format!("position.crs is missing: declare one of {}", names());
        return Err(Rejection::new(Reason::UndeclaredCrs, detail));
    };
    Crs::from_name(&declared.0).ok_or_else(|| {
        let detail = format!("position.crs: {:?} is none of {}", declared.0, names());
        Rejection::new(Reason::UnsupportedCrs, detail)
    })
}
