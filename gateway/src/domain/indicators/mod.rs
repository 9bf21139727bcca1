//! Indicators (指标): what the journal's entries come to, by day, street, community, grid and code.
//!
//! ```text
//! entries ──counting──▶ Counts per group ──definitions──▶ Sheet: every indicator with numerator and denominator
//! ```
//!
//! - Every figure is a sum over single entries: [`Figures`] takes them in any order and piece by piece, and two of them merged
//!   are the figures of both.
//! - A day is the city's, by [`Entry::counts_at_ms`]: what is back-stamped into yesterday counts yesterday.
//! - What an indicator means stands in [`DEFINITIONS`], with an id that stays and a version of the whole.
//! - A rate without anything in its denominator has no value; it is neither 0 nor 1.
//! - Memory is bounded by the groups, [`GROUPS_MAX`]. Beyond, there is no answer rather than a wrong one: whoever asked is told to ask
//!   for fewer days or less detail.

mod counting;
mod counts;
mod deadline;
mod definitions;
mod query;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use counts::{Count, Counts};
pub use deadline::{Deadline, deadline};
pub use definitions::{DEFINITIONS, Definition, Measure, VERSION};
pub use query::{Axis, By, Query, QueryError, date_named};
pub use sheet::{Figure, Place, Row, Sheet};

use super::civil::CityClock;
use super::journal::Entry;
use super::report::CaseKind;

/// Groups of one answer, and so lines of its table. A quarter of 19 grids by day are 1748; a day of 320 grids by 30 codes are 9600.
pub const GROUPS_MAX: usize = 10_000;

/// What is asked, by whose clock, and as of when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Which entries, and how they are grouped.
    pub query: Query,
    /// Whose days.
    pub clock: CityClock,
    /// Now, in milliseconds since 1970: what is due after it may still be in time.
    pub as_of_ms: i64,
}

/// There are more than [`GROUPS_MAX`] groups. Whoever asked takes fewer days, or groups by less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {GROUPS_MAX} rows: ask for fewer days, or group by less")]
pub struct TooManyGroups;

/// The two were asked different questions; nothing was merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("figures of different questions can't be merged")]
pub struct AnotherQuestion;

/// Figures on their way: entries go in, a [`Sheet`] comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    question: Question,
    /// `None`: they became too many.
    groups: Option<BTreeMap<Key, Group>>,
}

/// What the entries of a group have in common. What is not grouped by is `None`; without a street, say, the text is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    day: Option<Date>,
    street: Option<Box<str>>,
    community: Option<Box<str>>,
    grid: Option<Box<str>>,
    code: Option<(CaseKind, Box<str>)>,
}

/// The counts of a group, and what its places are called: as the latest of its entries has it, for a map may change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    counts: Counts,
    named_by: i64,
    street: Box<str>,
    community: Box<str>,
}

impl Figures {
    /// No entry yet.
    pub fn new(question: Question) -> Figures {
        Figures { question, groups: Some(BTreeMap::new()) }
    }

    /// Adds an entry; one that was not asked for changes nothing. `due` says until when an entry is to be handled, in
    /// milliseconds since 1970; it is asked only of those with a time limit and a trusted time, and says `None` when it can't tell.
    pub fn add(&mut self, entry: &Entry, due: impl Fn(&Entry) -> Option<i64>) {
        let Question { query, clock, as_of_ms } = self.question;
        let day = clock.shows(entry.counts_at_ms()).date();
        if !query.holds(day) {
            return;
        }
        let Some(groups) = &mut self.groups else { return };
        let group = groups.entry(Key::of(query.by, day, entry)).or_insert_with(|| Group::named(entry));
        group.rename(entry.number, &entry.facts.street, &entry.facts.community);
        counting::count(&mut group.counts, entry, deadline(entry, as_of_ms, due));
        self.bound();
    }

    /// Adds what another one has counted.
    ///
    /// # Errors
    /// [`AnotherQuestion`].
    pub fn merge(&mut self, other: Figures) -> Result<(), AnotherQuestion> {
        if self.question != other.question {
            return Err(AnotherQuestion);
        }
        match (&mut self.groups, other.groups) {
            (Some(groups), Some(others)) => {
                for (key, other) in others {
                    match groups.get_mut(&key) {
                        Some(group) => {
                            group.counts.add(&other.counts);
                            group.rename(other.named_by, &other.street, &other.community);
                        }
                        None => drop(groups.insert(key, other)),
                    }
                }
            }
            _ => self.groups = None,
        }
        self.bound();
        Ok(())
    }

    /// All indicators of all groups.
    ///
    /// # Errors
    /// [`TooManyGroups`].
    pub fn sheet(&self) -> Result<Sheet, TooManyGroups> {
        let groups = self.groups.as_ref().ok_or(TooManyGroups)?;
        Ok(Sheet::new(&self.question, groups))
    }

    fn bound(&mut self) {
        if self.groups.as_ref().is_some_and(|groups| groups.len() > GROUPS_MAX) {
            self.groups = None;
        }
    }
}

impl Key {
    fn of(by: By, day: Date, entry: &Entry) -> Key {
        let facts = &entry.facts;
        // A map without codes still has names.
        let place = |code: &str, name: &str| Box::from(if code.is_empty() { name } else { code });
        let has = |axis: Axis| by.has(axis);
        Key {
            day: has(Axis::Day).then_some(day),
            street: has(Axis::Street).then(|| place(&facts.street_code, &facts.street)),
            community: has(Axis::Community).then(|| place(&facts.community_code, &facts.community)),
            grid: has(Axis::Grid).then(|| facts.grid.clone()),
            code: has(Axis::Code).then(|| (facts.kind, facts.code.clone())),
        }
    }
}

impl Group {
    fn named(entry: &Entry) -> Group {
        let facts = &entry.facts;
        let (street, community) = (facts.street.clone(), facts.community.clone());
        Group { counts: Counts::default(), named_by: entry.number, street, community }
    }

    fn rename(&mut self, number: i64, street: &str, community: &str) {
        if number > self.named_by {
            (self.named_by, self.street, self.community) = (number, street.into(), community.into());
        }
    }
}
