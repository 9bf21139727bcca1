//! One client's session, sans-io: packets in; bytes, messages for the store and questions to answer out.

mod inbox;
mod outbox;
mod publishing;
mod sending;
mod subscribing;
#[cfg(test)]
mod tests;

use std::num::NonZeroU16;

use bytes::BytesMut;

pub(super) use self::inbox::Handover;
pub(super) use self::outbox::Source;
pub(super) use self::publishing::item_of_will;
pub(super) use self::subscribing::{Ask, Subscribing, Wanted};

use self::inbox::{Answer, Inbox};
use self::outbox::{Outbox, Received};
use self::publishing::Aliases;
use self::subscribing::Kinds;
use super::end::End;
use super::packet::{Connect, Farewell, Incoming, Will};
use super::wire::Wire;
use crate::audit::Action;
use crate::domain::access::{ClientKey, Principal, down_kind};
use crate::domain::admission::TimeQuestion;
use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;
use crate::domain::topic::TopicLimits;
use crate::intake::Intake;
use crate::store::sessions::Opened;
use crate::store::submission::{Content, Item};

/// Bytes that may wait for the client to read them.
const OUT_BYTES_MAX: usize = 64 * 1024;

/// What a session may take of its client.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionBounds {
    pub(super) receive_maximum: NonZeroU16,
    pub(super) topic_alias_maximum: u16,
    pub(super) topics: TopicLimits,
}

/// Whose session it is.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) principal: Principal,
    pub(super) client: ClientKey,
    /// Whose name stands on what the client sends: a device's own, or the application's.
    pub(super) device: DeviceId,
}

/// What is true at the moment a packet is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// By the gateway's clock, in milliseconds since 1970.
    pub(super) unix_ms: i64,
    /// Somebody has subscribed to something.
    pub(super) has_subscribers: bool,
}

/// One client's session.
pub(super) struct Session {
    owner: Owner,
    wire: Wire,
    intake: Intake,
    bounds: SessionBounds,
    /// What waits for it above QoS 0 waits in the store.
    is_stored: bool,
    inbox: Inbox,
    outbox: Outbox,
    aliases: Aliases,
    kinds: Kinds,
    ask: Option<Ask>,
    /// Messages that the client is done with, for the store to delete.
    done: Vec<Source>,
    /// Topics and filters beyond the client's own that it was refused.
    denied: Vec<(Action, Box<str>)>,
    /// Questions about the time, to be answered at once.
    questions: Vec<TimeQuestion>,
    /// What the device wants to know of what is durable now.
    enquiries: Vec<Enquiry>,
    will: Option<Will>,
    /// How the client has said goodbye.
    farewell: Option<Farewell>,
    /// How long the session lasts without the connection, by CONNECT.
    expiry_s: u32,
    /// Bytes for the client.
    out: BytesMut,
}

impl Session {
    /// A session that has just been accepted; `out` already holds its CONNACK.
    pub(super) fn new(
        owner: Owner,
        wire: Wire,
        connect: Connect,
        opened: &Opened,
        bounds: SessionBounds,
        intake: Intake,
        out: BytesMut,
    ) -> Session {
        let mut session = Session {
            inbox: Inbox::new(bounds.receive_maximum, opened.received.clone()),
            outbox: Outbox::new(connect.receive_maximum, opened.sent_to),
            aliases: Aliases::new(bounds.topic_alias_maximum, connect.topic_alias_maximum),
            owner,
            wire,
            intake,
            bounds,
            is_stored: opened.is_stored,
            kinds: Kinds::default(),
            ask: None,
            done: Vec::new(),
            denied: Vec::new(),
            questions: Vec::new(),
            enquiries: Vec::new(),
            will: connect.will,
            farewell: None,
            expiry_s: connect.session_expiry_s,
            out,
        };
        for (filter, wish) in &opened.subscriptions {
            session.note_kind(filter.selection(), Some(wish.qos));
        }
        session
    }

    pub(super) fn device(&self) -> &DeviceId {
        &self.owner.device
    }

    pub(super) fn client(&self) -> &ClientKey {
        &self.owner.client
    }

    /// Takes the next packet out of `input`; false when more bytes are needed.
    pub(super) fn read(&mut self, input: &mut BytesMut, now: Now) -> Result<bool, End> {
        match self.wire.read(input)? {
            Some(packet) => self.handle(packet, now).map(|()| true),
            None => Ok(false),
        }
    }

    fn handle(&mut self, packet: Incoming, now: Now) -> Result<(), End> {
        match packet {
            Incoming::Publish(publish) => self.publish(publish, now),
            Incoming::PubAck(packet_id) => {
                self.done.extend(self.outbox.acknowledged(packet_id));
                Ok(())
            }
            Incoming::PubRec { packet_id, refused } => {
                self.client_received(packet_id, refused, now);
                Ok(())
            }
            Incoming::PubRel(packet_id) => {
                self.client_releases(packet_id, now);
                Ok(())
            }
            Incoming::PubComp(packet_id) => {
                self.done.extend(self.outbox.completed(packet_id));
                Ok(())
            }
            Incoming::Subscribe(packet) => {
                let topics = self.bounds.topics;
                let principal = &self.owner.principal;
                let subscribing = subscribing::look_through(packet, principal, topics, &mut self.denied)?;
                self.ask = Some(Ask::Subscribe(subscribing));
                Ok(())
            }
            Incoming::Unsubscribe { packet_id, filters } => {
                let filters = subscribing::filters(filters, self.bounds.topics);
                self.ask = Some(Ask::Unsubscribe { packet_id, filters });
                Ok(())
            }
            Incoming::Ping => {
                Wire::pingresp(&mut self.out);
                Ok(())
            }
            Incoming::Disconnect(farewell) => self.leave(farewell),
            // A second CONNECT is a protocol error like any packet that only a server sends.
            Incoming::Connect(_) | Incoming::Unexpected => Err(End::Protocol),
        }
    }

