//! MQTT 3.1.1 and 5 packets as the session sees them: one vocabulary for both. `rmqtt-codec` stays behind this module.

use std::num::NonZeroU16;

use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use rmqtt_codec::error::DecodeError;
use rmqtt_codec::types::{Publish, QoS};
use rmqtt_codec::{v3, v5};
use tokio_util::codec::{Decoder, Encoder};

use super::end::End;
use super::greeting::{self, Version};

/// A packet from a device.
#[derive(Debug)]
pub(super) enum Incoming {
    Connect(Connect),
    Publish(Box<Publish>),
    PubAck {
        packet_id: NonZeroU16,
    },
    Subscribe {
        packet_id: NonZeroU16,
        filters: Vec<(ByteString, QoS)>,
    },
    Unsubscribe {
        packet_id: NonZeroU16,
        filters: Vec<ByteString>,
    },
    Ping,
    Disconnect,
    /// A packet that only a server sends, or one of a flow that is not offered.
    Unexpected,
}

/// What the session needs of a CONNECT.
#[derive(Debug)]
pub(super) struct Connect {
    pub(super) client_id: ByteString,
    /// Seconds; 0 means that the device keeps quiet as long as it likes.
    pub(super) keep_alive_s: u16,
    /// Messages that the device takes unacknowledged.
    pub(super) receive_maximum: u16,
}

/// What is offered to an MQTT 5 device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) receive_maximum: NonZeroU16,
    pub(super) packet_bytes_max: u32,
}

/// Whether a filter was granted, and at which QoS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Granted(QoS),
    Refused,
}

enum Codec {
    Unknown { packet_bytes_max: u32 },
    V3(v3::Codec),
    V5(v5::Codec),
}

/// The codec of one connection; it learns the version from the CONNECT.
pub(super) struct Wire {
    codec: Codec,
}

impl Wire {
    /// Refuses packets whose remaining length is above `packet_bytes_max` before it reserves room for them.
    pub(super) fn new(packet_bytes_max: u32) -> Wire {
        Wire { codec: Codec::Unknown { packet_bytes_max } }
    }

    pub(super) fn is_v5(&self) -> bool {
        matches!(self.codec, Codec::V5(_))
    }

