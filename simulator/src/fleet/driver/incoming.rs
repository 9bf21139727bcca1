//! What a device's task hears: of its connection, from the gateway, and of what it has published.

use std::time::Duration;

use bytes::Bytes;
use firmware_protocol::MAGIC;
use firmware_protocol::body::RecordRef;
use firmware_protocol::device::{TimeAnswer, Transfer};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Driver, Work};
use crate::device::{Class, Received, Settled};
use crate::fleet::link::{Fate, LinkError, LinkEvent};
use crate::fleet::session::Session;
use crate::ledger::Receipt;

impl Work {
    /// Takes note of what the connection did and says how long to wait before it is polled again.
    pub(super) fn on_link(
        &mut self,
        session: &mut Session,
        polled: Result<LinkEvent, LinkError>,
    ) -> Duration {
        match polled {
            Ok(LinkEvent::Connected { session_present }) => self.connected(session, session_present),
            Ok(LinkEvent::Message { topic, payload }) => self.on_message(&topic, &payload),
            Ok(LinkEvent::Other) => {}
            Err(error) => {
                tracing::debug!(device = self.driver.device.name(), %error, "connection lost");
                session.connected = false;
                return session.reconnect_delay(&mut self.driver.rng);
            }
        }
        Duration::ZERO
    }

    fn connected(&mut self, session: &mut Session, session_present: bool) {
        session.connected = true;
        session.failures = 0;
        session.progress_at = Instant::now();
        self.driver.ledger.connected();
        if !session_present {
            // The client has given up what was in flight, so nobody knows what became of it.
            session.in_flight.clear();
            self.driver.device.disconnected();
            if !session.client.subscribe(&self.driver.device.down_topic("#")) {
                tracing::warn!(device = self.driver.device.name(), "no room to subscribe");
            }
        }
        self.next_question_at = Instant::now();
    }

    fn on_message(&mut self, topic: &Bytes, payload: &Bytes) {
        if payload.first() == Some(&MAGIC) {
            self.on_frame(payload);
        } else if topic.as_ref() == self.driver.device.down_topic("receipt").as_bytes() {
            self.on_receipt(payload);
        }
    }

    fn on_frame(&mut self, payload: &Bytes) {
        let now = self.now();
        let Driver { device, ledger, .. } = &mut self.driver;
        match device.receive(now, payload) {
            Received::Time(TimeAnswer::Taken) => ledger.time_set(),
            Received::Photo(photo, Transfer::Complete) => ledger.photo_complete(&device.record_name(photo)),
            Received::Photo(photo, Transfer::Refused) => ledger.photo_refused(&device.record_name(photo)),
            Received::Refused(refused) => {
                tracing::warn!(device = device.name(), %refused, "a frame that does not count")
            }
            Received::Photo(..) | Received::Time(_) | Received::Nothing => {}
        }
    }

    fn on_receipt(&self, payload: &Bytes) {
        match serde_json::from_slice::<ReceiptMessage>(payload) {
            Ok(said) => {
                self.driver.ledger.receipt(&said.id, Receipt { result: said.result, case: said.case })
            }
            Err(error) => {
                tracing::warn!(device = self.driver.device.name(), %error, "a receipt that can't be read")
            }
        }
    }

    pub(super) fn settle(&mut self, session: &mut Session, record: RecordRef, class: Class, fate: Fate) {
        let now = self.now();
        let Driver { device, ledger, outstanding, .. } = &mut self.driver;
        let settled = match &fate {
            Fate::Acknowledged => device.acknowledged(now, record),
            Fate::Refused(_) => device.refused(now, record),
            Fate::Unknown => return device.unacknowledged(now, record),
        };
        session.progress_at = Instant::now();
        let name = device.record_name(record);
        match (fate, settled) {
            (_, Settled::Chunk | Settled::Nothing | Settled::Description { first: false }) => return,
            (Fate::Refused(reason), _) => ledger.refused(&name, &reason),
            (_, Settled::Description { first: true }) => ledger.described(&name),
            (_, Settled::Record) => ledger.acknowledged(&name, class),
        }
        outstanding.record_settled();
    }
}

/// The receipt as it travels; `boot` and `seq` beside the id repeat it.
#[derive(Deserialize)]
struct ReceiptMessage {
    id: String,
    result: String,
    #[serde(default)]
    case: Option<String>,
}
