//! The table of examples that rules are tested by: TOML, entries `[[example]]`, each with a table `expect`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use toml_edit::Item;

use super::super::entry::{At, EntryReader, value_literal};
use super::super::error::ConfigError;
use super::super::read::Source;
use super::parts;
use crate::domain::report::{CaseKind, TimeQuality};

/// Examples of one file.
const EXAMPLES_MAX: usize = 10_000;
const KEYS: [&str; 14] = [
    "name",
    "kind",
    "code",
    "severity",
    "lon",
    "lat",
    "accuracy_m",
    "grid",
    "joint_grid",
    "time",
    "time_quality",
    "received",
    "card",
    "expect",
];
/// What can be expected.
pub const EXPECT: [&str; 18] = [
    "grid",
    "owner",
    "owner_role",
    "copies",
    "delegated",
    "delegated_unit",
    "joint",
    "recipients",
    "undecided",
    "severity",
    "urgent",
    "limit",
    "due",
    "tidal",
    "tidal_area",
    "stall",
    "quiet",
    "linked",
];
const KINDS: [(&str, CaseKind); 2] = [("event", CaseKind::Event), ("component", CaseKind::Component)];
const TIME: &str = "a time in RFC 3339, such as \"2026-11-27T18:00:00+08:00\"";

/// A report, and what the rules should make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// The line that it begins on, from 1.
    pub line: usize,
    /// Event or component.
    pub kind: CaseKind,
    /// The case code.
    pub code: String,
    /// Severity by the device.
    pub severity: Option<u8>,
    /// Longitude and latitude in degrees, WGS-84.
    pub at: Option<(f64, f64)>,
    /// Accuracy in metres.
    pub accuracy_m: Option<f64>,
    /// A grid for one without a position; with one it is found.
    pub grid: Option<String>,
    /// Its grid counts as one that the map marks `joint_enforcement`.
    pub joint_grid: bool,
    /// When it was observed, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// Where its clock has its time.
    pub time_quality: TimeQuality,
    /// When it came, in milliseconds since 1970; `None`: when it was observed.
    pub received_ms: Option<i64>,
    /// The stall card that was shown.
    pub card: Option<String>,
    /// What is expected, by a name of [`EXPECT`].
    pub expect: BTreeMap<&'static str, serde_json::Value>,
}

/// Reads the text of a table; `name` stands for it in messages.
///
/// # Errors
/// [`ConfigError::Refused`] with everything that is wrong.
pub fn read(text: &str, name: &str) -> Result<Vec<Example>, ConfigError> {
    let source = Source { name, text };
    let document = source.parse().map_err(|problem| ConfigError::Refused { problems: vec![problem] })?;
    let mut reader = EntryReader::new(source);
    let root = At::entry(document.as_table(), "examples");
    reader.only(&root, &["example"]);
    let tables = reader.tables(&root, "example");
    if tables.is_empty() || tables.len() > EXAMPLES_MAX {
        let expected = format!("1 to {EXAMPLES_MAX} entries [[example]]");
        reader.refuse_at(None, "example".to_owned(), &expected, tables.len().to_string());
    }
    let line_of = |at: &At<'_>| {
        let start = at.span.as_ref().map_or(0, |span| span.start);
        text.get(..start).unwrap_or_default().matches('\n').count() + 1
    };
    let tables = tables.into_iter().take(EXAMPLES_MAX);
    let examples = tables
        .filter_map(|at| example(&mut reader, &At { name: "example".to_owned(), ..at.clone() }, line_of(&at)))
        .collect();
    let mut problems = reader.into_problems();
    problems.sort();
    if problems.is_empty() { Ok(examples) } else { Err(ConfigError::Refused { problems }) }
}

