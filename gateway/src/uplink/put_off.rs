//! Records that are not tried again before a certain time, so that they hold nobody up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::lane::PUT_OFF_RECORDS_MAX;
use crate::domain::report::Class;
use crate::store::settlement::RecordKey;

/// What is put off, until when. At most [`PUT_OFF_RECORDS_MAX`] records.
#[derive(Debug, Default)]
pub(super) struct PutOff {
    until: HashMap<(Class, RecordKey), Instant>,
}

impl PutOff {
    /// Puts a record off; false when there are too many already.
    pub(super) fn add(&mut self, class: Class, key: RecordKey, until: Instant) -> bool {
        let has_room = self.until.len() < PUT_OFF_RECORDS_MAX || self.until.contains_key(&(class, key));
        if has_room {
            self.until.insert((class, key), until);
        }
        has_room
    }

    /// Forgets what is due.
    pub(super) fn expire(&mut self, now: Instant) {
        self.until.retain(|_, until| *until > now);
    }

    /// What is put off of a class.
    pub(super) fn keys(&self, class: Class) -> Arc<HashSet<RecordKey>> {
        let of_class = self.until.keys().filter(|(each, _)| *each == class);
        Arc::new(of_class.map(|(_, key)| *key).collect())
    }

    /// When the next record is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.until.values().min().copied()
    }
}
