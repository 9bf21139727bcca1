//! What the rules decided about an incident, as the platform reads it.
//!
//! A recipient of joint enforcement is named by the joint id and itself: whoever has served (`joint_id`, `unit`) once need not do so
//! again, however often the event comes. The joint id is that of the finding, so that several reports of one thing are one matter.

use std::borrow::Cow;

use serde::Serialize;

use super::geometry::Geometry;
use super::{EventId, Moment};
use crate::domain::calendar::TimeLimit;
use crate::domain::casework::{CodeName, GridFacts};
use crate::domain::findings::Witness;
use crate::domain::rules::Handling;
use crate::domain::rules::handling::{
    DecidedBy, Delegated, DueAt, JointUndecided, Recipient, Role, Tidal, Undecided, Unit,
};
use crate::domain::rules::section::View;

/// What the rules decided.
#[derive(Debug, Serialize)]
pub(super) struct HandlingFacts<'a> {
    owner: Cow<'a, str>,
    owner_role: Role,
    copies: Vec<Unit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated: Option<Delegated<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joint: Option<JointFacts<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    joint_undecided: Vec<JointUndecided<'a>>,
    urgent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_severity: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_limit: Option<TimeLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_undecided: Option<Undecided>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tidal: Option<Tidal<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    quiet: bool,
    decided_by: DecidedBy<'a>,
}

/// One matter for several authorities.
#[derive(Debug, Serialize)]
struct JointFacts<'a> {
    joint_id: Box<str>,
    rules: Vec<Cow<'a, str>>,
    recipients: Vec<Recipient<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimal_copy: Option<MinimalCopy<'a>>,
}

/// All that a recipient with the minimal view gets: what, where and when, and whom to ask.
#[derive(Debug, Serialize)]
struct MinimalCopy<'a> {
    joint_id: Box<str>,
    kind: &'static str,
    code: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_zh: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_en: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<u8>,
    urgent: bool,
    geometry: Option<Geometry>,
    time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<Cow<'a, str>>,
    owner: Cow<'a, str>,
}

/// What the event says elsewhere, for the copies.
pub(super) struct Told<'a, 't> {
    pub(super) id: EventId<'t>,
    pub(super) finding: Option<&'t Witness>,
    pub(super) kind: &'static str,
    pub(super) code: &'t str,
    pub(super) names: Option<&'t CodeName<'a>>,
    pub(super) grid: Option<&'t GridFacts<'a>>,
    pub(super) geometry: Option<Geometry>,
    pub(super) unix_ms: i64,
}

impl<'a> HandlingFacts<'a> {
    pub(super) fn of(handling: Handling<'a>, told: &Told<'a, '_>) -> HandlingFacts<'a> {
        let joint = (!handling.joint.is_empty()).then(|| JointFacts::of(&handling, told));
        let (due_at, due_undecided) = match handling.due.map(|due| due.at) {
            Some(DueAt::UnixMs(unix_ms)) => (Some(Moment(unix_ms)), None),
            Some(DueAt::Undecided(because)) => (None, Some(because)),
            None => (None, None),
        };
        HandlingFacts {
            owner: handling.owner.unit,
            owner_role: handling.owner.role,
            copies: handling.copies,
            delegated: handling.delegated,
            joint,
            joint_undecided: handling.joint_undecided,
            urgent: handling.urgent,
            device_severity: handling.device_severity,
            time_limit: handling.due.map(|due| due.limit),
            due_at,
            due_undecided,
            tidal: handling.tidal,
            quiet: handling.quiet,
            decided_by: handling.decided_by,
        }
    }
}

impl<'a> JointFacts<'a> {
    fn of(handling: &Handling<'a>, told: &Told<'a, '_>) -> JointFacts<'a> {
        let joint_id: Box<str> = match told.finding {
            Some(witness) => witness.first.clone(),
            None => told.id.to_string().into(),
        };
        let recipients: Vec<_> = handling.recipients().into_iter().cloned().collect();
        let is_minimal = recipients.iter().any(|recipient| recipient.view == View::Minimal);
        let minimal_copy = is_minimal.then(|| MinimalCopy {
            joint_id: joint_id.clone(),
            kind: told.kind,
            code: told.code.into(),
            code_zh: told.names.map(|names| names.zh.clone()),
            code_en: told.names.map(|names| names.en.clone()),
            severity: handling.severity.or(handling.device_severity),
            urgent: handling.urgent,
            geometry: told.geometry.clone(),
            time: Moment(told.unix_ms),
            grid: told.grid.map(|grid| grid.grid.clone()),
            street: told.grid.map(|grid| grid.street.clone()),
            community: told.grid.map(|grid| grid.community.clone()),
            owner: handling.owner.unit.clone(),
        });
        let rules = handling.joint.iter().map(|joint| joint.rule.clone()).collect();
        JointFacts { joint_id, rules, recipients, minimal_copy }
    }
}
