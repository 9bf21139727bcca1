//! MQTT 3.1.1.

use std::time::Duration;

use bytes::Bytes;
use rumqttc_v4::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, EventLoop, MqttOptions, NetworkOptions, Packet,
    PublishOptions, PublishResult, QoS, SessionMode, StateError, SubscribeFilter, SubscribeNoticeError,
    SubscribeReasonCode,
};

use super::events::{Event, Events, EventsOf, Lost, Message};
use super::requests::{Ack, AckOf, Fate, Notice, Publication, Requests, RequestsOf, Subscribed};
use super::target::{Acks, Secrets, Target};
use super::{ConnectError, EXTRA_REQUESTS, Greeting, PACKETS_AT_ONCE};

/// The largest packet of MQTT: the broker does not say what it takes.
const PACKET_BYTES_MAX: usize = 268_435_460;

pub(super) fn open(target: &Target, secrets: Secrets, within: Duration) -> (Requests, Events) {
    let mut options = MqttOptions::new(&target.client_id, (target.host.clone(), target.port));
    let Secrets { password, dial } = secrets;
    // A password needs a user name in this version.
    if let Some(username) = &target.username {
        options.set_credentials(username, password.unwrap_or_default());
    }
    options
        .set_socket_connector(move |_, _| dial.clone().dial())
        .set_keep_alive(target.keep_alive_s)
        .set_session_mode(SessionMode::Persistent)
        .set_max_packet_size(target.packet_bytes_max as usize, PACKET_BYTES_MAX)
        .set_inflight(target.window)
        .set_max_request_batch(PACKETS_AT_ONCE)
        .set_ack_mode(match target.acks {
            Acks::Automatic => AckMode::Automatic,
            Acks::Manual => AckMode::Manual,
        });
    let capacity = usize::from(target.window.max(target.receive_maximum)) + EXTRA_REQUESTS;
    let (client, mut events) = AsyncClient::builder(options).capacity(capacity).build();
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(within.as_secs().max(1));
    events.set_network_options(network);
    (Requests(RequestsOf::V3(client)), Events(EventsOf::V3(Box::new(events))))
}

pub(super) async fn greeted(events: &mut EventLoop) -> Result<Greeting, ConnectError> {
    loop {
        match events.poll().await {
            Ok(rumqttc_v4::Event::Incoming(Packet::ConnAck(ack))) => {
                return Ok(Greeting {
                    session_present: ack.session_present,
                    receive_maximum: u16::MAX,
                    packet_bytes_max: None,
                });
            }
            Ok(_) => {}
            Err(ConnectionError::ConnectionRefused(code)) => return Err(refusal(code)),
            Err(ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error))) => {
                return Err(ConnectError::NoAnswer(error.to_string()));
            }
            Err(error) => return Err(ConnectError::NoAnswer(error.to_string())),
        }
    }
}

pub(super) async fn poll(events: &mut EventLoop) -> Result<Event, Lost> {
    match events.poll().await {
        Ok(rumqttc_v4::Event::Incoming(Packet::Publish(publish))) => {
            let ack = match publish.qos {
                QoS::AtMostOnce => None,
                QoS::AtLeastOnce => {
                    Some(rumqttc_v4::ManualAck::PubAck(rumqttc_v4::PubAck::new(publish.pkid)))
                }
                QoS::ExactlyOnce => {
                    Some(rumqttc_v4::ManualAck::PubRec(rumqttc_v4::PubRec::new(publish.pkid)))
                }
            };
            Ok(Event::Message(Message {
                topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                payload: publish.payload,
                ack: ack.map(|ack| Ack(AckOf::V3(ack))),
            }))
        }
        Ok(rumqttc_v4::Event::Incoming(_)) => Ok(Event::Answer),
        Ok(_) => Ok(Event::Other),
        Err(error) => Err(Lost(error.to_string())),
    }
}

/// Content type and properties have no place in this version.
pub(super) fn publish(client: &AsyncClient, publication: Publication) -> Result<Notice<Fate>, Publication> {
    let (topic, payload) = (publication.topic.clone(), Bytes::clone(&publication.payload));
    match client.try_publish_tracked(topic, payload, PublishOptions::new(QoS::AtLeastOnce)) {
        Ok(notice) => Ok(Box::pin(async move {
            match notice.wait_async().await {
                Ok(PublishResult::Qos1(_)) => Fate::Acknowledged { is_unheard: false },
                _ => Fate::Unknown,
            }
        })),
        Err(_) => Err(publication),
    }
}

pub(super) fn subscribe(client: &AsyncClient, filters: &[String]) -> Option<Notice<Subscribed>> {
    let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
    let notice = client.try_subscribe_many_tracked(filters).ok()?;
    Some(Box::pin(async move {
        match notice.wait_async().await {
            Ok(ack) if ack.return_codes.contains(&SubscribeReasonCode::Failure) => {
                Subscribed::Refused("not authorised, or no such filter".to_owned())
            }
            Ok(_) => Subscribed::Granted,
            Err(SubscribeNoticeError::V4SubAckFailure(reasons)) => {
                Subscribed::Refused(format!("{reasons:?}"))
            }
            Err(_) => Subscribed::Unknown,
        }
    }))
}

/// The names of the standard, section 3.2.2.3.
fn refusal(code: ConnectReturnCode) -> ConnectError {
    let reason = format!("{code:?}");
    match code as u8 {
        3 => ConnectError::Busy { code: 3, reason },
        code => ConnectError::Refused { code, reason },
    }
}
