//! The readings of a sensor: named one by one, or collected from a part of the payload that lists them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::body::Form;
use super::field::{Source, number_of, shown};
use super::pointer::Pointer;
use super::senml;

/// A reading that the rule names.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingRule {
    /// What was measured, as the platform calls it.
    pub quantity: String,
    /// The unit of the value, after scale and offset.
    pub unit: Option<String>,
    /// Which of the device's sensors of this quantity.
    pub channel: u8,
    /// Where the value comes from.
    pub source: Source,
}

/// Readings that the payload lists under names of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Collect {
    /// Where the list stands.
    pub pointer: Pointer,
    /// How it is written.
    pub form: ListForm,
    /// What the platform calls a quantity, by the payload's name of it; others keep their name.
    pub quantities: BTreeMap<String, String>,
    /// The unit of a quantity, by the platform's name; for lists that don't tell.
    pub units: BTreeMap<String, String>,
}

/// How a list of readings is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// An object: each number or flag in it is a reading, and so is each in an object of channels.
    Members,
    /// Records of SenML (RFC 8428).
    Senml,
}

impl ListForm {
    /// Every form, by the name that it has in the configuration.
    pub const NAMES: &'static [(&'static str, ListForm)] =
        &[("members", ListForm::Members), ("senml", ListForm::Senml)];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        ListForm::NAMES.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }
}

/// Readings as our JSON has them, and the time when the list tells it.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) readings: Vec<Value>,
    pub(super) time: Option<senml::When>,
}

impl ReadingRule {
    /// The reading of a payload, if it has one.
    pub(super) fn take(&self, payload: &Value) -> Result<Option<Value>, String> {
        let Some(value) = self.source.take(Form::Number, payload)?.value else { return Ok(None) };
        Ok(Some(reading(&self.quantity, value, self.unit.as_deref(), self.channel)))
    }
}

impl Collect {
    /// The readings of a payload; none when there is no list.
    pub(super) fn take(&self, payload: &Value, now_ms: i64) -> Result<Collected, String> {
        let Some(list) = self.pointer.find(payload) else { return Ok(Collected::default()) };
        match (self.form, list) {
            (ListForm::Members, Value::Object(members)) => {
                let all = members.iter().flat_map(|(name, value)| self.member(name, value));
                Ok(Collected { readings: all.collect(), time: None })
            }
            (ListForm::Senml, Value::Array(records)) => {
                senml::resolve(records, now_ms).map(|pack| Collected {
                    readings: pack.records.into_iter().map(|record| self.record(record)).collect(),
                    time: pack.when,
                })
            }
            (ListForm::Members, other) => Err(format!("{} is no object of readings", shown(other))),
            (ListForm::Senml, other) => Err(format!("{} is no array of SenML records", shown(other))),
        }
    }

    /// The readings of one member: its own value, or the values of its channels, `{"1": 25}`. Text and deeper parts are none.
    fn member(&self, name: &str, value: &Value) -> Vec<Value> {
        let one = |value: &Value, channel| {
            let (quantity, unit) = self.names(name, None);
            measured(value).map(|value| reading(&quantity, value, unit.as_deref(), channel))
        };
        match value {
            Value::Object(channels) => {
                channels.iter().filter_map(|(channel, value)| one(value, channel.parse().ok()?)).collect()
            }
            value => one(value, 0).into_iter().collect(),
        }
    }

    fn record(&self, record: senml::Record) -> Value {
        let (quantity, unit) = self.names(&record.name, record.unit);
        reading(&quantity, record.value, unit.as_deref(), 0)
    }

    /// What the platform calls it, and its unit.
    fn names(&self, name: &str, unit: Option<String>) -> (String, Option<String>) {
        let quantity = self.quantities.get(name).map_or(name, String::as_str).to_owned();
        let unit = unit.or_else(|| self.units.get(&quantity).cloned());
        (quantity, unit)
    }
}

/// A number, or a flag as 0 or 1.
fn measured(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => number_of(value).map(|_| value.clone()),
        Value::Bool(flag) => Some(u8::from(*flag).into()),
        _ => None,
    }
}

fn reading(quantity: &str, value: Value, unit: Option<&str>, channel: u8) -> Value {
    let mut reading = json!({ "quantity": quantity, "value": value });
    if let (Some(unit), Value::Object(fields)) = (unit, &mut reading) {
        fields.insert("unit".to_owned(), unit.into());
    }
    if let (1.., Value::Object(fields)) = (channel, &mut reading) {
        fields.insert("channel".to_owned(), channel.into());
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_readings_under_the_platforms_names_and_channels_stay_apart() {
        let collect = Collect {
            pointer: Pointer::parse("/object").unwrap(),
            form: ListForm::Members,
            quantities: BTreeMap::from([("temp".to_owned(), "air_temperature".to_owned())]),
            units: BTreeMap::from([("air_temperature".to_owned(), "Cel".to_owned())]),
        };
        let payload = json!({"object": {"temp": 21.5, "open": true, "label": "north", "hum": {"1": 32, "x": 1, "2": 40}}});
        assert_eq!(
            collect.take(&payload, 0).unwrap().readings,
            [
                json!({"quantity": "air_temperature", "value": 21.5, "unit": "Cel"}),
                json!({"quantity": "open", "value": 1}),
                json!({"quantity": "hum", "value": 32, "channel": 1}),
                json!({"quantity": "hum", "value": 40, "channel": 2}),
            ]
        );
        assert!(collect.take(&json!({"object": [1]}), 0).is_err());
        assert!(collect.take(&json!({}), 0).unwrap().readings.is_empty());
    }
}
