//! Packets to and from bytes. `rmqtt-codec` stays behind this module and [`incoming`].

use std::num::{NonZeroU16, NonZeroU32};

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;
use rmqtt_codec::error::DecodeError;
use rmqtt_codec::types::{Publish as CodecPublish, QoS};
use rmqtt_codec::v5::PublishProperties;
use rmqtt_codec::{v3, v5};
use tokio_util::codec::{Decoder, Encoder};

use super::end::End;
use super::greeting::{self, Version};
use super::incoming;
use super::packet::{Grant, Incoming, Offer};
use crate::domain::publication::{Properties, Qos};
use crate::store::sessions::Parcel;

/// A message for the client.
pub(super) struct Outgoing<'a> {
    /// There is one exactly when the QoS is above 0.
    pub(super) packet_id: Option<NonZeroU16>,
    pub(super) dup: bool,
    pub(super) parcel: &'a Parcel,
    /// What is left of its life.
    pub(super) expiry_s: Option<u32>,
    /// The number of its topic, and whether the client knows that already.
    pub(super) alias: Option<(NonZeroU16, bool)>,
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
            if greeting.version == Version::V5 && greeting.is_nameless {
                // The codec refuses such a one without a clean start; but whoever has no name yet has no session to resume.
                input[greeting.flags_at] |= greeting::CLEAN_START;
            }
        }
        match &mut self.codec {
            Codec::Unknown { .. } => Ok(None),
            Codec::V3(codec) => {
                let packet = codec.decode(input).map_err(end)?;
                packet.map(|(packet, bytes)| incoming::from_v3(packet, bytes)).transpose()
            }
            Codec::V5(codec) => {
                let Some((packet, bytes)) = codec.decode(input).map_err(end)? else { return Ok(None) };
                if let v5::Packet::Connect(connect) = &packet {
                    codec.set_max_outbound_size(connect.max_packet_size.map_or(0, NonZeroU32::get));
                }
                incoming::from_v5(packet, bytes).map(Some)
            }
        }
    }

    /// Writes the CONNACK that accepts.
    pub(super) fn accept(&mut self, out: &mut BytesMut, offer: Offer) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                let return_code = v3::ConnectAckReason::ConnectionAccepted;
                let answer = v3::ConnectAck { return_code, session_present: offer.session_present };
                put_v3(codec, out, v3::Packet::ConnectAck(answer));
            }
            Codec::V5(codec) => {
                let answer = v5::ConnectAck {
                    session_present: offer.session_present,
                    session_expiry_interval_secs: offer.session_expiry_s,
                    receive_max: offer.receive_maximum,
                    max_packet_size: Some(offer.packet_bytes_max),
                    topic_alias_max: offer.topic_alias_maximum,
                    assigned_client_id: offer.assigned_client_id.map(ByteString::from),
                    ..v5::ConnectAck::default()
                };
                put_v5(codec, out, answer.into());
            }
        }
    }

    /// Writes the CONNACK that refuses. Nothing, when what came was no CONNECT.
    pub(super) fn refuse(&mut self, out: &mut BytesMut, end: End) {
        match &mut self.codec {
            // The answer of 3.1.1 to a version it does not know; newer clients read it too.
            Codec::Unknown { .. } if end == End::Version => out.put_slice(&[0x20, 2, 0, 1]),
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                let return_code = match end {
                    // 3.1.1 has no code for a CONNECT that is malformed.
                    End::Malformed | End::Protocol => return,
                    End::ClientId => v3::ConnectAckReason::IdentifierRejected,
                    End::Credentials => v3::ConnectAckReason::BadUserNameOrPassword,
                    End::NotAuthorized => v3::ConnectAckReason::NotAuthorized,
                    _ => v3::ConnectAckReason::ServiceUnavailable,
                };
                let answer = v3::ConnectAck { return_code, session_present: false };
                put_v3(codec, out, v3::Packet::ConnectAck(answer));
            }
            Codec::V5(codec) => {
                let reason_code = match end {
                    End::ClientId => v5::ConnectAckReason::ClientIdentifierNotValid,
                    End::Credentials => v5::ConnectAckReason::BadUserNameOrPassword,
                    End::NotAuthorized => v5::ConnectAckReason::NotAuthorized,
                    End::Busy => v5::ConnectAckReason::ServerBusy,
                    End::Authentication => v5::ConnectAckReason::BadAuthenticationMethod,
                    End::TooLarge => v5::ConnectAckReason::PacketTooLarge,
                    End::Malformed => v5::ConnectAckReason::MalformedPacket,
                    End::Protocol => v5::ConnectAckReason::ProtocolError,
                    End::TopicName => v5::ConnectAckReason::TopicNameInvalid,
                    End::Withheld => v5::ConnectAckReason::QuotaExceeded,
                    _ => v5::ConnectAckReason::ServerUnavailable,
                };
                let reason_string = Some(ByteString::from_static(end.in_words()));
                put_v5(
                    codec,
                    out,
                    v5::ConnectAck { reason_code, reason_string, ..v5::ConnectAck::default() }.into(),
                );
            }
        }
    }

    /// Writes a PUBACK that says: durable. Four bytes in both versions.
    pub(super) fn puback(out: &mut BytesMut, packet_id: NonZeroU16) {
        put_short(out, 0x40, packet_id);
    }

    /// Writes a PUBREC that says: durable.
    pub(super) fn pubrec(out: &mut BytesMut, packet_id: NonZeroU16) {
        put_short(out, 0x50, packet_id);
    }

    /// Writes a PUBREL; `known` is false when no message was sent under this packet id.
    pub(super) fn pubrel(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, known: bool) {
        self.put_release(out, 0x62, packet_id, known);
    }

    /// Writes a PUBCOMP; `known` is false when no message came under this packet id.
    pub(super) fn pubcomp(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, known: bool) {
        self.put_release(out, 0x70, packet_id, known);
    }

    /// MQTT 5 says "packet identifier not found"; 3.1.1 has no word for it. The codec does not know the code.
    fn put_release(&mut self, out: &mut BytesMut, first: u8, packet_id: NonZeroU16, known: bool) {
        if known || !self.is_v5() {
            return put_short(out, first, packet_id);
        }
        let [high, low] = packet_id.get().to_be_bytes();
        out.put_slice(&[first, 3, high, low, PACKET_IDENTIFIER_NOT_FOUND]);
    }

    /// Writes the MQTT 5 PUBACK or PUBREC that refuses a topic.
    pub(super) fn not_authorized(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, qos: Qos) {
        if let Codec::V5(codec) = &mut self.codec {
            let reason_code = v5::PublishAckReason::NotAuthorized;
            let reason_string = Some(ByteString::from_static(End::ForeignTopic.in_words()));
            let ack = v5::PublishAck { packet_id, reason_code, properties: Vec::new(), reason_string };
            let is_first_of_two = qos == Qos::ExactlyOnce;
            let packet =
                if is_first_of_two { v5::Packet::PublishReceived(ack) } else { v5::Packet::PublishAck(ack) };
            put_v5(codec, out, packet);
        }
    }

    pub(super) fn suback(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, grants: &[Grant]) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                let code = |grant: &Grant| match grant {
                    Grant::Granted(qos) => v3::SubscribeReturnCode::Success(to_codec(*qos)),
                    _ => v3::SubscribeReturnCode::Failure,
                };
                let status = grants.iter().map(code).collect();
                put_v3(codec, out, v3::Packet::SubscribeAck { packet_id, status });
            }
            Codec::V5(codec) => {
                let code = |grant: &Grant| match grant {
                    Grant::Granted(Qos::AtMostOnce) => v5::SubscribeAckReason::GrantedQos0,
                    Grant::Granted(Qos::AtLeastOnce) => v5::SubscribeAckReason::GrantedQos1,
                    Grant::Granted(Qos::ExactlyOnce) => v5::SubscribeAckReason::GrantedQos2,
                    Grant::NotAuthorized => v5::SubscribeAckReason::NotAuthorized,
                    Grant::Invalid => v5::SubscribeAckReason::TopicFilterInvalid,
                    Grant::TooMany => v5::SubscribeAckReason::QuotaExceeded,
                };
                let status = grants.iter().map(code).collect();
                let reason_string =
                    grants.iter().find_map(|grant| grant.in_words()).map(ByteString::from_static);
                let properties = Vec::new();
                put_v5(codec, out, v5::SubscribeAck { packet_id, properties, reason_string, status }.into());
            }
        }
    }

    /// Writes an UNSUBACK; `existed` says for each filter whether there was such a subscription.
    pub(super) fn unsuback(&mut self, out: &mut BytesMut, packet_id: NonZeroU16, existed: &[bool]) {
        match &mut self.codec {
            Codec::Unknown { .. } => {}
            Codec::V3(codec) => {
                put_v3(codec, out, v3::Packet::UnsubscribeAck { packet_id });
            }
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

    /// Writes a message. False when it is larger than the client takes.
    pub(super) fn publish(&mut self, out: &mut BytesMut, outgoing: Outgoing<'_>) -> bool {
        let Outgoing { packet_id, dup, parcel, expiry_s, alias } = outgoing;
        let publication = &parcel.publication;
        let qos = if packet_id.is_some() { to_codec(parcel.qos) } else { QoS::AtMostOnce };
        let is_named = !alias.is_some_and(|(_, known)| known);
        let topic =
            if is_named || !self.is_v5() { ByteString::from(&*publication.topic) } else { ByteString::new() };
        let mut publish = Box::new(CodecPublish {
            dup,
            retain: parcel.retain,
            qos,
            topic,
            packet_id,
            payload: publication.payload.clone(),
            properties: None,
        });
        match &mut self.codec {
            Codec::Unknown { .. } => false,
            Codec::V3(codec) => put_v3(codec, out, v3::Packet::Publish(publish)),
            Codec::V5(codec) => {
                publish.properties = Some(properties(&publication.properties, parcel, expiry_s, alias));
                put_v5(codec, out, v5::Packet::Publish(publish))
            }
        }
    }

    /// Writes the MQTT 5 DISCONNECT for this end; MQTT 3.1.1 clients only see the connection close.
    pub(super) fn disconnect(&mut self, out: &mut BytesMut, end: End) {
        if let (Codec::V5(codec), Some(reason_code)) = (&mut self.codec, disconnect_code(end)) {
            let reason_string = Some(ByteString::from_static(end.in_words()));
            put_v5(
                codec,
                out,
                v5::Disconnect { reason_code, reason_string, ..v5::Disconnect::default() }.into(),
            );
        }
    }
}

/// The code for a packet id that nobody knows.
const PACKET_IDENTIFIER_NOT_FOUND: u8 = 0x92;

fn put_short(out: &mut BytesMut, first: u8, packet_id: NonZeroU16) {
    let [high, low] = packet_id.get().to_be_bytes();
    out.put_slice(&[first, 2, high, low]);
}

fn properties(
    own: &Properties,
    parcel: &Parcel,
    expiry_s: Option<u32>,
    alias: Option<(NonZeroU16, bool)>,
) -> PublishProperties {
    PublishProperties {
        topic_alias: alias.map(|(alias, _)| alias),
        correlation_data: own.correlation_data.clone().map(Into::into),
        message_expiry_interval: expiry_s.and_then(NonZeroU32::new),
        content_type: own.content_type.as_deref().map(ByteString::from),
        user_properties: own.user.iter().map(|(name, value)| ((&**name).into(), (&**value).into())).collect(),
        is_utf8_payload: own.is_utf8,
        response_topic: own.response_topic.as_deref().map(ByteString::from),
        subscription_ids: parcel.subscription_ids.iter().filter_map(|id| NonZeroU32::new(*id)).collect(),
    }
}

fn end(error: DecodeError) -> End {
    match error {
        DecodeError::MaxSizeExceeded { .. } => End::TooLarge,
        DecodeError::InvalidClientId => End::ClientId,
        _ => End::Malformed,
    }
}

/// The code of the MQTT 5 DISCONNECT; `None` when there is nobody to tell.
fn disconnect_code(end: End) -> Option<v5::DisconnectReasonCode> {
    use v5::DisconnectReasonCode as Code;
    match end {
        End::ByDevice | End::Socket | End::ConnectTimeout | End::Version | End::ClientId | End::Deaf => None,
        End::Credentials | End::Busy | End::Crowded | End::Handshake => None,
        End::KeepAlive => Some(Code::KeepAliveTimeout),
        End::Malformed => Some(Code::MalformedPacket),
        End::Protocol => Some(Code::ProtocolError),
        End::TooLarge => Some(Code::PacketTooLarge),
        End::ReceiveMaximum => Some(Code::ReceiveMaximumExceeded),
        End::TopicAlias => Some(Code::TopicAliasInvalid),
        End::TopicName => Some(Code::TopicNameInvalid),
        End::ForeignTopic | End::NotAuthorized => Some(Code::NotAuthorized),
        End::Authentication => Some(Code::BadAuthenticationMethod),
        End::Withheld => Some(Code::QuotaExceeded),
        End::TakenOver => Some(Code::SessionTakenOver),
        End::Stopping => Some(Code::ServerShuttingDown),
    }
}

/// Encoding our own packets fails only on one above the client's maximum. True when it was written.
fn put_v3(codec: &mut v3::Codec, out: &mut BytesMut, packet: v3::Packet) -> bool {
    codec.encode(packet, out).is_ok()
}

fn put_v5(codec: &mut v5::Codec, out: &mut BytesMut, packet: v5::Packet) -> bool {
    codec.encode(packet, out).is_ok()
}

fn to_codec(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}