    /// The client says goodbye. A session that was to end with its connection can't be prolonged now.
    fn leave(&mut self, farewell: Farewell) -> Result<(), End> {
        if self.expiry_s == 0 && farewell.session_expiry_s.is_some_and(|expiry_s| expiry_s > 0) {
            return Err(End::Protocol);
        }
        if !farewell.with_will {
            self.will = None;
        }
        self.farewell = Some(farewell);
        Err(End::ByDevice)
    }

    /// QoS 2: the client has a message.
    fn client_received(&mut self, packet_id: NonZeroU16, refused: bool, now: Now) {
        match self.outbox.received(packet_id, refused) {
            Received::Note(Source::Queued(id)) => {
                let client = self.owner.client.clone();
                self.note(Content::Taken { client, id }, now);
                self.inbox.wait(Answer::PubRel(packet_id), 0, None);
            }
            Received::Note(_) | Received::Again => self.wire.pubrel(&mut self.out, packet_id, true),
            Received::Refused(source) => self.done.push(source),
            Received::Unknown => self.wire.pubrel(&mut self.out, packet_id, false),
        }
    }

    /// QoS 2: the client will not send a message again.
    fn client_releases(&mut self, packet_id: NonZeroU16, now: Now) {
        let known = self.inbox.release(packet_id);
        if known && self.is_stored {
            let client = self.owner.client.clone();
            self.note(Content::Released { client, packet_id }, now);
        }
        self.inbox.wait(Answer::PubComp { packet_id, known }, 0, None);
    }

    /// Something for the store that is no message.
    fn note(&mut self, content: Content, now: Now) {
        let item = Item {
            received_at_ms: now.unix_ms,
            payload: bytes::Bytes::new(),
            best_effort: false,
            content,
            beside: None,
        };
        self.inbox.hand_over(&self.owner.device, item);
    }

    /// The store says that everything up to mark `durable` is committed: the acknowledgements leave.
    pub(super) fn committed(&mut self, durable: u64) {
        while let Some((answer, enquiry)) = self.inbox.next_answer(durable) {
            self.enquiries.extend(enquiry.map(|enquiry| *enquiry));
            match answer {
                Answer::None => {}
                Answer::PubAck(packet_id) => Wire::puback(&mut self.out, packet_id),
                Answer::PubRec(packet_id) => Wire::pubrec(&mut self.out, packet_id),
                Answer::PubComp { packet_id, known } => self.wire.pubcomp(&mut self.out, packet_id, known),
                Answer::PubRel(packet_id) => self.wire.pubrel(&mut self.out, packet_id, true),
                Answer::NotAuthorized { packet_id, qos } => {
                    self.wire.not_authorized(&mut self.out, packet_id, qos);
                }
            }
        }
    }

    /// Messages for the store since the last call.
    pub(super) fn take_handovers(&mut self) -> Vec<Handover> {
        self.inbox.take_handovers()
    }

    /// True while the session may take more from the client.
    pub(super) fn may_read(&self) -> bool {
        self.ask.is_none() && self.inbox.has_room(self.wire.is_v5()) && self.has_out_room()
    }

    fn has_out_room(&self) -> bool {
        self.out.len() < OUT_BYTES_MAX
    }

    /// True when every message that came is durable and acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.inbox.is_settled()
    }

    /// What the store is to be asked before anything more is read.
    pub(super) fn take_ask(&mut self) -> Option<Ask> {
        self.ask.take()
    }

    /// A device's subscription below its own `down` decides which of the gateway's messages it gets.
    fn note_kind(&mut self, filter: &str, qos: Option<crate::domain::publication::Qos>) {
        let Some(kind) = self.owner.principal.device().and_then(|device| down_kind(device, filter)) else {
            return;
        };
        match qos {
            Some(qos) => self.kinds.set(kind, qos),
            None => self.kinds.remove(kind),
        }
        self.outbox.look_again();
    }

    /// Topics and filters that the client was refused since the last call, for the audit log.
    pub(super) fn take_denied(&mut self) -> Vec<(Action, Box<str>)> {
        std::mem::take(&mut self.denied)
    }

    /// Messages that the client is done with, for the store to delete.
    pub(super) fn take_done(&mut self) -> Vec<Source> {
        std::mem::take(&mut self.done)
    }

    /// Questions about the time since the last call.
    pub(super) fn take_questions(&mut self) -> Vec<TimeQuestion> {
        std::mem::take(&mut self.questions)
    }

    /// What the device wants to know of what has become durable since the last call.
    pub(super) fn take_enquiries(&mut self) -> Vec<Enquiry> {
        std::mem::take(&mut self.enquiries)
    }

    /// The will, when it is to be published: the client has not said goodbye, or wants it all the same.
    pub(super) fn take_will(&mut self) -> Option<Will> {
        self.will.take()
    }

    /// Seconds for which the session is to go on, if its client has changed that.
    pub(super) fn new_expiry_s(&self) -> Option<u32> {
        self.farewell?.session_expiry_s
    }

    /// Seconds for which the session goes on without a connection.
    pub(super) fn expiry_s(&self) -> u32 {
        self.new_expiry_s().unwrap_or(self.expiry_s)
    }

    /// The number of the last message from the store that was sent.
    pub(super) fn sent_to(&self) -> i64 {
        self.outbox.sent_to()
    }

    /// Says why the session ends, if the client can be told.
    pub(super) fn say_goodbye(&mut self, end: End) {
        self.wire.disconnect(&mut self.out, end);
    }

    /// Bytes for the client; the driver takes what it has written.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }
}