fn example(reader: &mut EntryReader<'_>, at: &At<'_>, line: usize) -> Option<Example> {
    reader.only(at, &KEYS);
    let text = |item: &Item| item.as_str().map(str::to_owned);
    let code = parts::needed(reader, at, "code", "a case code in quotes, such as \"0501\"", text);
    let name = reader.value(at, "name", "text", text);
    let kind = reader.value(at, "kind", "\"event\" or \"component\"", |item| parts::one_of(&KINDS, item));
    let severity = reader.value(at, "severity", "a whole number from 1 to 255", |item| {
        u8::try_from(item.as_integer()?).ok().filter(|level| *level > 0)
    });
    let (time_ms, received_ms) = (time(reader, at, "time"), time(reader, at, "received"));
    let names = TimeQuality::ALL.map(TimeQuality::as_str).join(", ");
    let time_quality = reader.value(at, "time_quality", &format!("one of {names}"), |item| {
        TimeQuality::ALL.into_iter().find(|quality| Some(quality.as_str()) == item.as_str())
    });
    Some(Example {
        name: name.unwrap_or_else(|| format!("line {line}")),
        line,
        kind: kind.unwrap_or(CaseKind::Event),
        severity,
        at: position(reader, at),
        accuracy_m: reader.value(at, "accuracy_m", "metres", |item| parts::number(item, 0.0, 1e6)),
        grid: reader.value(at, "grid", "a grid code in quotes", text),
        joint_grid: reader.value(at, "joint_grid", "true or false", Item::as_bool).unwrap_or(false),
        time_ms,
        time_quality: time_quality.unwrap_or(TimeQuality::Gnss),
        received_ms,
        card: reader.value(at, "card", "the number of a card in quotes", text),
        expect: expectations(reader, at),
        code: code?,
    })
}

fn time(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<i64> {
    reader.value(at, name, TIME, |item| {
        let written =
            item.as_datetime().map_or_else(|| item.as_str().unwrap_or("").to_owned(), ToString::to_string);
        written.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    })
}

fn position(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<(f64, f64)> {
    let lon_deg = reader.value(at, "lon", "degrees, -180 to 180", |item| parts::number(item, -180.0, 180.0));
    let lat_deg = reader.value(at, "lat", "degrees, -90 to 90", |item| parts::number(item, -90.0, 90.0));
    if at.table.contains_key("lon") != at.table.contains_key("lat") {
        reader.refuse(at, "lat", "lon and lat, or neither");
    }
    Some((lon_deg?, lat_deg?))
}

/// Text, numbers, flags or lists of text under the known names. A time is put into one form.
fn expectations(reader: &mut EntryReader<'_>, at: &At<'_>) -> BTreeMap<&'static str, serde_json::Value> {
    let mut expect = BTreeMap::new();
    let Some(table) = reader.table(at, "expect") else {
        if !at.table.contains_key("expect") {
            reader.refuse(at, "expect", "a table of what is expected");
        }
        return expect;
    };
    reader.only(&table, &EXPECT);
    for name in EXPECT {
        let value = reader.value(&table, name, "text, a number, a flag or a list of text", |item| {
            let value = item.as_value()?;
            match value.as_array() {
                Some(array) => array.iter().map(value_literal).collect(),
                None => value_literal(value),
            }
        });
        expect.extend(value.map(|value| (name, value)));
    }
    expect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_read_and_everything_wrong_with_others_is_told() {
        let text = "[[example]]\ncode = \"0501\"\nlon = 104.4\nlat = 31.1\ntime = 2026-11-27T18:00:00+08:00\n\
                    expect = { owner = \"x\", joint = [] }\n";
        let example = &read(text, "e").unwrap()[0];
        assert_eq!((example.line, example.at, &*example.name), (1, Some((104.4, 31.1)), "line 1"));
        assert_eq!(example.expect.len(), 2);
        let told = read(
            "[[example]]\ncoed = \"0501\"\nlon = 104.4\ntime = \"noon\"\n[[example]]\ncode = \"1\"\n\
             expect = { ownr = \"x\" }\n",
            "e",
        );
        let told = told.unwrap_err().to_string();
        for part in [
            "e:2:1: unknown example.coed; the nearest known name is code",
            "example.code: expected a case code",
            "example.lat: expected lon and lat, or neither",
            "e:4:8: example.time: expected a time in RFC 3339",
            "example.expect: expected a table of what is expected; found nothing",
            "unknown example.expect.ownr; the nearest known name is owner",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert!(read("", "e").unwrap_err().to_string().contains("1 to 10000 entries"));
    }
}
