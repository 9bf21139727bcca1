//! Whether a finding was handled in time.
//!
//! | handled | the word |
//! |---|---|
//! | no later than its due time | in time |
//! | later | late |
//! | not, and its due time lies before `as_of` | late |
//! | not, and its due time has not passed | open: in no denominator yet |
//! | nobody knows when | unjudged, whatever the time is |
//!
//! Unjudged is also what has no trusted time to count its limit from, and what has no due time by the rules in force. A word once said is not
//! taken back as time goes on: what is open becomes in time or late, and nothing else changes.

use crate::domain::clock_quality::trusted;
use crate::domain::journal::Entry;

/// The word on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// It has no time limit.
    None,
    /// It was handled by its due time.
    InTime,
    /// It was handled later, or is not handled though its due time has passed.
    Late,
    /// It is not handled, and its due time has not passed.
    Open,
    /// It has a time limit, and nobody can tell.
    Unjudged,
}

/// The word on an entry at `as_of_ms`.
pub fn deadline(entry: &Entry, as_of_ms: i64, due: impl Fn(&Entry) -> Option<i64>) -> Deadline {
    if entry.facts.time_limit.is_none() {
        return Deadline::None;
    }
    if trusted(entry.observed_at, entry.received_at_ms).is_err() {
        return Deadline::Unjudged;
    }
    let Some(due_ms) = due(entry) else { return Deadline::Unjudged };
    match entry.handled_at_ms {
        // Before it was found: one of the two times is wrong.
        Some(handled_at_ms) if handled_at_ms < entry.counts_at_ms() => Deadline::Unjudged,
        Some(handled_at_ms) if handled_at_ms <= due_ms => Deadline::InTime,
        Some(_) => Deadline::Late,
        None if entry.self_disposed => Deadline::Unjudged,
        None if due_ms < as_of_ms => Deadline::Late,
        None => Deadline::Open,
    }
}
