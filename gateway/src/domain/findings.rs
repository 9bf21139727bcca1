//! Several reports of one thing: linked as one finding with witnesses. Nothing is dropped for it.
//!
//! - A report bears witness to a finding of the same kind and code whose first report is near it in place and time, by the rule of
//!   that code. Distance and time count from the first report, so that a finding can't creep along a street or through a day. Of several
//!   it is the oldest.
//! - Two different stall cards are two findings, however near.
//! - It needs a trusted time and a position: without them a report stands for itself.
//!
//! The last [`FINDINGS_MAX`] findings are remembered, in the order in which they came. The rule is from the design of the patrol
//! programme (30 m, 10 min; confidence medium); how it is applied is project-defined.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::clock_quality::TrustedTime;
use super::distance;
use super::report::CaseKind;

/// Findings that are remembered.
pub const FINDINGS_MAX: usize = 2048;

/// How near two reports must be to be one finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearness {
    /// In metres.
    pub radius_m: f64,
    /// In milliseconds, before or after.
    pub within_ms: i64,
}

/// What a report is recognised by as another's like.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// Event or component.
    pub kind: CaseKind,
    /// The case code.
    pub code: Box<str>,
    /// The stall card shown.
    pub stall_card: Option<Box<str>>,
    /// Longitude and latitude in degrees, WGS-84.
    pub at: (f64, f64),
    /// When.
    pub time: TrustedTime,
}

/// To which finding a report bears witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Event id of the finding's first report.
    pub first: Box<str>,
}

/// The findings that are remembered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    firsts: VecDeque<(Sight, Box<str>)>,
}

impl Findings {
    /// The finding that a sight bears witness to.
    pub fn of(&self, sight: &Sight, nearness: Nearness) -> Option<Witness> {
        let found = self.firsts.iter().find(|(first, _)| is_like(first, sight, nearness));
        found.map(|(_, id)| Witness { first: id.clone() })
    }

    /// Remembers the first report of a finding, by its event id.
    pub fn begin(&mut self, sight: Sight, id: Box<str>) {
        if self.firsts.len() >= FINDINGS_MAX {
            self.firsts.pop_front();
        }
        self.firsts.push_back((sight, id));
    }
}

fn is_like(first: &Sight, sight: &Sight, nearness: Nearness) -> bool {
    let cards = (&first.stall_card, &sight.stall_card);
    let is_same_thing = first.kind == sight.kind
        && first.code == sight.code
        && !matches!(cards, (Some(one), Some(other)) if one != other);
    let apart_ms = (first.time.unix_ms() - sight.time.unix_ms()).abs();
    is_same_thing
        && apart_ms <= nearness.within_ms
        && distance::metres(first.at, sight.at) <= nearness.radius_m
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEARNESS: Nearness = Nearness { radius_m: 30.0, within_ms: 600_000 };

    fn sight(north_m: f64, at_ms: i64) -> Sight {
        Sight {
            kind: CaseKind::Event,
            code: "0501".into(),
            stall_card: None,
            at: (104.398, 31.127 + north_m / 111_195.08),
            time: TrustedTime::vouched(at_ms),
        }
    }

    fn begun() -> Findings {
        let mut findings = Findings::default();
        findings.begin(sight(0.0, 1_000_000), "car-01/1/1".into());
        findings
    }

    #[test]
    fn within_30_m_and_10_min_of_the_first_report_it_is_one_finding_and_beyond_another() {
        let linked = |sight: Sight| begun().of(&sight, NEARNESS).is_some();
        assert!(linked(sight(29.9, 1_600_000)) && linked(sight(-29.9, 400_000)));
        assert!(!linked(sight(30.1, 1_000_000)) && !linked(sight(0.0, 1_600_001)));
        assert!(!linked(Sight { kind: CaseKind::Component, ..sight(0.0, 1_000_000) }));
        assert!(!linked(Sight { code: "0506".into(), ..sight(0.0, 1_000_000) }));
    }

    #[test]
    fn two_stall_cards_are_two_findings_and_a_report_without_one_may_be_of_either() {
        let card = |card: &str| Sight { stall_card: Some(card.into()), ..sight(0.0, 1_000_000) };
        let mut findings = Findings::default();
        findings.begin(card("DY-1"), "a/1/1".into());
        assert_eq!(findings.of(&card("DY-2"), NEARNESS), None);
        findings.begin(card("DY-2"), "a/1/2".into());
        assert_eq!(&*findings.of(&card("DY-2"), NEARNESS).unwrap().first, "a/1/2");
        assert_eq!(&*findings.of(&sight(1.0, 1_000_000), NEARNESS).unwrap().first, "a/1/1");
    }

    proptest! {
        /// A chain of reports, each near the one before, does not become one finding: all of a finding lie around its first.
        #[test]
        fn no_witness_is_farther_from_the_first_than_the_rule_says(
            steps in proptest::collection::vec((-25.0..25.0_f64, 0..500_000_i64), 1..60),
        ) {
            let (mut findings, mut north_m, mut at_ms) = (Findings::default(), 0.0, 1_000_000);
            let mut firsts: Vec<(f64, i64)> = Vec::new();
            for (step_m, step_ms) in steps {
                (north_m, at_ms) = (north_m + step_m, at_ms + step_ms);
                let sight = sight(north_m, at_ms);
                match findings.of(&sight, NEARNESS) {
                    None => {
                        findings.begin(sight, firsts.len().to_string().into());
                        firsts.push((north_m, at_ms));
                    }
                    Some(witness) => {
                        let (first_m, first_ms) = firsts[witness.first.parse::<usize>().unwrap()];
                        prop_assert!((north_m - first_m).abs() <= NEARNESS.radius_m + 0.01);
                        prop_assert!(at_ms - first_ms <= NEARNESS.within_ms);
                    }
                }
                prop_assert!(findings.firsts.len() <= FINDINGS_MAX);
            }
        }
    }
}
