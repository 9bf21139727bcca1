//! One field of our JSON: where its value stands in the payload, and what becomes of it on the way.
//!
//! In this order: `when` decides whether the field counts at all; `pointer` finds a value, or `default` stands in; `map`
//! or a table of the city replaces it by another, `bit` takes one bit of it; then it is read in the form of the field, with `scale` and `offset`
//! for a number and a time form for a time.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::Form;
use super::condition::{Condition, whole};
use super::pointer::Pointer;
use super::table::Table;
use super::time::TimeForm;

/// Above this a number is not rounded: it has no nine decimals anyhow.
const ROUNDED_MAX: f64 = 1e6;
/// Numbers are rounded to so many parts of one, so that a scale such as 1e-6 leaves no dust behind.
const PARTS: f64 = 1e9;

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// Where it stands; `None` for a value that is always the same.
    pub pointer: Option<Pointer>,
    /// What must hold for the field to be filled.
    pub when: Option<Condition>,
    /// Without a value at the pointer, the payload is refused.
    pub required: bool,
    /// The table of the city that `map` is; `None`: it is the rule's own.
    pub table: Option<Table>,
    /// What a value becomes, by its text.
    pub map: BTreeMap<String, Value>,
    /// Which bit of a whole number, from 0.
    pub bit: Option<u8>,
    /// What a number is multiplied with.
    pub scale: Option<f64>,
    /// What is added to it then.
    pub offset: Option<f64>,
    /// How a time is written.
    pub time: TimeForm,
    /// What stands in for a value that is not there, or not in the map.
    pub default: Option<Value>,
}

/// What a source came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken<'a> {
    /// What stood at the pointer.
    pub(super) found: Option<&'a Value>,
    /// The value for our JSON; `None` leaves the field out.
    pub(super) value: Option<Value>,
}

impl Source {
    /// The value for a field of this form, or why there is none.
    pub(super) fn take<'a>(&self, form: Form, payload: &'a Value) -> Result<Taken<'a>, String> {
        if self.when.as_ref().is_some_and(|when| !when.holds(payload)) {
            return Ok(Taken { found: None, value: None });
        }
        let found = self.pointer.as_ref().and_then(|pointer| pointer.find(payload));
        let value = match found {
            Some(found) => Some(self.read(form, found)?),
            None if self.required => return Err("nothing there".to_owned()),
            None => self.default.clone(),
        };
        Ok(Taken { found, value })
    }

    fn read(&self, form: Form, found: &Value) -> Result<Value, String> {
        if self.table.is_some() || !self.map.is_empty() {
            let mapped = text_of(found).and_then(|text| self.map.get(&text));
            let value = mapped.or(self.default.as_ref());
            return value
                .cloned()
                .ok_or_else(|| format!("{} is not in the {}", shown(found), self.map_name()));
        }
        if let Some(bit) = self.bit {
            let bits = whole(found).ok_or_else(|| format!("{} has no bits", shown(found)))?;
            return Ok((bits >> bit & 1 == 1).into());
        }
        self.in_form(form, found).ok_or_else(|| format!("{} is no {}", shown(found), self.form_name(form)))
    }

    fn in_form(&self, form: Form, found: &Value) -> Option<Value> {
        match form {
            Form::Number => self.number(found),
            Form::Whole => whole(found).map(Value::from),
            Form::Flag => flag(found).map(Value::from),
            Form::Text => text_of(found).map(Value::from),
            Form::Time => self.time.read(found).map(Value::from),
        }
    }

    fn number(&self, found: &Value) -> Option<Value> {
        let number = number_of(found)?;
        if self.scale.is_none() && self.offset.is_none() {
            // As it came: a large whole number stays exact.
            return if found.is_number() { Some(found.clone()) } else { finite(number) };
        }
        let scaled = number * self.scale.unwrap_or(1.0) + self.offset.unwrap_or(0.0);
        finite(if scaled.abs() < ROUNDED_MAX { (scaled * PARTS).round() / PARTS } else { scaled })
    }

    fn map_name(&self) -> String {
        self.table.map_or("map".to_owned(), |table| format!("table {}", table.as_str()))
    }

    fn form_name(&self, form: Form) -> String {
        match form {
            Form::Number => "number".to_owned(),
            Form::Whole => "whole number".to_owned(),
            Form::Flag => "true or false".to_owned(),
            Form::Text => "text".to_owned(),
            Form::Time => format!("time in the form {}", self.time.as_str()),
        }
    }
}

