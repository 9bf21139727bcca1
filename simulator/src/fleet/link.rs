//! One device's MQTT connection over either client: `rumqttc` for MQTT 5, `rumqttc_v4` for MQTT 3.1.1.
//!
//! Both are driven the same way: [`Events::poll`] runs the connection and must not be cancelled while it connects;
//! [`Client::publish`] queues without waiting and gives a [`Notice`] that resolves when the fate of the publish is known.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

/// Keep-alive in seconds.
pub(super) const KEEP_ALIVE_S: u16 = 10;
/// Deadline for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Seconds a gateway is asked to keep the session of a device that is away.
const SESSION_EXPIRY_S: u32 = 3600;
/// Publishes in flight besides the window: pieces of photos.
const EXTRA_IN_FLIGHT: u16 = firmware_protocol::device::CHUNKS_IN_FLIGHT_MAX as u16;
/// Requests the client holds besides what is in flight: subscribe, disconnect, questions.
const EXTRA_REQUESTS: usize = 4;

/// Which MQTT a device speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V5,
    V4,
}

/// What became of a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// PUBACK below 0x80.
    Acknowledged,
    /// PUBACK of 0x80 or more; the reason's name.
    Refused(String),
    /// The session was lost, or the client was dropped, before an answer came.
    Unknown,
}

/// Resolves when the fate of a publish is known.
pub(super) type Notice = Pin<Box<dyn Future<Output = Fate> + Send>>;

/// What the driver needs to know of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkEvent {
    Connected { session_present: bool },
    Message { topic: Bytes, payload: Bytes },
    Other,
}

/// The connection broke or could not be made; the next poll tries again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LinkError(String);

pub(super) enum Client {
    V5(rumqttc::AsyncClient),
    V4(rumqttc_v4::AsyncClient),
}

pub(super) enum Events {
    V5(Box<rumqttc::EventLoop>),
    V4(Box<rumqttc_v4::EventLoop>),
}

/// A client for a device, with room for `window` publishes in flight. Connects with the first poll.
pub(super) fn open(version: Version, name: &str, host: &str, port: u16, window: u16) -> (Client, Events) {
    let window = window.saturating_add(EXTRA_IN_FLIGHT);
    let capacity = usize::from(window) + EXTRA_REQUESTS;
    match version {
        Version::V5 => {
            let mut options = rumqttc::MqttOptions::new(name, (host, port));
            options
                .set_keep_alive(KEEP_ALIVE_S)
                .set_connect_timeout(CONNECT_TIMEOUT)
                .set_session_mode(rumqttc::SessionMode::Persistent)
                // A device that restarted has no client state; its outbox knows what is owed.
                .set_broker_session_resume_policy(rumqttc::BrokerSessionResumePolicy::AllowBrokerOnly)
                .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
                .set_outgoing_inflight_upper_limit(window);
            let (client, events) = rumqttc::AsyncClient::builder(options).capacity(capacity).build();
            (Client::V5(client), Events::V5(Box::new(events)))
        }
        Version::V4 => {
            let mut options = rumqttc_v4::MqttOptions::new(name, (host, port));
            options
                .set_keep_alive(KEEP_ALIVE_S)
                .set_session_mode(rumqttc_v4::SessionMode::Persistent)
                .set_inflight(window);
            let (client, events) = rumqttc_v4::AsyncClient::builder(options).capacity(capacity).build();
            (Client::V4(client), Events::V4(Box::new(events)))
        }
    }
}

impl Client {
    /// Queues a publish at QoS 1; `None` when the client has no room for it now.
    pub(super) fn publish(&self, topic: &str, payload: Bytes) -> Option<Notice> {
        match self {
            Client::V5(client) => {
                let options = rumqttc::PublishOptions::new(rumqttc::QoS::AtLeastOnce);
                let notice = client.try_publish_tracked(topic, payload, options).ok()?;
                Some(Box::pin(async move { fate_v5(notice.wait_async().await) }))
            }
            Client::V4(client) => {
                let options = rumqttc_v4::PublishOptions::new(rumqttc_v4::QoS::AtLeastOnce);
                let notice = client.try_publish_tracked(topic, payload, options).ok()?;
                Some(Box::pin(async move { fate_v4(notice.wait_async().await) }))
            }
        }
    }

