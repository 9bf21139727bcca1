//! Sections that say one thing about each code: ownership, delegation, severity, time limits.

use toml_edit::Item;

use super::super::entry::{At, EntryReader};
use super::{entries, parts};
use crate::domain::calendar::TimeLimit;
use crate::domain::rules::Rules;
use crate::domain::rules::pattern::CodeMap;
use crate::domain::rules::section::{
    Authority, ByCode, DelegatedUnit, Delegation, Level, Ownership, Ruled, Severity,
};

pub(super) const OWNERSHIP: [&str; 4] = ["owner", "copies", "fallback_unit", "rule"];
pub(super) const OWNERSHIP_RULE: [&str; 4] = ["name", "codes", "owner", "copies"];
pub(super) const DELEGATION: [&str; 5] = ["name", "codes", "level", "unit", "unit_of"];
pub(super) const SEVERITY: [&str; 2] = ["default", "rule"];
pub(super) const SEVERITY_RULE: [&str; 4] = ["name", "codes", "severity", "urgent"];
pub(super) const TIME_LIMIT: [&str; 2] = ["default", "rule"];
pub(super) const TIME_LIMIT_RULE: [&str; 3] = ["name", "codes", "limit"];

pub(super) const LEVELS: [(&str, Level); 3] =
    [("street", Level::Street), ("district", Level::District), ("city", Level::City)];

/// `[ownership]`.
pub(super) fn ownership(reader: &mut EntryReader<'_>, at: &At<'_>, rules: &mut Rules) {
    reader.only(at, &OWNERSHIP);
    if at.table.contains_key("owner") || at.table.contains_key("copies") {
        rules.ownership.default = owner_and_copies(reader, at);
    }
    if let Some(unit) = parts::optional_unit(reader, at, "fallback_unit") {
        rules.fallback_unit = unit;
    }
    let tables = reader.tables(at, "rule");
    rules.ownership.rules = mapped(reader, tables, "ownership.rule", &OWNERSHIP_RULE, owner_and_copies);
}

fn owner_and_copies(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Ownership> {
    let owner =
        parts::needed(reader, at, "owner", parts::AUTHORITIES, |item| parts::authority(item.as_str()?));
    let expected = format!("others than the owner, each once: {}", parts::AUTHORITIES);
    let copies: Vec<Authority> =
        parts::texts(reader, at, "copies", &expected, parts::authority).unwrap_or_default();
    let owner = owner?;
    let is_twice = copies.iter().enumerate().any(|(index, copy)| copies[..index].contains(copy));
    if is_twice || copies.contains(&owner) {
        reader.refuse(at, "copies", &expected);
        return None;
    }
    Some(Ownership { owner, copies })
}

/// `[[delegation]]`.
pub(super) fn delegation(reader: &mut EntryReader<'_>, at: &At<'_>) -> CodeMap<Ruled<Delegation>> {
    let tables = entries(reader, at, "delegation");
    mapped(reader, tables, "delegation", &DELEGATION, |reader, at| {
        let expected = "\"street\", \"district\" or \"city\"";
        let level = parts::needed(reader, at, "level", expected, |item| parts::one_of(&LEVELS, item));
        let named = parts::optional_unit(reader, at, "unit").map(DelegatedUnit::Named);
        let of_grid = reader
            .value(at, "unit_of", parts::AUTHORITIES, |item| parts::authority(item.as_str()?))
            .map(DelegatedUnit::OfGrid);
        if at.table.contains_key("unit") == at.table.contains_key("unit_of") {
            reader.refuse(at, "unit", "either a unit, or unit_of for one of the grid's");
            return None;
        }
        Some(Delegation { level: level?, unit: named.or(of_grid)? })
    })
}

/// `[severity]`.
pub(super) fn severity(reader: &mut EntryReader<'_>, at: &At<'_>) -> ByCode<Severity> {
    reader.only(at, &SEVERITY);
    let default = reader.value(at, "default", LEVEL, level);
    let default = default.map(|level| Severity { severity: Some(level), urgent: false });
    let tables = reader.tables(at, "rule");
    let rules = mapped(reader, tables, "severity.rule", &SEVERITY_RULE, |reader, at| {
        let severity = reader.value(at, "severity", LEVEL, level);
        let urgent = reader.value(at, "urgent", "true or false", Item::as_bool);
        if severity.is_none() && urgent.is_none() {
            reader.refuse(at, "severity", "a severity, urgent, or both");
            return None;
        }
        Some(Severity {
            severity: severity.or(default.and_then(|it| it.severity)),
            urgent: urgent.unwrap_or(false),
        })
    });
    ByCode { default, rules }
}

const LEVEL: &str = "a whole number from 1 to 255, higher is worse";

fn level(item: &Item) -> Option<u8> {
    u8::try_from(item.as_integer()?).ok().filter(|level| *level > 0)
}

/// `[time_limit]`.
pub(super) fn time_limit(reader: &mut EntryReader<'_>, at: &At<'_>) -> ByCode<TimeLimit> {
    reader.only(at, &TIME_LIMIT);
    let limit = |item: &Item| TimeLimit::parse(item.as_str()?);
    let default = reader.value(at, "default", TimeLimit::EXPECTED, limit);
    let tables = reader.tables(at, "rule");
    let rules = mapped(reader, tables, "time_limit.rule", &TIME_LIMIT_RULE, |reader, at| {
        parts::needed(reader, at, "limit", TimeLimit::EXPECTED, limit)
    });
    ByCode { default, rules }
}

/// Rules by code; a pattern that two rules have is refused, since nobody could say which of them decides.
fn mapped<'t, T: Clone>(
    reader: &mut EntryReader<'_>,
    tables: Vec<At<'t>>,
    name: &str,
    keys: &[&str],
    mut says: impl FnMut(&mut EntryReader<'_>, &At<'t>) -> Option<T>,
) -> CodeMap<Ruled<T>> {
    let (mut map, mut names) = (CodeMap::default(), parts::Names::default());
    for at in parts::bounded(reader, tables, name) {
        reader.only(&at, keys);
        let rule = names.read(reader, &at);
        let codes = parts::codes(reader, &at, "codes");
        let said = says(reader, &at);
        let (Some(name), Some(codes), Some(said)) = (rule, codes, said) else { continue };
        for code in codes {
            let written = code.to_string();
            if !map.add(code, Ruled { name: name.clone(), says: said.clone() }) {
                let expected = "codes that no other rule of this kind has";
                reader.refuse_at(at.place("codes"), at.key("codes"), expected, written);
            }
        }
    }
    map
}
