//! `[listener]`: the embedded MQTT listener and its limits.

use std::net::SocketAddr;
use std::time::Duration;

use super::kinds::{Count, Size, Span};
use super::net::{Address, loopback};
use super::value::Keys;

/// `[listener]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens, on this machine alone while nobody has credentials; port 0 takes any free port.
    pub bind: SocketAddr,
    /// Connections at a time; one more waits in the system's queue until another one ends.
    pub max_connections: usize,
    /// Largest MQTT packet taken, in bytes after its fixed header.
    pub max_packet_bytes: usize,
    /// QoS 1 publishes taken from one device before its acknowledgements must leave.
    pub max_in_flight: u16,
    /// Time from the TCP connection to a complete CONNECT.
    pub connect_timeout: Duration,
}

impl Default for Listener {
    fn default() -> Listener {
        Listener {
            bind: loopback(1883),
            max_connections: 1024,
            max_packet_bytes: 256 * 1024,
            max_in_flight: 1000,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl Listener {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        keys.section("listener");
        keys.key("bind", Address, &mut self.bind);
        keys.key("max_connections", Count { min: 1, max: 65_535 }, &mut self.max_connections);
        keys.key("max_packet_bytes", Size { min: 1 << 10, max: 16 << 20 }, &mut self.max_packet_bytes);
        keys.key("max_in_flight", Count { min: 1, max: u16::MAX }, &mut self.max_in_flight);
        keys.key("connect_timeout", Span { min: second, max: minute }, &mut self.connect_timeout);
    }
}
