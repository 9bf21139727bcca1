//! MQTT 5.

use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    AckMode, AsyncClient, ConnAck, ConnectReturnCode, ConnectionError, EventLoop, MqttOptions, Packet,
    PublishNoticeError, PublishOptions, PublishProperties, PublishResult, QoS, SessionMode, StateError,
    SubscribeFilter, SubscribeNoticeError,
};

use super::events::{Event, Events, EventsOf, Lost, Message};
use super::requests::{Ack, AckOf, Fate, Notice, Publication, Requests, RequestsOf, Subscribed};
use super::session::NothingInFlight;
use super::target::{Acks, Secrets, Target};
use super::{ConnectError, EXTRA_REQUESTS, Greeting, PACKETS_AT_ONCE, SESSION_EXPIRY_S};

pub(super) fn open(target: &Target, secrets: Secrets, within: Duration) -> (Requests, Events) {
    let mut options = MqttOptions::new(&target.client_id, (target.host.clone(), target.port));
    let Secrets { password, dial } = secrets;
    match (&target.username, password) {
        (Some(username), Some(password)) => options.set_credentials(username, password),
        (Some(username), None) => options.set_username(username),
        (None, Some(password)) => options.set_password(password),
        (None, None) => &mut options,
    };
    options
        .set_socket_connector(move |_, _| dial.clone().dial())
        .set_connect_timeout(within)
        .set_keep_alive(target.keep_alive_s)
        .set_session_mode(SessionMode::Persistent)
        .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
        .set_receive_maximum(Some(target.receive_maximum))
        .set_max_packet_size(Some(target.packet_bytes_max))
        .set_outgoing_inflight_upper_limit(target.window)
        .set_max_request_batch(PACKETS_AT_ONCE)
        .set_ack_mode(match target.acks {
            Acks::Automatic => AckMode::Automatic,
            Acks::Manual => AckMode::Manual,
        });
    let nothing = NothingInFlight::of(&options);
    options.set_session_store(nothing);
    let capacity = usize::from(target.window.max(target.receive_maximum)) + EXTRA_REQUESTS;
    let (client, events) = AsyncClient::builder(options).capacity(capacity).build();
    (Requests(RequestsOf::V5(client)), Events(EventsOf::V5(Box::new(events))))
}

pub(super) async fn greeted(events: &mut EventLoop) -> Result<Greeting, ConnectError> {
    loop {
        match events.poll().await {
            Ok(rumqttc::Event::Incoming(Packet::ConnAck(ack))) => {
                // It would be told of every packet.
                events.options.clear_session_store();
                return Ok(greeting(&ack));
            }
            Ok(_) => {}
            Err(
                ConnectionError::ConnectionRefused(code)
                | ConnectionError::MqttState(StateError::ConnFail { reason: code }),
            ) => return Err(refusal(code)),
            Err(ConnectionError::Io(error)) => return Err(ConnectError::NoAnswer(error.to_string())),
            Err(error) => return Err(ConnectError::NoAnswer(error.to_string())),
        }
    }
}

fn greeting(ack: &ConnAck) -> Greeting {
    let properties = ack.properties.as_ref();
    Greeting {
        session_present: ack.session_present,
        receive_maximum: properties.and_then(|it| it.receive_max).unwrap_or(u16::MAX),
        packet_bytes_max: properties.and_then(|it| it.max_packet_size),
    }
}

pub(super) async fn poll(events: &mut EventLoop) -> Result<Event, Lost> {
    match events.poll().await {
        Ok(rumqttc::Event::Incoming(Packet::Publish(publish))) => {
            let ack = match publish.qos {
                QoS::AtMostOnce => None,
                QoS::AtLeastOnce => {
                    Some(rumqttc::ManualAck::PubAck(rumqttc::PubAck::new(publish.pkid, None)))
                }
                QoS::ExactlyOnce => {
                    Some(rumqttc::ManualAck::PubRec(rumqttc::PubRec::new(publish.pkid, None)))
                }
            };
            Ok(Event::Message(Message {
                topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                payload: publish.payload,
                ack: ack.map(|ack| Ack(AckOf::V5(ack))),
            }))
        }
        Ok(rumqttc::Event::Incoming(_)) => Ok(Event::Answer),
        Ok(_) => Ok(Event::Other),
        Err(error) => Err(Lost(error.to_string())),
    }
}

