//! Where something is, with the provenance of that position: who found it, how, how exactly and how long ago.

use serde::{Deserialize, Serialize};

use super::report::{Crs, Fix, FixType};

/// A fix older than this is not where the device is any more: a vehicle at walking pace has left a 50 m
/// circle. Project-defined.
pub const FIX_AGE_LIVE_MAX_MS: u32 = 60_000;

/// A position with its provenance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Geotag {
    /// Where the position comes from.
    pub source: GeotagSource,
    /// Longitude in degrees east, WGS-84.
    pub lon_deg: f64,
    /// Latitude in degrees north, WGS-84.
    pub lat_deg: f64,
    /// The system the device declared.
    pub crs: Crs,
    /// How the position was found, if known.
    pub fix_type: Option<FixType>,
    /// Radius of the accuracy circle in metres, if known.
    pub accuracy_m: Option<f64>,
    /// Age of the fix when the report was made, in milliseconds, if known.
    pub fix_age_ms: Option<u32>,
    /// What that age means.
    pub freshness: Freshness,
}

impl Geotag {
    /// The device's own fix as a geotag.
    pub fn of_device(fix: &Fix) -> Geotag {
        Geotag {
            source: GeotagSource::Device,
            lon_deg: fix.lon_deg,
            lat_deg: fix.lat_deg,
            crs: fix.crs,
            fix_type: fix.fix_type,
            accuracy_m: fix.accuracy_m,
            fix_age_ms: fix.fix_age_ms,
            freshness: Freshness::of(fix.fix_age_ms),
        }
    }
}

/// Where a position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeotagSource {
    /// The reporting device's own fix.
    Device,
}

/// Whether a position was current when the report was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// At most [`FIX_AGE_LIVE_MAX_MS`] old.
    Live,
    /// Older; never to be shown as live.
    Stale,
    /// The device did not say.
    Unknown,
}

impl Freshness {
    /// The freshness of a fix of this age in milliseconds.
    pub fn of(fix_age_ms: Option<u32>) -> Freshness {
        match fix_age_ms {
            Some(age_ms) if age_ms <= FIX_AGE_LIVE_MAX_MS => Freshness::Live,
            Some(_) => Freshness::Stale,
            None => Freshness::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_live_for_a_minute_and_unknown_age_is_not_live() {
        assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS)), Freshness::Live);
        assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS + 1)), Freshness::Stale);
        assert_eq!(Freshness::of(None), Freshness::Unknown);
    }
}
