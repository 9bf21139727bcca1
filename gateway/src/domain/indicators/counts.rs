//! What is counted of entries, one number each.

/// One thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Entries.
    Reports,
    /// Those of events.
    Events,
    /// Those of components.
    Components,
    /// Those in one grid for certain.
    Assigned,
    /// Those in one grid, with others as near.
    Ambiguous,
    /// Those in none.
    Unassigned,
    /// Those that were put before others.
    Urgent,
    /// Those without any time of their own; they count by when they came.
    TimeUnknown,
    /// Those with a time that no rule judges by.
    TimeUntrusted,
    /// Those whose time was worked out later.
    BackStamped,
    /// Those that bear witness to another's finding.
    Witnesses,
    /// Those that do not: distinct issues.
    Findings,
    /// Findings outside the reporter's own grid, or perhaps.
    CrossBoundary,
    /// Findings that went to several authorities.
    Joint,
    /// Findings handled by whoever found them.
    SelfHandled,
    /// Findings with a time limit, handled by then.
    InTime,
    /// Findings with a time limit, handled later or not yet though it has passed.
    Late,
    /// Findings with a time limit that has not passed, not handled.
    Open,
    /// Findings with a time limit that nobody can judge.
    Unjudged,
}

/// How many there are of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Count::Unjudged as usize + 1]);

impl Counts {
    /// How many there are of one.
    pub fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// One more.
    pub(super) fn note(&mut self, count: Count) {
        self.0[count as usize] += 1;
    }

    /// One more, if it is one.
    pub(super) fn note_if(&mut self, is: bool, count: Count) {
        self.0[count as usize] += u64::from(is);
    }

    pub(super) fn add(&mut self, other: &Counts) {
        for (mine, other) in self.0.iter_mut().zip(other.0) {
            *mine += other;
        }
    }
}
