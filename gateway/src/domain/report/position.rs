//! Where something is, how that was found, and in which coordinate system.

use serde::{Deserialize, Serialize};

/// The coordinate system a device declared for its position. It is brought into WGS-84 when it is read
/// ([`coordinates`](crate::domain::coordinates)); the tag stays with the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crs {
    /// WGS-84, the only system of frames.
    Wgs84,
    /// CGCS2000, the national system. Read as WGS-84: they differ by less than the best device's accuracy.
    Cgcs2000,
    /// GCJ-02, the shifted system of Chinese map services.
    Gcj02,
    /// A 3-degree Gauss-Krueger plane of CGCS2000, in metres.
    Cgcs2000Gk,
    /// The city's own plane system, in metres.
    Local,
}

impl Crs {
    /// All of them.
    pub const ALL: [Crs; 5] = [Crs::Wgs84, Crs::Cgcs2000, Crs::Gcj02, Crs::Cgcs2000Gk, Crs::Local];

    /// The names of all.
    pub const NAMES: [&'static str; 5] = {
        let [wgs84, cgcs2000, gcj02, cgcs2000_gk, local] = Crs::ALL;
        [wgs84.as_str(), cgcs2000.as_str(), gcj02.as_str(), cgcs2000_gk.as_str(), local.as_str()]
    };

    /// The name in JSON and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Crs::Wgs84 => "wgs84",
            Crs::Cgcs2000 => "cgcs2000",
            Crs::Gcj02 => "gcj02",
            Crs::Cgcs2000Gk => "cgcs2000_gk",
            Crs::Local => "local",
        }
    }

    /// The system with this name; `None` for a name this version does not know.
    pub fn from_name(name: &str) -> Option<Crs> {
        Crs::ALL.into_iter().find(|crs| crs.as_str() == name)
    }

    /// Its positions are eastings and northings in metres, not longitudes and latitudes in degrees.
    pub const fn is_plane(self) -> bool {
        matches!(self, Crs::Cgcs2000Gk | Crs::Local)
    }
}

/// How a position was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixType {
    /// Carried on from the last fix by speed, heading or inertia.
    DeadReckoning,
    /// Satellites, without height.
    #[serde(rename = "gnss_2d")]
    Gnss2d,
    /// Satellites, with height.
    #[serde(rename = "gnss_3d")]
    Gnss3d,
    /// Satellites with corrections.
    GnssDifferential,
    /// Carrier phase, ambiguities not fixed.
    RtkFloat,
    /// Carrier phase, ambiguities fixed.
    RtkFixed,
    /// A surveyed place the device stands at.
    Surveyed,
    /// Put on the map by a person.
    Manual,
    /// Cell towers or Wi-Fi.
    Network,
}

impl FixType {
    /// All of them.
    pub const ALL: [FixType; 9] = [
        FixType::DeadReckoning,
        FixType::Gnss2d,
        FixType::Gnss3d,
        FixType::GnssDifferential,
        FixType::RtkFloat,
        FixType::RtkFixed,
        FixType::Surveyed,
        FixType::Manual,
        FixType::Network,
    ];

    /// The name in JSON, both ways.
    pub const fn as_str(self) -> &'static str {
        match self {
            FixType::DeadReckoning => "dead_reckoning",
            FixType::Gnss2d => "gnss_2d",
            FixType::Gnss3d => "gnss_3d",
            FixType::GnssDifferential => "gnss_differential",
            FixType::RtkFloat => "rtk_float",
            FixType::RtkFixed => "rtk_fixed",
            FixType::Surveyed => "surveyed",
            FixType::Manual => "manual",
            FixType::Network => "network",
        }
    }

    /// The type with this name; `None` for a name this version does not know.
    pub fn from_name(name: &str) -> Option<FixType> {
        FixType::ALL.into_iter().find(|fix_type| fix_type.as_str() == name)
    }
}

/// A position in WGS-84 with its provenance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Longitude in degrees east, -180..=180.
    pub lon_deg: f64,
    /// Latitude in degrees north, -90..=90.
    pub lat_deg: f64,
    /// Radius of the accuracy circle in metres, if the device knows it.
    pub accuracy_m: Option<f64>,
    /// Age of the fix when the report was made, in milliseconds, if the device knows it.
    pub fix_age_ms: Option<u32>,
    /// How it was found, if the device says so and this version knows it.
    pub fix_type: Option<FixType>,
    /// The system the device declared.
    pub crs: Crs,
}
