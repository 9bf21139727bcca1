//! The city's rules: what follows from what a report is about, where and when.
//!
//! All of it is data that an operator replaces; the reader of the file is `config::rules_file`. Each decision names its rule,
//! and a rule that needs a time or a place that nobody knows says so and decides nothing.
//!
//! - dual management (双重管理): exactly one owner, whatever is missing; others get a copy
//! - joint enforcement (联勤联动): place, hours and code add recipients; the police get a minimal copy
//! - delegated matters (赋权事项): which level handles a code, and its unit
//! - severity, urgency and time limits by code; the due time by the calendar
//! - tidal areas (潮汐摊区): whether a stall stands where stalls are tolerated, and whether it is their hour
//! - quiet codes: kept, forwarded and counted; never urgent, never joint, not linked with others
//! - duplicates: how near and how soon two reports are one finding
//!
//! Of several rules about a code, the one with the most exact pattern decides ([`pattern`]).

mod apply;
pub mod handling;
pub mod pattern;
pub mod section;

pub use apply::Case;
pub use handling::Handling;

use section::{
    ByCode, Delegation, Duplicates, JointRule, Ownership, QuietRule, RuleName, Severity, TidalArea,
};

use super::calendar::{Calendar, TimeLimit};
use super::places::Places;

/// Rules of one section.
pub const RULES_MAX: usize = 256;
/// Codes, places, grids and recipients of one rule.
pub const ITEMS_MAX: usize = 256;
/// How near two reports must be at most to be one finding, in metres.
pub const DUPLICATE_RADIUS_MAX_M: f64 = 500.0;

/// What a file of rules says.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// When people work, and the city's clock.
    pub calendar: Calendar,
    /// Who owns and who gets a copy.
    pub ownership: ByCode<Ownership>,
    /// Who owns what belongs to no grid; never empty.
    pub fallback_unit: Box<str>,
    /// Which level handles what.
    pub delegation: ByCode<Delegation>,
    /// Who else gets it.
    pub joint: Vec<JointRule>,
    /// How bad it is.
    pub severity: ByCode<Severity>,
    /// How long there is.
    pub time_limit: ByCode<TimeLimit>,
    /// Where stalls are tolerated at times.
    pub tidal: Vec<TidalArea>,
    /// What makes no noise.
    pub quiet: Vec<QuietRule>,
    /// What is one finding.
    pub duplicates: Duplicates,
}

impl Default for Rules {
    /// Rules of a city that has none: the responsible unit owns everything.
    fn default() -> Rules {
        Rules {
            calendar: Calendar::default(),
            ownership: ByCode::default(),
            fallback_unit: "城市运行管理服务中心".into(),
            delegation: ByCode::default(),
            joint: Vec::new(),
            severity: ByCode::default(),
            time_limit: ByCode::default(),
            tidal: Vec::new(),
            quiet: Vec::new(),
            duplicates: Duplicates::default(),
        }
    }
}

/// The rules in effect. Immutable; shared by reference counting.
#[derive(Debug, Clone, PartialEq)]
pub struct Rulebook {
    rules: Rules,
    places: Places,
    version: String,
}

/// How near and how soon two reports of one code are one finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DuplicateRule {
    /// How near, in metres.
    pub radius_m: f64,
    /// How soon, in milliseconds.
    pub within_ms: i64,
}

/// A rule speaks of a place that the map lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("joint rule \"{rule}\": there is no place \"{place}\"")]
pub struct UnknownPlace {
    /// The rule.
    pub rule: RuleName,
    /// The place.
    pub place: Box<str>,
}

impl Rulebook {
    /// Rules with the places that they speak of; `text` is the file that they were read from.
    ///
    /// # Errors
    /// [`UnknownPlace`].
    pub fn new(rules: Rules, text: &[u8], places: Places) -> Result<Rulebook, UnknownPlace> {
        for rule in &rules.joint {
            let named = rule.place.iter().flat_map(|place| &place.places);
            if let Some(place) = named.into_iter().find(|name| places.get(name).is_none()) {
                return Err(UnknownPlace { rule: rule.name.clone(), place: place.clone() });
            }
        }
        Ok(Rulebook { rules, places, version: format!("rules@{:08x}", crc32c::crc32c(text)) })
    }

    /// Name and CRC-32C of the file, `rules@1a2b3c4d`: the same file always has the same version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the file says.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The places that rules speak of.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// When people work, and the city's clock.
    pub fn calendar(&self) -> &Calendar {
        &self.rules.calendar
    }
}

impl Default for Rulebook {
    /// A city without rules of its own.
    fn default() -> Rulebook {
        let (rules, places) = (Rules::default(), Places::default());
        Rulebook { rules, places, version: "rules@none".to_owned() }
    }
}

#[cfg(test)]
mod tests;