/// A number that JSON can write.
fn finite(number: f64) -> Option<Value> {
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// A number, written as a number or as text.
pub(super) fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn flag(value: &Value) -> Option<bool> {
    match text_of(value)?.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Text, a number or a flag as text; `None` for what has parts.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value in a message for people: what has parts only by its kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::condition::Test;
    use super::*;

    fn at(pointer: &str) -> Source {
        Source { pointer: Pointer::parse(pointer), ..Source::default() }
    }

    fn value(source: &Source, form: Form, payload: &Value) -> Result<Option<Value>, String> {
        source.take(form, payload).map(|taken| taken.value)
    }

    #[test]
    fn a_scale_leaves_no_dust_and_a_plain_number_stays_as_it_is() {
        let payload = json!({"lat": 31_127_345, "speed": 553, "t": "21.5", "big": 9_007_199_254_740_993_u64});
        let scaled = |pointer, scale| Source { scale: Some(scale), ..at(pointer) };
        assert_eq!(value(&scaled("/lat", 1e-6), Form::Number, &payload), Ok(Some(json!(31.127_345))));
        assert_eq!(value(&scaled("/speed", 0.1), Form::Number, &payload), Ok(Some(json!(55.3))));
        let kelvin = Source { offset: Some(273.15), ..at("/t") };
        assert_eq!(value(&kelvin, Form::Number, &payload), Ok(Some(json!(294.65))));
        assert_eq!(value(&at("/big"), Form::Number, &payload), Ok(Some(json!(9_007_199_254_740_993_u64))));
    }

    #[test]
    fn a_map_a_bit_and_a_default_say_what_a_value_means() {
        let payload = json!({"type": 3, "status": 3, "alarm": "1"});
        let map = BTreeMap::from([("3".to_owned(), json!("0505"))]);
        assert_eq!(
            value(&Source { map: map.clone(), ..at("/type") }, Form::Text, &payload),
            Ok(Some(json!("0505")))
        );
        let missed = value(&Source { map: map.clone(), ..at("/alarm") }, Form::Text, &payload);
        assert_eq!(missed.unwrap_err(), "\"1\" is not in the map");
        let other = Source { map, default: Some(json!("0599")), ..at("/alarm") };
        assert_eq!(value(&other, Form::Text, &payload), Ok(Some(json!("0599"))));
        assert_eq!(
            value(&Source { bit: Some(1), ..at("/status") }, Form::Flag, &payload),
            Ok(Some(json!(true)))
        );
        assert_eq!(
            value(&Source { bit: Some(2), ..at("/status") }, Form::Flag, &payload),
            Ok(Some(json!(false)))
        );
        assert_eq!(
            value(&Source { bit: Some(63), ..at("/alarm") }, Form::Flag, &payload),
            Ok(Some(json!(false)))
        );
    }

    #[test]
    fn what_is_not_there_is_left_out_unless_it_is_required() {
        let payload = json!({"status": 0});
        assert_eq!(value(&at("/speed"), Form::Number, &payload), Ok(None));
        assert!(value(&Source { required: true, ..at("/speed") }, Form::Number, &payload).is_err());
        let located =
            Condition { pointer: Pointer::parse("/status").unwrap(), test: Test::Bits { set: 2, clear: 0 } };
        let lat = Source { when: Some(located), default: Some(json!(1)), ..at("/status") };
        assert_eq!(
            value(&lat, Form::Number, &payload),
            Ok(None),
            "a field that does not count has no default"
        );
    }

    #[test]
    fn a_value_of_another_form_is_told() {
        let payload = json!({"a": [1], "b": "fast", "c": 2});
        assert_eq!(value(&at("/a"), Form::Number, &payload).unwrap_err(), "an array is no number");
        assert_eq!(value(&at("/b"), Form::Number, &payload).unwrap_err(), "\"fast\" is no number");
        assert_eq!(value(&at("/c"), Form::Flag, &payload).unwrap_err(), "2 is no true or false");
        assert_eq!(
            value(&at("/b"), Form::Time, &payload).unwrap_err(),
            "\"fast\" is no time in the form rfc3339"
        );
    }
}
