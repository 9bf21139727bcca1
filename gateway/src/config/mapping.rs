//! `[[mapping]]`: the rules by which messages of other systems become reports (docs/mapping.md).
//!
//! ```toml
//! [[mapping]]
//! topic = "application/+/device/+/event/up"
//! preset = "lorawan"
//! crs = "wgs84"
//! fields.battery_percent = { pointer = "/object/battery" }
//! ```
//!
//! A preset is a rule without a topic that is built in; what the entry says itself counts instead, field by field. A preset
//! declares no coordinate system: only who installed the devices knows it.

mod parts;
mod preset;
mod schema;

use std::collections::BTreeMap;

use toml_edit::{ArrayOfTables, Item, Value};

use super::entry::{At, Entries, EntryReader, literal, rewritten};
use super::read::Source as Text;
use crate::domain::mapping::body::{CLASSES, Form, known};
use crate::domain::mapping::condition::Condition;
use crate::domain::mapping::device::{DeviceRule, DeviceSource};
use crate::domain::mapping::field::Source;
use crate::domain::mapping::pointer::Pointer;
use crate::domain::mapping::readings::{Collect, ReadingRule};
use crate::domain::mapping::table::Table;
use crate::domain::mapping::{FIELDS_MAX, RULES_MAX, Rule, Rules, lacks_crs};
use crate::domain::report::{Class, Crs};
use crate::domain::topic::{Filter, TopicLimits};

pub use preset::{PRESETS, Preset};

/// The name of every entry.
pub(super) const ENTRY: &str = "mapping";
/// The keys of an entry.
const KEYS: [&str; 10] =
    ["topic", "preset", "kind", "device", "when", "single", "crs", "fields", "readings", "collect"];
/// Coordinate systems that can be declared; whether a plane is known is said by `[geography]`.
const SYSTEMS: [&str; 5] = Crs::NAMES;
/// What a topic of a rule may have at most.
const TOPIC_LIMITS: TopicLimits = TopicLimits { bytes_max: 256, levels_max: 16 };
/// Topics that are not another system's: this gateway's own, and the server's.
const OWN_TOPICS: [&str; 2] = ["patrol", "$"];

/// The rules, and how they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mappings {
    /// The rules, in the order of the file.
    pub rules: Rules,
    /// The entries as TOML.
    written: String,
}

impl Entries for Mappings {
    fn read(reader: &mut EntryReader<'_>, tables: &ArrayOfTables) -> Mappings {
        if let Some(one_more) = tables.get(RULES_MAX) {
            let expected = format!("at most {RULES_MAX} entries");
            reader.refuse_at(one_more.span(), ENTRY.to_owned(), &expected, tables.len().to_string());
        }
        let rules = tables.iter().filter_map(|table| Draft::read(reader, &At::entry(table, ENTRY)));
        Mappings { rules: Rules::new(rules.collect()), written: rewritten(ENTRY, tables) }
    }

    fn written(&self) -> &str {
        &self.written
    }

    fn schema() -> serde_json::Value {
        schema::entry()
    }
}

/// A rule of which something may be missing: a preset, or an entry on its way.
#[derive(Debug, Clone, Default)]
struct Draft {
    preset: Option<&'static str>,
    class: Option<Class>,
    device: Option<DeviceRule>,
    when: Option<Condition>,
    single: Option<Pointer>,
    fields: BTreeMap<&'static str, Source>,
    readings: Vec<ReadingRule>,
    collect: Option<Collect>,
}

