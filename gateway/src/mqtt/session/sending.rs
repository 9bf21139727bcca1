//! Messages that the client gets: the gateway's own, what waits for the session, what was just published.

use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;

use super::outbox::{Sending, Source};
use super::{Session, Subscribing, Wanted};
use crate::domain::access::down;
use crate::domain::publication::{Properties, Publication, Qos};
use crate::domain::topic::Filter;
use crate::mqtt::packet::{Grant, RetainHandling};
use crate::mqtt::wire::Outgoing;
use crate::store::handle::DownMessage;
use crate::store::sessions::{Moment, Parcel, Queued, Subscribed, expiry_left};

impl Session {
    /// The store has something new for the client.
    pub(in crate::mqtt) fn ring(&mut self) {
        self.outbox.ring();
    }

    /// What to ask the store for now of the gateway's own messages, as (after, limit), if anything.
    pub(in crate::mqtt) fn wants_down(&self) -> Option<(i64, u32)> {
        if self.has_out_room() && !self.kinds.is_empty() { self.outbox.wants_down() } else { None }
    }

    /// The same of what waits for the session.
    pub(in crate::mqtt) fn wants_queued(&self) -> Option<(i64, u32)> {
        if self.has_out_room() && self.is_stored { self.outbox.wants_queued() } else { None }
    }

    /// Takes the store's answer to `wants_down`. Returns how many messages are on their way.
    pub(in crate::mqtt) fn deliver_down(
        &mut self,
        messages: Vec<DownMessage>,
        limit: u32,
        now: Moment,
    ) -> usize {
        let device = self.owner.device.clone();
        let parcel = |message: DownMessage, qos| {
            let topic = down(&device, &message.topic).into_boxed_str();
            let properties = Properties::default();
            let publication = Publication { topic, payload: message.payload, qos, retain: false, properties };
            let publication = Arc::new(publication);
            Parcel { publication, qos, retain: false, subscription_ids: Vec::new(), since: now }
        };
        let kinds = &self.kinds;
        let sendings = self.outbox.fill_down(messages, limit, |kind| kinds.granted(kind), parcel);
        self.send_all(sendings, now)
    }

    /// Takes the store's answer to `wants_queued`.
    pub(in crate::mqtt) fn deliver_queued(
        &mut self,
        messages: Vec<Queued>,
        limit: u32,
        now: Moment,
    ) -> usize {
        let sendings = self.outbox.fill_queued(messages, limit, now.run);
        self.send_all(sendings, now)
    }

    fn send_all(&mut self, sendings: Vec<(Source, Sending)>, now: Moment) -> usize {
        let mut sent = 0;
        for (source, sending) in sendings {
            let has_packet_id = !matches!(sending, Sending::Publish { packet_id: None, .. });
            let written = self.send(sending, now);
            sent += usize::from(written);
            // Nothing more can be done for a message at QoS 0, nor for one that its client does not take or that has expired.
            if !(written && has_packet_id) {
                self.done.push(source);
            }
        }
        sent
    }

    /// True while something from the mailbox can be sent.
    pub(in crate::mqtt) fn takes_parcels(&self) -> bool {
        self.has_out_room() && self.outbox.is_idle() && self.outbox.has_room()
    }

    /// A message from the mailbox.
    pub(in crate::mqtt) fn deliver(&mut self, parcel: Parcel, now: Moment) {
        self.outbox.wait([parcel]);
        self.send_waiting(now);
    }

    /// Sends what waits for room, as far as there is some.
    pub(in crate::mqtt) fn send_waiting(&mut self, now: Moment) {
        while self.has_out_room() {
            let Some(sending) = self.outbox.next_waiting() else { break };
            self.send(sending, now);
        }
    }

