//! A message as it is published: to a topic, for whoever has subscribed to it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Quality of service, by the standard's names.
#[allow(clippy::enum_variant_names)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qos {
    /// Sent once and forgotten.
    AtMostOnce,
    /// Until it is acknowledged.
    AtLeastOnce,
    /// With a hand-shake that leaves one.
    ExactlyOnce,
}

impl Qos {
    /// From 0, 1 or 2.
    pub fn from_level(level: u8) -> Option<Qos> {
        [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce].get(usize::from(level)).copied()
    }

    /// 0, 1 or 2.
    pub fn level(self) -> u8 {
        self as u8
    }
}

/// A message and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The topic; it was checked.
    pub topic: Box<str>,
    /// The payload.
    pub payload: Bytes,
    /// The publisher's quality of service.
    pub qos: Qos,
    /// It stays as the topic's retained message; an empty one removes that.
    pub retain: bool,
    /// What MQTT 5 says beside it.
    pub properties: Properties,
}

/// What an MQTT 5 message says beside its payload, for its receivers. Topic alias and subscription identifiers are a matter of
/// each connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Properties {
    /// The payload is UTF-8 text.
    pub is_utf8: bool,
    /// Seconds after which nobody wants it any more.
    pub expiry_s: Option<u32>,
    /// What the payload is.
    pub content_type: Option<Box<str>>,
    /// Where an answer is expected.
    pub response_topic: Option<Box<str>>,
    /// What the answer is to be known by.
    pub correlation_data: Option<Vec<u8>>,
    /// Names and values of the publisher's own.
    pub user: Vec<(Box<str>, Box<str>)>,
}

/// How somebody has subscribed to a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The highest quality of service wanted.
    pub qos: Qos,
    /// Without what the subscriber publishes itself.
    pub no_local: bool,
    /// The retain flag as it was published.
    pub retain_as_published: bool,
    /// The MQTT 5 subscription identifier; 0 is none.
    pub id: u32,
}
