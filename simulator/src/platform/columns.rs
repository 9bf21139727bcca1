//! A reader of `application/vnd.patrol.telemetry-columns.v1`, written from its reference (docs/platform-api.md) alone: what it makes of a
//! body is taken in like events that came as JSON, so one that says anything else than its event in JSON is a conflict.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The media type.
pub const MEDIA: &str = "application/vnd.patrol.telemetry-columns.v1";
/// Events in one body.
const RECORDS_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    source: String,
    records: usize,
    devices: Vec<String>,
    shapes: Vec<Shape>,
    columns: Vec<ColumnHeader>,
    #[serde(default)]
    whole: Vec<Whole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    columns: Vec<String>,
    same: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnHeader {
    name: String,
    #[serde(default)]
    decimal: bool,
    #[serde(default)]
    exponent: i32,
    order: u8,
    bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    at: usize,
    event: Value,
}

/// A column while it is read: its bytes, and what each device said last in it.
struct Column<'a> {
    header: ColumnHeader,
    bytes: &'a [u8],
    /// The last number and the last step of each device.
    devices: HashMap<usize, (i64, i64)>,
    before: i64,
}

/// The events of a body, in their order.
///
/// # Errors
/// The body is none of this format; the text says where.
pub fn read(mut body: &[u8]) -> Result<Vec<Value>, String> {
    let header_len = varint(&mut body).ok_or("no length of the header")?;
    let header = usize::try_from(header_len).ok().and_then(|len| body.split_at_checked(len));
    let (header, mut content) = header.ok_or("the header is cut")?;
    let header: Header = serde_json::from_slice(header).map_err(|error| format!("header: {error}"))?;
    if header.records > RECORDS_MAX {
        return Err(format!("more than {RECORDS_MAX} records"));
    }
    let mut columns = HashMap::new();
    for column in header.columns {
        let (bytes, rest) = content.split_at_checked(column.bytes).ok_or("a column is cut")?;
        content = rest;
        let name = column.name.clone();
        columns.insert(name, Column { header: column, bytes, devices: HashMap::new(), before: 0 });
    }
    if !content.is_empty() {
        return Err(format!("{} bytes too many", content.len()));
    }
    let mut whole: HashMap<usize, Value> = header.whole.into_iter().map(|it| (it.at, it.event)).collect();
    let mut events = Vec::with_capacity(header.records);
    for at in 0..header.records {
        let event = match whole.remove(&at) {
            Some(event) => event,
            None => event(&header.source, &header.devices, &header.shapes, &mut columns)
                .map_err(|wrong| format!("event {at}: {wrong}"))?,
        };
        events.push(event);
    }
    match columns.values().all(|column| column.bytes.is_empty()) && whole.is_empty() {
        true => Ok(events),
        false => Err("more in the columns than there are records".to_owned()),
    }
}

/// Puts the next event together.
fn event(
    source: &str,
    devices: &[String],
    shapes: &[Shape],
    columns: &mut HashMap<String, Column<'_>>,
) -> Result<Value, String> {
    let mut next = |name: &str, device: usize| {
        let column = columns.get_mut(name).ok_or(format!("no column {name}"))?;
        column.next(device).ok_or(format!("column {name} is cut"))
    };
    let index = |number: Value| number.as_u64().and_then(|number| usize::try_from(number).ok());
    let device_number = index(next("@device", 0)?).ok_or("no device")?;
    let shape = index(next("@shape", 0)?).and_then(|shape| shapes.get(shape)).ok_or("no shape")?;
    let device = devices.get(device_number).ok_or("no such device")?;
    let mut properties = shape.same.clone();
    properties.insert("device".to_owned(), device.as_str().into());
    for name in &shape.columns {
        properties.insert(name.clone(), next(name, device_number)?);
    }
    let mut taken = |name: &str| properties.remove(name).ok_or(format!("no {name}"));
    let time = taken("time")?.as_i64().ok_or("time is no whole number")?;
    let place = (taken("lon").ok(), taken("lat").ok());
    let received_at = match taken("received_at") {
        Ok(lag) => rfc3339(lag.as_i64().and_then(|lag| lag.checked_add(time)).ok_or("received_at")?)?,
        Err(wrong) => return Err(wrong),
    };
    properties.insert("received_at".to_owned(), received_at.into());
    let geometry = match place {
        (Some(lon), Some(lat)) => json!({"type": "Point", "coordinates": [lon, lat]}),
        _ => Value::Null,
    };
    let number = |name: &str| properties.get(name).and_then(Value::as_i64).ok_or(format!("no {name}"));
    let id = format!("{device}/{}/{}", number("boot")?, number("seq")?);
    Ok(json!({
        "specversion": "1.0", "id": id, "source": source, "type": "cn.patrol.telemetry.v1", "time": rfc3339(time)?,
        "datacontenttype": "application/geo+json",
        "data": {"type": "Feature", "geometry": geometry, "properties": properties},
    }))
}

fn rfc3339(unix_ms: i64) -> Result<String, String> {
    let time = jiff::Timestamp::from_millisecond(unix_ms).map_err(|error| error.to_string())?;
    Ok(format!("{time:.3}"))
}

impl Column<'_> {
    /// The next number, which is a device's.
    fn next(&mut self, device: usize) -> Option<Value> {
        let zigzag = varint(&mut self.bytes)?;
        let difference = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let known = self.devices.get(&device).copied();
        let expected = match (self.header.order, known) {
            (0, _) => 0,
            (1, Some((last, _))) => last,
            (2, Some((last, step))) => last.checked_add(step)?,
            (1 | 2, None) => self.before,
            _ => return None,
        };
        let whole = expected.checked_add(difference)?;
        let step = known.map_or(Some(0), |(last, _)| whole.checked_sub(last))?;
        self.devices.insert(device, (whole, step));
        self.before = whole;
        self.value(whole)
    }

    fn value(&self, whole: i64) -> Option<Value> {
        let exponent = self.header.exponent;
        if self.header.decimal {
            let unit = 10f64.powi(exponent.checked_abs()?);
            let value = if exponent < 0 { whole as f64 / unit } else { whole as f64 * unit };
            return serde_json::Number::from_f64(value).map(Value::Number);
        }
        let unit = 10i64.checked_pow(u32::try_from(exponent).ok()?)?;
        whole.checked_mul(unit).map(Value::from)
    }
}

/// Seven bits a byte, the least significant first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = include_str!("../../../docs/platform-api/telemetry-columns-v1.json");
    const BODY: &str = include_str!("../../../docs/platform-api/telemetry-columns-v1.hex");

    fn body() -> Vec<u8> {
        let digits: Vec<u8> = BODY.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn the_body_of_the_reference_is_the_events_of_the_reference() {
        let events: Vec<Value> = serde_json::from_str(EVENTS).unwrap();
        assert_eq!(read(&body()).unwrap(), events);
    }

    #[test]
    fn a_body_that_is_cut_or_has_a_wrong_byte_is_refused_or_read_and_never_more() {
        let whole = body();
        for len in 0..whole.len() {
            assert!(read(&whole[..len]).is_err(), "{len}");
        }
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] ^= 0x55;
            let _ = read(&wrong);
        }
    }
}
