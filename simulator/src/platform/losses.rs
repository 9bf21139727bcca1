//! The losses that gateways have told: what a city would look into.
//!
//! Pure, like the [desk](super::desk). A loss record is known by (gateway, id): the first copy is taken in, every later one is a
//! duplicate; one with other content is recorded as a conflict too, because a gateway must never tell one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::ledger::Loss;

/// Loss records remembered before the platform answers that it is full.
pub const LOSSES_MAX: usize = 1_000_000;

/// A request: what a gateway tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LossReport {
    pub(super) gateway: String,
    pub(super) losses: Vec<Loss>,
}

/// A loss record that was taken in, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldLoss {
    /// Who told it.
    pub gateway: String,
    /// What.
    pub loss: Loss,
}

/// Counters of everything that was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LossCounts {
    /// Requests for `/v1/losses`, those that met a fault included.
    pub requests: u64,
    /// Loss records taken in, each (gateway, id) once.
    pub taken: u64,
    /// Copies of loss records that were already there.
    pub duplicates: u64,
    /// Copies with other content than the first.
    pub conflicts: u64,
}

/// What becomes of a loss record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Taken {
    Accepted,
    Duplicate {
        #[serde(skip)]
        conflict: bool,
    },
}

/// The losses that were told.
#[derive(Debug, Default)]
pub(super) struct LossDesk {
    known: HashMap<(String, String), usize>,
    told: Vec<ToldLoss>,
    conflicts: Vec<String>,
    counts: LossCounts,
}

impl LossDesk {
    pub(super) fn begin_request(&mut self) -> u64 {
        self.counts.requests += 1;
        self.counts.requests
    }

    pub(super) fn has_room(&self, more: usize) -> bool {
        self.told.len() + more <= LOSSES_MAX
    }

    /// Takes a loss record in and says how.
    pub(super) fn receive(&mut self, told: ToldLoss) -> Taken {
        let Some(&first) = self.known.get(&(told.gateway.clone(), told.loss.id.clone())) else {
            self.restore(told);
            return Taken::Accepted;
        };
        self.counts.duplicates += 1;
        let conflict = self.told[first].loss != told.loss;
        if conflict {
            self.counts.conflicts += 1;
            self.conflicts.push(name(&told));
        }
        Taken::Duplicate { conflict }
    }

    /// Puts back a loss record of an earlier run.
    pub(super) fn restore(&mut self, told: ToldLoss) {
        self.counts.taken += 1;
        self.known.insert((told.gateway.clone(), told.loss.id.clone()), self.told.len());
        self.told.push(told);
    }

    pub(super) fn counts(&self) -> LossCounts {
        self.counts
    }

    /// Everything taken in, in the order of arrival.
    pub(super) fn told(&self) -> &[ToldLoss] {
        &self.told
    }

    /// Names of loss records that came again with other content.
    pub(super) fn conflicts(&self) -> &[String] {
        &self.conflicts
    }
}

/// Its name among the events: no event's id looks like it.
pub(super) fn name(told: &ToldLoss) -> String {
    format!("loss {}/{}", told.gateway, told.loss.id)
}
