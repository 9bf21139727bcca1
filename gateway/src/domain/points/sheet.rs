//! The answer: ranks, and a card's days, as JSON and as CSV.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, TooManyAssessments};
use super::period::Period;
use super::rules::PointRules;
use crate::domain::rfc4180;

/// Ranks of a month or quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsSheet {
    /// Name and checksum of the rules in force; an entry's points are those of its time.
    pub rules: String,
    /// Of when the scores are: RFC 3339.
    pub as_of: String,
    /// `2026-11` or `2026Q4`.
    pub period: String,
    /// What a day begins with.
    pub base: i32,
    /// The least that a day's score can be.
    pub min: i32,
    /// The most.
    pub max: i32,
    /// The card that was asked for; `None`: all.
    pub card: Option<String>,
    /// The ranks, the best first: all, or the card's among all.
    pub standings: Vec<Standing>,
    /// The card's days; empty without a card.
    pub days: Vec<DayScore>,
}

/// A card's rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// From 1; equal totals share one.
    pub rank: u32,
    /// Number of the card.
    pub card: String,
    /// The sum of its daily scores.
    pub total: i64,
    /// Days on which it was assessed.
    pub days: u32,
    /// Assessments that count.
    pub assessments: u32,
}

/// A card's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayScore {
    /// The city's day.
    pub day: String,
    /// Base and points, within the bounds of a day.
    pub score: i64,
    /// The sum of its assessments' points.
    pub points: i64,
    /// Assessments that count.
    pub assessments: u32,
}

impl PointsSheet {
    /// The sheet of a period, and of one card if it is given.
    ///
    /// # Errors
    /// [`TooManyAssessments`].
    pub fn new(
        ledger: &Ledger,
        rules: &PointRules,
        period: Period,
        card: Option<&str>,
        as_of_ms: i64,
    ) -> Result<PointsSheet, TooManyAssessments> {
        let mut standings = ledger.standings(rules, period)?;
        standings.retain(|standing| card.is_none_or(|card| standing.card == card));
        let days = card.map(|card| ledger.days(rules, period, card)).transpose()?;
        let day = rules.day();
        Ok(PointsSheet {
            rules: rules.version().to_owned(),
            as_of: Timestamp::from_millisecond(as_of_ms).unwrap_or_default().to_string(),
            period: period.to_string(),
            base: day.base,
            min: day.min,
            max: day.max,
            card: card.map(str::to_owned),
            standings,
            days: days.unwrap_or_default(),
        })
    }

    /// The same as CSV: the ranks, or the days of the card that was asked for.
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        let PointsSheet { period, rules, .. } = self;
        match &self.card {
            None => {
                rfc4180::line(&mut text, ["period", "rank", "card", "total", "days", "assessments", "rules"]);
                for Standing { rank, card, total, days, assessments } in &self.standings {
                    let numbers =
                        [rank.to_string(), total.to_string(), days.to_string(), assessments.to_string()];
                    let [rank, total, days, assessments] = &numbers;
                    rfc4180::line(&mut text, [period, rank, card, total, days, assessments, rules]);
                }
            }
            Some(card) => {
                rfc4180::line(
                    &mut text,
                    ["period", "card", "day", "score", "points", "assessments", "rules"],
                );
                for DayScore { day, score, points, assessments } in &self.days {
                    let [score, points] = [score, points].map(ToString::to_string);
                    let assessments = assessments.to_string();
                    rfc4180::line(&mut text, [period, card, day, &score, &points, &assessments, rules]);
                }
            }
        }
        text
    }
}
