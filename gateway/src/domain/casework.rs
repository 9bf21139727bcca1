//! What the gateway adds to an incident: where it is and how far to believe that, who is responsible, what its code
//! means, and which data said so.
//!
//! Casework is made once, at admission, and stored as JSON text beside the payload: a resend carries the same
//! content even when the operator replaced the grids in between. Text borrows from the geography when it is made and
//! from the stored JSON when it is read back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::report::{Crs, Fix, FixType};

/// A fix older than this is not where the device is any more: a vehicle at walking pace has left a 50 m circle.
/// Project-defined.
pub const FIX_AGE_LIVE_MAX_MS: u32 = 60_000;

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
    /// The data that said so.
    #[serde(borrow)]
    pub data: DataVersions<'a>,
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

/// A position with its provenance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Geotag {
    /// Where the position comes from.
    pub source: GeotagSource,
    /// Longitude in degrees east, WGS-84.
    pub lon_deg: f64,
    /// Latitude in degrees north, WGS-84.
    pub lat_deg: f64,
    /// The system the device declared.
    pub crs: Crs,
    /// How the position was found, if known.
    pub fix_type: Option<FixType>,
    /// Radius of the accuracy circle in metres, if known.
    pub accuracy_m: Option<f64>,
    /// Age of the fix when the report was made, in milliseconds, if known.
    pub fix_age_ms: Option<u32>,
    /// What that age means.
    pub freshness: Freshness,
}

impl Geotag {
    /// The device's own fix as a geotag.
    pub fn of_device(fix: &Fix) -> Geotag {
        Geotag {
            source: GeotagSource::Device,
            lon_deg: fix.lon_deg,
            lat_deg: fix.lat_deg,
            crs: fix.crs,
            fix_type: fix.fix_type,
            accuracy_m: fix.accuracy_m,
            fix_age_ms: fix.fix_age_ms,
            freshness: Freshness::of(fix.fix_age_ms),
        }
    }
}

/// Where a position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeotagSource {
    /// The reporting device's own fix.
    Device,
}

/// Whether a position was current when the report was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// At most [`FIX_AGE_LIVE_MAX_MS`] old.
    Live,
    /// Older; never to be shown as live.
    Stale,
    /// The device did not say.
    Unknown,
}

impl Freshness {
    /// The freshness of a fix of this age in milliseconds.
    pub fn of(fix_age_ms: Option<u32>) -> Freshness {
        match fix_age_ms {
            Some(age_ms) if age_ms <= FIX_AGE_LIVE_MAX_MS => Freshness::Live,
            Some(_) => Freshness::Stale,
            None => Freshness::Unknown,
        }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataVersions<'a> {
    /// The grids.
    #[serde(borrow)]
    pub grids: Cow<'a, str>,
    /// The case codes; empty when there is no table.
    #[serde(borrow)]
    pub codes: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_live_for_a_minute_and_unknown_age_is_not_live() {
        assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS)), Freshness::Live);
        assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS + 1)), Freshness::Stale);
        assert_eq!(Freshness::of(None), Freshness::Unknown);
    }

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
            data: DataVersions { grids: "deyang@00000001".into(), codes: "".into() },
        };
        let text = casework.to_json();
        let again = Casework::from_json(&text).expect("reads what it wrote");
        assert_eq!(again, casework);
        assert!(again.assignment.grid().is_some_and(|grid| matches!(grid.district, Cow::Borrowed(_))));
        assert_eq!(Casework::from_json("{\"another\":\"version\"}"), None);
    }
}
