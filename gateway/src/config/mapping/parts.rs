//! The parts of an entry: device, condition, field, reading, list of readings.

use std::collections::BTreeMap;

use toml_edit::Item;

use super::super::entry::{At, EntryReader, literal};
use super::{Form, fits, literals, one_of};
use crate::domain::mapping::FIELDS_MAX;
use crate::domain::mapping::condition::{Condition, Test};
use crate::domain::mapping::device::{DeviceRule, DeviceSource};
use crate::domain::mapping::field::Source;
use crate::domain::mapping::pointer::{DEPTH_MAX, Pointer};
use crate::domain::mapping::readings::{Collect, ListForm, ReadingRule};
use crate::domain::mapping::table::Table;
use crate::domain::mapping::time::TimeForm;

/// What says where the device's id is.
pub(super) const DEVICE: &str = "one of { level = N } (of the topic, from 1), { pointer = \"/...\" } or { publisher = true }, and a prefix if need be";
const FIELD_KEYS: [&str; 10] =
    ["pointer", "when", "required", "map", "table", "bit", "scale", "offset", "time", "default"];
const WHEN_KEYS: [&str; 4] = ["pointer", "equals", "bits_set", "bits_clear"];
/// Bits of a whole number.
const BITS: i64 = 64;
/// Letters of a device id that a prefix may take.
const PREFIX_MAX: usize = 24;

