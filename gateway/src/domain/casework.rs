//! What the gateway adds to an incident: where it is and how far to believe that, who is responsible, what
//! its code means, and which data said so.
//!
//! Casework is made once, at admission, and stored as JSON text beside the payload: a resend carries the same
//! content even when the operator replaced the grids in between. Text borrows from the geography when it is
//! made and from the stored JSON when it is read back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::clock_quality::Distrust;
use super::disposal::DisposalProof;
use super::findings::Witness;
use super::geotag::Geotag;
use super::rules::Handling;
use super::stalls::StallCheck;

/// The gateway's work on one incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Casework<'a> {
    /// The position with its provenance; `None` without a fix.
    pub geotag: Option<Geotag>,
    /// Whose it is.
    #[serde(borrow)]
    pub assignment: Assignment<'a>,
    /// What its code is called; `None` for a code that is not in the table.
    #[serde(borrow)]
    pub code: Option<CodeName<'a>>,
    /// Code of the unit grid that it lies in.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub unit_grid: Option<Cow<'a, str>>,
    /// What the rules decided; `None` in what was stored before there were rules.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Handling<'a>>,
    /// The stall register's word on the card that was shown.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<StallCheck<'a>>,
    /// It lies, or may lie, in another grid than its reporter belongs to.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cross_boundary: Option<CrossBoundary<'a>>,
    /// Why nothing was judged by its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_untrusted: Option<Distrust>,
    /// The data that said so.
    #[serde(borrow)]
    pub data: DataVersions<'a>,
    /// The finding that it bears witness to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Witness>,
    /// It was handled by whoever found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_disposed: Option<DisposalProof>,
}

/// What is found out about an incident when it is stored, beside others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Addenda {
    /// The finding that it bears witness to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Witness>,
    /// It was handled by whoever found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_disposed: Option<DisposalProof>,
}

impl Addenda {
    /// Casework as JSON text with these in it.
    pub fn add_to(&self, casework: &str) -> String {
        let addenda = serde_json::to_string(self).expect("addenda are text and structs with fixed names");
        match (casework.strip_suffix('}'), addenda.strip_prefix('{')) {
            // Casework is an object that is never empty.
            (Some(open), Some(rest)) if *self != Addenda::default() => format!("{open},{rest}"),
            _ => casework.to_owned(),
        }
    }
}

impl Casework<'_> {
    /// The JSON text that the store keeps.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("casework is text, numbers and structs with fixed names")
    }

    /// Reads [`to_json`](Self::to_json); `None` for a text of another version of this gateway.
    pub fn from_json(text: &str) -> Option<Casework<'_>> {
        serde_json::from_str(text).ok()
    }
}

/// Whose an incident is. With a grid there is exactly one owner, the grid's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment<'a> {
    /// The grid that holds the position.
    Assigned {
        /// The grid.
        #[serde(borrow)]
        grid: GridFacts<'a>,
    },
    /// The grid that holds the position, whose edge lies within the accuracy circle.
    Ambiguous {
        /// The grid.
        #[serde(borrow)]
        grid: GridFacts<'a>,
        /// Codes of the grids within the accuracy circle, the nearest first, this one included.
        #[serde(borrow)]
        candidates: Vec<Cow<'a, str>>,
    },
    /// No grid; the incident is forwarded all the same.
    Unassigned {
        /// Why.
        because: Unassigned,
        /// Codes of the grids within the accuracy circle, the nearest first.
        #[serde(borrow)]
        candidates: Vec<Cow<'a, str>>,
    },
}

impl<'a> Assignment<'a> {
    /// The owner's grid.
    pub fn grid(&self) -> Option<&GridFacts<'a>> {
        match self {
            Assignment::Assigned { grid } | Assignment::Ambiguous { grid, .. } => Some(grid),
            Assignment::Unassigned { .. } => None,
        }
    }

    /// Grids it could be as well.
    pub fn candidates(&self) -> &[Cow<'a, str>] {
        match self {
            Assignment::Assigned { .. } => &[],
            Assignment::Ambiguous { candidates, .. } | Assignment::Unassigned { candidates, .. } => {
                candidates
            }
        }
    }

    /// The name in events.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Assignment::Assigned { .. } => "assigned",
            Assignment::Ambiguous { .. } => "ambiguous",
            Assignment::Unassigned { .. } => "unassigned",
        }
    }
}

/// Why an incident has no grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unassigned {
    /// The report carries no position.
    NoFix,
    /// The position lies in no grid.
    OutsideEveryGrid,
}