    /// Takes the next complete packet out of `input`; `None` when more bytes are needed.
    pub(super) fn read(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, End> {
        if let Codec::Unknown { packet_bytes_max } = self.codec {
            let Some(greeting) = greeting::read(input, packet_bytes_max)? else { return Ok(None) };
            self.codec = match greeting.version {
                Version::V311 => Codec::V3(v3::Codec::new(packet_bytes_max)),
                Version::V5 => Codec::V5(v5::Codec::new(packet_bytes_max, 0)),
            };
            if !greeting.is_well_formed {
                return Err(End::Malformed);
            }
        }
        match &mut self.codec {
            Codec::Unknown { .. } => Ok(None),
            Codec::V3(codec) => {
                let packet = codec.decode(input).map_err(end)?;
                packet.map(|(packet, length)| from_v3(packet, length)).transpose()
            }
            Codec::V5(codec) => {
                let packet = codec.decode(input).map_err(end)?;
                packet.map(|(packet, length)| from_v5(packet, length)).transpose()
            }
        }
    }

    /// Writes the CONNACK that accepts.
    pub(super) fn accept(&mut self, out: &mut BytesMut, offer: Offer) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                let return_code = v3::ConnectAckReason::ConnectionAccepted;
                let answer = v3::ConnectAck { return_code, session_present: false };
                put_v3(codec, out, v3::Packet::ConnectAck(answer));
            }
            Codec::V5(codec) => put_v5(
                codec,
                out,
                v5::ConnectAck {
                    session_expiry_interval_secs: Some(0),
                    receive_max: offer.receive_maximum,
                    max_qos: QoS::AtLeastOnce,
                    max_packet_size: Some(offer.packet_bytes_max),
                    subscription_identifiers_available: false,
                    shared_subscription_available: false,
                    ..v5::ConnectAck::default()
                }
                .into(),
            ),
        }
    }

    /// Writes the CONNACK that refuses, if there is one. MQTT 3.1.1 has none for a CONNECT that is malformed.
    pub(super) fn refuse(&mut self, out: &mut BytesMut, end: End) {
        match &mut self.codec {
            // Unacceptable protocol version, in the form that every version before MQTT 5 understands.
            Codec::Unknown { .. } if end == End::Version => out.put_slice(&[0x20, 2, 0, 1]),
            Codec::Unknown { .. } => {}
            Codec::V3(_) if matches!(end, End::Malformed | End::Protocol) => {}
            Codec::V3(codec) => {
                let return_code = match end {
                    End::ClientId => v3::ConnectAckReason::IdentifierRejected,
                    _ => v3::ConnectAckReason::ServiceUnavailable,
                };
                let answer = v3::ConnectAck { return_code, session_present: false };
                put_v3(codec, out, v3::Packet::ConnectAck(answer));
            }
            Codec::V5(codec) => {
                let reason_code = match end {
                    End::ClientId => v5::ConnectAckReason::ClientIdentifierNotValid,
                    End::Authentication => v5::ConnectAckReason::BadAuthenticationMethod,
                    End::Busy => v5::ConnectAckReason::ServerBusy,
                    End::Malformed => v5::ConnectAckReason::MalformedPacket,
                    End::Protocol => v5::ConnectAckReason::ProtocolError,
                    _ => v5::ConnectAckReason::ServerUnavailable,
                };
                put_v5(codec, out, v5::ConnectAck { reason_code, ..v5::ConnectAck::default() }.into());
            }
        }
    }

    /// Writes a PUBACK that says: durable. Four bytes in both versions.
    pub(super) fn puback(out: &mut BytesMut, packet_id: NonZeroU16) {
        let [high, low] = packet_id.get().to_be_bytes();
        out.put_slice(&[0x40, 2, high, low]);
    }

    /// Writes the MQTT 5 PUBACK that refuses a topic.
    pub(super) fn puback_not_authorized(&mut self, out: &mut BytesMut, packet_id: NonZeroU16) {
        if let Codec::V5(codec) = &mut self.codec {
            let reason_code = v5::PublishAckReason::NotAuthorized;
            let (properties, reason_string) = (Vec::new(), None);
            put_v5(codec, out, v5::PublishAck { packet_id, reason_code, properties, reason_string }.into());
        }
    }

    pub(super) fn suback(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, grants: &[Grant]) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                let code = |grant: &Grant| match grant {
                    Grant::Granted(qos) => v3::SubscribeReturnCode::Success(*qos),
                    Grant::Refused => v3::SubscribeReturnCode::Failure,
                };
                let status = grants.iter().map(code).collect();
                put_v3(codec, out, v3::Packet::SubscribeAck { packet_id, status });
            }
            Codec::V5(codec) => {
                let code = |grant: &Grant| match grant {
                    Grant::Granted(QoS::AtMostOnce) => v5::SubscribeAckReason::GrantedQos0,
                    Grant::Granted(_) => v5::SubscribeAckReason::GrantedQos1,
                    Grant::Refused => v5::SubscribeAckReason::NotAuthorized,
                };
                let status = grants.iter().map(code).collect();
                let (properties, reason_string) = (Vec::new(), None);
                put_v5(codec, out, v5::SubscribeAck { packet_id, properties, reason_string, status }.into());
            }
        }
    }

    /// Writes an UNSUBACK; `existed` says for each filter whether there was such a subscription.
    pub(super) fn unsuback(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, existed: &[bool]) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => put_v3(codec, out, v3::Packet::UnsubscribeAck { packet_id }),
            Codec::V5(codec) => {
                let code = |existed: &bool| match existed {
                    true => v5::UnsubscribeAckReason::Success,
                    false => v5::UnsubscribeAckReason::NoSubscriptionExisted,
                };
                let status = existed.iter().map(code).collect();
                let (properties, reason_string) = (Vec::new(), None);
                put_v5(
                    codec,
                    out,
                    v5::UnsubscribeAck { packet_id, properties, reason_string, status }.into(),
                );
            }
        }
    }

    pub(super) fn pingresp(out: &mut BytesMut) {
        out.put_slice(&[0xD0, 0]);
    }

    /// Writes a message for the device: with a packet id at QoS 1, without at QoS 0.
    pub(super) fn publish(
        &mut self,
        out: &mut BytesMut,
        topic: String,
        packet_id: Option<NonZeroU16>,
        payload: Bytes,
    ) {
        let qos = if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let (dup, retain, topic) = (false, false, topic.into());
        let publish = Box::new(Publish { dup, retain, qos, topic, packet_id, payload, properties: None });
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => put_v3(codec, out, v3::Packet::Publish(publish)),
            Codec::V5(codec) => put_v5(codec, out, v5::Packet::Publish(publish)),
        }
    }

    /// Writes the MQTT 5 DISCONNECT for this end; MQTT 3.1.1 devices only see the connection close.
    pub(super) fn disconnect(&mut self, out: &mut BytesMut, end: End) {
        if let (Codec::V5(codec), Some(reason_code)) = (&mut self.codec, end.disconnect_code()) {
            put_v5(codec, out, v5::Disconnect { reason_code, ..v5::Disconnect::default() }.into());
        }
    }
}

