//! The file of the city's rules: TOML, a section for each kind of rule (docs/domain/rules.md).
//!
//! ```toml
//! [calendar]
//! working_hours = ["08:00-12:00", "14:00-18:00"]
//!
//! [[joint]]
//! name = "night market"
//! codes = ["event:0501"]
//! roads = true
//! within_m = 50
//! hours = ["17:00-21:00"]
//! recipients = [{ party = "police", unit = "...", view = "minimal" }]
//! ```
//!
//! Every section may be left out. As for the configuration itself, everything wrong is told at once, with its place. Whether the places
//! that rules name are on the map is told when both are read.

mod areas;
mod by_code;
mod calendar;
pub mod examples;
mod joint;
mod parts;
mod schema;

pub use schema::schema;

use super::entry::{At, EntryReader};
use super::error::ConfigError;
use super::read::Source;
use crate::domain::rules::section::{Duplicates, QuietRule};
use crate::domain::rules::{DUPLICATE_RADIUS_MAX_M, Rules};
use crate::domain::verdict::StallVerdict;

/// What the whole file is called in messages.
const FILE: &str = "rules";
/// The sections.
const SECTIONS: [&str; 9] = [
    "calendar",
    "ownership",
    "delegation",
    "joint",
    "severity",
    "time_limit",
    "tidal",
    "quiet",
    "duplicates",
];
/// Keys of `[[quiet]]` and `[duplicates]`.
const QUIET: [&str; 3] = ["name", "codes", "stall"];
const DUPLICATES: [&str; 3] = ["radius_m", "within", "off"];
/// How soon after each other two reports of one finding come at most, in milliseconds: a day.
const WITHIN_MAX_MS: i64 = 86_400_000;

/// Reads the text of a rulebook; `name` stands for it in messages.
///
/// # Errors
/// [`ConfigError::Refused`] with everything that is wrong.
pub fn read(text: &str, name: &str) -> Result<Rules, ConfigError> {
    let source = Source { name, text };
    let document = source.parse().map_err(|problem| ConfigError::Refused { problems: vec![problem] })?;
    let mut reader = EntryReader::new(source);
    let at = At::entry(document.as_table(), FILE);
    let rules = rules(&mut reader, &at);
    let mut problems = reader.into_problems();
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(rules) } else { Err(ConfigError::Refused { problems }) }
}

/// All that can be read; what can't is told, and stands as in a file without it.
fn rules(reader: &mut EntryReader<'_>, at: &At<'_>) -> Rules {
    reader.only(at, &SECTIONS);
    let mut rules = Rules::default();
    if let Some(section) = section(reader, at, "calendar") {
        rules.calendar = calendar::read(reader, &section);
    }
    if let Some(section) = section(reader, at, "ownership") {
        by_code::ownership(reader, &section, &mut rules);
    }
    rules.delegation.rules = by_code::delegation(reader, at);
    rules.joint = joint::read(reader, at);
    if let Some(section) = section(reader, at, "severity") {
        rules.severity = by_code::severity(reader, &section);
    }
    if let Some(section) = section(reader, at, "time_limit") {
        rules.time_limit = by_code::time_limit(reader, &section);
    }
    rules.tidal = areas::tidal(reader, at);
    rules.quiet = quiet(reader, at);
    if let Some(section) = section(reader, at, "duplicates") {
        rules.duplicates = duplicates(reader, &section);
    }
    rules
}

/// A section `[name]`; its keys are told by its own name.
fn section<'t>(reader: &mut EntryReader<'_>, at: &At<'t>, name: &str) -> Option<At<'t>> {
    let section = reader.table(at, name)?;
    Some(At { name: name.to_owned(), ..section })
}

/// The entries `[[name]]`.
fn entries<'t>(reader: &mut EntryReader<'_>, at: &At<'t>, name: &str) -> Vec<At<'t>> {
    let tables = reader.tables(at, name).into_iter().map(|table| At { name: name.to_owned(), ..table });
    parts::bounded(reader, tables.collect(), name)
}

fn quiet(reader: &mut EntryReader<'_>, at: &At<'_>) -> Vec<QuietRule> {
    let words =
        || format!("words of the register, of {}", StallVerdict::ALL.map(StallVerdict::as_str).join(", "));
    let mut names = parts::Names::default();
    let rules = entries(reader, at, "quiet").into_iter().filter_map(|at| {
        reader.only(&at, &QUIET);
        let name = names.read(reader, &at);
        let codes = parts::codes(reader, &at, "codes");
        let stall = parts::texts(reader, &at, "stall", &words(), StallVerdict::from_name);
        Some(QuietRule { name: name?, codes: codes?, stall: stall.unwrap_or_default() })
    });
    rules.collect()
}

fn duplicates(reader: &mut EntryReader<'_>, at: &At<'_>) -> Duplicates {
    let default = Duplicates::default();
    reader.only(at, &DUPLICATES);
    let expected = format!("metres, above 0 and up to {DUPLICATE_RADIUS_MAX_M}");
    let radius_m = reader.value(at, "radius_m", &expected, |item| {
        parts::number(item, 0.0, DUPLICATE_RADIUS_MAX_M).filter(|radius| *radius > 0.0)
    });
    let within_ms =
        reader.value(at, "within", "a duration up to \"24h\", with its unit: ms, s, m or h", |item| {
            let within = super::parse_duration(item.as_str()?)?;
            i64::try_from(within.as_millis()).ok().filter(|ms| (1..=WITHIN_MAX_MS).contains(ms))
        });
    let off = parts::optional_codes(reader, at, "off");
    Duplicates {
        radius_m: radius_m.unwrap_or(default.radius_m),
        within_ms: within_ms.unwrap_or(default.within_ms),
        off: off.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
