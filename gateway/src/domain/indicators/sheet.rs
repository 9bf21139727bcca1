//! The answer: a row for each group, with every indicator, as JSON and as CSV.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::definitions::{DEFINITIONS, VERSION};
use super::{Axis, Counts, Group, Key, Question};
use crate::domain::rfc4180;

/// A rate is told in so many parts of one.
const PARTS: u128 = 10_000;

/// Indicators of a span of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// Version of the definitions.
    pub definitions: String,
    /// Of when the figures are: RFC 3339.
    pub as_of: String,
    /// The first day that was asked for.
    pub from: Option<String>,
    /// The last one, included.
    pub to: Option<String>,
    /// What the rows are grouped by.
    pub by: Vec<String>,
    /// The groups, in the order of their days, places and codes. A group without reports has no row, but for everything together.
    pub rows: Vec<Row>,
}

/// One group. What is not grouped by is left out; an empty text says that its reports have none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The city's day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The street.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<Place>,
    /// The community.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<Place>,
    /// Code of the grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// `event` or `component`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The case code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The indicators, by id.
    pub figures: BTreeMap<String, Figure>,
}

/// A street or community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its code, or its name where the map has no code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// An indicator's value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figure {
    /// A number of entries.
    Count(u64),
    /// A share of them.
    Rate {
        /// What is divided.
        numerator: u64,
        /// What it is divided by.
        denominator: u64,
        /// From 0 to 1, rounded to four decimals, half up; `None` when there is nothing to divide by.
        value: Option<f64>,
    },
}

impl Figure {
    pub(super) fn rate(numerator: u64, denominator: u64) -> Figure {
        let (over, under) = (u128::from(numerator), u128::from(denominator));
        let parts = (2 * over * PARTS + under).checked_div(2 * under);
        let value = parts.map(|parts| parts as f64 / PARTS as f64);
        Figure::Rate { numerator, denominator, value }
    }
}

impl Sheet {
    pub(super) fn new(question: &Question, groups: &BTreeMap<Key, Group>) -> Sheet {
        let query = question.query;
        let mut rows: Vec<Row> = groups.iter().map(|(key, group)| Row::new(key, group)).collect();
        if rows.is_empty() && query.by.axes().next().is_none() {
            rows.push(Row::together(&Counts::default()));
        }
        Sheet {
            definitions: VERSION.to_owned(),
            as_of: Timestamp::from_millisecond(question.as_of_ms).unwrap_or_default().to_string(),
            from: query.from.map(|day| day.to_string()),
            to: query.to.map(|day| day.to_string()),
            by: query.by.axes().map(|axis| axis.as_str().to_owned()).collect(),
            rows,
        }
    }

    /// The same as CSV: always the same columns in the same order. What is not grouped by is empty, as is a rate without a value.
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        rfc4180::line(&mut text, Sheet::columns());
        for row in &self.rows {
            rfc4180::line(&mut text, row.cells(&self.definitions));
        }
        text
    }

    /// The names of the columns: what it is grouped by, then the indicators. A rate has three, the last under its own id.
    pub fn columns() -> Vec<String> {
        let keys = ["day", "street_code", "street", "community_code", "community", "grid", "kind", "code"];
        let mut columns: Vec<String> = keys.map(str::to_owned).to_vec();
        for definition in DEFINITIONS {
            if let Figure::Rate { .. } = definition.figure(&Counts::default()) {
                columns.push(format!("{}_numerator", definition.id));
                columns.push(format!("{}_denominator", definition.id));
            }
            columns.push(definition.id.to_owned());
        }
        columns.push("definitions".to_owned());
        columns
    }
}

impl Row {
    fn new(key: &Key, group: &Group) -> Row {
        let place = |code: &Option<Box<str>>, name: &str| {
            code.as_ref().map(|code| Place { code: code.to_string(), name: name.to_owned() })
        };
        Row {
            day: key.day.map(|day| day.to_string()),
            street: place(&key.street, &group.street),
            community: place(&key.community, &group.community),
            grid: key.grid.as_ref().map(ToString::to_string),
            kind: key.code.as_ref().map(|(kind, _)| kind.as_str().to_owned()),
            code: key.code.as_ref().map(|(_, code)| code.to_string()),
            ..Row::together(&group.counts)
        }
    }

    fn together(counts: &Counts) -> Row {
        let figures = DEFINITIONS
            .iter()
            .map(|definition| (definition.id.to_owned(), definition.figure(counts)))
            .collect();
        Row { day: None, street: None, community: None, grid: None, kind: None, code: None, figures }
    }

    /// The value on an axis for people; empty when it is not grouped by it.
    pub fn on(&self, axis: Axis) -> String {
        let place = |place: &Option<Place>| {
            place.as_ref().map(
                |Place { code, name }| {
                    if code == name { name.clone() } else { format!("{code} {name}") }
                },
            )
        };
        let shown = match axis {
            Axis::Day => self.day.clone(),
            Axis::Street => place(&self.street),
            Axis::Community => place(&self.community),
            Axis::Grid => self.grid.clone(),
            Axis::Code => {
                self.kind.as_ref().zip(self.code.as_ref()).map(|(kind, code)| format!("{kind} {code}"))
            }
        };
        shown.unwrap_or_default()
    }

    fn cells(&self, definitions: &str) -> Vec<String> {
        let place = |place: &Option<Place>| {
            place.as_ref().map(|Place { code, name }| [code.clone(), name.clone()]).unwrap_or_default()
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut cells = vec![text(&self.day)];
        cells.extend(place(&self.street));
        cells.extend(place(&self.community));
        cells.extend([&self.grid, &self.kind, &self.code].map(text));
        for definition in DEFINITIONS {
            match self.figures.get(definition.id) {
                Some(Figure::Count(count)) => cells.push(count.to_string()),
                Some(Figure::Rate { numerator, denominator, value }) => {
                    cells.extend([numerator.to_string(), denominator.to_string()]);
                    cells.push(value.map(|value| value.to_string()).unwrap_or_default());
                }
                None => cells.push(String::new()),
            }
        }
        cells.push(definitions.to_owned());
        cells
    }
}
