//! Where something is, with the provenance of that position: who found it, how, how exactly and how long ago.
//!
//! The order of the sources (design of the patrol programme, confidence high): the device's own fix when it is good; else the
//! place of the vehicle that carries it, at the time of the event; else the surveyed position of the gateway's site; else the device's own
//! fix for what it is worth. What is good is project-defined: [`is_good`].

use serde::{Deserialize, Serialize};

use super::report::{Crs, DeviceId, Fix, FixType};
use super::tracks::{Jump, Place};

/// A fix older than this is not where the device is any more: a vehicle at walking pace has left a 50 m
/// circle. Project-defined.
pub const FIX_AGE_LIVE_MAX_MS: u32 = 60_000;
/// A fix with a larger circle is worse than knowing the vehicle. Project-defined.
pub const ACCURACY_GOOD_MAX_M: f64 = 100.0;
/// How far from the site a device that has no fix may be: the reach of an office's network. Project-defined.
pub const SITE_RADIUS_M: f64 = 100.0;

/// A position with its provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Geotag {
    /// Where the position comes from.
    pub source: GeotagSource,
    /// Longitude in degrees east, WGS-84.
    pub lon_deg: f64,
    /// Latitude in degrees north, WGS-84.
    pub lat_deg: f64,
    /// The system the device declared; of other sources WGS-84.
    pub crs: Crs,
    /// How the position was found, if known.
    pub fix_type: Option<FixType>,
    /// Radius of the accuracy circle in metres, if known.
    pub accuracy_m: Option<f64>,
    /// Age of the fix when the report was made, in milliseconds, if known.
    pub fix_age_ms: Option<u32>,
    /// What that age means.
    pub freshness: Freshness,
    /// The vehicle whose place it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<Box<str>>,
    /// It lies between two positions of the vehicle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interpolated: bool,
    /// The device's own fix is not where it can have come from its last one: how far it would have jumped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<JumpFacts>,
    /// The device's own fix, when another source was believed before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_fix: Option<OwnFix>,
}

/// A device's own fix that was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OwnFix {
    /// Longitude in degrees east, WGS-84.
    pub lon_deg: f64,
    /// Latitude in degrees north, WGS-84.
    pub lat_deg: f64,
    /// Radius of the accuracy circle in metres, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
    /// Its age when the report was made, in milliseconds, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_age_ms: Option<u32>,
}

impl From<&Fix> for OwnFix {
    fn from(fix: &Fix) -> OwnFix {
        let Fix { lon_deg, lat_deg, accuracy_m, fix_age_ms, .. } = *fix;
        OwnFix { lon_deg, lat_deg, accuracy_m, fix_age_ms }
    }
}

/// A jump as it stands on a report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JumpFacts {
    /// Metres from the fix before.
    pub distance_m: f64,
    /// The time since, in milliseconds.
    pub elapsed_ms: i64,
}

impl From<Jump> for JumpFacts {
    fn from(jump: Jump) -> JumpFacts {
        // Decimetres are enough for people, and shorter.
        JumpFacts { distance_m: (jump.distance_m * 10.0).round() / 10.0, elapsed_ms: jump.elapsed_ms }
    }
}

/// What is known of where a report was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The device's own fix.
    pub fix: Option<Fix>,
    /// How far that fix would have jumped from the one before, if nothing on patrol could.
    pub jump: Option<Jump>,
    /// The vehicle that carries the device, and where it was then.
    pub vehicle: Option<(DeviceId, Place)>,
    /// The time of the event is not trusted: what the vehicle's place says of its age means nothing.
    pub is_time_doubted: bool,
    /// Longitude and latitude of the gateway's site in degrees, WGS-84.
    pub site: Option<(f64, f64)>,
}

impl Scene {
    /// Where the report was made, by the best source there is.
    pub fn geotag(&self) -> Option<Geotag> {
        let own = self.fix.as_ref();
        if let Some(fix) = own.filter(|fix| self.jump.is_none() && is_good(fix)) {
            return Some(Geotag::of_device(fix));
        }
        let jump = self.jump.map(JumpFacts::from);
        let others = || {
            let by_vehicle = self.vehicle.as_ref().map(|(vehicle, place)| self.of_vehicle(vehicle, place));
            by_vehicle.or_else(|| self.site.map(Geotag::of_site))
        };
        match others() {
            Some(geotag) => Some(Geotag { jump, own_fix: own.map(OwnFix::from), ..geotag }),
            None => own.map(|fix| Geotag { jump, ..Geotag::of_device(fix) }),
        }
    }

    fn of_vehicle(&self, vehicle: &DeviceId, place: &Place) -> Geotag {
        let age_ms = u32::try_from(place.age_ms).unwrap_or(u32::MAX);
        let fix_age_ms = (!self.is_time_doubted).then_some(age_ms);
        Geotag {
            source: GeotagSource::Vehicle,
            fix_age_ms,
            accuracy_m: Some(place.accuracy_m),
            freshness: Freshness::of(fix_age_ms),
            vehicle: Some(vehicle.as_str().into()),
            interpolated: place.interpolated,
            ..Geotag::at(place.at)
        }
    }
}

/// Whether a device's own fix is believed before the vehicle's: not stale, and exact enough. An age or a circle that the device
/// does not tell is no reason against it.
pub fn is_good(fix: &Fix) -> bool {
    Freshness::of(fix.fix_age_ms) != Freshness::Stale
        && fix.accuracy_m.is_none_or(|accuracy_m| accuracy_m <= ACCURACY_GOOD_MAX_M)
}

impl Geotag {
    /// True when it says where the device itself was then: its own fix, neither old nor one that jumped.
    pub fn is_the_devices_own(&self) -> bool {
        self.source == GeotagSource::Device && self.freshness != Freshness::Stale && self.jump.is_none()
    }

    /// The device's own fix as a geotag.
    pub fn of_device(fix: &Fix) -> Geotag {
        Geotag {
            crs: fix.crs,
            fix_type: fix.fix_type,
            accuracy_m: fix.accuracy_m,
            fix_age_ms: fix.fix_age_ms,
            freshness: Freshness::of(fix.fix_age_ms),
            ..Geotag::at((fix.lon_deg, fix.lat_deg))
        }
    }

    /// The gateway's site: it does not move, and devices are somewhere around it.
    fn of_site(at: (f64, f64)) -> Geotag {
        Geotag {
            source: GeotagSource::Site,
            fix_type: Some(FixType::Surveyed),
            accuracy_m: Some(SITE_RADIUS_M),
            ..Geotag::at(at)
        }
    }

    fn at((lon_deg, lat_deg): (f64, f64)) -> Geotag {
        Geotag {
            source: GeotagSource::Device,
            lon_deg,
            lat_deg,
            crs: Crs::Wgs84,
            fix_type: None,
            accuracy_m: None,
            fix_age_ms: None,
            freshness: Freshness::Unknown,
            vehicle: None,
            interpolated: false,
            jump: None,
            own_fix: None,
        }
    }
}

/// Where a position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeotagSource {
    /// The reporting device's own fix.
    Device,
    /// The vehicle that carries the device.
    Vehicle,
    /// The gateway's own place.
    Site,
}

/// Whether a position was current when the report was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// At most [`FIX_AGE_LIVE_MAX_MS`] old.
    Live,
    /// Older; never to be shown as live.
    Stale,
    /// Nobody said.
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
mod tests;
