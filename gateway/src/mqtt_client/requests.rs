//! What is asked of a connection. Nothing here waits: a request is queued at once, or refused because the queue is full.

use std::pin::Pin;

use bytes::Bytes;

/// A message to publish at QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Topic.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// What the payload is; MQTT 5 only.
    pub content_type: Option<String>,
    /// User properties; MQTT 5 only.
    pub properties: Vec<(String, String)>,
}

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// PUBACK.
    Acknowledged {
        /// The broker says that nobody has subscribed to it (0x10).
        is_unheard: bool,
    },
    /// PUBACK of 0x80 or more: the broker does not have it.
    Refused(u8),
    /// No answer came before the connection ended: nobody knows.
    Unknown,
}

/// Whether the broker took a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscribed {
    /// All of it.
    Granted,
    /// Not all of it; why in words.
    Refused(String),
    /// No answer came.
    Unknown,
}

/// Resolves when its outcome is known, at the latest when the connection is dropped.
pub type Notice<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The acknowledgement of one message, for the connection that it came by and no other: a client knows no packet ids of its
/// predecessors.
#[derive(Debug, Clone)]
pub struct Ack(pub(super) AckOf);

#[derive(Debug, Clone)]
pub(super) enum AckOf {
    V5(rumqttc::ManualAck),
    V3(rumqttc_v4::ManualAck),
}

/// The asking half of a connection. Cheap to clone; of no use once its [`super::Events`] are gone.
#[derive(Debug, Clone)]
pub struct Requests(pub(super) RequestsOf);

#[derive(Debug, Clone)]
pub(super) enum RequestsOf {
    V5(rumqttc::AsyncClient),
    V3(rumqttc_v4::AsyncClient),
}

impl Requests {
    /// Queues a publish; gives it back when there is no room for it now.
    ///
    /// # Errors
    /// The publication.
    pub fn publish(&self, publication: Publication) -> Result<Notice<Fate>, Publication> {
        match &self.0 {
            RequestsOf::V5(client) => super::v5::publish(client, publication),
            RequestsOf::V3(client) => super::v3::publish(client, publication),
        }
    }

    /// Queues a subscription to all these filters at QoS 1; `None` when there is no room for it now.
    pub fn subscribe(&self, filters: &[String]) -> Option<Notice<Subscribed>> {
        match &self.0 {
            RequestsOf::V5(client) => super::v5::subscribe(client, filters),
            RequestsOf::V3(client) => super::v3::subscribe(client, filters),
        }
    }

    /// Queues an acknowledgement; gives it back when there is no room for it now.
    ///
    /// # Errors
    /// The acknowledgement.
    pub fn acknowledge(&self, ack: Ack) -> Result<(), Ack> {
        match (&self.0, ack.0) {
            (RequestsOf::V5(client), AckOf::V5(manual)) => {
                client.try_manual_ack(manual.clone()).map_err(|_| Ack(AckOf::V5(manual)))
            }
            (RequestsOf::V3(client), AckOf::V3(manual)) => {
                client.try_manual_ack(manual.clone()).map_err(|_| Ack(AckOf::V3(manual)))
            }
            // Of another connection: that one is gone, and with it what could be acknowledged.
            _ => Ok(()),
        }
    }

    /// Queues a DISCONNECT that leaves after everything that was asked for before it.
    pub fn disconnect(&self) {
        // No room: the connection then ends without a word, which the broker can tell from a loss only by a will, and there is none.
        match &self.0 {
            RequestsOf::V5(client) => drop(client.try_disconnect()),
            RequestsOf::V3(client) => drop(client.try_disconnect()),
        }
    }
}
