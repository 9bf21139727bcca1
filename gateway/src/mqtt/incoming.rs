//! What the codec read, in the session's words, if it is something that the standards allow where the codec does not look.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::Bytes;
use bytestring::ByteString;
use rmqtt_codec::types::{Publish as CodecPublish, QoS};
use rmqtt_codec::v5::{PublishProperties, UserProperties};
use rmqtt_codec::{v3, v5};

use super::end::End;
use super::packet::{
    Connect, Farewell, Incoming, Publish, RetainHandling, Subscribe, SubscribeOptions, Will,
};
use crate::domain::publication::{Properties, Publication, Qos};

/// The session lasts for ever: what 3.1.1 means without a clean session.
const FOR_EVER: u32 = u32::MAX;

/// An MQTT 3.1.1 packet of `bytes` after its fixed header.
pub(super) fn from_v3(packet: v3::Packet, bytes: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v3::Packet::Connect(connect) => Incoming::Connect(Box::new(connect_v3(*connect)?)),
        v3::Packet::Publish(packet) => publish(*packet, bytes)?,
        v3::Packet::PublishAck { packet_id } => Incoming::PubAck(packet_id),
        v3::Packet::PublishReceived { packet_id } => Incoming::PubRec { packet_id, refused: false },
        v3::Packet::PublishRelease { packet_id } => Incoming::PubRel(packet_id),
        v3::Packet::PublishComplete { packet_id } => Incoming::PubComp(packet_id),
        v3::Packet::Subscribe { packet_id, topic_filters } => {
            let options = |qos| SubscribeOptions {
                qos: from_codec(qos),
                no_local: false,
                retain_as_published: false,
                retain_handling: RetainHandling::Always,
            };
            let filters = topic_filters.into_iter().map(|(filter, qos)| (filter, options(qos))).collect();
            subscribe(Subscribe { packet_id, id: 0, filters })?
        }
        v3::Packet::Unsubscribe { packet_id, topic_filters } => unsubscribe(packet_id, topic_filters)?,
        v3::Packet::PingRequest => ping(bytes)?,
        v3::Packet::Disconnect if bytes > 0 => return Err(End::Malformed),
        v3::Packet::Disconnect => Incoming::Disconnect(Farewell { with_will: false, session_expiry_s: None }),
        _ => Incoming::Unexpected,
    })
}

/// An MQTT 5 packet of `bytes` after its fixed header.
pub(super) fn from_v5(packet: v5::Packet, bytes: u32) -> Result<Incoming, End> {
    Ok(match packet {
        v5::Packet::Connect(connect) if connect.auth_method.is_some() || connect.auth_data.is_some() => {
            return Err(End::Authentication);
        }
        v5::Packet::Connect(connect) => Incoming::Connect(Box::new(connect_v5(*connect)?)),
        v5::Packet::Publish(packet) => publish(*packet, bytes)?,
        // A negative PUBACK too is an answer: the client has seen the message and will not take it.
        v5::Packet::PublishAck(ack) => Incoming::PubAck(ack.packet_id),
        v5::Packet::PublishReceived(ack) => {
            Incoming::PubRec { packet_id: ack.packet_id, refused: u8::from(ack.reason_code) >= 0x80 }
        }
        v5::Packet::PublishRelease(ack) => Incoming::PubRel(ack.packet_id),
        v5::Packet::PublishComplete(ack) => Incoming::PubComp(ack.packet_id),
        v5::Packet::Subscribe(packet) => {
            let filters = packet.topic_filters.into_iter().map(|(filter, options)| (filter, wish(&options)));
            let id = packet.id.map_or(0, NonZeroU32::get);
            subscribe(Subscribe { packet_id: packet.packet_id, id, filters: filters.collect() })?
        }
        v5::Packet::Unsubscribe(packet) => unsubscribe(packet.packet_id, packet.topic_filters)?,
        v5::Packet::PingRequest => ping(bytes)?,
        v5::Packet::Disconnect(farewell) => Incoming::Disconnect(Farewell {
            with_will: farewell.reason_code != v5::DisconnectReasonCode::NormalDisconnection,
            session_expiry_s: farewell.session_expiry_interval_secs,
        }),
        _ => Incoming::Unexpected,
    })
}

fn connect_v3(connect: v3::Connect) -> Result<Connect, End> {
    let will = connect.last_will.map(|will| {
        let publication = Publication {
            topic: (&*will.topic).into(),
            payload: will.message,
            qos: from_codec(will.qos),
            retain: will.retain,
            properties: Properties::default(),
        };
        Will { publication, delay_s: 0 }
    });
    Ok(Connect {
        client_id: connect.client_id,
        user: connect.username,
        password: connect.password,
        clean_start: connect.clean_session,
        session_expiry_s: if connect.clean_session { 0 } else { FOR_EVER },
        keep_alive_s: connect.keep_alive,
        receive_maximum: u16::MAX,
        topic_alias_maximum: 0,
        will,
    })
}

