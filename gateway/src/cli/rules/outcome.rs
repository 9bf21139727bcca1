//! What the rules make of an example, under the names that expectations use.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::config::rules_file::examples::Example;
use crate::domain::clock_quality::trusted;
use crate::domain::geography::Geography;
use crate::domain::grid::Grid;
use crate::domain::report::ObservedAt;
use crate::domain::rules::handling::{Due, DueAt, Handling};
use crate::domain::rules::{Case, Rulebook};
use crate::domain::stalls::StallRegister;

/// The city that examples are worked out in.
pub(super) struct City {
    pub(super) geography: Geography,
    pub(super) rules: Rulebook,
    pub(super) stalls: StallRegister,
}

/// Works an example out. What does not apply is `none` for text, and empty for lists.
///
/// # Errors
/// The example's grid is not on the map.
pub(super) fn of(example: &Example, city: &City) -> Result<Map<String, Value>, String> {
    let grid = grid(example, &city.geography)?;
    let observed_at = example.time_ms.map(|unix_ms| ObservedAt { unix_ms, quality: example.time_quality });
    let time = trusted(observed_at, example.received_ms.or(example.time_ms).unwrap_or_default());
    let clock = city.rules.calendar().clock();
    let check = example.card.as_deref().map(|card| {
        let (code, place) = ((example.kind, &*example.code), (example.at, example.accuracy_m));
        city.stalls.check_report(code, card, place, &time, clock)
    });
    let case = Case {
        kind: example.kind,
        code: &example.code,
        severity: example.severity,
        grid: grid.map(|grid| &grid.facts),
        grid_joint_enforcement: example.joint_grid || grid.is_some_and(|grid| grid.joint_enforcement),
        at: example.at,
        time,
        stall: check.as_ref().map(|check| check.verdict),
    };
    let handling = city.rules.apply(&case);
    let mut outcome = handled(&handling);
    let mut put = |name: &str, value: Value| outcome.insert(name.to_owned(), value);
    put("grid", grid.map_or("none", |grid| &grid.facts.grid).into());
    put("stall", check.as_ref().map_or("none", |check| check.verdict.as_str()).into());
    let linked = !handling.quiet && city.rules.duplicates_of(example.kind, &example.code).is_some();
    put("linked", linked.into());
    Ok(outcome)
}

fn grid<'a>(example: &Example, geography: &'a Geography) -> Result<Option<&'a Grid>, String> {
    Ok(match (&example.grid, example.at) {
        (Some(code), _) => {
            let found = geography.grids().iter().find(|grid| grid.facts.grid == *code);
            Some(found.ok_or_else(|| format!("there is no grid {code}"))?)
        }
        (None, Some((lon_deg, lat_deg))) => geography.locate(lon_deg, lat_deg, None).grid,
        (None, None) => None,
    })
}

fn handled(handling: &Handling<'_>) -> Map<String, Value> {
    // The names of the stored form are those of the rules' file.
    let name = |value: Value| if value.is_null() { "none".into() } else { value };
    let delegated = handling.delegated.as_ref();
    let tidal = handling.tidal.as_ref();
    let outcome = json!({
        "owner": handling.owner.unit,
        "owner_role": handling.owner.role.as_str(),
        "copies": handling.copies.iter().map(|copy| &copy.unit).collect::<Vec<_>>(),
        "delegated": name(json!(delegated.map(|it| it.level))),
        "delegated_unit": name(json!(delegated.map(|it| &it.unit))),
        "joint": handling.joint.iter().map(|joint| &joint.rule).collect::<Vec<_>>(),
        "recipients": handling.recipients().iter().map(|to| &to.unit).collect::<Vec<_>>(),
        "undecided": handling.joint_undecided.iter().map(|it| &it.rule).collect::<Vec<_>>(),
        "severity": name(json!(handling.severity)),
        "urgent": handling.urgent,
        "limit": name(json!(handling.due.map(|due| due.limit))),
        "due": name(json!(handling.due.map(due))),
        "tidal": name(json!(tidal.map(|it| it.state))),
        "tidal_area": name(json!(tidal.map(|it| &it.area))),
        "quiet": handling.quiet,
    });
    outcome.as_object().cloned().unwrap_or_default()
}

fn due(due: Due) -> Value {
    match due.at {
        DueAt::UnixMs(unix_ms) => instant(unix_ms),
        DueAt::Undecided(because) => json!(because),
    }
}

fn instant(unix_ms: i64) -> Value {
    Timestamp::from_millisecond(unix_ms).map_or(Value::Null, |at| at.to_string().into())
}

/// An expectation in the form of an outcome: times in UTC.
pub(super) fn normal(name: &str, expected: &Value) -> Value {
    let time = expected.as_str().filter(|_| name == "due").and_then(|text| text.parse::<Timestamp>().ok());
    time.map_or_else(|| expected.clone(), |time| instant(time.as_millisecond()))
}
