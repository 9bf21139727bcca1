//! Orders of the platform, and what became of them.

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

use super::{Position, RecordRef, given};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task<'a> {
    task: u64,
    revision: u32,
    kind: &'a str,
    priority: u8,
    issued_unix_ms: u64,
    deadline_unix_ms: u64,
    #[serde(borrow)]
    position: Option<Position<'a>>,
    radius_m: u32,
    stall_card: &'a str,
    title: &'a str,
    text: &'a str,
}

impl From<&body::Task<'static>> for Task<'static> {
    fn from(from: &body::Task<'static>) -> Self {
        Self {
            task: from.task,
            revision: from.revision,
            kind: from.kind.name().unwrap_or_default(),
            priority: from.priority,
            issued_unix_ms: from.issued_unix_ms,
            deadline_unix_ms: from.deadline_unix_ms,
            position: Position::of(from.fix, from.lat_e7, from.lon_e7, 0, 0),
            radius_m: from.radius_m,
            stall_card: from.stall_card.as_str(),
            title: from.title.as_str(),
            text: from.text.as_str(),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskAck<'a> {
    task: u64,
    revision: u32,
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    age_ms: u32,
    note: &'a str,
    evidence: Vec<RecordRef>,
}

impl From<&body::TaskAck<'static>> for TaskAck<'static> {
    fn from(from: &body::TaskAck<'static>) -> Self {
        Self {
            task: from.task,
            revision: from.revision,
            state: from.state.name().unwrap_or_default(),
            reason: given(from.reason.0).and(from.reason.name()),
            age_ms: from.age_ms,
            note: from.note.as_str(),
            evidence: from.evidence.iter().map(RecordRef::from).collect(),
        }
    }
}
