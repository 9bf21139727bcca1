//! JSON Schema of the file of rules, for editors and for whoever generates one.

use serde_json::{Value, json};

use super::areas::SYSTEMS;
use super::by_code::LEVELS;
use super::joint::{PARTIES, VIEWS};
use crate::domain::area::{CORNERS_MAX, RADIUS_MAX_M};
use crate::domain::rules::section::Authority;
use crate::domain::rules::{DUPLICATE_RADIUS_MAX_M, ITEMS_MAX, RULES_MAX};
use crate::domain::timetable::SPANS_MAX;
use crate::domain::verdict::StallVerdict;

/// JSON Schema (2020-12) of the file.
pub fn schema() -> Value {
    let properties = json!({
        "calendar": calendar(),
        "ownership": ownership(),
        "delegation": rules(delegation()),
        "joint": rules(joint()),
        "severity": severity(),
        "time_limit": time_limit(),
        "tidal": rules(tidal()),
        "quiet": rules(object(
            json!({
                "name": text(),
                "codes": codes(),
                "stall": list(json!({"enum": StallVerdict::ALL.map(StallVerdict::as_str)})),
            }),
            &["name", "codes"],
        )),
        "duplicates": object(
            json!({
                "radius_m": {"type": "number", "exclusiveMinimum": 0, "maximum": DUPLICATE_RADIUS_MAX_M},
                "within": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                "off": list(code()),
            }),
            &[],
        ),
    });
    let mut schema = object(properties, &[]);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Patrol Gateway rules".into();
    schema
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn rules(rule: Value) -> Value {
    json!({"type": "array", "items": rule, "maxItems": RULES_MAX})
}

fn list(item: Value) -> Value {
    json!({"type": "array", "items": item, "maxItems": ITEMS_MAX})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn code() -> Value {
    json!({"type": "string", "pattern": "^(event|component):([0-9A-Za-z]{1,16}|[0-9A-Za-z]{0,16}\\*)$"})
}

fn codes() -> Value {
    json!({"type": "array", "items": code(), "minItems": 1, "maxItems": ITEMS_MAX})
}

fn grids() -> Value {
    list(json!({"type": "string", "pattern": "^[0-9]{14,15}$"}))
}

fn days() -> Value {
    json!({"type": "string", "pattern": "^[1-7](-[1-7])?(,[1-7](-[1-7])?)*$"})
}

fn hours() -> Value {
    let span = json!({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"});
    json!({"type": "array", "items": span, "minItems": 1, "maxItems": SPANS_MAX})
}

fn date() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
}

fn limit() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,3}(WH|WD|H|D)$"})
}

fn authority() -> Value {
    json!({"enum": Authority::ALL.map(Authority::as_str)})
}

fn names<T>(names: &[(&str, T)]) -> Value {
    json!({"enum": names.iter().map(|(name, _)| *name).collect::<Vec<_>>()})
}

fn level() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 255})
}

fn degrees(bound: i32) -> Value {
    json!({"type": "number", "minimum": -bound, "maximum": bound})
}

fn calendar() -> Value {
    let holiday = object(json!({"name": text(), "from": date(), "to": date()}), &["name", "from"]);
    let workday = object(json!({"name": text(), "date": date()}), &["name", "date"]);
    let properties = json!({
        "utc_offset_minutes": {"type": "integer", "minimum": -840, "maximum": 840},
        "working_hours": hours(),
        "working_days": days(),
        "holiday": rules(holiday),
        "workday": rules(workday),
    });
    object(properties, &[])
}

fn ownership() -> Value {
    let rule = json!({"name": text(), "codes": codes(), "owner": authority(), "copies": list(authority())});
    let properties = json!({
        "owner": authority(),
        "copies": list(authority()),
        "fallback_unit": text(),
        "rule": rules(object(rule, &["name", "codes", "owner"])),
    });
    object(properties, &[])
}

fn delegation() -> Value {
    let properties = json!({
        "name": text(), "codes": codes(), "level": names(&LEVELS), "unit": text(), "unit_of": authority(),
    });
    object(properties, &["name", "codes", "level"])
}

fn joint() -> Value {
    let recipient = json!({"party": names(&PARTIES), "unit": text(), "view": names(&VIEWS)});
    let recipient = object(recipient, &["party", "unit"]);
    let properties = json!({
        "name": text(),
        "codes": codes(),
        "places": list(json!({"type": "string"})),
        "roads": flag(),
        "points": flag(),
        "within_m": {"type": "number", "minimum": 0, "maximum": RADIUS_MAX_M},
        "grids": grids(),
        "joint_grids": flag(),
        "days": days(),
        "hours": hours(),
        "recipients": {"type": "array", "items": recipient, "minItems": 1, "maxItems": ITEMS_MAX},
    });
    object(properties, &["name", "codes", "recipients"])
}

fn severity() -> Value {
    let rule = json!({"name": text(), "codes": codes(), "severity": level(), "urgent": flag()});
    let rule = object(rule, &["name", "codes"]);
    object(json!({"default": level(), "rule": rules(rule)}), &[])
}

fn time_limit() -> Value {
    let rule =
        object(json!({"name": text(), "codes": codes(), "limit": limit()}), &["name", "codes", "limit"]);
    object(json!({"default": limit(), "rule": rules(rule)}), &[])
}

fn tidal() -> Value {
    let radius = json!({"type": "number", "exclusiveMinimum": 0, "maximum": RADIUS_MAX_M});
    let circle = object(
        json!({"lon": degrees(180), "lat": degrees(90), "radius_m": radius}),
        &["lon", "lat", "radius_m"],
    );
    let corner = json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2});
    let properties = json!({
        "name": text(),
        "codes": codes(),
        "crs": {"enum": SYSTEMS},
        "circle": circle,
        "polygon": {"type": "array", "items": corner, "minItems": 3, "maxItems": CORNERS_MAX + 1},
        "grids": grids(),
        "days": days(),
        "hours": hours(),
    });
    object(properties, &["name", "hours"])
}
