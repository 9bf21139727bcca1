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
    /// Nothing came for one and a half times the keep-alive.
    KeepAlive,
    /// Bytes that are no MQTT packet.
    Malformed,
    /// A packet that may not come here.
    Protocol,
    /// A protocol version other than 3.1.1 and 5.
    Version,
    /// The client id is no device id, or not the account's.
    ClientId,
    /// User name, password or certificate are nobody's.
    Credentials,
    /// It is known, and may not connect: its account was closed, or has another credential now.
    NotAuthorized,
    /// Too many attempts, or too many that wait: later it may be another matter.
    Busy,
    /// A way to authenticate that is not spoken here: letting the device in would be a promise.
    Authentication,
    /// A packet above the limit.
    TooLarge,
    /// More unacknowledged messages than the receive maximum.
    ReceiveMaximum,
    /// QoS 2.
    Qos,
    /// A topic alias, which was not offered.
    TopicAlias,
    /// A subscription identifier, which was not offered.
    SubscriptionId,
    /// A topic that can't be published to: with a wildcard or a zero in it.
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
            End::Qos => "qos",
            End::TopicAlias => "topic_alias",
            End::SubscriptionId => "subscription_id",
            End::TopicName => "topic_name",
            End::ForeignTopic => "foreign_topic",
            End::Withheld => "withheld",
            End::TakenOver => "taken_over",
            End::Deaf => "deaf",
            End::Stopping => "stopping",
        }
    }

    /// True for ends that say something went wrong, which are logged; the others are everyday life.
    pub(super) fn is_refusal(self) -> bool {
        !matches!(self, End::ByDevice | End::Socket | End::TakenOver | End::Stopping)
    }
}
