//! The journal: what is remembered of each incident once its report is gone, for indicators, points and ranks.
//!
//! An entry is written in the transaction of its incident, once for each incident (resends make none), and outlives the platform's receipt. Two
//! things of it may change later: when it happened (a boot's clock was set, and everything of that boot is dated), and
//! that it was handled. All figures are worked out from entries alone.

use serde::{Deserialize, Serialize};

use super::clock_quality::{self, TrustedTime};
use super::report::{CaseKind, DeviceId, Identity, ObservedAt};
use super::verdict::StallVerdict;

/// What is remembered of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in the journal; grows.
    pub number: i64,
    /// The device that reported it.
    pub device: DeviceId,
    /// Which of its records.
    pub identity: Identity,
    /// When it came, by the gateway's clock, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// When it happened, as far as anybody knows by now.
    pub observed_at: Option<ObservedAt>,
    /// `observed_at` was worked out later, from a report of the same boot.
    pub back_stamped: bool,
    /// When it was handled by whoever found it, in milliseconds since 1970: both photos are described, and the second was
    /// taken after the first.
    pub handled_at_ms: Option<i64>,
    /// It was handled by whoever found it, also when nobody knows when.
    pub self_disposed: bool,
    /// The finding that it bears witness to, by the event id of its first report; `None`: it is the first itself.
    pub witness_of: Option<Box<str>>,
    /// What was decided when it came.
    pub facts: Facts,
}

impl Entry {
    /// The time that it counts under: when it happened, or else, also when nobody trusts that time, when it came.
    pub fn counts_at_ms(&self) -> i64 {
        let found = clock_quality::trusted(self.observed_at, self.received_at_ms);
        found.map_or(self.received_at_ms, TrustedTime::unix_ms)
    }
}

/// What was decided about an incident when it came. The store keeps it as JSON; a fact that there is none of is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Event or component.
    pub kind: CaseKind,
    /// The case code.
    pub code: Box<str>,
    /// Whether a grid was found for it.
    pub attribution: Attribution,
    /// Code of its grid; empty without one, as are the next four.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub grid: Box<str>,
    /// Code of the community.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub community_code: Box<str>,
    /// The community.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub community: Box<str>,
    /// Code of the street.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub street_code: Box<str>,
    /// The street.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub street: Box<str>,
    /// It lies in another grid than its reporter belongs to, or may.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cross_boundary: bool,
    /// It went to several authorities.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joint: bool,
    /// It was put before others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
    /// How long there is to handle it, as the rules write it (`4WH`); `None`: no limit is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<Box<str>>,
    /// The stall card shown, and the word on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<StallFacts>,
}

/// Whether a grid was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// One grid.
    Assigned,
    /// One grid, and others are as near.
    Ambiguous,
    /// None.
    Unassigned,
}

/// A stall card, and the word on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StallFacts {
    /// Number of the card.
    pub card: Box<str>,
    /// The register's word.
    pub verdict: StallVerdict,
    /// Points that this assessment brings or costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i32>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Facts {
    /// Facts of an incident of which nothing is known but its code.
    pub fn new(kind: CaseKind, code: &str) -> Facts {
        Facts {
            kind,
            code: code.into(),
            attribution: Attribution::Unassigned,
            grid: "".into(),
            community_code: "".into(),
            community: "".into(),
            street_code: "".into(),
            street: "".into(),
            cross_boundary: false,
            joint: false,
            urgent: false,
            time_limit: None,
            stall: None,
        }
    }

    /// The JSON that the store keeps.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("facts are text, numbers and structs with fixed names")
    }

    /// Reads [`to_json`](Self::to_json); `None` for a text of another version of this gateway.
    pub fn from_json(text: &str) -> Option<Facts> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_back_as_they_were_and_what_there_is_none_of_takes_no_room() {
        let facts = Facts::new(CaseKind::Event, "0501");
        let text = facts.to_json();
        assert_eq!(text, r#"{"kind":"event","code":"0501","attribution":"unassigned"}"#);
        assert_eq!(Facts::from_json(&text), Some(facts.clone()));
        let stall =
            StallFacts { card: "DY-2207".into(), verdict: StallVerdict::OutOfHours, points: Some(-2) };
        let full = Facts { stall: Some(stall), cross_boundary: true, ..facts };
        assert_eq!(Facts::from_json(&full.to_json()), Some(full));
    }
}
