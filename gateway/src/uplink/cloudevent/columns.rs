//! Telemetry of many devices in one small body: `application/vnd.patrol.telemetry-columns.v1` (docs/platform-api.md has the format,
//! docs/decisions/0025 the reasons).
//!
//! - It is made from the events and says all that they say: whoever reads it gets the same events, member for member. An event
//!   that does not fit, a track for instance, stands in it whole.
//! - What is the same in many events (names, qualities, which fields there are) is said once, as a *shape*. Every number is in
//!   the column of its field, as a difference to what its device said before.
//! - Small numbers in long rows are what zstd is good at: the body is meant to be compressed.

mod column;

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use self::column::{Column, Written};
use crate::domain::varint;

/// The media type.
pub const CONTENT_TYPE: &str = "application/vnd.patrol.telemetry-columns.v1";

/// Shapes in one body; an event with one more stands in it whole.
const SHAPES_MAX: usize = 256;

/// A body in the making. Its events are those of one gateway, in the order in which they are added.
#[derive(Debug, Default)]
pub struct Columns {
    source: Option<String>,
    devices: Names,
    /// By their words.
    known_shapes: Names,
    shapes: Vec<Shape>,
    of_devices: Vec<i64>,
    of_shapes: Vec<i64>,
    columns: Vec<(String, Column)>,
    whole: Vec<Whole>,
    records: usize,
}

/// Texts and their numbers in the order in which they came.
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.numbers.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    fn has_room_for(&self, name: &str, max: usize) -> bool {
        self.names.len() < max || self.numbers.contains_key(name)
    }
}

/// An event that stands in the body as it is.
#[derive(Debug, Serialize)]
struct Whole {
    /// Its place among all events, from 0.
    at: usize,
    event: Value,
}

/// What many events have in common.
#[derive(Debug, Default, Serialize)]
struct Shape {
    /// The columns that have a number of such an event.
    columns: Vec<String>,
    /// Its other properties.
    same: Map<String, Value>,
}

/// An event taken apart.
struct Parts {
    source: String,
    device: String,
    shape: Shape,
    /// The shape in words.
    shape_text: String,
    numbers: Vec<(String, Number)>,
}

/// A number as JSON has it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Whole(i64),
    Decimal(f64),
}

#[derive(Serialize)]
struct Header<'a> {
    source: &'a str,
    records: usize,
    devices: &'a [String],
    shapes: &'a [Shape],
    columns: Vec<Written<'a>>,
    #[serde(skip_serializing_if = "<[Whole]>::is_empty")]
    whole: &'a [Whole],
}

impl Columns {
    /// Adds an event. Returns the bytes that it adds to the body as a whole event, 0 when it fits the columns.
    pub fn push(&mut self, event: Value) -> usize {
        let at = self.records;
        self.records += 1;
        let Some(parts) = Parts::of(&event).filter(|parts| self.takes(parts)) else {
            let bytes = event.to_string().len();
            self.whole.push(Whole { at, event });
            return bytes;
        };
        let device = self.devices.number(&parts.device);
        self.of_devices.push(device as i64);
        let shape = self.known_shapes.number(&parts.shape_text);
        self.of_shapes.push(shape as i64);
        if shape == self.shapes.len() {
            self.shapes.push(parts.shape);
        }
        self.source.get_or_insert(parts.source);
        for (name, number) in parts.numbers {
            self.column(&name, number).push(device, number);
        }
        0
    }

    /// How many events are in it.
    pub fn records(&self) -> usize {
        self.records
    }

    /// How many of them stand in it whole.
    pub fn whole(&self) -> usize {
        self.whole.len()
    }

    /// Whether an event fits what is there: the gateway it is from, the kinds of its numbers.
    fn takes(&self, parts: &Parts) -> bool {
        let fits = |(name, number): &(String, Number)| {
            let column = self.columns.iter().find(|(known, _)| known == name);
            column.is_none_or(|(_, column)| column.takes(*number))
        };
        self.source.as_ref().is_none_or(|source| *source == parts.source)
            && self.known_shapes.has_room_for(&parts.shape_text, SHAPES_MAX)
            && parts.numbers.iter().all(fits)
    }

    fn column(&mut self, name: &str, number: Number) -> &mut Column {
        let known = self.columns.iter().position(|(known, _)| known == name);
        let at = known.unwrap_or_else(|| {
            self.columns.push((name.to_owned(), Column::of(number)));
            self.columns.len() - 1
        });
        &mut self.columns[at].1
    }