pub(super) fn publish(client: &AsyncClient, publication: Publication) -> Result<Notice<Fate>, Publication> {
    let Publication { topic, payload, content_type, properties } = publication.clone();
    let properties =
        PublishProperties { content_type, user_properties: properties, ..PublishProperties::default() };
    let options = PublishOptions::new(QoS::AtLeastOnce).properties(properties);
    match client.try_publish_tracked(topic, Bytes::clone(&payload), options) {
        Ok(notice) => Ok(Box::pin(async move { fate(notice.wait_async().await) })),
        Err(_) => Err(publication),
    }
}

fn fate(result: Result<PublishResult, PublishNoticeError>) -> Fate {
    use rumqttc::PubAckReason::{NoMatchingSubscribers, Success};
    match result {
        Ok(PublishResult::Qos1(ack)) => match ack.reason {
            Success => Fate::Acknowledged { is_unheard: false },
            NoMatchingSubscribers => Fate::Acknowledged { is_unheard: true },
            refusal => Fate::Refused(refusal as u8),
        },
        Err(PublishNoticeError::V5PubAck(reason)) => Fate::Refused(reason as u8),
        _ => Fate::Unknown,
    }
}

pub(super) fn subscribe(client: &AsyncClient, filters: &[String]) -> Option<Notice<Subscribed>> {
    let filters = filters.iter().map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce));
    let notice = client.try_subscribe_many_tracked(filters).ok()?;
    Some(Box::pin(async move {
        match notice.wait_completion_async().await {
            Ok(()) => Subscribed::Granted,
            Err(SubscribeNoticeError::V5SubAckFailure(reasons)) => {
                Subscribed::Refused(format!("{reasons:?}"))
            }
            Err(_) => Subscribed::Unknown,
        }
    }))
}

/// The names of the standard, section 3.2.2.2.
fn refusal(code: ConnectReturnCode) -> ConnectError {
    use ConnectReturnCode as Code;
    let number = match code {
        Code::UnspecifiedError => 0x80,
        Code::MalformedPacket => 0x81,
        Code::ProtocolError => 0x82,
        Code::ImplementationSpecificError => 0x83,
        Code::UnsupportedProtocolVersion | Code::RefusedProtocolVersion => 0x84,
        Code::ClientIdentifierNotValid | Code::BadClientId => 0x85,
        Code::BadUserNamePassword => 0x86,
        Code::NotAuthorized => 0x87,
        Code::ServerUnavailable | Code::ServiceUnavailable => 0x88,
        Code::ServerBusy => 0x89,
        Code::Banned => 0x8A,
        Code::BadAuthenticationMethod => 0x8C,
        Code::TopicNameInvalid => 0x90,
        Code::PacketTooLarge => 0x95,
        Code::QuotaExceeded => 0x97,
        Code::PayloadFormatInvalid => 0x99,
        Code::RetainNotSupported => 0x9A,
        Code::QoSNotSupported => 0x9B,
        Code::UseAnotherServer => 0x9C,
        Code::ServerMoved => 0x9D,
        Code::ConnectionRateExceeded => 0x9F,
        Code::Success => 0,
    };
    let reason = format!("{code:?}");
    match number {
        0x80 | 0x83 | 0x88 | 0x89 | 0x97 | 0x9C | 0x9F => ConnectError::Busy { code: number, reason },
        _ => ConnectError::Refused { code: number, reason },
    }
}
