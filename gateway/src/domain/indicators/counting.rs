//! What one entry counts under.

use super::counts::{Count, Counts};
use super::deadline::Deadline;
use crate::domain::clock_quality::{Distrust, trusted};
use crate::domain::journal::{Attribution, Entry};
use crate::domain::report::CaseKind;

/// Counts an entry. What a finding is counted under, its witnesses are not: an issue that ten people report is one case.
pub(super) fn count(counts: &mut Counts, entry: &Entry, deadline: Deadline) {
    let facts = &entry.facts;
    counts.note(Count::Reports);
    counts.note(match facts.kind {
        CaseKind::Event => Count::Events,
        CaseKind::Component => Count::Components,
    });
    counts.note(match facts.attribution {
        Attribution::Assigned => Count::Assigned,
        Attribution::Ambiguous => Count::Ambiguous,
        Attribution::Unassigned => Count::Unassigned,
    });
    counts.note_if(facts.urgent, Count::Urgent);
    counts.note_if(entry.back_stamped, Count::BackStamped);
    match trusted(entry.observed_at, entry.received_at_ms) {
        Ok(_) => {}
        Err(Distrust::NoClock) => counts.note(Count::TimeUnknown),
        Err(_) => counts.note(Count::TimeUntrusted),
    }
    if entry.witness_of.is_some() {
        return counts.note(Count::Witnesses);
    }
    counts.note(Count::Findings);
    counts.note_if(facts.cross_boundary, Count::CrossBoundary);
    counts.note_if(facts.joint, Count::Joint);
    counts.note_if(entry.self_disposed || entry.handled_at_ms.is_some(), Count::SelfHandled);
    match deadline {
        Deadline::None => {}
        Deadline::InTime => counts.note(Count::InTime),
        Deadline::Late => counts.note(Count::Late),
        Deadline::Open => counts.note(Count::Open),
        Deadline::Unjudged => counts.note(Count::Unjudged),
    }
}
