//! The sections of a rulebook, as data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pattern::{CodeMap, CodePattern};
use crate::domain::area::Area;
use crate::domain::casework::GridFacts;
use crate::domain::timetable::Timetable;
use crate::domain::verdict::StallVerdict;

/// The name of a rule, as it is told on a report.
pub type RuleName = Arc<str>;

/// What a named rule says, shared by its codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled<T> {
    /// The rule.
    pub name: RuleName,
    /// What it says.
    pub says: T,
}

/// A section that says one thing about each code: rules by code, and what holds without one.
#[derive(Debug, Clone, PartialEq)]
pub struct ByCode<T> {
    /// What holds for a code that no rule is about.
    pub default: Option<T>,
    /// The rules.
    pub rules: CodeMap<Ruled<T>>,
}

impl<T> Default for ByCode<T> {
    fn default() -> ByCode<T> {
        ByCode { default: None, rules: CodeMap::default() }
    }
}

/// Who is responsible in a grid, by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// 条: the professional authority.
    LineAuthority,
    /// 块: the local authority.
    BlockAuthority,
    /// The unit that handles the grid's cases.
    ResponsibleUnit,
}

impl Authority {
    /// All of them, in the order in which one stands in for another that a grid lacks.
    pub const ALL: [Authority; 3] =
        [Authority::ResponsibleUnit, Authority::BlockAuthority, Authority::LineAuthority];

    /// Its name in files and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Authority::LineAuthority => "line_authority",
            Authority::BlockAuthority => "block_authority",
            Authority::ResponsibleUnit => "responsible_unit",
        }
    }

    /// Its unit in a grid; empty when the map lacks it.
    pub fn unit<'a>(self, grid: &'a GridFacts<'a>) -> &'a str {
        match self {
            Authority::LineAuthority => &grid.line_authority,
            Authority::BlockAuthority => &grid.block_authority,
            Authority::ResponsibleUnit => &grid.responsible_unit,
        }
    }
}

/// 双重管理: one owner, and who gets a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The owner.
    pub owner: Authority,
    /// Others who get a copy; never the owner.
    pub copies: Vec<Authority>,
}

/// 赋权事项: a matter that a level of government handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The level.
    pub level: Level,
    /// Its unit.
    pub unit: DelegatedUnit,
}

/// A level of government.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 街道 or 镇.
    Street,
    /// 区 or 县.
    District,
    /// 市.
    City,
}

/// The unit that a level acts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DelegatedUnit {
    /// One for the city.
    Named(Box<str>),
    /// The grid's.
    OfGrid(Authority),
}

/// 联勤联动: who else gets a report.
#[derive(Debug, Clone, PartialEq)]
pub struct JointRule {
    /// The rule.
    pub name: RuleName,
    /// The codes that it is about.
    pub codes: Vec<CodePattern>,
    /// Where it holds; `None`: everywhere.
    pub place: Option<JointPlace>,
    /// When it holds, by the city's clock.
    pub hours: Timetable,
    /// Who is added.
    pub recipients: Vec<JointRecipient>,
}

/// Where a rule of joint enforcement holds: any of these.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointPlace {
    /// Near places of these names.
    pub places: Vec<Box<str>>,
    /// Near any road.
    pub roads: bool,
    /// Near any point where authorities work together.
    pub points: bool,
    /// How near, in metres.
    pub within_m: f64,
    /// In these grids.
    pub grids: Vec<Box<str>>,
    /// In grids that the map marks `joint_enforcement`.
    pub joint_grids: bool,
}

impl JointPlace {
    /// A position is needed to tell.
    pub fn is_on_the_map(&self) -> bool {
        self.roads || self.points || !self.places.is_empty()
    }
}

/// Who is added to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointRecipient {
    /// What it is.
    pub party: Party,
    /// The unit.
    pub unit: Box<str>,
    /// How much it gets to see.
    pub view: View,
}

/// The parties of joint enforcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// 城管.
    UrbanManagement,
    /// 公安.
    Police,
    /// 综治.
    ComprehensiveGovernance,
}

/// How much of a report a recipient gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// All of it.
    Full,
    /// [`MINIMAL_VIEW`] alone.
    Minimal,
}

/// What a minimal copy has: what, where and when, and whom to ask; nothing about who reported it, about a vendor, and no words or
/// pictures. Names are those of the events. Project-defined.
pub const MINIMAL_VIEW: [&str; 13] = [
    "kind",
    "code",
    "code_zh",
    "code_en",
    "severity",
    "urgent",
    "geometry",
    "time",
    "grid",
    "street",
    "community",
    "owner",
    "joint_id",
];

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Severity {
    /// From 1; higher is worse.
    pub severity: Option<u8>,
    /// It goes before others.
    pub urgent: bool,
}

/// 潮汐摊区: where stalls are tolerated at times.
#[derive(Debug, Clone, PartialEq)]
pub struct TidalArea {
    /// Its name.
    pub name: RuleName,
    /// The codes for which reports say whether they lie in it.
    pub codes: Vec<CodePattern>,
    /// Where it is.
    pub place: TidalPlace,
    /// When it is open, by the city's clock.
    pub hours: Timetable,
}

/// Where a tidal area is.
#[derive(Debug, Clone, PartialEq)]
pub enum TidalPlace {
    /// A circle or a polygon.
    Area(Area),
    /// These grids.
    Grids(Vec<Box<str>>),
}

/// Reports that are kept, forwarded and counted, and make no noise.
#[derive(Debug, Clone, PartialEq)]
pub struct QuietRule {
    /// The rule.
    pub name: RuleName,
    /// The codes that it is about.
    pub codes: Vec<CodePattern>,
    /// Only with one of these words of the stall register; empty: always.
    pub stall: Vec<StallVerdict>,
}

/// When two reports of one code are one finding with several witnesses.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// How near, in metres.
    pub radius_m: f64,
    /// How soon, in milliseconds.
    pub within_ms: i64,
    /// Codes that are not linked.
    pub off: Vec<CodePattern>,
}

impl Default for Duplicates {
    /// 30 m and 10 minutes. Project-defined.
    fn default() -> Duplicates {
        Duplicates { radius_m: 30.0, within_ms: 600_000, off: Vec::new() }
    }
}
