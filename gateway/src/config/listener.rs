//! `[listener]`: the embedded MQTT listener and its limits.

use std::net::SocketAddr;
use std::time::Duration;

use super::kinds::{Count, Size, Span};
use super::net::{LoopbackAddress, loopback};
use super::value::Keys;

/// `[listener]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens; port 0 takes any free port.
    pub bind: SocketAddr,
    /// Connections at a time; one more waits in the system's queue until another one ends.
    pub max_connections: usize,
    /// Largest MQTT packet taken, in bytes after its fixed header.
    pub max_packet_bytes: usize,
    /// QoS 1 publishes taken from one device before its acknowledgements must leave.
    pub max_in_flight: u16,
    /// Time from the TCP connection to a complete CONNECT.
    pub connect_timeout: Duration,
    /// Longest topic and filter, in bytes.
    pub max_topic_bytes: usize,
    /// Most levels of a topic and a filter.
    pub max_topic_levels: usize,
    /// Topics that an MQTT 5 client may give a number.
    pub max_topic_aliases: u16,
    /// Sessions that are kept while their clients are away.
    pub max_sessions: usize,
    /// How long they are kept at most.
    pub max_session_expiry: Duration,
    /// Messages that wait for one session.
    pub max_queued: usize,
    /// Subscriptions of one session.
    pub max_subscriptions: usize,
}

impl Default for Listener {
    fn default() -> Listener {
        Listener {
            bind: loopback(1883),
            max_connections: 1024,
            max_packet_bytes: 256 * 1024,
            max_in_flight: 1000,
            connect_timeout: Duration::from_secs(10),
            max_topic_bytes: 1024,
            max_topic_levels: 32,
            max_topic_aliases: 16,
            max_sessions: 1000,
            max_session_expiry: Duration::from_secs(7 * 24 * 3600),
            max_queued: 1000,
            max_subscriptions: 100,
        }
    }
}

impl Listener {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        keys.section("listener");
        keys.key("bind", LoopbackAddress { beyond: "devices" }, &mut self.bind);
        keys.key("max_connections", Count { min: 1, max: 65_535 }, &mut self.max_connections);
        keys.key("max_packet_bytes", Size { min: 1 << 10, max: 16 << 20 }, &mut self.max_packet_bytes);
        keys.key("max_in_flight", Count { min: 1, max: u16::MAX }, &mut self.max_in_flight);
        keys.key("connect_timeout", Span { min: second, max: minute }, &mut self.connect_timeout);
        keys.key("max_topic_bytes", Count { min: 64, max: 65_535 }, &mut self.max_topic_bytes);
        keys.key("max_topic_levels", Count { min: 5, max: 256 }, &mut self.max_topic_levels);
        keys.key("max_topic_aliases", Count { min: 0, max: 1000 }, &mut self.max_topic_aliases);
        keys.key("max_sessions", Count { min: 1, max: 100_000 }, &mut self.max_sessions);
        let expiry = Span { min: minute, max: Duration::from_secs(90 * 24 * 3600) };
        keys.key("max_session_expiry", expiry, &mut self.max_session_expiry);
        keys.key("max_queued", Count { min: 1, max: 100_000 }, &mut self.max_queued);
        keys.key("max_subscriptions", Count { min: 1, max: 10_000 }, &mut self.max_subscriptions);
    }
}
