//! What happens on a connection.

use bytes::Bytes;

use super::requests::Ack;
use super::{ConnectError, Greeting, v3, v5};

/// What happens on a connection. Acknowledgements of publishes come by their notices.
#[derive(Debug)]
pub enum Event {
    /// A message.
    Message(Message),
    /// The broker has answered something: it lives.
    Answer,
    /// Something of no consequence.
    Other,
}

/// A message from the broker.
#[derive(Debug)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// QoS above 0: how it is acknowledged.
    pub ack: Option<Ack>,
}

/// The connection is over; why in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

/// The running half of a connection.
pub struct Events(pub(super) EventsOf);

pub(super) enum EventsOf {
    V5(Box<rumqttc::EventLoop>),
    V3(Box<rumqttc_v4::EventLoop>),
}

impl Events {
    /// Runs the connection until something happens.
    ///
    /// # Errors
    /// [`Lost`]: the connection is over, and this is to be dropped.
    pub async fn poll(&mut self) -> Result<Event, Lost> {
        match &mut self.0 {
            EventsOf::V5(events) => v5::poll(events).await,
            EventsOf::V3(events) => v3::poll(events).await,
        }
    }

    /// Runs the connection until the broker has taken us.
    pub(super) async fn greeted(&mut self) -> Result<Greeting, ConnectError> {
        match &mut self.0 {
            EventsOf::V5(events) => v5::greeted(events).await,
            EventsOf::V3(events) => v3::greeted(events).await,
        }
    }
}
