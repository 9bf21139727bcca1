//! `[calendar]`: the city's clock, working hours, holidays, and days worked instead of others.

use jiff::civil::Date;
use toml_edit::Item;

use super::super::entry::{At, EntryReader};
use super::parts;
use crate::domain::calendar::{Calendar, CalendarFault};
use crate::domain::civil::CityClock;
use crate::domain::timetable::Weekdays;

pub(super) const KEYS: [&str; 5] =
    ["utc_offset_minutes", "working_hours", "working_days", "holiday", "workday"];
pub(super) const HOLIDAY: [&str; 3] = ["name", "from", "to"];
pub(super) const WORKDAY: [&str; 2] = ["name", "date"];
const DATE: &str = "a date, such as \"2026-10-01\"";

pub(super) fn read(reader: &mut EntryReader<'_>, at: &At<'_>) -> Calendar {
    reader.only(at, &KEYS);
    let standard = Calendar::default();
    let expected = "minutes that the city's clock is ahead of UTC, -840 to 840";
    let clock = reader.value(at, "utc_offset_minutes", expected, |item| {
        CityClock::ahead_of_utc(i32::try_from(item.as_integer()?).ok()?)
    });
    let hours = parts::spans(reader, at, "working_hours").unwrap_or_else(|| standard.hours().to_vec());
    let days = reader.value(at, "working_days", parts::DAYS, |item| Weekdays::parse(item.as_str()?));
    let calendar = Calendar::new(clock.unwrap_or_default(), days.unwrap_or(standard.days()), hours);
    let mut calendar = calendar.unwrap_or_else(|fault| {
        reader.refuse(at, "working_hours", &fault.to_string());
        standard
    });
    for at in tables(reader, at, "holiday") {
        reader.only(&at, &HOLIDAY);
        let name = parts::unit(reader, &at, "name");
        let first = parts::needed(reader, &at, "from", DATE, date);
        let last = reader.value(&at, "to", DATE, date);
        if let (Some(name), Some(first)) = (name, first) {
            let added = calendar.add_holiday(&name, first, last.unwrap_or(first));
            told(reader, &at, if last.is_some() { "to" } else { "from" }, added);
        }
    }
    for at in tables(reader, at, "workday") {
        reader.only(&at, &WORKDAY);
        let name = parts::unit(reader, &at, "name");
        let day = parts::needed(reader, &at, "date", DATE, date);
        if let (Some(name), Some(day)) = (name, day) {
            let added = calendar.add_workday(&name, day);
            told(reader, &at, "date", added);
        }
    }
    calendar
}

fn tables<'t>(reader: &mut EntryReader<'_>, at: &At<'t>, name: &str) -> Vec<At<'t>> {
    let tables = reader.tables(at, name);
    parts::bounded(reader, tables, &at.key(name))
}

fn told(reader: &mut EntryReader<'_>, at: &At<'_>, name: &str, added: Result<(), CalendarFault>) {
    if let Err(fault) = added {
        reader.refuse(at, name, &fault.to_string());
    }
}

/// A date in quotes, or as TOML writes one.
fn date(item: &Item) -> Option<Date> {
    let written = match item.as_datetime() {
        Some(date) => date.to_string(),
        None => item.as_str()?.to_owned(),
    };
    (written.len() == 10).then(|| written.parse().ok()).flatten()
}
