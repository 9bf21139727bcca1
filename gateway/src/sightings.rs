//! What each device sent last, for the technician who stands beside it: in memory, bounded, and redacted when it is shown.
//!
//! One owner: the table lies behind a lock that only this module holds, once for each batch of a connection and for each
//! question of the API, and never while anything is waited for. At most [`DEVICES_MAX`] devices and [`HEAD_BYTES_MAX`] of
//! each payload; the device that was silent longest leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use firmware_protocol::HEADER_LEN;

use crate::domain::redaction::redacted;
use crate::domain::report::{Class, DeviceId};
use crate::store::submission::{Content, Item};

/// Devices that are remembered.
pub const DEVICES_MAX: usize = 1000;
/// Bytes of a payload that are remembered.
pub const HEAD_BYTES_MAX: usize = 512;
/// Bytes that are shown of a payload that is neither a frame nor JSON.
const UNKNOWN_BYTES_MAX: usize = 4;
/// The classes, and one place for what has none.
const PLACES: usize = Class::ALL.len() + 1;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is a report.
    Accepted,
    /// It was kept because it could not be understood.
    Quarantined {
        /// Label of the reason.
        reason: &'static str,
        /// The reason in words.
        detail: Box<str>,
    },
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The topic it came on.
    pub topic: Box<str>,
    /// Bytes of its payload.
    pub bytes: usize,
    /// The payload's beginning.
    head: Bytes,
    /// What became of it.
    pub verdict: Verdict,
}

/// A payload as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The header of a frame, in hexadecimal; its body is read with `decode`.
    Frame(String),
    /// JSON, or nearly, redacted.
    Text(String),
    /// The first bytes of anything else, in hexadecimal.
    Unknown(String),
}

impl Sighting {
    /// A message on its way into the store. `topic` and `payload` are what the device sent, where that is not what is stored.
    fn of(item: &Item, topic: &str, payload: &Bytes) -> Sighting {
        let verdict = match &item.content {
            Content::Quarantine { reason, detail, .. } => {
                Verdict::Quarantined { reason, detail: detail.clone() }
            }
            _ => Verdict::Accepted,
        };
        Sighting {
            received_at_ms: item.received_at_ms,
            topic: topic.into(),
            bytes: payload.len(),
            // A copy: a slice would keep the whole packet.
            head: Bytes::copy_from_slice(&payload[..payload.len().min(HEAD_BYTES_MAX)]),
            verdict,
        }
    }

    /// The payload as it may be shown.
    pub fn shown(&self) -> Shown {
        let head = &self.head[..];
        if head.first() == Some(&firmware_protocol::MAGIC) {
            return Shown::Frame(hex(&head[..head.len().min(HEADER_LEN)]));
        }
        match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Shown::Text(redacted(&String::from_utf8_lossy(head))),
            _ => Shown::Unknown(hex(&head[..head.len().min(UNKNOWN_BYTES_MAX)])),
        }
    }

    /// Whether the payload is longer than what is remembered of it.
    pub fn is_cut(&self) -> bool {
        self.bytes > self.head.len()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is remembered of a device.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// When its last message came, in milliseconds since 1970.
    pub last_seen_ms: i64,
    /// Messages that were taken since the start.
    pub accepted: u64,
    /// Messages that were quarantined since the start.
    pub quarantined: u64,
    last: [Option<Sighting>; PLACES],
}

impl Seen {
    /// The last message of each class, and of none, newest first.
    pub fn last(&self) -> Vec<(Option<Class>, &Sighting)> {
        let class = |place: usize| Class::ALL.get(place).copied();
        let all = self.last.iter().enumerate();
        let mut all: Vec<_> = all.filter_map(|(place, last)| Some((class(place), last.as_ref()?))).collect();
        all.sort_by_key(|(_, sighting)| std::cmp::Reverse(sighting.received_at_ms));
        all
    }
}