/// The pointer at a key.
pub(super) fn pointer(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Pointer> {
    let expected = format!("a JSON Pointer like \"/body/speed\", at most {DEPTH_MAX} levels deep");
    reader.value(at, name, &expected, |item| Pointer::parse(item.as_str()?))
}

fn needed_pointer(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Pointer> {
    if !at.table.contains_key("pointer") {
        reader.refuse(at, "pointer", "a JSON Pointer like \"/body/speed\"");
    }
    pointer(reader, at, "pointer")
}

/// `{ level = 4, prefix = "lora-" }`.
pub(super) fn device(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<DeviceRule> {
    reader.only(at, &["level", "pointer", "publisher", "prefix"]);
    let level = reader.value(at, "level", "a level of the topic, from 1 to 16", |item| {
        usize::try_from(item.as_integer()?).ok().filter(|level| (1..=16).contains(level))
    });
    let pointer = pointer(reader, at, "pointer");
    let publisher = reader.value(at, "publisher", "true", |item| item.as_bool().filter(|is| *is));
    let expected = format!("at most {PREFIX_MAX} of a-z, 0-9 and \"-\", not beginning with \"-\"");
    let prefix = reader.value(at, "prefix", &expected, |item| {
        let text = item.as_str().filter(|text| text.len() <= PREFIX_MAX && !text.starts_with('-'))?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        text.bytes().all(fits).then(|| text.to_owned())
    });
    let source = match (level, pointer, publisher) {
        (Some(level), None, None) => DeviceSource::Level(level),
        (None, Some(pointer), None) => DeviceSource::Pointer(pointer),
        (None, None, Some(_)) => DeviceSource::Publisher,
        (None, None, None)
            if ["level", "pointer", "publisher"].iter().any(|key| at.table.contains_key(key)) =>
        {
            return None; // told already
        }
        _ => {
            reader.refuse_at(at.span.clone(), at.name.clone(), DEVICE, "none or several of them".to_owned());
            return None;
        }
    };
    Some(DeviceRule { source, prefix: prefix.unwrap_or_default() })
}

/// `{ pointer = "/header/msg_id", equals = 512 }`.
pub(super) fn condition(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Condition> {
    reader.only(at, &WHEN_KEYS);
    let pointer = needed_pointer(reader, at);
    let equals = reader.value(at, "equals", "text, a number or a flag, or an array of them", |item| {
        let values = literals(item)?;
        Some(
            values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect(),
        )
    });
    let mut bits = |name: &str| reader.value(at, name, "an array of bits, each from 0 to 63", mask);
    let (set, clear) = (bits("bits_set"), bits("bits_clear"));
    let test = match (equals, set.is_some() || clear.is_some()) {
        (Some(values), false) => Test::OneOf(values),
        (None, true) => Test::Bits { set: set.unwrap_or(0), clear: clear.unwrap_or(0) },
        (None, false) => Test::Present,
        (Some(_), true) => {
            reader.refuse(at, "equals", "either equals, or bits_set and bits_clear");
            return None;
        }
    };
    Some(Condition { pointer: pointer?, test })
}

fn mask(item: &Item) -> Option<u64> {
    let mut bits = item.as_array()?.iter().map(|bit| bit.as_integer().filter(|bit| (0..BITS).contains(bit)));
    bits.try_fold(0, |mask, bit| Some(mask | 1_u64 << bit?))
}

/// A field: `{ pointer = "/body/latitude", scale = 1e-6 }`.
pub(super) fn source(reader: &mut EntryReader<'_>, at: &At<'_>, form: Form) -> Option<Source> {
    reader.only(at, &FIELD_KEYS);
    source_of(reader, at, form)
}

fn source_of(reader: &mut EntryReader<'_>, at: &At<'_>, form: Form) -> Option<Source> {
    only_for(reader, at, form);
    let when = reader.table(at, "when").and_then(|when| condition(reader, &when));
    let default =
        reader.value(at, "default", form_name(form), |item| literal(item).filter(|value| fits(form, value)));
    let source = Source {
        pointer: pointer(reader, at, "pointer"),
        when,
        required: reader.value(at, "required", "true or false", Item::as_bool).unwrap_or(false),
        table: table(reader, at),
        map: map(reader, at, form),
        bit: reader.value(at, "bit", "a bit from 0 to 63", |item| {
            item.as_integer().filter(|bit| (0..BITS).contains(bit)).and_then(|bit| u8::try_from(bit).ok())
        }),
        scale: reader.value(at, "scale", "a number but 0", |item| number(item).filter(|scale| *scale != 0.0)),
        offset: reader.value(at, "offset", "a number", number),
        time: reader.value(at, "time", &times(), |item| named(TimeForm::NAMES, item)).unwrap_or_default(),
        default,
    };
    if !at.table.contains_key("pointer") && !at.table.contains_key("default") {
        reader.refuse(at, "pointer", "a JSON Pointer, or a default for a value that is always the same");
        return None;
    }
    Some(source)
}

/// What makes sense for one form only is refused for the others: it was meant for something else.
fn only_for(reader: &mut EntryReader<'_>, at: &At<'_>, form: Form) {
    let owners = [
        ("scale", Form::Number),
        ("offset", Form::Number),
        ("bit", Form::Flag),
        ("time", Form::Time),
        ("table", Form::Text),
    ];
    for (name, owner) in
        owners.into_iter().filter(|(name, owner)| *owner != form && at.table.contains_key(name))
    {
        reader.refuse(
            at,
            name,
            &format!("nothing, as the field holds {}; only {} has it", form_name(form), form_name(owner)),
        );
    }
}

/// A table of the city, instead of a map.
fn table(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Table> {
    if at.table.contains_key("table") && at.table.contains_key("map") {
        reader.refuse(at, "table", "either a map or a table");
    }
    reader.value(at, "table", &one_of(Table::NAMES.map(|(name, _)| name)), |item| named(&Table::NAMES, item))
}

fn map(reader: &mut EntryReader<'_>, at: &At<'_>, form: Form) -> BTreeMap<String, serde_json::Value> {
    let Some(table) = reader.table(at, "map") else { return BTreeMap::new() };
    let mut map = BTreeMap::new();
    for (key, _) in table.table.iter() {
        let value = reader
            .value(&table, key, form_name(form), |item| literal(item).filter(|value| fits(form, value)));
        map.extend(value.map(|value| (key.to_owned(), value)));
    }
    map
}

/// A reading: a field with a quantity, a unit and a channel.
pub(super) fn reading(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<ReadingRule> {
    let keys: Vec<&str> = ["quantity", "unit", "channel"].into_iter().chain(FIELD_KEYS).collect();
    reader.only(at, &keys);
    let quantity = reader.value(at, "quantity", "what is measured, as text", text);
    if !at.table.contains_key("quantity") {
        reader.refuse(at, "quantity", "what is measured, as text");
    }
    let unit = reader.value(at, "unit", "a unit, as text", text);
    let channel = reader
        .value(at, "channel", "a whole number from 0 to 255", |item| u8::try_from(item.as_integer()?).ok());
    let source = source_of(reader, at, Form::Number);
    Some(ReadingRule { quantity: quantity?, unit, channel: channel.unwrap_or(0), source: source? })
}

/// A list of readings: `{ pointer = "/object", form = "members" }`.
pub(super) fn collect(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Collect> {
    reader.only(at, &["pointer", "form", "quantities", "units"]);
    let pointer = needed_pointer(reader, at);
    let expected = one_of([ListForm::NAMES[0].0, ListForm::NAMES[1].0]);
    let form = reader.value(at, "form", &expected, |item| named(ListForm::NAMES, item));
    if !at.table.contains_key("form") {
        reader.refuse(at, "form", &expected);
    }
    let (quantities, units) = (names(reader, at, "quantities"), names(reader, at, "units"));
    Some(Collect { pointer: pointer?, form: form?, quantities, units })
}

fn names(reader: &mut EntryReader<'_>, at: &At<'_>, key: &str) -> BTreeMap<String, String> {
    let expected = format!("a table of text, at most {FIELDS_MAX} of it");
    let names = reader.value(at, key, &expected, |item| {
        let table = item.as_table_like().filter(|table| table.len() <= FIELDS_MAX)?;
        table.iter().map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned()))).collect()
    });
    names.unwrap_or_default()
}

fn named<T: Copy>(names: &[(&str, T)], item: &Item) -> Option<T> {
    names.iter().find(|(name, _)| Some(*name) == item.as_str()).map(|(_, value)| *value)
}

fn times() -> String {
    let names: Vec<String> = TimeForm::NAMES.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    format!("one of {}", names.join(", "))
}

fn text(item: &Item) -> Option<String> {
    item.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number(item: &Item) -> Option<f64> {
    item.as_float()
        .or_else(|| item.as_integer().map(|whole| whole as f64))
        .filter(|number| number.is_finite())
}

/// What a form is called where it is expected.
fn form_name(form: Form) -> &'static str {
    match form {
        Form::Number => "a number",
        Form::Whole => "a whole number, not below 0",
        Form::Flag => "true or false",
        Form::Text => "text",
        Form::Time => "a time in RFC 3339",
    }
}
