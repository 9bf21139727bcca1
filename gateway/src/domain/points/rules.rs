//! The rules: CSV in UTF-8 with a head line; the columns `kind`, `code`, `verdict`, `points`, `zh` and `en` are read, others are passed over; a
//! row is one line.
//!
//! The first row that matches counts. `*` matches everything, for a verdict: everything that can be judged. Three rows whose kind is `base`, `min` and
//! `max` say what a day begins with and what its score is at least and at most. A row that no report can reach, because an earlier
//! one takes all that it would, is a mistake and refused.

use crate::domain::bad_lines::BadLines;
use crate::domain::csv::{Csv, Row};
use crate::domain::report::CaseKind;
use crate::domain::verdict::StallVerdict;

/// Rows of a file.
pub const RULES_MAX: usize = 1000;
/// Points of one row, either way.
const POINTS_MAX: i32 = 1000;
/// The verdicts that say that nobody can judge.
const UNJUDGED: [StallVerdict; 2] = [StallVerdict::ClockUntrusted, StallVerdict::PlaceUnknown];

/// What assessments bring and cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointRules {
    rules: Vec<Rule>,
    day: Day,
    version: String,
}

impl Default for PointRules {
    /// Nothing brings or costs points.
    fn default() -> PointRules {
        PointRules {
            rules: Vec::new(),
            day: Day { base: 0, min: 0, max: 0 },
            version: "points@none".to_owned(),
        }
    }
}

/// What a day begins with, and the bounds of its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) base: i32,
    pub(super) min: i32,
    pub(super) max: i32,
}

impl Day {
    /// The score of a day on which the assessments came to so many points.
    pub(super) fn score(self, points: i64) -> i64 {
        points.saturating_add(self.base.into()).clamp(self.min.into(), self.max.into())
    }
}

/// One row; `None` is `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    line: usize,
    kind: Option<CaseKind>,
    code: Option<Box<str>>,
    verdict: Option<StallVerdict>,
    points: i32,
}

impl Rule {
    /// Whether it takes all that the other would.
    fn covers(&self, other: &Rule) -> bool {
        (self.kind.is_none() || self.kind == other.kind)
            && (self.code.is_none() || self.code == other.code)
            && (self.verdict.is_none() || self.verdict == other.verdict)
    }

    fn matches(&self, kind: CaseKind, code: &str, verdict: StallVerdict) -> bool {
        self.kind.is_none_or(|mine| mine == kind)
            && self.code.as_deref().is_none_or(|mine| mine == code)
            && self.verdict.is_none_or(|mine| mine == verdict)
    }
}

impl PointRules {
    /// Reads a file; see the module for its form.
    ///
    /// # Errors
    /// [`BadLines`]: all that is wrong.
    pub fn from_csv(bytes: &[u8]) -> Result<PointRules, BadLines> {
        let table = Csv::read(bytes).map_err(|error| BadLines::one(1, error.to_string()))?;
        let mut draft = Draft { columns: Columns::of(&table)?, ..Draft::default() };
        for row in table.rows() {
            draft.row(&row);
        }
        draft.rules(format!("points@{:08x}", crc32c::crc32c(bytes)))
    }

    /// What an assessment brings or costs; `None` when no rule is about it, or nobody can judge.
    pub fn assess(&self, kind: CaseKind, code: &str, verdict: StallVerdict) -> Option<i32> {
        if UNJUDGED.contains(&verdict) {
            return None;
        }
        self.rules.iter().find(|rule| rule.matches(kind, code, verdict)).map(|rule| rule.points)
    }

    /// Name and CRC-32C of the file, `points@1a2b3c4d`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Rows that are about assessments.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Nothing brings or costs points.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn day(&self) -> Day {
        self.day
    }
}

/// Whether nobody could judge.
pub(super) fn unjudged(verdict: StallVerdict) -> bool {
    UNJUDGED.contains(&verdict)
}

/// Where the columns stand.
#[derive(Debug, Clone, Copy, Default)]
struct Columns([usize; 6]);

const COLUMNS: [&str; 6] = ["kind", "code", "verdict", "points", "zh", "en"];

impl Columns {
    fn of(table: &Csv<'_>) -> Result<Columns, BadLines> {
        let mut columns = Columns::default();
        for (at, name) in columns.0.iter_mut().zip(COLUMNS) {
            let found = table.column(name);
            *at = found.ok_or_else(|| BadLines::one(1, format!("the head line has no column `{name}`")))?;
        }
        Ok(columns)
    }
}