    /// The body.
    pub fn into_body(self) -> Vec<u8> {
        let (mut written, mut content) = (Vec::new(), Vec::new());
        for (name, numbers) in [("@device", &self.of_devices), ("@shape", &self.of_shapes)] {
            let mut column = Column::of(Number::Whole(0));
            numbers.iter().for_each(|number| column.push(0, Number::Whole(*number)));
            written.push(column.write(name, &mut content));
        }
        written.extend(self.columns.iter().map(|(name, column)| column.write(name, &mut content)));
        let header = Header {
            source: self.source.as_deref().unwrap_or_default(),
            records: self.records,
            devices: &self.devices.names,
            shapes: &self.shapes,
            columns: written,
            whole: &self.whole,
        };
        let header = serde_json::to_vec(&header).expect("a header has text keys and plain values only");
        let mut body = Vec::with_capacity(header.len() + content.len() + 4);
        varint::put(&mut body, header.len() as u64);
        body.extend(header);
        body.extend(content);
        body
    }
}

impl Parts {
    /// Takes an event apart; `None` for one that could not be put together again from columns.
    fn of(event: &Value) -> Option<Parts> {
        let expected = [
            ("specversion", "1.0"),
            ("type", "cn.patrol.telemetry.v1"),
            ("datacontenttype", "application/geo+json"),
        ];
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let is_plain = expected.iter().all(|(name, value)| text(name) == Some(value));
        let (data, members) = (event.get("data")?.as_object()?, event.as_object()?.len());
        if !is_plain || members != MEMBERS || data.len() != 3 || data.get("type")? != "Feature" {
            return None;
        }
        let mut parts = Parts {
            source: text("source")?.to_owned(),
            device: String::new(),
            shape: Shape::default(),
            shape_text: String::new(),
            numbers: Vec::with_capacity(20),
        };
        let unix_ms = unix_ms(text("time")?)?;
        parts.numbers.push(("time".to_owned(), Number::Whole(unix_ms)));
        parts.place(data.get("geometry")?)?;
        parts.properties(data.get("properties")?.as_object()?, unix_ms)?;
        (text("id")? == parts.id()?).then_some(parts)
    }

    fn place(&mut self, geometry: &Value) -> Option<()> {
        if geometry.is_null() {
            return Some(());
        }
        let place = geometry.get("coordinates")?.as_array()?;
        if geometry.as_object()?.len() != 2 || geometry.get("type")? != "Point" || place.len() != 2 {
            return None;
        }
        for (name, value) in [("lon", &place[0]), ("lat", &place[1])] {
            self.numbers.push((name.to_owned(), Number::of(value)?));
        }
        Some(())
    }

    fn properties(&mut self, properties: &Map<String, Value>, unix_ms: i64) -> Option<()> {
        let mut same = Map::new();
        for (name, value) in properties {
            match (name.as_str(), value) {
                ("device", Value::String(device)) => self.device.clone_from(device),
                ("received_at", Value::String(text)) => {
                    let lag_ms = self::unix_ms(text)?.checked_sub(unix_ms)?;
                    self.numbers.push((name.clone(), Number::Whole(lag_ms)));
                }
                ("time" | "lon" | "lat", _) => return None,
                (_, Value::Number(_)) => self.numbers.push((name.clone(), Number::of(value)?)),
                (_, Value::String(_) | Value::Bool(_)) => {
                    same.insert(name.clone(), value.clone());
                }
                (_, Value::Null | Value::Array(_) | Value::Object(_)) => return None,
            }
        }
        let columns = self.numbers.iter().map(|(name, _)| name.clone()).collect();
        self.shape = Shape { columns, same };
        self.shape_text = serde_json::to_string(&self.shape).ok()?;
        Some(())
    }

    /// The id that follows from what it says.
    fn id(&self) -> Option<String> {
        let number = |wanted: &str| {
            self.numbers.iter().find_map(|(name, number)| match number {
                Number::Whole(number) if name == wanted => Some(*number),
                _ => None,
            })
        };
        Some(format!("{}/{}/{}", self.device, number("boot")?, number("seq")?))
    }
}

/// Members of an event that fits: those of `expected`, and `id`, `source`, `time`, `data`.
const MEMBERS: usize = 7;

impl Number {
    fn of(value: &Value) -> Option<Number> {
        let Value::Number(number) = value else { return None };
        let number = match number.as_i64() {
            Some(whole) => Number::Whole(whole),
            None if number.is_f64() => Number::Decimal(number.as_f64()?),
            None => return None,
        };
        column::fits(number).then_some(number)
    }
}

/// The milliseconds since 1970 of a time that is written as events have it; `None` for any other text.
fn unix_ms(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    (format!("{time:.3}") == text).then(|| time.as_millisecond())
}

#[cfg(test)]
mod tests;
