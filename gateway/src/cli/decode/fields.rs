//! Fields as the wire has them, with what they mean beside them.
//!
//! Nothing is left out: each field comes out under its name, known or not. What a field means is looked up by name in
//! [`meaning`](super::meaning), some of it with the help of the fields beside it.

use serde_json::{Map, Value, json};

use super::meaning::{Meaning, meaning};
use crate::domain::report::ObservedAt;

/// The fields of a struct; `place` is the struct's name, or the way to it from the body.
pub(super) fn show(place: &str, fields: &Map<String, Value>) -> Map<String, Value> {
    fields.iter().map(|(name, raw)| (name.clone(), field(place, name, raw, fields))).collect()
}

fn field(place: &str, name: &str, raw: &Value, beside: &Map<String, Value>) -> Value {
    let Some(meaning) = meaning(place, name) else { return unknown(place, name, raw) };
    let absent = is_zero(raw) && meaning.zero_is_absent();
    match (meaning, raw) {
        (plain, _) if plain.is_plain() => {
            if absent {
                Value::Null
            } else {
                plain.wire(raw)
            }
        }
        (Meaning::Nested, Value::Object(fields)) => inner(&format!("{place}.{name}"), fields),
        (Meaning::Nested, Value::Array(elements)) => {
            let place = format!("{place}.{name}");
            let shown = |element: &Value| match element {
                Value::Object(fields) => inner(&place, fields),
                other => other.clone(),
            };
            elements.iter().map(shown).collect()
        }
        (meaning, raw) => {
            let value = if absent { Value::Null } else { meaning.value(raw, beside) };
            let mut shown = json!({"wire": meaning.wire(raw), "value": value});
            if let Some(unit) = meaning.unit(beside) {
                shown["unit"] = json!(unit);
            }
            shown
        }
    }
}

/// A struct inside: null when all of a reference is 0.
fn inner(place: &str, fields: &Map<String, Value>) -> Value {
    let is_reference = fields.keys().eq(["boot", "seq"]);
    match is_reference && fields.values().all(is_zero) {
        true => Value::Null,
        false => Value::Object(show(place, fields)),
    }
}

/// A field that nobody has said anything about is shown as it is.
fn unknown(place: &str, name: &str, raw: &Value) -> Value {
    match raw {
        Value::Object(fields) => Value::Object(show(&format!("{place}.{name}"), fields)),
        other => other.clone(),
    }
}

fn is_zero(raw: &Value) -> bool {
    match raw {
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Milliseconds since 1970 as RFC 3339; `None` for 0, and for what can't be written.
pub(super) fn time(unix_ms: u64) -> Option<String> {
    let unix_ms = i64::try_from(unix_ms).ok().filter(|ms| *ms != 0 && ObservedAt::UNIX_MS.contains(ms))?;
    jiff::Timestamp::from_millisecond(unix_ms).ok().map(|time| format!("{time:.3}"))
}
