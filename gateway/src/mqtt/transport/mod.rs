//! From a socket to a stream of MQTT: TCP, TLS and WebSocket.
//!
//! Rules
//! - All sockets feed one accept loop ([`doors`]); what follows on a connection, its handshakes included, is in its own task.
//! - Handshakes and CONNECT share one deadline and one place among the [`unauthenticated`]: whoever has not said who he is
//!   is cheap to drop, and the first to go is the oldest from where most of them come.
//! - TLS 1.2 and 1.3 by rustls; certificates are [loaded](certificate) as a whole or not at all, and [again](renewal) when
//!   their files change. A connection keeps the certificate that it began with.
//! - A WebSocket carries bytes: a frame may hold half a packet or ten ([`websocket`]).

pub mod certificate;
pub mod doors;
pub(super) mod handshake;
pub mod renewal;
pub(super) mod unauthenticated;
pub mod upgrade;
mod websocket;

use std::net::IpAddr;

/// How bytes come to the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP.
    Tcp,
    /// TLS.
    Tls,
    /// WebSocket.
    WebSocket,
    /// WebSocket over TLS.
    WebSocketTls,
}

impl Transport {
    /// Its name for people: that of the URL scheme.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Tcp => "mqtt",
            Transport::Tls => "mqtts",
            Transport::WebSocket => "ws",
            Transport::WebSocketTls => "wss",
        }
    }

    fn has_tls(self) -> bool {
        matches!(self, Transport::Tls | Transport::WebSocketTls)
    }

    fn is_websocket(self) -> bool {
        matches!(self, Transport::WebSocket | Transport::WebSocketTls)
    }
}

/// Who is at the other end, as far as the transport knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    /// Where the connection comes from.
    pub(super) address: IpAddr,
    /// The common name in the client's certificate, which an authority of ours has signed.
    pub(super) certificate: Option<String>,
    /// The way it comes.
    pub(super) transport: Transport,
}
