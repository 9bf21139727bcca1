//! What the rules decided about an incident, as the platform reads it.
//!
//! A recipient of joint enforcement is named by the joint id and itself: whoever has served (`joint_id`, `unit`) once need not do so
//! again, however often the event comes. The joint id is that of the finding, so that several reports of one thing are one matter.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Moment;
use super::geometry::Geometry;
use crate::domain::calendar::TimeLimit;
use crate::domain::casework::{CodeName, GridFacts};
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

/// Names a joint matter for ever and everywhere, and says nothing about who reported it: half of a SHA-256 of the gateway's name and the
/// finding's, in hexadecimal.
fn joint_id(source: &str, finding: &str) -> Box<str> {
    let digest = Sha256::digest(format!("{source}\n{finding}"));
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// What the event says elsewhere, for the copies.
pub(super) struct Told<'a, 't> {
    /// The gateway that took it.
    pub(super) source: &'t str,
    /// Event id of the finding's first report.
    pub(super) finding: &'t str,
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
        let joint_id = joint_id(told.source, told.finding);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::section::MINIMAL_VIEW;

    #[test]
    fn a_minimal_copy_has_what_the_rules_promise_and_nothing_else() {
        let (kind, code, owner) = ("event", "0501".into(), Cow::from("unit"));
        let (code_zh, code_en, grid) = (Some("a".into()), Some("b".into()), Some("1".into()));
        let (street, community) = (Some("s".into()), Some("c".into()));
        let joint_id = joint_id("box-017", "pad-01/7/812");
        let (severity, urgent, geometry, time) = (Some(1), false, None, Moment(0));
        let copy = MinimalCopy {
            joint_id,
            kind,
            code,
            code_zh,
            code_en,
            severity,
            urgent,
            geometry,
            time,
            grid,
            street,
            community,
            owner,
        };
        let text = serde_json::to_value(copy).unwrap();
        let mut names: Vec<&str> = text.as_object().unwrap().keys().map(String::as_str).collect();
        let mut promised = MINIMAL_VIEW.to_vec();
        names.sort_unstable();
        promised.sort_unstable();
        assert_eq!(names, promised);
        assert!(!text.to_string().contains("pad-01"), "the joint id tells nobody who reported: {text}");
    }
}