fn connect_v5(connect: v5::Connect) -> Result<Connect, End> {
    let will = connect.last_will.map(|will| {
        let properties = Properties {
            is_utf8: will.is_utf8_payload.unwrap_or(false),
            expiry_s: will.message_expiry_interval.map(NonZeroU32::get),
            content_type: will.content_type.map(boxed),
            response_topic: will.response_topic.map(boxed),
            correlation_data: will.correlation_data.map(|data| data.to_vec()),
            user: user(will.user_properties),
        };
        let publication = Publication {
            topic: (&*will.topic).into(),
            payload: will.message,
            qos: from_codec(will.qos),
            retain: will.retain,
            properties,
        };
        Will { publication, delay_s: will.will_delay_interval_sec.unwrap_or(0) }
    });
    Ok(Connect {
        client_id: connect.client_id,
        user: connect.username,
        password: connect.password,
        clean_start: connect.clean_start,
        session_expiry_s: connect.session_expiry_interval_secs,
        keep_alive_s: connect.keep_alive,
        receive_maximum: connect.receive_max.map_or(u16::MAX, NonZeroU16::get),
        topic_alias_maximum: connect.topic_alias_max,
        will,
    })
}

fn publish(publish: CodecPublish, bytes: u32) -> Result<Incoming, End> {
    let CodecPublish { dup, retain, qos, packet_id, topic, payload, properties } = publish;
    if dup && qos == QoS::AtMostOnce {
        return Err(End::Malformed);
    }
    let (topic_alias, properties) = match properties {
        Some(properties) => split(properties)?,
        None => (None, None),
    };
    let (qos, packet_bytes) = (from_codec(qos), bytes as usize);
    Ok(Incoming::Publish(Publish {
        qos,
        retain,
        packet_id,
        topic,
        topic_alias,
        payload,
        packet_bytes,
        properties,
    }))
}

/// The alias, and what goes on to the receivers, if there is anything.
fn split(properties: PublishProperties) -> Result<(Option<NonZeroU16>, Option<Box<Properties>>), End> {
    if !properties.subscription_ids.is_empty() {
        // Only a server says which subscription a message is for.
        return Err(End::Protocol);
    }
    let alias = properties.topic_alias;
    let own = Properties {
        is_utf8: properties.is_utf8_payload,
        expiry_s: properties.message_expiry_interval.map(NonZeroU32::get),
        content_type: properties.content_type.map(boxed),
        response_topic: properties.response_topic.map(boxed),
        correlation_data: properties.correlation_data.map(|data: Bytes| data.to_vec()),
        user: user(properties.user_properties),
    };
    let is_there = own != Properties::default();
    Ok((alias, is_there.then(|| Box::new(own))))
}

fn wish(options: &v5::SubscriptionOptions) -> SubscribeOptions {
    SubscribeOptions {
        qos: from_codec(options.qos),
        no_local: options.no_local,
        retain_as_published: options.retain_as_published,
        retain_handling: match options.retain_handling {
            v5::RetainHandling::AtSubscribe => RetainHandling::Always,
            v5::RetainHandling::AtSubscribeNew => RetainHandling::IfNew,
            v5::RetainHandling::NoAtSubscribe => RetainHandling::Never,
        },
    }
}

/// A packet without filters breaks the protocol.
fn subscribe(subscribe: Subscribe) -> Result<Incoming, End> {
    if subscribe.filters.is_empty() { Err(End::Protocol) } else { Ok(Incoming::Subscribe(subscribe)) }
}

fn unsubscribe(packet_id: NonZeroU16, filters: Vec<ByteString>) -> Result<Incoming, End> {
    if filters.is_empty() { Err(End::Protocol) } else { Ok(Incoming::Unsubscribe { packet_id, filters }) }
}

/// A PINGREQ has nothing behind its header.
fn ping(bytes: u32) -> Result<Incoming, End> {
    if bytes == 0 { Ok(Incoming::Ping) } else { Err(End::Malformed) }
}

fn boxed(text: ByteString) -> Box<str> {
    (&*text).into()
}

fn user(properties: UserProperties) -> Vec<(Box<str>, Box<str>)> {
    properties.into_iter().map(|(name, value)| (boxed(name), boxed(value))).collect()
}

fn from_codec(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