    /// Writes a message; false when the client does not take it, or it has expired.
    fn send(&mut self, sending: Sending, now: Moment) -> bool {
        let (packet_id, dup, parcel) = match sending {
            Sending::Publish { packet_id, dup, parcel } => (packet_id, dup, parcel),
            Sending::PubRel(packet_id) => {
                self.wire.pubrel(&mut self.out, packet_id, true);
                return true;
            }
        };
        let left = expiry_left(parcel.publication.properties.expiry_s, parcel.since, now);
        let written = left.is_some_and(|expiry_s| self.write(packet_id, dup, &parcel, expiry_s));
        if let (false, Some(packet_id)) = (written, packet_id) {
            self.outbox.give_up(packet_id);
        }
        written
    }

    fn write(
        &mut self,
        packet_id: Option<NonZeroU16>,
        dup: bool,
        parcel: &Parcel,
        expiry_s: Option<u32>,
    ) -> bool {
        let alias = self.aliases.number(&parcel.publication.topic);
        let outgoing = Outgoing { packet_id, dup, parcel, expiry_s, alias };
        self.wire.publish(&mut self.out, outgoing)
    }

    /// Sends an answer, at QoS 0. False when it is dropped, because the device does not listen for its kind or does not read
    /// what it is sent: it asks again.
    pub(in crate::mqtt) fn answer(&mut self, kind: &str, payload: Bytes, now: Moment) -> bool {
        if self.kinds.granted(kind).is_none() || !self.has_out_room() {
            return false;
        }
        let (topic, qos) = (down(&self.owner.device, kind).into_boxed_str(), Qos::AtMostOnce);
        let properties = Properties::default();
        let publication = Arc::new(Publication { topic, payload, qos, retain: false, properties });
        let parcel = Parcel { publication, qos, retain: false, subscription_ids: Vec::new(), since: now };
        self.send(Sending::Publish { packet_id: None, dup: false, parcel }, now)
    }

    /// The store has taken subscriptions: tells the client, and sends what stayed of their topics.
    pub(in crate::mqtt) fn subscribed(
        &mut self,
        subscribing: Subscribing,
        answers: Vec<Subscribed>,
        now: Moment,
    ) {
        let mut answers = answers.into_iter();
        let mut grants = Vec::new();
        let mut stayed = Vec::new();
        for wanted in subscribing.wanted {
            let (filter, wish, retain_handling) = match wanted {
                Wanted::Refused(grant) => {
                    grants.push(grant);
                    continue;
                }
                Wanted::Asked { filter, wish, retain_handling } => (filter, wish, retain_handling),
            };
            let Some(Subscribed::Granted { existed, retained }) = answers.next() else {
                grants.push(Grant::TooMany);
                continue;
            };
            grants.push(Grant::Granted(wish.qos));
            self.note_kind(filter.selection(), Some(wish.qos));
            let is_sent = match retain_handling {
                RetainHandling::Always => true,
                RetainHandling::IfNew => !existed,
                RetainHandling::Never => false,
            };
            let ids = if wish.id > 0 { vec![wish.id] } else { Vec::new() };
            stayed.extend(retained.into_iter().filter(|_| is_sent).map(|parcel| Parcel {
                qos: parcel.qos.min(wish.qos),
                subscription_ids: ids.clone(),
                ..parcel
            }));
        }
        self.wire.suback(&mut self.out, subscribing.packet_id, &grants);
        self.outbox.wait(stayed);
        self.send_waiting(now);
    }

    /// The store has ended subscriptions: tells the client.
    pub(in crate::mqtt) fn unsubscribed(
        &mut self,
        packet_id: NonZeroU16,
        filters: &[Option<Filter>],
        existed: Vec<bool>,
    ) {
        let mut existed = existed.into_iter();
        let mut told = Vec::new();
        for filter in filters {
            let Some(filter) = filter else {
                told.push(false);
                continue;
            };
            self.note_kind(filter.selection(), None);
            told.push(existed.next().unwrap_or(false));
        }
        self.wire.unsuback(&mut self.out, packet_id, &told);
    }
}