fn end(error: DecodeError) -> End {
    match error {
        DecodeError::MaxSizeExceeded { .. } => End::TooLarge,
        DecodeError::InvalidClientId => End::ClientId,
        _ => End::Malformed,
    }
}

/// Encoding our own packets fails only on a packet above the device's maximum, and then there is nothing to say.
fn put_v3(codec: &mut v3::Codec, out: &mut BytesMut, packet: v3::Packet) {
    if let Err(error) = codec.encode(packet, out) {
        tracing::debug!(?error, "packet for a device not encoded");
    }
}

fn put_v5(codec: &mut v5::Codec, out: &mut BytesMut, packet: v5::Packet) {
    if let Err(error) = codec.encode(packet, out) {
        tracing::debug!(?error, "packet for a device not encoded");
    }
}

/// A PUBLISH, if it is one that the standards allow where the codec does not look.
fn published(publish: Box<Publish>) -> Result<Incoming, End> {
    let properties = publish.properties.as_ref();
    if publish.dup && publish.qos == QoS::AtMostOnce {
        Err(End::Malformed)
    } else if publish.topic.bytes().any(|byte| matches!(byte, 0 | b'+' | b'#')) {
        Err(End::TopicName)
    } else if properties.is_some_and(|properties| !properties.subscription_ids.is_empty()) {
        // Only a server says which subscription a message is for.
        Err(End::Protocol)
    } else {
        Ok(Incoming::Publish(publish))
    }
}

/// A PINGREQ, which has nothing behind its header.
fn ping(length: u32) -> Result<Incoming, End> {
    if length == 0 { Ok(Incoming::Ping) } else { Err(End::Malformed) }
}

fn from_v3(packet: v3::Packet, length: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v3::Packet::Connect(connect) => Incoming::Connect(Connect {
            client_id: connect.client_id,
            keep_alive_s: connect.keep_alive,
            receive_maximum: u16::MAX,
        }),
        v3::Packet::Publish(publish) => published(publish)?,
        v3::Packet::PublishAck { packet_id } => Incoming::PubAck { packet_id },
        v3::Packet::Subscribe { packet_id, topic_filters } => {
            Incoming::Subscribe { packet_id, filters: topic_filters }
        }
        v3::Packet::Unsubscribe { packet_id, topic_filters } => {
            Incoming::Unsubscribe { packet_id, filters: topic_filters }
        }
        v3::Packet::PingRequest => ping(length)?,
        v3::Packet::Disconnect => Incoming::Disconnect,
        _ => Incoming::Unexpected,
    })
}

fn from_v5(packet: v5::Packet, length: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v5::Packet::Connect(connect) if connect.auth_method.is_some() || connect.auth_data.is_some() => {
            return Err(End::Authentication);
        }
        v5::Packet::Connect(connect) => Incoming::Connect(Connect {
            client_id: connect.client_id,
            keep_alive_s: connect.keep_alive,
            receive_maximum: connect.receive_max.map_or(u16::MAX, NonZeroU16::get),
        }),
        v5::Packet::Publish(publish) => published(publish)?,
        // A negative PUBACK too is an answer: the device has seen the message and will not take it.
        v5::Packet::PublishAck(ack) => Incoming::PubAck { packet_id: ack.packet_id },
        v5::Packet::Subscribe(subscribe) if subscribe.id.is_some() => return Err(End::SubscriptionId),
        v5::Packet::Subscribe(subscribe) => {
            let filters = subscribe.topic_filters.into_iter().map(|(filter, options)| (filter, options.qos));
            Incoming::Subscribe { packet_id: subscribe.packet_id, filters: filters.collect() }
        }
        v5::Packet::Unsubscribe(unsubscribe) => {
            Incoming::Unsubscribe { packet_id: unsubscribe.packet_id, filters: unsubscribe.topic_filters }
        }
        v5::Packet::PingRequest => ping(length)?,
        v5::Packet::Disconnect(_) => Incoming::Disconnect,
        _ => Incoming::Unexpected,
    })
}
