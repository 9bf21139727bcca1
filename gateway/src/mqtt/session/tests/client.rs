//! A client by the standard's book: it keeps its state over connections, sends again what is not acknowledged, and takes a message
//! at QoS 2 once.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU16;

use bytes::{Bytes, BytesMut};
use rmqtt_codec::types::{Publish, QoS};
use rmqtt_codec::{v3, v5};
use tokio_util::codec::{Decoder, Encoder};

use crate::domain::publication::Qos;

/// A message that is not done with.
#[derive(Debug)]
struct Open {
    packet_id: NonZeroU16,
    number: u32,
    qos: Qos,
    /// PUBREC has come.
    received: bool,
    sent: bool,
}

#[derive(Debug)]
pub(super) struct Client {
    is_v5: bool,
    receive_maximum: u16,
    open: VecDeque<Open>,
    published: Vec<(u32, Qos)>,
    acknowledged: Vec<u32>,
    /// Packet ids of messages at QoS 2 that came and were not released.
    taken: BTreeSet<NonZeroU16>,
    messages: Vec<u32>,
    out: BytesMut,
    input: BytesMut,
    last_packet_id: u16,
}

/// What stands in the payload of a message.
pub(super) fn payload_of(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

pub(super) fn number_of(payload: &[u8]) -> u32 {
    u32::from_be_bytes(payload.try_into().expect("a number"))
}

impl Client {
    pub(super) fn new(is_v5: bool, receive_maximum: u16) -> Client {
        Client {
            is_v5,
            receive_maximum,
            open: VecDeque::new(),
            published: Vec::new(),
            acknowledged: Vec::new(),
            taken: BTreeSet::new(),
            messages: Vec::new(),
            out: BytesMut::new(),
            input: BytesMut::new(),
            last_packet_id: 0,
        }
    }

    /// What it may send unacknowledged; it takes no more either.
    pub(super) fn may_send(&self) -> NonZeroU16 {
        NonZeroU16::new(self.receive_maximum).expect("above zero")
    }

    /// A new connection: the bytes of its CONNECT. What was under way is gone, and is sent again.
    pub(super) fn connect(&mut self) -> BytesMut {
        (self.out, self.input) = (BytesMut::new(), BytesMut::new());
        let mut connect = BytesMut::new();
        if self.is_v5 {
            let packet = v5::Connect {
                client_id: "c".into(),
                session_expiry_interval_secs: 100,
                receive_max: Some(self.may_send()),
                ..v5::Connect::default()
            };
            v5::Codec::new(0, 0).encode(packet.into(), &mut connect).expect("encodes");
        } else {
            let packet = v3::Connect { client_id: "c".into(), ..v3::Connect::default() };
            v3::Codec::new(0).encode(packet.into(), &mut connect).expect("encodes");
        }
        self.open.iter_mut().for_each(|open| open.sent = false);
        self.send_open();
        connect
    }

    pub(super) fn publish(&mut self, qos: Qos) {
        let number = self.published.len() as u32 + 1_000_000;
        self.published.push((number, qos));
        if qos == Qos::AtMostOnce {
            return self.put_publish(None, number, qos, false);
        }
        let packet_id = self.free_packet_id();
        self.open.push_back(Open { packet_id, number, qos, received: false, sent: false });
        self.send_open();
    }

    /// The lowest that is free: ids are used again soon.
    fn free_packet_id(&mut self) -> NonZeroU16 {
        self.last_packet_id = self.last_packet_id % 7 + 1;
        let ids = (self.last_packet_id..).filter_map(NonZeroU16::new);
        let mut free = ids.filter(|id| !self.open.iter().any(|open| open.packet_id == *id));
        free.next().expect("few are open")
    }

    /// Sends what is open, in its order, as far as the receive maximum allows.
    fn send_open(&mut self) {
        let maximum = usize::from(self.receive_maximum);
        let mut packets = Vec::new();
        for open in self.open.iter_mut().take(maximum).filter(|open| !open.sent) {
            open.sent = true;
            packets.push((open.packet_id, open.number, open.qos, open.received));
        }
        for (packet_id, number, qos, received) in packets {
            if received {
                self.put_short(0x62, packet_id);
            } else {
                self.put_publish(Some(packet_id), number, qos, true);
            }
        }
    }

    fn put_publish(&mut self, packet_id: Option<NonZeroU16>, number: u32, qos: Qos, dup: bool) {
        let qos = match qos {
            Qos::AtMostOnce => QoS::AtMostOnce,
            Qos::AtLeastOnce => QoS::AtLeastOnce,
            Qos::ExactlyOnce => QoS::ExactlyOnce,
        };
        let publish = Box::new(Publish {
            dup: dup && packet_id.is_some(),
            retain: false,
            qos,
            topic: "t".into(),
            packet_id,
            payload: Bytes::from(payload_of(number)),
            properties: None,
        });
        if self.is_v5 {
            v5::Codec::new(0, 0).encode(v5::Packet::Publish(publish), &mut self.out).expect("encodes");
        } else {
            v3::Codec::new(0).encode(v3::Packet::Publish(publish), &mut self.out).expect("encodes");
        }
    }

    fn put_short(&mut self, first: u8, packet_id: NonZeroU16) {
        let [high, low] = packet_id.get().to_be_bytes();
        self.out.extend_from_slice(&[first, 2, high, low]);
    }

    pub(super) fn take_bytes(&mut self) -> BytesMut {
        self.out.split()
    }

    /// Reads what has come and answers it.
    pub(super) fn read(&mut self, bytes: BytesMut) {
        self.input.extend_from_slice(&bytes);
        loop {
            let is_read = if self.is_v5 { self.read_v5() } else { self.read_v3() };
            if !is_read {
                return;
            }
        }
    }

    fn read_v5(&mut self) -> bool {
        let Some((packet, _)) = v5::Codec::new(0, 0).decode(&mut self.input).expect("it is MQTT 5") else {
            return false;
        };
        match packet {
            v5::Packet::Publish(publish) => self.message(*publish),
            v5::Packet::PublishAck(ack) => self.acknowledges(ack.packet_id, Qos::AtLeastOnce),
            v5::Packet::PublishReceived(ack) => self.received(ack.packet_id),
            v5::Packet::PublishRelease(ack) => self.releases(ack.packet_id),
            v5::Packet::PublishComplete(ack) => self.acknowledges(ack.packet_id, Qos::ExactlyOnce),
            other => panic!("not asked for: {other:?}"),
        }
        true
    }

    fn read_v3(&mut self) -> bool {
        let Some((packet, _)) = v3::Codec::new(0).decode(&mut self.input).expect("it is MQTT 3.1.1") else {
            return false;
        };
        match packet {
            v3::Packet::Publish(publish) => self.message(*publish),
            v3::Packet::PublishAck { packet_id } => self.acknowledges(packet_id, Qos::AtLeastOnce),
            v3::Packet::PublishReceived { packet_id } => self.received(packet_id),
            v3::Packet::PublishRelease { packet_id } => self.releases(packet_id),
            v3::Packet::PublishComplete { packet_id } => self.acknowledges(packet_id, Qos::ExactlyOnce),
            other => panic!("not asked for: {other:?}"),
        }
        true
    }

    fn message(&mut self, publish: Publish) {
        let number = number_of(&publish.payload);
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(packet_id)) => {
                self.messages.push(number);
                self.put_short(0x40, packet_id);
            }
            (QoS::ExactlyOnce, Some(packet_id)) => {
                if self.taken.insert(packet_id) {
                    self.messages.push(number);
                }
                self.put_short(0x50, packet_id);
            }
            other => panic!("nothing was posted so: {other:?}"),
        }
    }

    fn releases(&mut self, packet_id: NonZeroU16) {
        self.taken.remove(&packet_id);
        self.put_short(0x70, packet_id);
    }

    fn acknowledges(&mut self, packet_id: NonZeroU16, qos: Qos) {
        let place = self.open.iter().position(|open| open.packet_id == packet_id && open.qos == qos);
        let Some(open) = place.and_then(|place| self.open.remove(place)) else { return };
        self.acknowledged.push(open.number);
        self.send_open();
    }

    fn received(&mut self, packet_id: NonZeroU16) {
        let Some(open) = self.open.iter_mut().find(|open| open.packet_id == packet_id) else { return };
        open.received = true;
        let number = open.number;
        self.acknowledged.push(number);
        self.put_short(0x62, packet_id);
    }

    /// Numbers of the messages of which it was told that the gateway has them.
    pub(super) fn acknowledged(&self) -> impl Iterator<Item = u32> {
        self.acknowledged.iter().copied()
    }

    pub(super) fn published(&self) -> impl Iterator<Item = (u32, Qos)> {
        self.published.iter().copied()
    }

    pub(super) fn times(&self, number: u32) -> usize {
        self.messages.iter().filter(|each| **each == number).count()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty() && self.taken.is_empty() && self.out.is_empty()
    }
}
