//! Messages on their way to one device: what it subscribed to, and what it has not acknowledged yet.
//!
//! The truth is in the store: a message leaves it when the device's PUBACK comes. Here is only the window that was sent.

use std::collections::VecDeque;
use std::num::NonZeroU16;

use super::packet::Qos;
use crate::store::handle::DownMessage;

/// Messages sent and unacknowledged at most.
const WINDOW: usize = 16;
/// Subscriptions a session may hold. There are only a handful of kinds.
pub(super) const SUBSCRIPTIONS_MAX: usize = 16;

/// What is to be sent for a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// With this packet id, and deleted on its PUBACK.
    AtLeastOnce(NonZeroU16),
    /// Without, and done with the sending, as the device asked for.
    AtMostOnce,
}

/// The way down of one session.
#[derive(Debug)]
pub(super) struct Outbox {
    window: usize,
    /// Kind (or `+`, `#`) and granted QoS.
    subscriptions: Vec<(String, Qos)>,
    in_flight: VecDeque<(NonZeroU16, i64)>,
    /// Messages up to this number were looked at.
    cursor: i64,
    last_packet_id: u16,
    /// The store may have more after `cursor`.
    more: bool,
}

impl Outbox {
    /// `receive_maximum` is what the device takes unacknowledged.
    pub(super) fn new(receive_maximum: u16) -> Outbox {
        let window = usize::from(receive_maximum).min(WINDOW);
        let (subscriptions, in_flight) = (Vec::new(), VecDeque::new());
        Outbox { window, subscriptions, in_flight, cursor: 0, last_packet_id: 0, more: false }
    }

    /// Adds or replaces a subscription; false when the session has too many.
    pub(super) fn subscribe(&mut self, kind: &str, qos: Qos) -> bool {
        match self.subscriptions.iter().position(|(known, _)| known == kind) {
            Some(place) => self.subscriptions[place].1 = qos,
            None if self.subscriptions.len() >= SUBSCRIPTIONS_MAX => return false,
            None => self.subscriptions.push((kind.to_owned(), qos)),
        }
        // Messages that nobody wanted before may be wanted now.
        self.cursor = 0;
        self.more = true;
        true
    }

    /// Ends a subscription; false when there was none.
    pub(super) fn unsubscribe(&mut self, kind: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|(known, _)| known != kind);
        self.subscriptions.len() < before
    }

    /// Whether the device listens for messages of this kind.
    pub(super) fn is_subscribed(&self, kind: &str) -> bool {
        self.granted(kind).is_some()
    }

    /// The store has something new for the device.
    pub(super) fn ring(&mut self) {
        self.more = true;
    }

    /// What to ask the store for now, as (after, limit), if anything.
    pub(super) fn wants(&self) -> Option<(i64, u32)> {
        let room = self.window - self.in_flight.len().min(self.window);
        (self.more && room > 0 && !self.subscriptions.is_empty()).then_some((self.cursor, room as u32))
    }

    /// Takes what the store answered to a `wants` with this limit; returns what to send.
    pub(super) fn fill(&mut self, messages: Vec<DownMessage>, limit: u32) -> Vec<(Delivery, DownMessage)> {
        self.more = messages.len() as u32 >= limit;
        let mut deliveries = Vec::new();
        for message in messages {
            self.cursor = self.cursor.max(message.id);
            if self.in_flight.iter().any(|(_, id)| *id == message.id) {
                continue;
            }
            match self.granted(&message.topic) {
                None => {}
                Some(Qos::AtMostOnce) => deliveries.push((Delivery::AtMostOnce, message)),
                Some(_) => {
                    let packet_id = self.next_packet_id();
                    self.in_flight.push_back((packet_id, message.id));
                    deliveries.push((Delivery::AtLeastOnce(packet_id), message));
                }
            }
        }
        deliveries
    }

    /// The device acknowledged a packet: the number of the message that is done.
    pub(super) fn acknowledged(&mut self, packet_id: NonZeroU16) -> Option<i64> {
        let place = self.in_flight.iter().position(|(known, _)| *known == packet_id)?;
        self.in_flight.remove(place).map(|(_, id)| id)
    }

    fn granted(&self, kind: &str) -> Option<Qos> {
        let matching =
            self.subscriptions.iter().filter(|(known, _)| known == kind || known == "+" || known == "#");
        matching.map(|(_, qos)| *qos).max()
    }

    fn next_packet_id(&mut self) -> NonZeroU16 {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            if let Some(id) = NonZeroU16::new(self.last_packet_id)
                && !self.in_flight.iter().any(|(known, _)| *known == id)
            {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(ids: std::ops::RangeInclusive<i64>) -> Vec<DownMessage> {
        ids.map(|id| DownMessage { id, topic: "receipt".into(), payload: Default::default() }).collect()
    }

    #[test]
    fn the_window_is_never_exceeded_and_moves_with_each_ack() {
        let mut outbox = Outbox::new(2);
        assert_eq!(outbox.wants(), None, "nobody subscribed");
        assert!(outbox.subscribe("receipt", Qos::AtLeastOnce));
        assert_eq!(outbox.wants(), Some((0, 2)));
        let sent = outbox.fill(messages(1..=2), 2);
        assert_eq!(sent.len(), 2);
        assert_eq!(outbox.wants(), None, "the window is full");
        let Delivery::AtLeastOnce(first) = sent[0].0 else { panic!("QoS 1 was granted") };
        assert_eq!(outbox.acknowledged(first), Some(1));
        assert_eq!(outbox.acknowledged(first), None, "a second PUBACK means nothing");
        assert_eq!(outbox.wants(), Some((2, 1)));
    }

    #[test]
    fn a_new_subscription_gets_what_waited_but_nothing_twice() {
        let mut outbox = Outbox::new(10);
        outbox.subscribe("task", Qos::AtLeastOnce);
        assert!(outbox.fill(messages(1..=2), 10).is_empty(), "receipts were not asked for");
        outbox.subscribe("receipt", Qos::AtLeastOnce);
        assert_eq!(outbox.wants(), Some((0, 10)));
        assert_eq!(outbox.fill(messages(1..=2), 10).len(), 2);
        outbox.subscribe("+", Qos::AtLeastOnce);
        assert!(outbox.fill(messages(1..=2), 10).is_empty(), "both are in flight");
    }
}
