//! What the rules decided about a report, and which rule decided it. Stored as JSON on the report and read back; what does not
//! apply takes no room.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::section::{Authority, Level, Party, View};
use crate::domain::calendar::TimeLimit;

/// What the rules decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handling<'a> {
    /// The one owner.
    #[serde(borrow)]
    pub owner: Unit<'a>,
    /// Others of dual management who get a copy.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Unit<'a>>,
    /// Who handles it by delegation.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<Delegated<'a>>,
    /// The rules of joint enforcement that apply.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub joint: Vec<Joint<'a>>,
    /// Those of which nobody can tell.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub joint_undecided: Vec<JointUndecided<'a>>,
    /// How bad it is by the rules, from 1; higher is worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
    /// How bad it is by the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_severity: Option<u8>,
    /// It goes before others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
    /// How long there is to handle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// The tidal area that it lies in.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub tidal: Option<Tidal<'a>>,
    /// It makes no noise: never urgent, never joint, not linked with others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub quiet: bool,
    /// Which rule decided what.
    #[serde(borrow)]
    pub decided_by: DecidedBy<'a>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A unit, and as what it is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit<'a> {
    /// Its name; never empty.
    #[serde(borrow)]
    pub unit: Cow<'a, str>,
    /// Its role.
    pub role: Role,
}

/// As what a unit is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 条.
    LineAuthority,
    /// 块.
    BlockAuthority,
    /// Who handles the grid's cases.
    ResponsibleUnit,
    /// Who takes what belongs to no grid, or to one without units.
    Fallback,
}

impl Role {
    /// Its name in files and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::LineAuthority => Authority::LineAuthority.as_str(),
            Role::BlockAuthority => Authority::BlockAuthority.as_str(),
            Role::ResponsibleUnit => Authority::ResponsibleUnit.as_str(),
            Role::Fallback => "fallback",
        }
    }
}

impl From<Authority> for Role {
    fn from(authority: Authority) -> Role {
        match authority {
            Authority::LineAuthority => Role::LineAuthority,
            Authority::BlockAuthority => Role::BlockAuthority,
            Authority::ResponsibleUnit => Role::ResponsibleUnit,
        }
    }
}

/// Who handles a delegated matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegated<'a> {
    /// The level.
    pub level: Level,
    /// Its unit; empty when the grid lacks it, or there is no grid.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub unit: Cow<'a, str>,
}

/// A rule of joint enforcement that applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joint<'a> {
    /// The rule.
    #[serde(borrow)]
    pub rule: Cow<'a, str>,
    /// Who is added.
    #[serde(borrow)]
    pub recipients: Vec<Recipient<'a>>,
}

/// Who is added to a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient<'a> {
    /// What it is.
    pub party: Party,
    /// The unit.
    #[serde(borrow)]
    pub unit: Cow<'a, str>,
    /// How much it gets.
    pub view: View,
}

/// A rule of joint enforcement of which nobody can tell whether it applies. It is not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointUndecided<'a> {
    /// The rule.
    #[serde(borrow)]
    pub rule: Cow<'a, str>,
    /// Why.
    pub because: Undecided,
}

/// Why nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undecided {
    /// There is no time that rules may judge by.
    ClockUntrusted,
    /// There is no position.
    PlaceUnknown,
    /// The calendar has not enough working time.
    BeyondCalendar,
}

/// How long there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The limit, `4WH`.
    pub limit: TimeLimit,
    /// When it ends.
    pub at: DueAt,
}

/// When a limit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueAt {
    /// In milliseconds since 1970; what is done later is late.
    UnixMs(i64),
    /// Nobody can tell.
    Undecided(Undecided),
}

/// A tidal area, and whether it was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tidal<'a> {
    /// The area.
    #[serde(borrow)]
    pub area: Cow<'a, str>,
    /// Whether it was open.
    pub state: TidalState,
}

/// Whether a tidal area was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TidalState {
    /// Stalls are tolerated then.
    Open,
    /// They are not.
    Closed,
    /// There is no time that rules may judge by.
    ClockUntrusted,
}

/// Names of the rules that decided. Joint enforcement and tidal areas name theirs themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DecidedBy<'a> {
    /// The owner and the copies.
    #[serde(borrow)]
    pub owner: Cow<'a, str>,
    /// The delegation; empty when no rule is about it, as are the others.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub delegated: Cow<'a, str>,
    /// Severity and urgency.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub severity: Cow<'a, str>,
    /// The time limit.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub due: Cow<'a, str>,
    /// That it is quiet.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub quiet: Cow<'a, str>,
}

impl<'a> Handling<'a> {
    /// Who is added by joint enforcement, each unit once: several rules may name one. Whom one of them gives everything gets
    /// everything.
    pub fn recipients(&self) -> Vec<&Recipient<'a>> {
        let mut recipients: Vec<&Recipient<'a>> = Vec::new();
        for recipient in self.joint.iter().flat_map(|joint| &joint.recipients) {
            match recipients.iter_mut().find(|known| known.unit == recipient.unit) {
                None => recipients.push(recipient),
                Some(known) if recipient.view == View::Full => *known = recipient,
                Some(_) => {}
            }
        }
        recipients
    }
}
