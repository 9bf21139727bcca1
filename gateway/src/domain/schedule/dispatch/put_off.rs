//! Records that are not tried again before a certain time, so that they hold nobody up.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::domain::report::Class;

/// How long a record is put off.
const PUT_OFF: Duration = Duration::from_secs(5);
/// Records that can be put off at the same time; beyond, the uplink backs off instead.
pub(super) const PUT_OFF_RECORDS_MAX: usize = 1024;

/// What is put off, until when. At most [`PUT_OFF_RECORDS_MAX`] records.
#[derive(Debug)]
pub(super) struct PutOff<K> {
    until: HashMap<(Class, K), Duration>,
}

impl<K: Copy + Eq + Hash> PutOff<K> {
    pub(super) fn new() -> PutOff<K> {
        PutOff { until: HashMap::new() }
    }

    /// Puts a record off; false when there are too many already.
    pub(super) fn add(&mut self, now: Duration, class: Class, key: K) -> bool {
        let has_room = self.until.len() < PUT_OFF_RECORDS_MAX;
        if has_room {
            self.until.insert((class, key), now + PUT_OFF);
        }
        has_room
    }

    /// Forgets what is due, and names its classes.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<Class> {
        let mut classes = Vec::new();
        if self.next_due().is_some_and(|due| due <= now) {
            self.until.retain(|(class, _), until| {
                let stays = *until > now;
                if !stays && !classes.contains(class) {
                    classes.push(*class);
                }
                stays
            });
        }
        classes
    }

    /// What is put off of a class.
    pub(super) fn keys(&self, class: Class) -> impl Iterator<Item = K> {
        self.until.keys().filter(move |(each, _)| *each == class).map(|(_, key)| *key)
    }

    /// When the next record is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.until.values().min().copied()
    }
}