/// A grid and who is responsible for it; a fact that the map lacks is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GridFacts<'a> {
    /// Grid code, 15 digits (district 6, street 3, community 3, sequence 3) or 14 by an older edition.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub grid: Cow<'a, str>,
    /// The grid's name.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub grid_name: Cow<'a, str>,
    /// District code.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub district_code: Cow<'a, str>,
    /// District (区县).
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub district: Cow<'a, str>,
    /// Street code.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub street_code: Cow<'a, str>,
    /// Street (街道).
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub street: Cow<'a, str>,
    /// Community code.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub community_code: Cow<'a, str>,
    /// Community (社区).
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub community: Cow<'a, str>,
    /// The unit that handles cases of this grid.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub responsible_unit: Cow<'a, str>,
    /// The professional authority (条) of dual management.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub line_authority: Cow<'a, str>,
    /// The local authority (块) of dual management.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub block_authority: Cow<'a, str>,
    /// The community's committee.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub community_unit: Cow<'a, str>,
}

impl GridFacts<'_> {
    /// The same facts, borrowed.
    pub fn borrowed(&self) -> GridFacts<'_> {
        GridFacts {
            grid: Cow::Borrowed(&self.grid),
            grid_name: Cow::Borrowed(&self.grid_name),
            district_code: Cow::Borrowed(&self.district_code),
            district: Cow::Borrowed(&self.district),
            street_code: Cow::Borrowed(&self.street_code),
            street: Cow::Borrowed(&self.street),
            community_code: Cow::Borrowed(&self.community_code),
            community: Cow::Borrowed(&self.community),
            responsible_unit: Cow::Borrowed(&self.responsible_unit),
            line_authority: Cow::Borrowed(&self.line_authority),
            block_authority: Cow::Borrowed(&self.block_authority),
            community_unit: Cow::Borrowed(&self.community_unit),
        }
    }
}

/// An incident in another grid than its reporter's. Its owner is the one of its own grid, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossBoundary<'a> {
    /// Why.
    pub because: Crossing,
    /// Where the reporter belongs, if anybody said so.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub home_grid: Option<Cow<'a, str>>,
    /// The responsible units: the owner's first, then the reporter's or those of the other grids it could be.
    #[serde(borrow)]
    pub units: Vec<Cow<'a, str>>,
}

/// Why an incident concerns two grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// Its grid is not the reporter's.
    OtherGrid,
    /// It may lie in another grid.
    Ambiguous,
}

/// What a case code is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeName<'a> {
    /// In Chinese.
    #[serde(borrow)]
    pub zh: Cow<'a, str>,
    /// In English.
    #[serde(borrow)]
    pub en: Cow<'a, str>,
}

/// Name and checksum of the data behind the decisions, such as `deyang@1a2b3c4d`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DataVersions<'a> {
    /// The grids.
    #[serde(borrow)]
    pub grids: Cow<'a, str>,
    /// The case codes; empty when there is no table.
    #[serde(borrow)]
    pub codes: Cow<'a, str>,
    /// The unit grids; empty when there are none.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub unit_grids: Cow<'a, str>,
    /// The rules.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub rules: Cow<'a, str>,
    /// The places of joint enforcement.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub places: Cow<'a, str>,
    /// The rules of points, when they were asked.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub points: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_casework_reads_back_as_it_was_made_and_borrows_its_text() {
        let grid =
            GridFacts {
                grid: "510603001001001".into(), district: "旌阳区".into(), ..GridFacts::default()
            };
        let casework = Casework {
            geotag: None,
            assignment: Assignment::Ambiguous { grid, candidates: vec!["510603001001001".into()] },
            code: Some(CodeName { zh: "无照经营游商".into(), en: "Stall".into() }),
            unit_grid: None,
            handling: None,
            stall: None,
            cross_boundary: None,
            clock_untrusted: None,
            data: DataVersions { grids: "deyang@00000001".into(), ..DataVersions::default() },
            finding: None,
            self_disposed: None,
        };
        let text = casework.to_json();
        let again = Casework::from_json(&text).expect("reads what it wrote");
        assert_eq!(again, casework);
        assert!(again.assignment.grid().is_some_and(|grid| matches!(grid.district, Cow::Borrowed(_))));
        assert_eq!(Casework::from_json("{\"another\":\"version\"}"), None);
        assert_eq!(Addenda::default().add_to(&text), text);
        let finding = Some(Witness { first: "car-07/7/812".into() });
        let proof = DisposalProof { before_sha256: "01".into(), after_sha256: "02".into() };
        let addenda = Addenda { finding: finding.clone(), self_disposed: Some(proof.clone()) };
        let with_addenda = addenda.add_to(&text);
        let expected = Casework { finding, self_disposed: Some(proof), ..casework };
        assert_eq!(Casework::from_json(&with_addenda), Some(expected));
    }
}