    /// Queues a publish at QoS 0, if the client has room for it now: nobody hears what becomes of it.
    pub(super) fn publish_once(&self, topic: &str, payload: Bytes) {
        match self {
            Client::V5(client) => {
                let options = rumqttc::PublishOptions::new(rumqttc::QoS::AtMostOnce);
                drop(client.try_publish(topic, payload, options));
            }
            Client::V4(client) => {
                let options = rumqttc_v4::PublishOptions::new(rumqttc_v4::QoS::AtMostOnce);
                drop(client.try_publish(topic, payload, options));
            }
        }
    }

    /// Queues a subscription at QoS 1; `false` when the client has no room for it now.
    pub(super) fn subscribe(&self, topic: &str) -> bool {
        match self {
            Client::V5(client) => client.try_subscribe(topic, rumqttc::QoS::AtLeastOnce).is_ok(),
            Client::V4(client) => client.try_subscribe(topic, rumqttc_v4::QoS::AtLeastOnce).is_ok(),
        }
    }

    /// Queues a DISCONNECT; the connection is closed anyway when the client is dropped.
    pub(super) fn disconnect(&self) {
        match self {
            Client::V5(client) => drop(client.try_disconnect()),
            Client::V4(client) => drop(client.try_disconnect()),
        }
    }
}

fn fate_v5(result: Result<rumqttc::PublishResult, rumqttc::PublishNoticeError>) -> Fate {
    use rumqttc::PubAckReason::{NoMatchingSubscribers, Success};
    match result {
        Ok(rumqttc::PublishResult::Qos1(ack)) => match ack.reason {
            Success | NoMatchingSubscribers => Fate::Acknowledged,
            refusal => Fate::Refused(format!("{refusal:?}")),
        },
        Err(rumqttc::PublishNoticeError::V5PubAck(reason)) => Fate::Refused(format!("{reason:?}")),
        _ => Fate::Unknown,
    }
}

fn fate_v4(result: Result<rumqttc_v4::PublishResult, rumqttc_v4::PublishNoticeError>) -> Fate {
    match result {
        Ok(rumqttc_v4::PublishResult::Qos1(_)) => Fate::Acknowledged,
        _ => Fate::Unknown,
    }
}

impl Events {
    /// Runs the connection until something happens.
    pub(super) async fn poll(&mut self) -> Result<LinkEvent, LinkError> {
        match self {
            Events::V5(events) => match events.poll().await {
                Ok(event) => Ok(event_v5(event)),
                Err(error) => Err(LinkError(error.to_string())),
            },
            Events::V4(events) => match events.poll().await {
                Ok(event) => Ok(event_v4(event)),
                Err(error) => Err(LinkError(error.to_string())),
            },
        }
    }
}

fn event_v5(event: rumqttc::Event) -> LinkEvent {
    match event {
        rumqttc::Event::Incoming(rumqttc::Packet::ConnAck(ack)) => {
            LinkEvent::Connected { session_present: ack.session_present }
        }
        rumqttc::Event::Incoming(rumqttc::Packet::Publish(publish)) => {
            LinkEvent::Message { topic: publish.topic, payload: publish.payload }
        }
        _ => LinkEvent::Other,
    }
}

fn event_v4(event: rumqttc_v4::Event) -> LinkEvent {
    match event {
        rumqttc_v4::Event::Incoming(rumqttc_v4::Packet::ConnAck(ack)) => {
            LinkEvent::Connected { session_present: ack.session_present }
        }
        rumqttc_v4::Event::Incoming(rumqttc_v4::Packet::Publish(publish)) => {
            LinkEvent::Message { topic: publish.topic, payload: publish.payload }
        }
        _ => LinkEvent::Other,
    }
}