impl Draft {
    /// An entry, complete; `None` when something in it was refused.
    fn read(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Rule> {
        reader.only(at, &KEYS);
        let name = reader.value(at, "preset", &preset::expected(), |item| preset::named(item.as_str()?));
        let mut draft = name.map(preset::draft).unwrap_or_default();
        draft.preset = name.map(|preset| preset.name);
        draft.take(reader, at);
        let topic = topic(reader, at, draft.device.as_ref());
        draft.rule(reader, at, topic)
    }

    /// Takes what an entry or a preset says.
    fn take(&mut self, reader: &mut EntryReader<'_>, at: &At<'_>) {
        let class = reader.value(at, "kind", &kinds(), |item| {
            CLASSES.into_iter().find(|class| item.as_str() == Some(class.as_str()))
        });
        if let Some(class) = class {
            self.class = Some(class);
            // A preset for another class: what both have is the same in both.
            self.fields.retain(|field, _| known(class).any(|(name, _)| name == *field));
        }
        if let Some(device) = reader.table(at, "device") {
            self.device = parts::device(reader, &device).or(self.device.take());
        }
        if let Some(when) = reader.table(at, "when") {
            self.when = parts::condition(reader, &when);
        }
        self.single = parts::pointer(reader, at, "single").or(self.single.take());
        let crs = reader.value(at, "crs", &systems(), |item| {
            literal(item).filter(|crs| SYSTEMS.iter().any(|system| crs == system))
        });
        if let Some(crs) = crs {
            self.fields.insert("position.crs", Source { default: Some(crs), ..Source::default() });
        }
        if let Some(fields) = reader.table(at, "fields") {
            self.take_fields(reader, &fields, "");
        }
        let readings = reader.tables(at, "readings");
        if !readings.is_empty() {
            self.readings = readings.iter().filter_map(|at| parts::reading(reader, at)).collect();
        }
        if let Some(collect) = reader.table(at, "collect") {
            self.collect = parts::collect(reader, &collect).or(self.collect.take());
        }
    }

    /// Takes `[mapping.fields]`; `position.lon` is a table in the table.
    fn take_fields(&mut self, reader: &mut EntryReader<'_>, at: &At<'_>, prefix: &str) {
        let class = self.class.unwrap_or(Class::Telemetry);
        for (key, _) in at.table.iter() {
            let path = format!("{prefix}{key}");
            if let Some((name, form)) = known(class).find(|(name, _)| *name == path) {
                let field = reader.table(at, key).and_then(|field| {
                    if field.table.contains_key("table") && !Table::FIELDS.contains(&name) {
                        reader.refuse(
                            &field,
                            "table",
                            "nothing, as only kind and code are read from a table",
                        );
                    }
                    parts::source(reader, &field, form)
                });
                self.fields.extend(field.map(|source| (name, source)));
            } else if known(class).any(|(name, _)| name.starts_with(&format!("{path}."))) {
                if let Some(inner) = reader.table(at, key) {
                    self.take_fields(reader, &inner, &format!("{path}."));
                }
            } else {
                let names: Vec<&str> =
                    known(class).filter_map(|(name, _)| name.strip_prefix(prefix)).collect();
                reader.unknown(at, key, &names);
            }
        }
    }

    /// The rule, if nothing is missing.
    fn rule(self, reader: &mut EntryReader<'_>, at: &At<'_>, topic: Option<Filter>) -> Option<Rule> {
        let mut needed = |name: &str, given: bool, expected: &str| {
            // A value that was refused has been told already.
            if !given && !at.table.contains_key(name) {
                reader.refuse(at, name, expected);
            }
        };
        needed("kind", self.class.is_some() || at.table.contains_key("preset"), &kinds());
        needed("device", self.device.is_some() || at.table.contains_key("preset"), parts::DEVICE);
        needed("crs", !lacks_crs(&self.fields), &format!("{}, as a position is filled", systems()));
        let class = self.class?;
        let lists = !self.readings.is_empty() || self.collect.is_some();
        if lists != (class == Class::Reading) {
            let key = if self.collect.is_some() { "collect" } else { "readings" };
            reader.refuse(at, key, "readings or collect where kind is \"reading\", and only there");
            return None;
        }
        if self.fields.len() + self.readings.len() > FIELDS_MAX {
            reader.refuse(at, "fields", &format!("at most {FIELDS_MAX} fields and readings"));
            return None;
        }
        let Draft { preset, device, when, single, fields, readings, collect, .. } = self;
        Some(Rule { preset, topic: topic?, when, single, class, device: device?, fields, readings, collect })
    }
}

/// The topic of an entry: another system's, with a level for the device if its id stands there.
fn topic(reader: &mut EntryReader<'_>, at: &At<'_>, device: Option<&DeviceRule>) -> Option<Filter> {
    let expected =
        "an MQTT topic or filter of another system, at most 256 bytes and 16 levels, not below patrol/ or $";
    if !at.table.contains_key("topic") {
        reader.refuse(at, "topic", expected);
        return None;
    }
    let topic = reader.value(at, "topic", expected, |item| {
        let filter = Filter::parse(item.as_str()?, TOPIC_LIMITS).ok()?;
        let first = filter.as_str().split('/').next().unwrap_or_default();
        let own = first.starts_with('$') || OWN_TOPICS.contains(&first);
        (!own && filter.group().is_none()).then_some(filter)
    })?;
    if let Some(DeviceRule { source: DeviceSource::Level(level), .. }) = device {
        let levels = topic.selection().split('/').count();
        if *level > levels && !topic.selection().ends_with('#') {
            let expected = format!("a topic with the level {level} that the device's id stands in");
            reader.refuse(at, "topic", &expected);
            return None;
        }
    }
    Some(topic)
}

fn kinds() -> String {
    one_of(CLASSES.map(Class::as_str))
}

fn systems() -> String {
    format!("the coordinate system of the devices, {}", one_of(SYSTEMS))
}

fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("one of {}", names.map(|name| format!("\"{name}\"")).join(", "))
}

/// A rule of a text that is known to hold one: for presets, and what their test reads.
fn draft_of(text: Text<'_>) -> Result<Draft, Vec<super::Problem>> {
    let document = text.parse().map_err(|problem| vec![problem])?;
    let mut reader = EntryReader::new(text);
    let mut draft = Draft::default();
    let at = At::entry(document.as_table(), "preset");
    reader.only(&at, &KEYS);
    draft.take(&mut reader, &at);
    match reader.into_problems() {
        problems if problems.is_empty() => Ok(draft),
        problems => Err(problems),
    }
}

/// A list of text, numbers or flags, or one of them.
fn literals(item: &Item) -> Option<Vec<serde_json::Value>> {
    match item.as_value()? {
        Value::Array(array) => array.iter().map(super::entry::value_literal).collect(),
        value => super::entry::value_literal(value).map(|value| vec![value]),
    }
}

/// Whether a constant has the form of its field.
fn fits(form: Form, value: &serde_json::Value) -> bool {
    match form {
        Form::Number => value.is_number(),
        Form::Whole => value.is_u64(),
        Form::Flag => value.is_boolean(),
        Form::Text => value.is_string(),
        Form::Time => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
    }
}
