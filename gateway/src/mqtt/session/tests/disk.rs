//! The store of the model: what is committed, and what is not yet.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;

use super::NOW;
use super::client::{number_of, payload_of};
use crate::domain::publication::{Properties, Publication, Qos};
use crate::mqtt::session::Source;
use crate::store::sessions::{Parcel, Queued};
use crate::store::submission::{Content, Item};

/// What a message is that waits for the client.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    number: u32,
    qos: Qos,
    released: bool,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    /// Numbers of the messages that are committed, as often as they were.
    messages: Vec<u32>,
    received: BTreeSet<NonZeroU16>,
    queued: BTreeMap<i64, Waiting>,
    posted: Vec<(u32, Qos)>,
    /// What was handed over and is not committed.
    open: Vec<Item>,
    sent_to: i64,
}

impl Disk {
    pub(super) fn hand_over(&mut self, items: Vec<Item>) {
        self.open.extend(items);
    }

    /// One transaction.
    pub(super) fn commit(&mut self) {
        for item in std::mem::take(&mut self.open) {
            match item.content {
                Content::Released { packet_id, .. } => {
                    self.received.remove(&packet_id);
                }
                Content::Taken { id, .. } => {
                    if let Some(waiting) = self.queued.get_mut(&id) {
                        waiting.released = true;
                    }
                }
                _ => self.messages.push(number_of(&item.payload)),
            }
            self.received.extend(item.beside.and_then(|beside| beside.received));
        }
    }

    pub(super) fn crash(&mut self) {
        self.open.clear();
        self.sent_to = 0;
    }

    pub(super) fn left(&mut self, sent_to: i64) {
        self.sent_to = sent_to;
    }

    pub(super) fn sent_to(&self) -> i64 {
        self.sent_to
    }

    pub(super) fn received(&self) -> Vec<NonZeroU16> {
        self.received.iter().copied().collect()
    }

    pub(super) fn post(&mut self, qos: Qos) {
        let number = self.posted.len() as u32;
        self.posted.push((number, qos));
        self.queued.insert(i64::from(number) + 1, Waiting { number, qos, released: false });
    }

    pub(super) fn queued_after(&self, after: i64, limit: u32) -> Vec<Queued> {
        let queued = self.queued.range(after + 1..).take(limit as usize);
        let queued = queued.map(|(id, waiting)| {
            let publication = Publication {
                topic: "t".into(),
                payload: Bytes::from(payload_of(waiting.number)),
                qos: waiting.qos,
                retain: false,
                properties: Properties::default(),
            };
            let parcel = Parcel {
                publication: Arc::new(publication),
                qos: waiting.qos,
                retain: false,
                subscription_ids: Vec::new(),
                since: NOW,
            };
            Queued { id: *id, released: waiting.released, parcel }
        });
        queued.collect()
    }

    /// The store forgets what its client is done with; that is lost with a crash and does no harm then.
    pub(super) fn done(&mut self, source: Source) {
        if let Source::Queued(id) = source {
            self.queued.remove(&id);
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.messages.contains(&number)
    }

    pub(super) fn times(&self, number: u32) -> usize {
        self.messages.iter().filter(|each| **each == number).count()
    }

    pub(super) fn posted(&self) -> impl Iterator<Item = (u32, Qos)> {
        self.posted.iter().copied()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty() && self.queued.is_empty() && self.received.is_empty()
    }
}