/// Rules on their way.
#[derive(Debug, Default)]
struct Draft {
    columns: Columns,
    rules: Vec<Rule>,
    base: Option<i32>,
    min: Option<i32>,
    max: Option<i32>,
    bad: BadLines,
}

impl Draft {
    fn row(&mut self, row: &Row) {
        if let Err(told) = self.try_row(row) {
            self.bad.push(row.line, told);
        }
    }

    fn try_row(&mut self, row: &Row) -> Result<(), String> {
        let mut cells = [""; COLUMNS.len()];
        for ((cell, at), name) in cells.iter_mut().zip(self.columns.0).zip(COLUMNS) {
            *cell = row.cell(at).ok_or_else(|| format!("no value for `{name}`"))?;
        }
        let ([kind, code, verdict, points, ..], line) = (cells, row.line);
        let points = self::points(points)?;
        let bound = match kind {
            "base" => Some(&mut self.base),
            "min" => Some(&mut self.min),
            "max" => Some(&mut self.max),
            _ => None,
        };
        if let Some(bound) = bound {
            return match (code, verdict, bound.replace(points)) {
                ("*", "*", None) => Ok(()),
                ("*", "*", Some(_)) => Err(format!("`{kind}` stands in the table twice")),
                _ => Err(format!("`{kind}` is about every code and verdict: both are `*`")),
            };
        }
        let kind = self::kind(kind)?;
        let code = (code != "*").then(|| code.into());
        if code.is_some() && kind.is_none() {
            return Err("a code goes with its kind: event or component, not `*`".to_owned());
        }
        self.add(Rule { line, kind, code, verdict: self::verdict(verdict)?, points })
    }

    fn add(&mut self, rule: Rule) -> Result<(), String> {
        if let Some(earlier) = self.rules.iter().find(|earlier| earlier.covers(&rule)) {
            return Err(format!("nothing reaches it: line {} takes all that it would", earlier.line));
        }
        if self.rules.len() >= RULES_MAX {
            return Err(format!("more than {RULES_MAX} rows"));
        }
        self.rules.push(rule);
        Ok(())
    }

    fn rules(mut self, version: String) -> Result<PointRules, BadLines> {
        let bounds = [("base", self.base), ("min", self.min), ("max", self.max)];
        for (name, _) in bounds.iter().filter(|(_, bound)| bound.is_none()) {
            self.bad.push(1, format!("the table has no row `{name}`"));
        }
        if let (Some(base), Some(min), Some(max)) = (self.base, self.min, self.max) {
            if !(min <= base && base <= max) {
                self.bad.push(1, format!("base {base} does not lie between min {min} and max {max}"));
            } else if self.bad.is_empty() {
                return Ok(PointRules { rules: self.rules, day: Day { base, min, max }, version });
            }
        }
        Err(self.bad)
    }
}

fn points(text: &str) -> Result<i32, String> {
    let points = text.parse().ok().filter(|points: &i32| (-POINTS_MAX..=POINTS_MAX).contains(points));
    points.ok_or_else(|| format!("points `{text}` is no whole number from -{POINTS_MAX} to {POINTS_MAX}"))
}

fn kind(text: &str) -> Result<Option<CaseKind>, String> {
    match text {
        "*" => Ok(None),
        "event" => Ok(Some(CaseKind::Event)),
        "component" => Ok(Some(CaseKind::Component)),
        other => Err(format!("kind `{other}` is none of event, component, *, base, min, max")),
    }
}

fn verdict(text: &str) -> Result<Option<StallVerdict>, String> {
    if text == "*" {
        return Ok(None);
    }
    match StallVerdict::from_name(text) {
        Some(verdict) if unjudged(verdict) => {
            Err(format!("`{text}` brings and costs nothing: nobody can judge"))
        }
        Some(verdict) => Ok(Some(verdict)),
        None => {
            let judged = StallVerdict::ALL.into_iter().filter(|verdict| !unjudged(*verdict));
            let names: Vec<&str> = judged.map(StallVerdict::as_str).collect();
            Err(format!("verdict `{text}` is none of {}, *", names.join(", ")))
        }
    }
}
