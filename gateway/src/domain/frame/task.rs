//! Message type 9: a device's answer to a task.

use firmware_protocol::body;

use super::values::{missing, named, present, references, text};
use crate::domain::admission::Rejection;
use crate::domain::report::TaskAck;

pub(super) fn read<'a>(wire: &body::TaskAck<'a>) -> Result<TaskAck<'a>, Rejection> {
    let state = present(wire.state).ok_or_else(|| missing("state"))?;
    Ok(TaskAck {
        task: present(wire.task).ok_or_else(|| missing("task"))?,
        revision: wire.revision,
        state: named(state.name(), "state", state.0),
        reason: present(wire.reason).map(|reason| named(reason.name(), "reason", reason.0)),
        note: text(wire.note.as_str()),
        evidence: references(&wire.evidence),
    })
}
