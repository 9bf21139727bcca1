//! Packets as the session sees them: one vocabulary for MQTT 3.1.1 and 5.

use std::num::NonZeroU16;

use bytes::Bytes;
use bytestring::ByteString;

use crate::domain::publication::{Properties, Publication, Qos};

/// A packet from a client.
#[derive(Debug)]
pub(super) enum Incoming {
    Connect(Box<Connect>),
    Publish(Publish),
    /// QoS 1: the client has the message, or refuses it for good.
    PubAck(NonZeroU16),
    /// QoS 2: the client has the message; or else it `refused` it, which ends the matter.
    PubRec {
        packet_id: NonZeroU16,
        refused: bool,
    },
    /// QoS 2: the client will not send the message again.
    PubRel(NonZeroU16),
    /// QoS 2: the client has let go of the packet id.
    PubComp(NonZeroU16),
    Subscribe(Subscribe),
    Unsubscribe {
        packet_id: NonZeroU16,
        filters: Vec<ByteString>,
    },
    Ping,
    Disconnect(Farewell),
    /// A packet that only a server sends, or one of a flow that is not offered.
    Unexpected,
}

/// What a client wants of the session it opens.
#[derive(Debug)]
pub(super) struct Connect {
    pub(super) client_id: ByteString,
    pub(super) user: Option<ByteString>,
    pub(super) password: Option<Bytes>,
    /// Nothing of an earlier session is wanted.
    pub(super) clean_start: bool,
    /// How long the session lasts after the connection; `u32::MAX` is for ever.
    pub(super) session_expiry_s: u32,
    /// Seconds; 0 means that the client keeps quiet as long as it likes.
    pub(super) keep_alive_s: u16,
    /// Messages that the client takes unacknowledged.
    pub(super) receive_maximum: u16,
    /// Topic aliases that the client takes.
    pub(super) topic_alias_maximum: u16,
    pub(super) will: Option<Will>,
}

/// What is to be published when the connection breaks.
#[derive(Debug, Clone)]
pub(super) struct Will {
    pub(super) publication: Publication,
    /// How long it is held back, for the client to return.
    pub(super) delay_s: u32,
}

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Farewell {
    /// It wants its will published all the same.
    pub(super) with_will: bool,
    /// How long the session is to last from now on, if it says so.
    pub(super) session_expiry_s: Option<u32>,
}

/// A message from a client.
#[derive(Debug)]
pub(super) struct Publish {
    pub(super) qos: Qos,
    pub(super) retain: bool,
    /// There is one exactly when the QoS is above 0.
    pub(super) packet_id: Option<NonZeroU16>,
    /// Empty when only an alias names it.
    pub(super) topic: ByteString,
    pub(super) topic_alias: Option<NonZeroU16>,
    pub(super) payload: Bytes,
    /// Bytes of the whole packet, which stay in memory as long as the payload does.
    pub(super) packet_bytes: usize,
    /// `None` when there are none, as in every packet of 3.1.1.
    pub(super) properties: Option<Box<Properties>>,
}

/// A wish to subscribe.
#[derive(Debug)]
pub(super) struct Subscribe {
    pub(super) packet_id: NonZeroU16,
    /// The subscription identifier; 0 is none.
    pub(super) id: u32,
    pub(super) filters: Vec<(ByteString, SubscribeOptions)>,
}

/// How a filter is to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SubscribeOptions {
    pub(super) qos: Qos,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    pub(super) retain_handling: RetainHandling,
}

/// When retained messages are sent to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetainHandling {
    Always,
    /// Unless there was a subscription to that filter already.
    IfNew,
    Never,
}

/// What a client is told that its CONNECT was accepted with.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) session_present: bool,
    pub(super) receive_maximum: NonZeroU16,
    pub(super) packet_bytes_max: u32,
    pub(super) topic_alias_maximum: u16,
    /// When it is not what the client asked for.
    pub(super) session_expiry_s: Option<u32>,
    /// When the client left the choice of its id to us.
    pub(super) assigned_client_id: Option<String>,
}

/// What became of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Granted(Qos),
    NotAuthorized,
    /// It is no filter, or beyond the limits.
    Invalid,
    /// One more than a session may have.
    TooMany,
}

impl Grant {
    /// What an MQTT 5 client is told; nothing when all is well.
    pub(super) fn in_words(self) -> Option<&'static str> {
        match self {
            Grant::Granted(_) => None,
            Grant::NotAuthorized => Some("that filter reaches beyond the client's own topics"),
            Grant::Invalid => Some("that is no topic filter, or it is too long or deep"),
            Grant::TooMany => Some("one subscription more than a session may have"),
        }
    }
}
