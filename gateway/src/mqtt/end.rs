//! Why a connection ends.

/// Why the gateway ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The device said goodbye or closed the connection.
    ByDevice,
    /// The socket failed.
    Socket,
    /// No complete CONNECT within the time allowed.
    ConnectTimeout,
    /// Too many connections had not said who they are, and this one was the oldest from where most came.
    Crowded,
    /// TLS or WebSocket did not come about.
    Handshake,
    /// Nothing came for one and a half times the keep-alive.
    KeepAlive,
    /// Bytes that are no MQTT packet.
    Malformed,
    /// A packet that may not come here.
    Protocol,
    /// A protocol version other than 3.1.1 and 5.
    Version,
    /// The client id is no device id.
    ClientId,
    /// User name, password or certificate are nobody's.
    Credentials,
    /// It is known, and may not connect: its account was closed, or its will is for a topic that is not its own.
    NotAuthorized,
    /// Too many attempts, or too many that wait: later it may be another matter.
    Busy,
    /// A way to authenticate that is not spoken here: letting the device in would be a promise.
    Authentication,
    /// A packet above the limit.
    TooLarge,
    /// More unacknowledged messages than the receive maximum.
    ReceiveMaximum,
    /// A topic alias beyond those that were offered.
    TopicAlias,
    /// A topic that can't be published to: with a wildcard or a zero in it, or too long or deep.
    TopicName,
    /// A topic outside the device's own.
    ForeignTopic,
    /// The store has no room: the message can't be acknowledged.
    Withheld,
    /// The same client id connected again.
    TakenOver,
    /// It does not read what is sent to it.
    Deaf,
    /// The gateway stops.
    Stopping,
}

impl End {
    /// The label in metrics and logs.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            End::ByDevice => "by_device",
            End::Socket => "socket",
            End::ConnectTimeout => "connect_timeout",
            End::Crowded => "crowded",
            End::Handshake => "handshake",
            End::KeepAlive => "keep_alive",
            End::Malformed => "malformed",
            End::Protocol => "protocol",
            End::Version => "version",
            End::ClientId => "client_id",
            End::Credentials => "credentials",
            End::NotAuthorized => "not_authorized",
            End::Busy => "busy",
            End::Authentication => "authentication",
            End::TooLarge => "too_large",
            End::ReceiveMaximum => "receive_maximum",
            End::TopicAlias => "topic_alias",
            End::TopicName => "topic_name",
            End::ForeignTopic => "foreign_topic",
            End::Withheld => "withheld",
            End::TakenOver => "taken_over",
            End::Deaf => "deaf",
            End::Stopping => "stopping",
        }
    }

    /// What an MQTT 5 client is told.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            End::ByDevice => "the client has closed the connection",
            End::Socket => "the connection broke",
            End::ConnectTimeout => "no CONNECT came in time",
            End::Crowded => "too many have not said who they are",
            End::Handshake => "the handshake failed",
            End::KeepAlive => "nothing came for one and a half times the keep-alive",
            End::Malformed => "that is no MQTT packet",
            End::Protocol => "that packet may not come here, or not so",
            End::Version => "only MQTT 3.1.1 and 5 are spoken here",
            End::ClientId => "the client id must be the device's id: a-z, 0-9 and -, at most 32",
            End::Credentials => "user name, password or certificate are nobody's here",
            End::NotAuthorized => "the account is closed, or the will's topic is not its own",
            End::Busy => "too many attempts from there, or too many at a time: try again later",
            End::Authentication => "that way to authenticate is not offered",
            End::TooLarge => "the packet is larger than the maximum packet size in CONNACK",
            End::ReceiveMaximum => "more is unacknowledged than the receive maximum in CONNACK",
            End::TopicAlias => "the topic alias is 0 or above the maximum in CONNACK",
            End::TopicName => "the topic has a wildcard or U+0000 in it, or is too long or deep",
            End::ForeignTopic => "that topic is not the client's own",
            End::Withheld => "there is no room: the message was not taken, keep it",
            End::TakenOver => "the same client has connected again",
            End::Deaf => "the client does not read",
            End::Stopping => "the gateway stops",
        }
    }

    /// True for ends by a bound that the client went beyond.
    pub(super) fn is_limit(self) -> bool {
        matches!(self, End::TooLarge | End::ReceiveMaximum | End::TopicAlias | End::Deaf)
    }

    /// True for ends that say something went wrong, which are logged; the others are everyday life.
    pub(super) fn is_refusal(self) -> bool {
        !matches!(self, End::ByDevice | End::Socket | End::TakenOver | End::Stopping)
    }
}