/// The last messages of all devices. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sightings(Arc<Mutex<HashMap<DeviceId, Seen>>>);

/// What one batch adds to a device.
#[derive(Default)]
struct Addition {
    accepted: u64,
    quarantined: u64,
    last: [Option<Sighting>; PLACES],
}

impl Sightings {
    /// Takes note of what a device sent on its own topics: once for each batch.
    pub fn note(&self, device: &DeviceId, items: &[Item]) {
        let mut last: [Option<&Item>; PLACES] = [None; PLACES];
        let mut added = Addition::default();
        for item in items.iter().filter(|item| item.content.is_kept()) {
            added.count(item);
            last[place(class_of(item))] = Some(item);
        }
        for (place, item) in last.iter().enumerate().filter_map(|(place, item)| Some((place, (*item)?))) {
            added.last[place] = Some(Sighting::of(item, &own_topic(device, item), &item.payload));
        }
        self.add(device, added);
    }

    /// Takes note of a message of another system: `topic` and `payload` as they came, `item` as it is stored.
    pub fn note_mapped(&self, device: &DeviceId, topic: &str, payload: &Bytes, item: &Item) {
        let mut added = Addition::default();
        added.count(item);
        added.last[place(class_of(item))] = Some(Sighting::of(item, topic, payload));
        self.add(device, added);
    }

    /// What is remembered of a device.
    pub fn of(&self, device: &DeviceId) -> Option<Seen> {
        self.table().get(device).cloned()
    }

    /// All devices that are remembered, by id: when the last message came, and how many were taken and quarantined.
    pub fn devices(&self) -> Vec<(DeviceId, i64, u64, u64)> {
        let figures = |(device, seen): (&DeviceId, &Seen)| {
            (device.clone(), seen.last_seen_ms, seen.accepted, seen.quarantined)
        };
        let mut devices: Vec<_> = self.table().iter().map(figures).collect();
        devices.sort();
        devices
    }

    fn add(&self, device: &DeviceId, added: Addition) {
        let Some(newest_ms) = added.last.iter().flatten().map(|last| last.received_at_ms).max() else {
            return;
        };
        let mut table = self.table();
        if !table.contains_key(device) && table.len() >= DEVICES_MAX {
            let silent =
                table.iter().min_by_key(|(_, seen)| seen.last_seen_ms).map(|(device, _)| device.clone());
            silent.and_then(|silent| table.remove(&silent));
        }
        let seen = table.entry(device.clone()).or_default();
        seen.last_seen_ms = newest_ms;
        seen.accepted += added.accepted;
        seen.quarantined += added.quarantined;
        for (last, added) in seen.last.iter_mut().zip(added.last) {
            *last = added.or(last.take());
        }
    }

    /// The table. A thread that panicked while it held it left at worst one device half noted.
    fn table(&self) -> MutexGuard<'_, HashMap<DeviceId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Addition {
    fn count(&mut self, item: &Item) {
        match &item.content {
            Content::Quarantine { .. } => self.quarantined += 1,
            _ => self.accepted += 1,
        }
    }
}

/// The class of a message: what it was understood as, or what its topic says.
fn class_of(item: &Item) -> Option<Class> {
    match &item.content {
        Content::Report { class, .. } => Some(*class),
        Content::Evidence { .. } => Some(Class::Evidence),
        Content::Quarantine { topic, .. } => topic.rsplit('/').next().and_then(Class::from_name),
        _ => None,
    }
}

fn place(class: Option<Class>) -> usize {
    class.map_or(PLACES - 1, |class| class as usize)
}

/// The topic of a device's own that a message came on: a report's class is the topic's.
fn own_topic(device: &DeviceId, item: &Item) -> String {
    match (&item.content, class_of(item)) {
        (Content::Quarantine { topic, .. }, _) => topic.to_string(),
        (_, Some(class)) => format!("patrol/v1/up/{device}/{class}"),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod tests;
