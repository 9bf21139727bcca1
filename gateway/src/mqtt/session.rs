//! One device's session, sans-io: packets in; bytes, messages for the store and questions to answer out.
//!
//! Marks number the messages of the session, from 1. `pending` holds every message that was handed over and is not
//! yet known to be durable, in order; acknowledgements are popped from its front.

use std::collections::VecDeque;
use std::num::NonZeroU16;

use super::end::End;
use super::outbox::{Delivery, Outbox};
use super::packet::{Connect, Grant, Incoming, Publish, Qos};
use super::topics::{self, UpTopic};
use super::wire::Wire;
use crate::domain::admission::TimeQuestion;
use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;
use crate::intake::{Intake, Taken};
use crate::store::handle::DownMessage;
use crate::store::submission::Item;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

/// Payload bytes of one session that may wait for their commit.
const PENDING_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that may wait for the device to read them.
const OUT_BYTES_MAX: usize = 64 * 1024;

/// What waits for its commit.
struct Pending {
    mark: u64,
    bytes: usize,
    answer: Answer,
    /// What its device wants to know once it is durable.
    enquiry: Option<Box<Enquiry>>,
}

enum Answer {
    /// QoS 0.
    None,
    /// QoS 1.
    Acknowledge(NonZeroU16),
    /// QoS 1 on a topic that is not the device's: it waits only for its turn.
    NotAuthorized(NonZeroU16),
}

impl Answer {
    /// True when the device waits for it and counts it against the receive maximum.
    fn is_owed(&self) -> bool {
        !matches!(self, Answer::None)
    }
}

/// One device's session.
pub(super) struct Session {
    device: DeviceId,
    wire: Wire,
    intake: Intake,
    outbox: Outbox,
    pending: VecDeque<Pending>,
    /// Messages of any QoS that may be pending.
    pending_max: usize,
    /// Those of `pending` that the device waits for: all but QoS 0.
    unacknowledged: usize,
    pending_bytes: usize,
    /// Mark of the last message.
    last_mark: u64,
    /// Messages that the driver has not yet handed to the store.
    items: Vec<Item>,
    /// Messages for the device that are done, for the store to delete.
    done: Vec<i64>,
    /// Questions about the time, to be answered at once.
    questions: Vec<TimeQuestion>,
    /// What the device wants to know of what is durable now.
    enquiries: Vec<Enquiry>,
    /// Bytes for the device.
    out: BytesMut,
}

impl Session {
    /// A session that has just been accepted; `out` already holds its CONNACK.
    pub(super) fn new(
        device: DeviceId,
        wire: Wire,
        connect: &Connect,
        intake: Intake,
        receive_maximum: NonZeroU16,
        out: BytesMut,
    ) -> Session {
        Session {
            device,
            wire,
            intake,
            outbox: Outbox::new(connect.receive_maximum),
            pending: VecDeque::new(),
            pending_max: usize::from(receive_maximum.get()),
            unacknowledged: 0,
            pending_bytes: 0,
            last_mark: 0,
            items: Vec::new(),
            done: Vec::new(),
            questions: Vec::new(),
            enquiries: Vec::new(),
            out,
        }
    }

    pub(super) fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Takes the next packet out of `input`; false when more bytes are needed.
    pub(super) fn read(&mut self, input: &mut BytesMut, now_ms: i64) -> Result<bool, End> {
        match self.wire.read(input)? {
            Some(packet) => self.handle(packet, now_ms).map(|()| true),
            None => Ok(false),
        }
    }

    fn handle(&mut self, packet: Incoming, now_ms: i64) -> Result<(), End> {
        match packet {
            Incoming::Publish(publish) => self.publish(publish, now_ms),
            Incoming::PubAck { packet_id } => {
                self.done.extend(self.outbox.acknowledged(packet_id));
                Ok(())
            }
            Incoming::Subscribe { packet_id, filters } => {
                let grants: Vec<_> =
                    filters.iter().map(|(filter, qos)| self.subscribe(filter, *qos)).collect();
                self.wire.suback(&mut self.out, packet_id, &grants);
                Ok(())
            }
            Incoming::Unsubscribe { packet_id, filters } => {
                let existed: Vec<_> = filters.iter().map(|filter| self.unsubscribe(filter)).collect();
                self.wire.unsuback(&mut self.out, packet_id, &existed);
                Ok(())
            }
            Incoming::Ping => {
                Wire::pingresp(&mut self.out);
                Ok(())
            }
            Incoming::Disconnect => Err(End::ByDevice),
            // A second CONNECT is a protocol error like any packet that only a server sends.
            Incoming::Connect(_) | Incoming::Unexpected => Err(End::Protocol),
        }
    }

    fn publish(&mut self, publish: Publish, now_ms: i64) -> Result<(), End> {
        let Publish { qos, packet_id, topic, has_topic_alias, payload, packet_bytes } = publish;
        if has_topic_alias {
            return Err(End::TopicAlias);
        }
        let answer = match (qos, packet_id) {
            (Qos::AtMostOnce, _) => {
                self.intake.note_qos0();
                Answer::None
            }
            (Qos::AtLeastOnce, Some(packet_id)) => Answer::Acknowledge(packet_id),
            (Qos::AtLeastOnce, None) => return Err(End::Malformed),
            (Qos::ExactlyOnce, _) => return Err(End::Qos),
        };
        if self.wire.is_v5() && answer.is_owed() && self.unacknowledged >= self.pending_max {
            return Err(End::ReceiveMaximum);
        }
        let taken = match topics::up(&self.device, &topic) {
            UpTopic::Report(class) => self.intake.take(&self.device, class, &topic, &payload),
            UpTopic::UnknownClass => Taken::Message(self.intake.unknown_class(&topic)),
            UpTopic::Foreign => return self.refuse_topic(answer),
        };
        let (content, enquiry) = match taken {
            Taken::Message(content) => (content, None),
            Taken::Described(content, enquiry) => (content, Some(Box::new(enquiry))),
            Taken::Question(question) => {
                // Nothing of it becomes durable: its acknowledgement waits only for its turn.
                self.questions.push(question);
                self.wait(answer, 0, None);
                return Ok(());
            }
        };
        // A payload keeps its whole packet in memory; a small one in a large packet is better copied out.
        let payload =
            if payload.len() < packet_bytes / 2 { Bytes::copy_from_slice(&payload) } else { payload };
        self.last_mark += 1;
        self.wait(answer, packet_bytes, enquiry);
        let best_effort = qos == Qos::AtMostOnce;
        self.items.push(Item { received_at_ms: now_ms, payload, best_effort, content });
        Ok(())
    }

