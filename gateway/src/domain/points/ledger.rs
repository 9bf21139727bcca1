//! The assessments that count, by card and finding.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::period::Period;
use super::rules::{PointRules, unjudged};
use super::sheet::{DayScore, Standing};
use crate::domain::civil::CityClock;
use crate::domain::journal::Entry;

/// Assessments of one ledger: as many as a journal has entries.
pub const ASSESSMENTS_MAX: usize = 100_000;

/// There are more than [`ASSESSMENTS_MAX`] assessments: there is no score rather than a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {ASSESSMENTS_MAX} assessments")]
pub struct TooManyAssessments;

/// The event id of a finding's first report.
type Finding = Box<str>;

/// Assessments by card and finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    clock: CityClock,
    /// `None`: they became too many.
    cards: Option<BTreeMap<Box<str>, BTreeMap<Finding, Assessment>>>,
    assessments: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Assessment {
    /// The entry's number in the journal: the smallest counts.
    number: i64,
    day: Date,
    points: i32,
}

/// Points and number of the assessments of a day.
type Days = BTreeMap<Date, (i64, u32)>;

impl Ledger {
    /// A ledger by the city's days.
    pub fn new(clock: CityClock) -> Ledger {
        Ledger { clock, cards: Some(BTreeMap::new()), assessments: 0 }
    }

    /// Notes an entry, or an entry that has changed once more. One that no points came of changes nothing.
    pub fn note(&mut self, entry: &Entry) {
        let Some(stall) = &entry.facts.stall else { return };
        let Some(points) = stall.points.filter(|_| !unjudged(stall.verdict)) else { return };
        let finding = match &entry.witness_of {
            Some(first) => first.clone(),
            None => format!("{}/{}", entry.device, entry.identity).into(),
        };
        let day = self.clock.shows(entry.counts_at_ms()).date();
        self.put(&stall.card, finding, Assessment { number: entry.number, day, points });
    }

    /// Adds what another one has noted; both are of the same city.
    pub fn merge(&mut self, other: Ledger) {
        let Some(cards) = other.cards else {
            self.cards = None;
            return;
        };
        for (card, findings) in cards {
            for (finding, assessment) in findings {
                self.put(&card, finding, assessment);
            }
        }
    }

    fn put(&mut self, card: &str, finding: Finding, assessment: Assessment) {
        let Some(cards) = &mut self.cards else { return };
        if !cards.contains_key(card) {
            cards.insert(card.into(), BTreeMap::new());
        }
        let Some(findings) = cards.get_mut(card) else { return };
        match findings.get_mut(&finding) {
            Some(counts) if assessment.number <= counts.number => *counts = assessment,
            Some(_) => {}
            None => {
                findings.insert(finding, assessment);
                self.assessments += 1;
            }
        }
        if self.assessments > ASSESSMENTS_MAX {
            self.cards = None;
        }
    }

    /// All cards that were assessed in a period, the best first; equal totals share a rank, the next one comes after all of them (1, 2, 2, 4),
    /// and stand by the number of the card.
    ///
    /// # Errors
    /// [`TooManyAssessments`].
    pub fn standings(&self, rules: &PointRules, period: Period) -> Result<Vec<Standing>, TooManyAssessments> {
        let cards = self.cards.as_ref().ok_or(TooManyAssessments)?;
        let mut standings: Vec<Standing> = cards
            .iter()
            .filter_map(|(card, findings)| {
                let days = days(findings, period);
                (!days.is_empty()).then(|| Standing {
                    rank: 0,
                    card: card.to_string(),
                    total: days.values().map(|(points, _)| rules.day().score(*points)).sum(),
                    days: days.len() as u32,
                    assessments: days.values().map(|(_, count)| count).sum(),
                })
            })
            .collect();
        // The sort is stable, and cards are in the order of their numbers.
        standings.sort_by_key(|standing| std::cmp::Reverse(standing.total));
        let (mut rank, mut total) = (0, None);
        for (standing, place) in standings.iter_mut().zip(1..) {
            if total != Some(standing.total) {
                (rank, total) = (place, Some(standing.total));
            }
            standing.rank = rank;
        }
        Ok(standings)
    }

    /// The scores of a card, day by day; days without an assessment have none.
    ///
    /// # Errors
    /// [`TooManyAssessments`].
    pub fn days(
        &self,
        rules: &PointRules,
        period: Period,
        card: &str,
    ) -> Result<Vec<DayScore>, TooManyAssessments> {
        let findings = self.cards.as_ref().ok_or(TooManyAssessments)?.get(card);
        let days = findings.map(|findings| days(findings, period)).unwrap_or_default();
        let score = |(day, (points, assessments)): (Date, (i64, u32))| DayScore {
            day: day.to_string(),
            score: rules.day().score(points),
            points,
            assessments,
        };
        Ok(days.into_iter().map(score).collect())
    }
}

fn days(findings: &BTreeMap<Finding, Assessment>, period: Period) -> Days {
    let mut days = Days::new();
    for assessment in findings.values().filter(|assessment| period.holds(assessment.day)) {
        let (points, count) = days.entry(assessment.day).or_default();
        *points += i64::from(assessment.points);
        *count += 1;
    }
    days
}
