//! `[gateway]`: who this gateway is and where it keeps its data.

use std::path::PathBuf;

use serde_json::json;
use toml_edit::{InlineTable, Item, TableLike, Value};

use super::kinds::{Choice, FilePath};
use super::value::{Keys, Kind, Raw};
use crate::domain::report::DeviceId;

/// `[gateway]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    /// The gateway's name in event sources: `[a-z0-9][a-z0-9-]{0,31}`.
    pub id: String,
    /// Where it is installed.
    pub kind: GatewayKind,
    /// Folder of the database; made when missing.
    pub data_dir: PathBuf,
    /// Where it stands, when it stands still.
    pub site: Option<Site>,
}

/// Where a gateway is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayKind {
    /// In a patrol vehicle.
    Vehicle,
    /// In a community, fixed.
    Community,
}

impl GatewayKind {
    const NAMES: &'static [(&'static str, GatewayKind)] =
        &[("vehicle", GatewayKind::Vehicle), ("community", GatewayKind::Community)];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            GatewayKind::Vehicle => "vehicle",
            GatewayKind::Community => "community",
        }
    }
}

/// A fixed position in WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Longitude in degrees east, -180..=180.
    pub lon_deg: f64,
    /// Latitude in degrees north, -90..=90.
    pub lat_deg: f64,
}

impl Default for Gateway {
    fn default() -> Gateway {
        Gateway {
            id: "gateway".to_owned(),
            kind: GatewayKind::Vehicle,
            data_dir: PathBuf::from("./patrol-data"),
            site: None,
        }
    }
}

impl Gateway {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("gateway");
        keys.key("id", Id, &mut self.id);
        keys.key("kind", Choice(GatewayKind::NAMES), &mut self.kind);
        keys.key("data_dir", FilePath, &mut self.data_dir);
        keys.optional("site", Position, &mut self.site);
    }
}

/// The id of a gateway or a device: both have the same form.
pub(super) struct Id;

impl Kind for Id {
    type Value = String;

    fn read(&self, raw: Raw<'_>) -> Option<String> {
        raw.text().and_then(DeviceId::parse).map(|id| id.as_str().to_owned())
    }

    fn show(&self, value: &String) -> Value {
        Value::from(value.as_str())
    }

    fn expected(&self) -> String {
        "1 to 32 of a-z, 0-9 and \"-\", not beginning with \"-\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"})
    }
}

/// `{ lon = 104.398, lat = 31.127 }`.
struct Position;

impl Kind for Position {
    type Value = Site;

    fn read(&self, raw: Raw<'_>) -> Option<Site> {
        raw.with_table(|table| {
            let degrees = |name: &str, limit: f64| number(table, name).filter(|value| value.abs() <= limit);
            let site = Site { lon_deg: degrees("lon", 180.0)?, lat_deg: degrees("lat", 90.0)? };
            (table.len() == 2).then_some(site)
        })
    }

    fn show(&self, value: &Site) -> Value {
        let mut table = InlineTable::new();
        table.insert("lon", Value::from(value.lon_deg));
        table.insert("lat", Value::from(value.lat_deg));
        Value::InlineTable(table)
    }

    fn expected(&self) -> String {
        "{ lon = -180..180, lat = -90..90 } in degrees (WGS-84)".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({
            "type": "object",
            "properties": {
                "lon": {"type": "number", "minimum": -180, "maximum": 180},
                "lat": {"type": "number", "minimum": -90, "maximum": 90},
            },
            "required": ["lon", "lat"],
            "additionalProperties": false,
        })
    }
}

fn number(table: &dyn TableLike, name: &str) -> Option<f64> {
    let item: &Item = table.get(name)?;
    // A whole number of degrees is as good as a fraction; both are exact in an f64 within the limits.
    item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64))
}
