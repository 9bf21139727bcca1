//! Values that several sections have.

use std::collections::BTreeSet;

use toml_edit::Item;

use super::super::entry::{At, EntryReader};
use super::super::value::Raw;
use crate::domain::rules::pattern::CodePattern;
use crate::domain::rules::section::{Authority, RuleName};
use crate::domain::rules::{ITEMS_MAX, RULES_MAX};
use crate::domain::timetable::{SPANS_MAX, Span, Timetable, Weekdays};

/// Characters of a name, and of a unit.
const TEXT_CHARS_MAX: usize = 64;
const TEXT: &str = "text of 1 to 64 visible characters";

pub(super) const DAYS: &str = "days of the week, 1 is Monday, such as \"1-5\" or \"6,7\"";
pub(super) const HOURS: &str = "a list of 1 to 8 hours such as [\"17:00-21:00\"]";
pub(super) const AUTHORITIES: &str = "\"line_authority\", \"block_authority\" or \"responsible_unit\"";

/// The names of one section's rules; each is there once.
#[derive(Default)]
pub(super) struct Names(BTreeSet<RuleName>);

impl Names {
    /// The `name` of a rule, which it needs.
    pub(super) fn read(&mut self, reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<RuleName> {
        let name: RuleName = needed(reader, at, "name", TEXT, text)?.into();
        if !self.0.insert(name.clone()) {
            reader.refuse(at, "name", "a name that no other rule of this kind has");
            return None;
        }
        Some(name)
    }
}

/// At most as many rules as a section takes; one more is told.
pub(super) fn bounded<'t>(reader: &mut EntryReader<'_>, mut tables: Vec<At<'t>>, name: &str) -> Vec<At<'t>> {
    if let Some(one_more) = tables.get(RULES_MAX) {
        let (span, found) = (one_more.span.clone(), tables.len().to_string());
        reader.refuse_at(span, name.to_owned(), &format!("at most {RULES_MAX} rules"), found);
        tables.truncate(RULES_MAX);
    }
    tables
}

/// The value of a key that must be there.
pub(super) fn needed<T>(
    reader: &mut EntryReader<'_>,
    at: &At<'_>,
    name: &str,
    expected: &str,
    read: impl FnOnce(&Item) -> Option<T>,
) -> Option<T> {
    if !at.table.contains_key(name) {
        reader.refuse(at, name, expected);
    }
    reader.value(at, name, expected, read)
}

/// A name or a unit.
pub(super) fn text(item: &Item) -> Option<Box<str>> {
    let text = item.as_str()?.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// A unit that must be there.
pub(super) fn unit(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Box<str>> {
    needed(reader, at, name, TEXT, text)
}

/// A unit that may be left out.
pub(super) fn optional_unit(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Box<str>> {
    reader.value(at, name, TEXT, text)
}

/// A number between two bounds, both included.
pub(super) fn number(item: &Item, min: f64, max: f64) -> Option<f64> {
    let number = item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64))?;
    (min..=max).contains(&number).then_some(number)
}

/// A list of text of one kind, at most [`ITEMS_MAX`]; `None` when there is none. The first that is refused is told.
pub(super) fn texts<T>(
    reader: &mut EntryReader<'_>,
    at: &At<'_>,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let list = format!("a list of {expected}");
    let array = reader.value(at, name, &list, |item| item.as_array().cloned())?;
    if array.len() > ITEMS_MAX {
        reader.refuse_at(
            at.place(name),
            at.key(name),
            &format!("at most {ITEMS_MAX} of them"),
            array.len().to_string(),
        );
        return None;
    }
    let mut values = Vec::new();
    for item in array {
        match item.as_str().and_then(&read) {
            Some(value) => values.push(value),
            None => {
                let found = Raw::File(&Item::Value(item)).found();
                reader.refuse_at(at.place(name), at.key(name), &list, found);
                return None;
            }
        }
    }
    Some(values)
}

/// The codes that a rule is about; it needs at least one.
pub(super) fn codes(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Vec<CodePattern>> {
    let codes = optional_codes(reader, at, name);
    let is_empty = codes.as_ref().is_some_and(Vec::is_empty);
    if is_empty || !at.table.contains_key(name) {
        reader.refuse(at, name, CodePattern::EXPECTED);
        return None;
    }
    codes
}

/// Codes that may be left out.
pub(super) fn optional_codes(
    reader: &mut EntryReader<'_>,
    at: &At<'_>,
    name: &str,
) -> Option<Vec<CodePattern>> {
    texts(reader, at, name, CodePattern::EXPECTED, CodePattern::parse)
}

/// Codes of grids.
pub(super) fn grids(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Vec<Box<str>>> {
    texts(reader, at, name, "grid codes of 14 or 15 digits", |code| {
        let fits = matches!(code.len(), 14 | 15) && code.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| code.into())
    })
}

/// Hours of a day.
pub(super) fn spans(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str) -> Option<Vec<Span>> {
    reader.value(at, name, HOURS, |item| {
        let array = item.as_array().filter(|array| (1..=SPANS_MAX).contains(&array.len()))?;
        array.iter().map(|span| Span::parse(span.as_str()?)).collect()
    })
}

/// `days` and `hours`; always without them.
pub(super) fn hours(reader: &mut EntryReader<'_>, at: &At<'_>) -> Timetable {
    let days = reader.value(at, "days", DAYS, |item| Weekdays::parse(item.as_str()?));
    let spans = spans(reader, at, "hours");
    Timetable { days: days.unwrap_or(Weekdays::ALL), spans: spans.unwrap_or_else(|| vec![Span::DAY]) }
}

/// An authority of dual management.
pub(super) fn authority(text: &str) -> Option<Authority> {
    Authority::ALL.into_iter().find(|authority| authority.as_str() == text)
}

/// One of a few names.
pub(super) fn one_of<T: Copy>(names: &[(&str, T)], item: &Item) -> Option<T> {
    let text = item.as_str()?;
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}
