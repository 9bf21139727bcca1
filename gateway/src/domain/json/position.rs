//! A position in JSON: where, how exactly, how old, and in which coordinate system.
//!
//! GCJ-02 read as WGS-84 is off by about 350 m, which is another grid more often than not; so a position without
//! its system is refused, and so is a system that is not converted here.

use serde::Deserialize;

use super::values::{Text, needed, whole, within};
use crate::domain::admission::{Reason, Rejection};
use crate::domain::report::{Crs, Fix, FixType};

/// A radius above this is no accuracy: half the way around the Earth, in metres.
const ACCURACY_MAX_M: f64 = 20_037_508.0;

#[derive(Deserialize)]
pub(super) struct PositionText<'a> {
    lon: Option<f64>,
    lat: Option<f64>,
    accuracy_m: Option<f64>,
    fix_age_ms: Option<f64>,
    #[serde(borrow)]
    fix_type: Option<Text<'a>>,
    #[serde(borrow)]
    crs: Option<Text<'a>>,
}

impl PositionText<'_> {
    pub(super) fn fix(self) -> Result<Fix, Rejection> {
        let lon = within("position.lon", self.lon, -180.0..=180.0)?;
        let lat = within("position.lat", self.lat, -90.0..=90.0)?;
        Ok(Fix {
            lon_deg: needed("position.lon", lon)?,
            lat_deg: needed("position.lat", lat)?,
            accuracy_m: within("position.accuracy_m", self.accuracy_m, 0.0..=ACCURACY_MAX_M)?,
            fix_age_ms: whole("position.fix_age_ms", self.fix_age_ms, 0..=i64::from(u32::MAX))?,
            fix_type: self.fix_type.and_then(|name| FixType::from_name(&name.0)),
            crs: crs(self.crs.as_ref())?,
        })
    }
}

fn crs(declared: Option<&Text<'_>>) -> Result<Crs, Rejection> {
    let Some(declared) = declared else {
        let detail = "position.crs is missing: declare \"wgs84\" or \"cgcs2000\"";
        return Err(Rejection::new(Reason::UndeclaredCrs, detail));
    };
    match declared.0.as_ref() {
        "wgs84" => Ok(Crs::Wgs84),
        "cgcs2000" => Ok(Crs::Cgcs2000),
        "gcj02" => {
            let detail = "position.crs: gcj02 is not converted yet; send wgs84 or cgcs2000";
            Err(Rejection::new(Reason::UnsupportedCrs, detail))
        }
        other => {
            let detail = format!("position.crs: {other:?} is none of wgs84, cgcs2000");
            Err(Rejection::new(Reason::UnsupportedCrs, detail))
        }
    }
}
