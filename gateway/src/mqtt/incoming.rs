//! What the codec read, in the session's words, if it is something that the standards allow where the codec does not look.

use std::num::NonZeroU16;

use rmqtt_codec::types::{Publish as CodecPublish, QoS};
use rmqtt_codec::{v3, v5};

use super::end::End;
use super::packet::{Connect, Incoming, Publish, Qos};

/// An MQTT 3.1.1 packet of `bytes` after its fixed header.
pub(super) fn from_v3(packet: v3::Packet, bytes: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v3::Packet::Connect(connect) => Incoming::Connect(Connect {
            client_id: connect.client_id,
            user: connect.username,
            password: connect.password,
            keep_alive_s: connect.keep_alive,
            receive_maximum: u16::MAX,
        }),
        v3::Packet::Publish(packet) => publish(*packet, bytes)?,
        v3::Packet::PublishAck { packet_id } => Incoming::PubAck { packet_id },
        v3::Packet::Subscribe { packet_id, topic_filters } => {
            let filters = topic_filters.into_iter().map(|(filter, qos)| (filter, from_codec(qos)));
            Incoming::Subscribe { packet_id, filters: filters.collect() }
        }
        v3::Packet::Unsubscribe { packet_id, topic_filters } => {
            Incoming::Unsubscribe { packet_id, filters: topic_filters }
        }
        v3::Packet::PingRequest => ping(bytes)?,
        v3::Packet::Disconnect => Incoming::Disconnect,
        _ => Incoming::Unexpected,
    })
}

/// An MQTT 5 packet of `bytes` after its fixed header.
pub(super) fn from_v5(packet: v5::Packet, bytes: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v5::Packet::Connect(connect) if connect.auth_method.is_some() || connect.auth_data.is_some() => {
            return Err(End::Authentication);
        }
        v5::Packet::Connect(connect) => Incoming::Connect(Connect {
            client_id: connect.client_id,
            user: connect.username,
            password: connect.password,
            keep_alive_s: connect.keep_alive,
            receive_maximum: connect.receive_max.map_or(u16::MAX, NonZeroU16::get),
        }),
        v5::Packet::Publish(packet) => publish(*packet, bytes)?,
        // A negative PUBACK too is an answer: the device has seen the message and will not take it.
        v5::Packet::PublishAck(ack) => Incoming::PubAck { packet_id: ack.packet_id },
        v5::Packet::Subscribe(subscribe) if subscribe.id.is_some() => return Err(End::SubscriptionId),
        v5::Packet::Subscribe(subscribe) => {
            let filters = subscribe.topic_filters.into_iter();
            let filters = filters.map(|(filter, options)| (filter, from_codec(options.qos)));
            Incoming::Subscribe { packet_id: subscribe.packet_id, filters: filters.collect() }
        }
        v5::Packet::Unsubscribe(unsubscribe) => {
            Incoming::Unsubscribe { packet_id: unsubscribe.packet_id, filters: unsubscribe.topic_filters }
        }
        v5::Packet::PingRequest => ping(bytes)?,
        v5::Packet::Disconnect(_) => Incoming::Disconnect,
        _ => Incoming::Unexpected,
    })
}

fn publish(publish: CodecPublish, bytes: u32) -> Result<Incoming, End> {
    let CodecPublish { dup, qos, packet_id, topic, payload, properties, .. } = publish;
    let properties = properties.unwrap_or_default();
    if dup && qos == QoS::AtMostOnce {
        return Err(End::Malformed);
    }
    if topic.bytes().any(|byte| matches!(byte, 0 | b'+' | b'#')) {
        return Err(End::TopicName);
    }
    if !properties.subscription_ids.is_empty() {
        // Only a server says which subscription a message is for.
        return Err(End::Protocol);
    }
    let has_topic_alias = properties.topic_alias.is_some();
    let (qos, packet_bytes) = (from_codec(qos), bytes as usize);
    Ok(Incoming::Publish(Publish { qos, packet_id, topic, has_topic_alias, payload, packet_bytes }))
}

/// A PINGREQ has nothing behind its header.
fn ping(bytes: u32) -> Result<Incoming, End> {
    if bytes == 0 { Ok(Incoming::Ping) } else { Err(End::Malformed) }
}

fn from_codec(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
