//! Sensor Measurement Lists, RFC 8428: a pack's records with their base fields put in.
//!
//! - What one device measured at one time is one of our reports; a pack of several names of devices or several times is
//!   refused as a whole and kept, rather than half understood.
//! - A value that is no number (`vs`, `vd`) and a sum (`s`) are no readings and are passed over; a flag (`vb`) is 0 or 1.
//! - A time below 2^28 counts from now; 0 is now.

use serde_json::Value;

use super::field::{number_of, shown};
use super::time::rfc3339;

/// The version of SenML that is read; a pack of a later one must be refused (section 4.4).
const VERSION: f64 = 10.0;
/// Times below are relative to now, in seconds (section 4.5.3).
const RELATIVE_BELOW_S: f64 = 268_435_456.0;
/// Records whose times differ by less are of one time, in seconds.
const SAME_TIME_S: f64 = 0.001;

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// What was measured: the record's own name, or the last part of the base name.
    pub(super) name: String,
    /// Its unit.
    pub(super) unit: Option<String>,
    /// Its value.
    pub(super) value: Value,
}

/// When a pack was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// RFC 3339.
    pub(super) time: String,
    /// Reckoned back from this gateway's clock.
    pub(super) by_gateway: bool,
}

/// A pack, resolved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pack {
    pub(super) records: Vec<Record>,
    /// When it was measured; `None`: now.
    pub(super) when: Option<When>,
}

/// The base fields so far.
#[derive(Default)]
struct Base {
    name: Option<String>,
    time_s: f64,
    unit: Option<String>,
    value: f64,
}

/// Reads the records of a pack, or says why it can't be one report.
pub(super) fn resolve(records: &[Value], now_ms: i64) -> Result<Pack, String> {
    let mut base = Base::default();
    let mut resolved = Vec::new();
    let mut at_s = None;
    for (index, record) in records.iter().enumerate() {
        let told = |why: String| format!("record {index}: {why}");
        base.take(record).map_err(told)?;
        let Some(value) = base.value_of(record).map_err(told)? else { continue };
        let time_s = base.time_s + number(record, "t").map_err(told)?.unwrap_or(0.0);
        if (*at_s.get_or_insert(time_s) - time_s).abs() >= SAME_TIME_S {
            return Err(told("another time than the records before it".to_owned()));
        }
        let unit = text(record, "u").or(base.unit.as_deref()).map(str::to_owned);
        resolved.push(Record { name: base.name_of(record).map_err(told)?, unit, value });
    }
    Ok(Pack { records: resolved, when: at_s.map(|at_s| when(at_s, now_ms)).transpose()?.flatten() })
}

impl Base {
    /// Takes the base fields that a record sets for itself and those behind it.
    fn take(&mut self, record: &Value) -> Result<(), String> {
        let members = record.as_object().ok_or_else(|| format!("{} is no record", shown(record)))?;
        if let Some(must) = members.keys().find(|name| name.ends_with('_')) {
            return Err(format!("{must} must be understood, and is not"));
        }
        if number(record, "bver")?.is_some_and(|version| version > VERSION) {
            return Err(format!("SenML of a version above {VERSION}"));
        }
        if let Some(name) = text(record, "bn") {
            if self.name.as_deref().is_some_and(|before| before != name) {
                return Err("another base name than before: of another device".to_owned());
            }
            self.name = Some(name.to_owned());
        }
        self.time_s = number(record, "bt")?.unwrap_or(self.time_s);
        self.value = number(record, "bv")?.unwrap_or(self.value);
        if let Some(unit) = text(record, "bu") {
            self.unit = Some(unit.to_owned());
        }
        Ok(())
    }

    fn value_of(&self, record: &Value) -> Result<Option<Value>, String> {
        if let Some(Value::Bool(flag)) = record.get("vb") {
            return Ok(Some(u8::from(*flag).into()));
        }
        match number(record, "v")? {
            None => Ok(None),
            Some(_) if self.value == 0.0 => Ok(record.get("v").cloned()),
            Some(value) => {
                let sum = serde_json::Number::from_f64(value + self.value);
                sum.map(|sum| Some(sum.into())).ok_or_else(|| "v is too large".to_owned())
            }
        }
    }