    fn wait(&mut self, answer: Answer, bytes: usize, enquiry: Option<Box<Enquiry>>) {
        self.unacknowledged += usize::from(answer.is_owed());
        self.pending_bytes += bytes;
        self.pending.push_back(Pending { mark: self.last_mark, bytes, answer, enquiry });
    }

    /// MQTT 5 can say no to one message; MQTT 3.1.1 can only acknowledge or close.
    fn refuse_topic(&mut self, answer: Answer) -> Result<(), End> {
        match answer {
            Answer::Acknowledge(packet_id) if self.wire.is_v5() => {
                self.wait(Answer::NotAuthorized(packet_id), 0, None);
                Ok(())
            }
            _ => Err(End::ForeignTopic),
        }
    }

    fn subscribe(&mut self, filter: &ByteString, qos: Qos) -> Grant {
        let qos = qos.min(Qos::AtLeastOnce);
        match topics::down_filter(&self.device, filter) {
            Some(kind) if self.outbox.subscribe(kind, qos) => Grant::Granted(qos),
            _ => Grant::Refused,
        }
    }

    fn unsubscribe(&mut self, filter: &ByteString) -> bool {
        topics::down_filter(&self.device, filter).is_some_and(|kind| self.outbox.unsubscribe(kind))
    }

    /// The store says that everything up to mark `durable` is committed: the acknowledgements leave.
    pub(super) fn committed(&mut self, durable: u64) {
        while let Some(front) = self.pending.front() {
            if front.mark > durable {
                break;
            }
            let Some(Pending { answer, bytes, enquiry, .. }) = self.pending.pop_front() else { break };
            self.enquiries.extend(enquiry.map(|enquiry| *enquiry));
            self.pending_bytes -= bytes;
            self.unacknowledged -= usize::from(answer.is_owed());
            match answer {
                Answer::None => {}
                Answer::Acknowledge(packet_id) => Wire::puback(&mut self.out, packet_id),
                Answer::NotAuthorized(packet_id) => self.wire.puback_not_authorized(&mut self.out, packet_id),
            }
        }
    }

    /// Messages for the store since the last call, with the mark of the first.
    pub(super) fn take_items(&mut self) -> Option<(u64, Vec<Item>)> {
        if self.items.is_empty() {
            return None;
        }
        let items = std::mem::take(&mut self.items);
        Some((self.last_mark + 1 - items.len() as u64, items))
    }

    /// True while the session may take more from the device. MQTT 5 devices know the receive maximum: one packet more is
    /// read, to see who exceeds it.
    pub(super) fn may_read(&self) -> bool {
        self.pending.len() < self.pending_max + usize::from(self.wire.is_v5())
            && self.pending_bytes < PENDING_BYTES_MAX
            && self.out.len() < OUT_BYTES_MAX
    }

    /// True when every message that came is durable and acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// The store has something new for the device.
    pub(super) fn ring(&mut self) {
        self.outbox.ring();
    }

    /// What to ask the store for now, as (after, limit), if anything.
    pub(super) fn wants(&self) -> Option<(i64, u32)> {
        if self.out.len() < OUT_BYTES_MAX { self.outbox.wants() } else { None }
    }

    /// Takes the store's answer to `wants`. Returns how many messages are on their way.
    pub(super) fn deliver(&mut self, messages: Vec<DownMessage>, limit: u32) -> usize {
        let deliveries = self.outbox.fill(messages, limit);
        let mut sent = 0;
        for (delivery, message) in deliveries {
            let topic = topics::down(&self.device, &message.topic);
            let packet_id = match delivery {
                Delivery::AtLeastOnce(packet_id) => Some(packet_id),
                Delivery::AtMostOnce => None,
            };
            let written = self.wire.publish(&mut self.out, topic, packet_id, message.payload);
            sent += usize::from(written);
            // Nothing more can be done for a message at QoS 0, nor for one that is larger than the device takes.
            match packet_id {
                Some(packet_id) if !written => self.done.extend(self.outbox.acknowledged(packet_id)),
                Some(_) => {}
                None => self.done.push(message.id),
            }
        }
        sent
    }

    /// Numbers of messages that the device has, for the store to delete.
    pub(super) fn take_done(&mut self) -> Vec<i64> {
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

    /// Sends an answer, at QoS 0. False when it is dropped, because the device does not listen for its kind or does not read
    /// what it is sent: it asks again.
    pub(super) fn answer(&mut self, kind: &str, payload: Bytes) -> bool {
        self.outbox.is_subscribed(kind)
            && self.out.len() < OUT_BYTES_MAX
            && self.wire.publish(&mut self.out, topics::down(&self.device, kind), None, payload)
    }

    /// Says why the session ends, if the device can be told.
    pub(super) fn say_goodbye(&mut self, end: End) {
        self.wire.disconnect(&mut self.out, end);
    }

    /// Bytes for the device; the driver takes what it has written.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }
}
