//! Message type 3: a finding on the street.

use std::borrow::Cow;

use firmware_protocol::body;

use super::values::{fix, missing, present, references, text};
use crate::domain::admission::{Reason, Rejection};
use crate::domain::report::{CaseKind, Incident};

pub(super) fn read<'a>(wire: &body::Incident<'a>) -> Result<Incident<'a>, Rejection> {
    let kind = match wire.kind {
        body::CaseKind::EVENT => CaseKind::Event,
        body::CaseKind::COMPONENT => CaseKind::Component,
        other => {
            let detail = format!("kind: {other} is none of event, component");
            return Err(Rejection::new(Reason::UnknownValue, detail));
        }
    };
    let category = present(wire.category).ok_or_else(|| missing("category"))?;
    Ok(Incident {
        kind,
        code: Cow::Owned(format!("{category:04}")),
        severity: present(wire.severity),
        fix: fix(wire.fix, wire.lat_e7, wire.lon_e7, wire.accuracy_dm, wire.fix_age_ms)?,
        operator: text(wire.operator.as_str()),
        stall_card: text(wire.stall_card.as_str()),
        description: text(wire.description.as_str()),
        evidence: references(&wire.evidence),
    })
}
