//! One rule, and the report that it makes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::body::known;
use super::condition::Condition;
use super::device::DeviceRule;
use super::field::{self, Source};
use super::pointer::Pointer;
use super::readings::{Collect, ReadingRule};
use crate::domain::report::{Class, TimeQuality};
use crate::domain::topic::Filter;

/// The field of a device's place that no report goes without.
const CRS: &str = "position.crs";

/// One kind of message of another system, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The preset that it builds on.
    pub preset: Option<&'static str>,
    /// The topics it comes on.
    pub topic: Filter,
    /// Which of the messages there; `None`: all.
    pub when: Option<Condition>,
    /// An array that must have exactly one element, where the payload could hold several messages.
    pub single: Option<Pointer>,
    /// What it becomes.
    pub class: Class,
    /// Whose it is.
    pub device: DeviceRule,
    /// The fields of our JSON, by path.
    pub fields: BTreeMap<&'static str, Source>,
    /// The readings that are named.
    pub readings: Vec<ReadingRule>,
    /// The readings that the payload lists.
    pub collect: Option<Collect>,
}

/// One field on the way, for who watches.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The field of our JSON.
    pub field: &'a str,
    /// Where its value was looked for.
    pub pointer: Option<&'a Pointer>,
    /// What stood there.
    pub found: Option<&'a Value>,
    /// What it became; `None`: the field is left out.
    pub value: Option<&'a Value>,
}

impl Rule {
    /// Why no rule took a payload, told by the first one on its topic.
    pub(super) fn unwanted(&self, payload: &Value) -> String {
        let Some(when) = &self.when else { return String::new() };
        let found = when.pointer.find(payload).map_or("nothing".to_owned(), field::shown);
        format!("no rule on this topic takes it: at {} stands {found}", when.pointer)
    }

    pub(super) fn report(
        &self,
        payload: &Value,
        now_ms: i64,
        watch: &mut dyn FnMut(Step<'_>),
    ) -> Result<Value, String> {
        if let Some(single) = &self.single {
            let count = single.find(payload).and_then(Value::as_array).map(Vec::len);
            if count != Some(1) {
                return Err(format!(
                    "{single}: one element is taken, not {}",
                    count.map_or(0, |count| count)
                ));
            }
        }
        let mut report = Map::new();
        let mut found_any = !self.looks();
        for (name, form) in known(self.class) {
            let Some(source) = self.fields.get(name) else { continue };
            let taken = source.take(form, payload).map_err(|why| told(name, source, &why))?;
            found_any |= taken.found.is_some();
            let (pointer, found) = (source.pointer.as_ref(), taken.found);
            watch(Step { field: name, pointer, found, value: taken.value.as_ref() });
            if let Some(value) = taken.value {
                insert(&mut report, name, value);
            }
        }
        without_place(&mut report);
        if self.class == Class::Reading {
            let readings = self.readings(payload, now_ms, &mut report, watch)?;
            found_any |= !readings.is_empty();
            report.insert("readings".to_owned(), readings.into());
        }
        if found_any {
            Ok(report.into())
        } else {
            Err("nothing stands at any of the rule's pointers".to_owned())
        }
    }

    /// Whether it looks for anything in the payload at all.
    fn looks(&self) -> bool {
        let pointers = self.fields.values().any(|source| source.pointer.is_some());
        pointers || self.class == Class::Reading
    }

    fn readings(
        &self,
        payload: &Value,
        now_ms: i64,
        report: &mut Map<String, Value>,
        watch: &mut dyn FnMut(Step<'_>),
    ) -> Result<Vec<Value>, String> {
        let mut readings = Vec::new();
        for rule in &self.readings {
            let taken = rule.take(payload).map_err(|why| told(&rule.quantity, &rule.source, &why))?;
            let pointer = rule.source.pointer.as_ref();
            let found = pointer.and_then(|pointer| pointer.find(payload));
            watch(Step { field: &rule.quantity, pointer, found, value: taken.as_ref() });
            readings.extend(taken);
        }
        let Some(collect) = &self.collect else { return Ok(readings) };
        let collected =
            collect.take(payload, now_ms).map_err(|why| format!("readings at {}: {why}", collect.pointer))?;
        for reading in collected.readings {
            let name = reading["quantity"].as_str().unwrap_or_default();
            watch(Step { field: name, pointer: Some(&collect.pointer), found: None, value: Some(&reading) });
            readings.push(reading);
        }
        if let Some(when) = collected.time.filter(|_| !report.contains_key("time")) {
            report.insert("time".to_owned(), when.time.into());
            if when.by_gateway {
                report.insert("time_quality".to_owned(), TimeQuality::Gateway.as_str().into());
            }
        }
        Ok(readings)
    }
}

/// What is wrong with a field, with its name and where its value stood.
fn told(name: &str, source: &Source, why: &str) -> String {
    match &source.pointer {
        Some(pointer) => format!("{name} at {pointer}: {why}"),
        None => format!("{name}: {why}"),
    }
}

/// Puts a field in its place: `position.lon` into the object `position`.
fn insert(report: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(report.insert(name.to_owned(), value)),
        Some((object, name)) => {
            let object = report.entry(object).or_insert_with(|| Map::new().into());
            if let Value::Object(fields) = object {
                fields.insert(name.to_owned(), value);
            }
        }
    }
}

/// Fields of a position that say where it is.
const PLACE: [&str; 4] = ["lon", "lat", "easting_m", "northing_m"];

/// Takes out a position that says nothing of where it is: its other fields say nothing then.
fn without_place(report: &mut Map<String, Value>) {
    let position = report.get("position");
    let place = position.is_some_and(|position| PLACE.into_iter().any(|field| position.get(field).is_some()));
    if !place {
        report.shift_remove("position");
    }
}

/// Whether a rule fills a position without saying in which coordinate system.
pub fn lacks_crs(fields: &BTreeMap<&'static str, Source>) -> bool {
    let place = fields.keys().filter_map(|name| name.strip_prefix("position."));
    place.into_iter().any(|field| PLACE.contains(&field)) && !fields.contains_key(CRS)
}
