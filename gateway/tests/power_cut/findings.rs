//! What a survey has found, and in words.

use std::collections::BTreeMap;
use std::fmt;

use super::recovery::Flaw;

/// Flaws that are told in full.
const TOLD_MAX: usize = 8;

/// What a survey has found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// States that were looked at, by what came before; no two after one cut are the same.
    by_kind: BTreeMap<String, usize>,
    /// States from which something was missing that was acknowledged and not yet synced, as it may be.
    pub(crate) taken: usize,
    flaws: Vec<(String, Flaw)>,
}

impl Findings {
    pub(crate) fn count(&mut self, kind: String) {
        *self.by_kind.entry(kind.to_lowercase()).or_default() += 1;
    }

    pub(crate) fn flawed(&mut self, place: String, flaw: Flaw) {
        self.flaws.push((place, flaw));
    }

    /// States that were looked at.
    pub(crate) fn states(&self) -> usize {
        self.by_kind.values().sum()
    }

    /// States in which something acknowledged was missing.
    pub(crate) fn lost(&self) -> usize {
        self.flaws.iter().filter(|(_, flaw)| matches!(flaw, Flaw::Lost(_))).count()
    }

    /// States from which the store did not open.
    pub(crate) fn unopenable(&self) -> usize {
        self.flaws.iter().filter(|(_, flaw)| matches!(flaw, Flaw::Unopenable(_))).count()
    }

    /// States that were not as they must be, in any way.
    pub(crate) fn flawed_states(&self) -> usize {
        self.flaws.len()
    }

    /// The first flaws, one a line.
    pub(crate) fn flaws(&self) -> String {
        let told = self.flaws.iter().take(TOLD_MAX).map(|(place, flaw)| format!("{place}: {flaw}\n"));
        told.collect()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.by_kind.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(f, "{} crash states ({})", self.states(), kinds.join(", "))?;
        let others = self.flawed_states() - self.lost() - self.unopenable();
        write!(f, ": {} lost something acknowledged, ", self.lost())?;
        write!(f, "{} did not open, {others} were wrong otherwise", self.unopenable())
    }
}
