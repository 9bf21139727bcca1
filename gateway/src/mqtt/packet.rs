//! Packets as the session sees them: one vocabulary for MQTT 3.1.1 and 5.

use std::num::NonZeroU16;

use bytes::Bytes;
use bytestring::ByteString;

/// Quality of service, by the standard's names.
#[allow(clippy::enum_variant_names)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Qos {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

/// A packet from a device.
#[derive(Debug)]
pub(super) enum Incoming {
    Connect(Connect),
    Publish(Publish),
    PubAck {
        packet_id: NonZeroU16,
    },
    Subscribe {
        packet_id: NonZeroU16,
        filters: Vec<(ByteString, Qos)>,
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
    pub(super) user: Option<ByteString>,
    pub(super) password: Option<Bytes>,
    /// Seconds; 0 means that the device keeps quiet as long as it likes.
    pub(super) keep_alive_s: u16,
    /// Messages that the device takes unacknowledged.
    pub(super) receive_maximum: u16,
}

/// A message from a device.
#[derive(Debug)]
pub(super) struct Publish {
    pub(super) qos: Qos,
    /// There is one exactly when the QoS is above 0.
    pub(super) packet_id: Option<NonZeroU16>,
    pub(super) topic: ByteString,
    pub(super) has_topic_alias: bool,
    pub(super) payload: Bytes,
    /// Bytes of the whole packet, which stay in memory as long as the payload does.
    pub(super) packet_bytes: usize,
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
    Granted(Qos),
    Refused,
}
