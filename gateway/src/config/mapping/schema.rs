//! JSON Schema of an entry.

use serde_json::{Map, Value, json};

use super::{CLASSES, SYSTEMS};
use crate::domain::mapping::body::known;
use crate::domain::mapping::readings::ListForm;
use crate::domain::mapping::table::Table;
use crate::domain::mapping::time::TimeForm;
use crate::domain::mapping::{FIELDS_MAX, pointer};
use crate::domain::report::Class;

/// One entry `[[mapping]]`.
pub(super) fn entry() -> Value {
    json!({
        "type": "object",
        "properties": {
            "topic": {"type": "string", "minLength": 1, "maxLength": 256},
            "preset": {"enum": super::PRESETS.map(|preset| preset.name)},
            "kind": {"enum": CLASSES.map(Class::as_str)},
            "device": device(),
            "when": condition(),
            "single": pointer(),
            "crs": {"enum": SYSTEMS},
            "fields": fields(),
            "readings": {"type": "array", "items": reading(), "maxItems": FIELDS_MAX},
            "collect": collect(),
        },
        "required": ["topic"],
        "additionalProperties": false,
    })
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn pointer() -> Value {
    json!({"type": "string", "pattern": format!("^(/([^~/]|~[01])*){{0,{}}}$", pointer::DEPTH_MAX)})
}

fn device() -> Value {
    let properties = json!({
        "level": {"type": "integer", "minimum": 1, "maximum": 16},
        "pointer": pointer(),
        "publisher": {"const": true},
        "prefix": {"type": "string", "pattern": "^([a-z0-9][a-z0-9-]{0,23})?$"},
    });
    object(properties, &[])
}

fn condition() -> Value {
    let literal = json!({"type": ["string", "number", "boolean"]});
    let bits = json!({"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 63}});
    let equals = json!({"anyOf": [literal, {"type": "array", "items": literal}]});
    object(
        json!({"pointer": pointer(), "equals": equals, "bits_set": bits, "bits_clear": bits}),
        &["pointer"],
    )
}

fn source() -> Value {
    let names: Vec<&str> = TimeForm::NAMES.iter().map(|(name, _)| *name).collect();
    json!({
        "pointer": pointer(),
        "when": condition(),
        "required": {"type": "boolean"},
        "map": {"type": "object"},
        "table": {"enum": Table::NAMES.map(|(name, _)| name)},
        "bit": {"type": "integer", "minimum": 0, "maximum": 63},
        "scale": {"type": "number"},
        "offset": {"type": "number"},
        "time": {"enum": names},
        "default": {"type": ["string", "number", "boolean"]},
    })
}

fn reading() -> Value {
    let mut properties = source();
    properties["quantity"] = json!({"type": "string", "minLength": 1});
    properties["unit"] = json!({"type": "string", "minLength": 1});
    properties["channel"] = json!({"type": "integer", "minimum": 0, "maximum": 255});
    object(properties, &["quantity"])
}

/// The fields of all classes; which of them a class has is told by the reader.
fn fields() -> Value {
    let (mut own, mut position) = (Map::new(), Map::new());
    for (name, _) in CLASSES.into_iter().flat_map(known) {
        match name.strip_prefix("position.") {
            Some(name) => position.insert(name.to_owned(), object(source(), &[])),
            None => own.insert(name.to_owned(), object(source(), &[])),
        };
    }
    own.insert("position".to_owned(), object(position.into(), &[]));
    object(own.into(), &[])
}

fn collect() -> Value {
    let names: Vec<&str> = ListForm::NAMES.iter().map(|(name, _)| *name).collect();
    let text = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let properties =
        json!({"pointer": pointer(), "form": {"enum": names}, "quantities": text, "units": text});
    object(properties, &["pointer", "form"])
}
