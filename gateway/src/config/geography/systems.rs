//! Coordinate systems that a city has of its own.

use serde_json::json;
use toml_edit::{InlineTable, Value};

use crate::config::value::{Kind, Raw};
use crate::domain::coordinates::gauss_krueger::Projection;
use crate::domain::coordinates::local::LocalSystem;

/// A central meridian in degrees: 3-degree zones have whole multiples of three, some cities one of their own.
pub(super) struct Meridian;

impl Kind for Meridian {
    type Value = Projection;

    fn read(&self, raw: Raw<'_>) -> Option<Projection> {
        Projection::new(raw.number()?)
    }

    fn show(&self, value: &Projection) -> Value {
        Value::from(value.central_meridian_deg())
    }

    fn expected(&self) -> String {
        format!("a central meridian in China, {}", limits())
    }

    fn schema(&self) -> serde_json::Value {
        bounds(*Projection::CENTRAL_MERIDIAN_DEG.start(), *Projection::CENTRAL_MERIDIAN_DEG.end())
    }
}

/// `{ dx_m = ..., dy_m = ..., rotation_arcsec = ..., scale_ppm = ..., central_meridian_deg = ... }`.
pub(super) struct System;

/// The keys, in the order in which they are shown.
const KEYS: [(&str, f64); 4] = [
    ("dx_m", LocalSystem::SHIFT_MAX_M),
    ("dy_m", LocalSystem::SHIFT_MAX_M),
    ("rotation_arcsec", LocalSystem::ROTATION_MAX_ARCSEC),
    ("scale_ppm", LocalSystem::SCALE_MAX_PPM),
];
const MERIDIAN: &str = "central_meridian_deg";

impl Kind for System {
    type Value = LocalSystem;

    fn read(&self, raw: Raw<'_>) -> Option<LocalSystem> {
        raw.with_table(|table| {
            let number = |name: &str| Raw::File(table.get(name)?).number();
            let mut parameters = [0.0; KEYS.len()];
            for (parameter, (name, limit)) in parameters.iter_mut().zip(KEYS) {
                *parameter = number(name).filter(|value| value.abs() <= limit)?;
            }
            let [dx_m, dy_m, rotation_arcsec, scale_ppm] = parameters;
            let plane = Projection::new(number(MERIDIAN)?)?;
            (table.len() == KEYS.len() + 1).then_some(LocalSystem {
                dx_m,
                dy_m,
                rotation_arcsec,
                scale_ppm,
                plane,
            })
        })
    }

    fn show(&self, value: &LocalSystem) -> Value {
        let LocalSystem { dx_m, dy_m, rotation_arcsec, scale_ppm, plane } = *value;
        let mut table = InlineTable::new();
        for ((name, _), parameter) in KEYS.into_iter().zip([dx_m, dy_m, rotation_arcsec, scale_ppm]) {
            table.insert(name, Value::from(parameter));
        }
        table.insert(MERIDIAN, Value::from(plane.central_meridian_deg()));
        Value::InlineTable(table)
    }

    fn expected(&self) -> String {
        let keys: Vec<String> =
            KEYS.iter().map(|(name, limit)| format!("{name} = -{limit}..{limit}")).collect();
        format!("{{ {}, {MERIDIAN} = {} }}, all of them", keys.join(", "), limits())
    }

    fn schema(&self) -> serde_json::Value {
        let mut properties = serde_json::Map::new();
        for (name, limit) in KEYS {
            properties.insert(name.to_owned(), bounds(-limit, limit));
        }
        properties.insert(MERIDIAN.to_owned(), Meridian.schema());
        let required: Vec<&str> = properties.keys().map(String::as_str).collect();
        json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
    }
}

fn limits() -> String {
    let degrees = Projection::CENTRAL_MERIDIAN_DEG;
    format!("{}..{} degrees", degrees.start(), degrees.end())
}

fn bounds(minimum: f64, maximum: f64) -> serde_json::Value {
    json!({"type": "number", "minimum": minimum, "maximum": maximum})
}
