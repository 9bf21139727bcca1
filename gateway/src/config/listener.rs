//! `[listener]`: the embedded MQTT listener and its limits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::kinds::{Count, FilePath, Size, Span};
use super::net::{Address, WebOrigins, loopback};
use super::read::Checks;
use super::value::Keys;

/// `[listener]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens, on this machine alone while nobody has credentials; port 0 takes any free port.
    pub bind: SocketAddr,
    /// Where it listens with TLS. There is a certificate and a key when there is this one or `wss_bind`.
    pub tls_bind: Option<SocketAddr>,
    /// Where it listens for WebSockets.
    pub ws_bind: Option<SocketAddr>,
    /// Where it listens for WebSockets over TLS.
    pub wss_bind: Option<SocketAddr>,
    /// File of the certificate and of what leads from it to an authority.
    pub tls_certificate: Option<PathBuf>,
    /// File of its private key.
    pub tls_key: Option<PathBuf>,
    /// File of the authority that clients' certificates must come from; without one clients show none.
    pub tls_client_ca: Option<PathBuf>,
    /// Origins of web pages from elsewhere whose scripts may connect.
    pub ws_origins: Vec<String>,
    /// Connections at a time; one more waits in the system's queue until another one ends.
    pub max_connections: usize,
    /// Connections that have not come to their CONNECT yet; one more closes the oldest of the address that has most.
    pub max_unauthenticated: usize,
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
    /// Messages a second that are read of one client in the long run; 0 is no limit.
    pub max_messages_per_s: u32,
    /// Bytes a second that are read of one client in the long run; 0 is no limit.
    pub max_bytes_per_s: u64,
}

impl Default for Listener {
    fn default() -> Listener {
        Listener {
            bind: loopback(1883),
            tls_bind: None,
            ws_bind: None,
            wss_bind: None,
            tls_certificate: None,
            tls_key: None,
            tls_client_ca: None,
            ws_origins: Vec::new(),
            max_connections: 1024,
            max_unauthenticated: 64,
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
            max_messages_per_s: 1000,
            max_bytes_per_s: 4 << 20,
        }
    }
}

impl Listener {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        keys.section("listener");
        keys.key("bind", Address, &mut self.bind);
        keys.optional("tls_bind", Address, &mut self.tls_bind);
        keys.optional("ws_bind", Address, &mut self.ws_bind);
        keys.optional("wss_bind", Address, &mut self.wss_bind);
        keys.optional("tls_certificate", FilePath, &mut self.tls_certificate);
        keys.optional("tls_key", FilePath, &mut self.tls_key);
        keys.optional("tls_client_ca", FilePath, &mut self.tls_client_ca);
        keys.key("ws_origins", WebOrigins, &mut self.ws_origins);
        keys.key("max_connections", Count { min: 1, max: 65_535 }, &mut self.max_connections);
        keys.key("max_unauthenticated", Count { min: 1, max: 4096 }, &mut self.max_unauthenticated);
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
        keys.key("max_messages_per_s", Count { min: 0, max: 1_000_000 }, &mut self.max_messages_per_s);
        keys.key("max_bytes_per_s", Size { min: 0, max: 1 << 40 }, &mut self.max_bytes_per_s);
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        let has_identity = self.tls_certificate.is_some() && self.tls_key.is_some();
        for (bind, key) in [(self.tls_bind, "listener.tls_bind"), (self.wss_bind, "listener.wss_bind")] {
            checks.require(
                bind.is_none() || has_identity,
                &[key, "listener.tls_certificate", "listener.tls_key"],
                "no address, as listener.tls_certificate and listener.tls_key do not both name a file",
            );
        }
        checks.require(
            self.uses_tls() || self.tls_client_ca.is_none(),
            &["listener.tls_client_ca", "listener.tls_bind", "listener.wss_bind"],
            "no file, as neither listener.tls_bind nor listener.wss_bind is there to use it",
        );
    }

    /// Whether a certificate is needed.
    pub fn uses_tls(&self) -> bool {
        self.tls_bind.is_some() || self.wss_bind.is_some()
    }
}
