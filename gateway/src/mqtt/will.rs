//! What is published for clients that are gone without a word: at once, or when they have not come back for as long as they said.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::packet::Will;
use super::session::{Now, Owner, item_of_will};
use crate::domain::access::ClientKey;
use crate::intake::Intake;
use crate::store::submission::Batch;

/// A will, and whose.
pub(super) struct LastWill {
    pub(super) owner: Owner,
    pub(super) will: Will,
}

impl LastWill {
    /// The will as the store takes it. Nobody waits for its acknowledgement.
    pub(super) fn into_batch(self, intake: &Intake, now: Now) -> Batch {
        let device = self.owner.device.clone();
        let items = vec![item_of_will(&self.owner, intake, self.will, now)];
        Batch { device, line: Arc::default(), first_mark: 1, items }
    }
}

/// Wills that are held back at most; one more is published at once.
const HELD_MAX: usize = 1000;

/// Wills that are held back, for their clients to return: at most one for each session.
#[derive(Default)]
pub(super) struct Wills {
    held: HashMap<ClientKey, (Instant, LastWill)>,
}

impl Wills {
    /// Holds a will back until `due`; when too many are held already, it is due now.
    pub(super) fn hold(&mut self, due: Instant, will: LastWill) {
        let due = if self.held.len() < HELD_MAX { due } else { Instant::now() };
        self.held.insert(will.owner.client.clone(), (due, will));
    }

    /// The client is back: its will is void.
    pub(super) fn forget(&mut self, client: &ClientKey) {
        self.held.remove(client);
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.held.values().map(|(due, _)| *due).min()
    }

    /// Those that are due.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<LastWill> {
        let due: Vec<ClientKey> =
            self.held.iter().filter(|(_, (due, _))| *due <= now).map(|(client, _)| client.clone()).collect();
        due.iter().filter_map(|client| self.held.remove(client)).map(|(_, will)| will).collect()
    }
}