    fn name_of(&self, record: &Value) -> Result<String, String> {
        let own = text(record, "n").filter(|name| !name.is_empty());
        let base =
            self.name.as_deref().and_then(|name| name.rsplit([':', '/']).find(|part| !part.is_empty()));
        own.or(base).map(str::to_owned).ok_or_else(|| "it has no name".to_owned())
    }
}

/// The time of a pack; `None` for now.
fn when(at_s: f64, now_ms: i64) -> Result<Option<When>, String> {
    let by_gateway = at_s < RELATIVE_BELOW_S;
    if at_s == 0.0 {
        return Ok(None);
    }
    let since_ms = if by_gateway { now_ms as f64 } else { 0.0 };
    let time = rfc3339(since_ms + at_s * 1000.0).ok_or_else(|| format!("{at_s} s is no time"))?;
    Ok(Some(When { time, by_gateway }))
}

fn number(record: &Value, name: &str) -> Result<Option<f64>, String> {
    match record.get(name) {
        None => Ok(None),
        Some(value @ Value::Number(_)) => Ok(number_of(value)),
        Some(other) => Err(format!("{name}: {} is no number", shown(other))),
    }
}

fn text<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    record.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW_MS: i64 = 1_795_396_364_000;

    fn read(records: Value) -> Result<Pack, String> {
        resolve(records.as_array().unwrap(), NOW_MS)
    }

    #[test]
    fn base_fields_count_for_the_records_behind_them() {
        let pack = read(json!([
            {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1_795_396_364, "bu": "A", "bv": 1, "n": "voltage", "u": "V", "v": 119.5},
            {"n": "current", "v": 0.25},
            {"n": "door", "vb": true},
            {"n": "label", "vs": "north"},
        ]))
        .unwrap();
        let record =
            |name: &str, unit: &str, value| Record { name: name.into(), unit: Some(unit.into()), value };
        assert_eq!(
            pack.records,
            [
                record("voltage", "V", json!(120.5)),
                record("current", "A", json!(1.25)),
                record("door", "A", json!(1))
            ]
        );
        assert_eq!(pack.when, Some(When { time: "2026-11-23T01:12:44Z".into(), by_gateway: false }));
    }

    #[test]
    fn a_time_that_counts_from_now_is_reckoned_by_the_gateways_clock() {
        let back = read(json!([{"n": "t", "t": -60, "v": 1}])).unwrap().when;
        assert_eq!(back, Some(When { time: "2026-11-23T01:11:44Z".into(), by_gateway: true }));
        assert_eq!(read(json!([{"n": "t", "v": 1}])).unwrap().when, None);
        let only_base = read(json!([{"bn": "urn:dev:mac:01:temp", "v": 1}])).unwrap();
        assert_eq!(only_base.records[0].name, "temp");
    }

    #[test]
    fn what_is_not_one_device_at_one_time_is_refused_as_a_whole() {
        let cases = [
            (json!([{"n": "a", "v": 1}, {"n": "a", "t": -5, "v": 2}]), "record 1: another time"),
            (
                json!([{"bn": "x:", "n": "a", "v": 1}, {"bn": "y:", "n": "a", "v": 2}]),
                "record 1: another base name",
            ),
            (json!([{"n": "a", "v": 1, "new_": 1}]), "record 0: new_ must be understood"),
            (json!([{"bver": 11, "n": "a", "v": 1}]), "record 0: SenML of a version"),
            (json!([{"v": 1}]), "record 0: it has no name"),
            (json!([{"n": "a", "v": "1"}]), "record 0: v: \"1\" is no number"),
            (json!([7]), "record 0: 7 is no record"),
            (json!([{"n": "a", "t": 1e300, "v": 1}]), "1e300 s is no time"),
        ];
        for (records, expected) in cases {
            let told = read(records).unwrap_err();
            assert!(
                told.starts_with(expected) || told.contains("is no time") && expected.ends_with("no time"),
                "{told}"
            );
        }
    }
}
