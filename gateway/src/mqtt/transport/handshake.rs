//! What comes before the first byte of MQTT.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Peer;
use super::certificate::common_name;
use super::doors::Caller;
use super::renewal::Current;
use super::upgrade::WebRules;
use super::websocket::{self, WebSocket};
use crate::mqtt::end::End;

/// Both directions of a connection that is more than TCP.
pub(in crate::mqtt) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection on which MQTT may begin.
pub(in crate::mqtt) enum Channel {
    /// Plain TCP, the usual one on a machine of its own: nothing stands between the session and the socket.
    Plain(TcpStream),
    /// Anything else.
    Wrapped(Box<dyn Duplex>),
}

/// What handshakes need.
#[derive(Debug, Clone)]
pub(in crate::mqtt) struct Handshake {
    /// The certificate; `None` when no door has TLS.
    tls: Option<Current>,
    rules: WebRules,
    websocket: WebSocketConfig,
}

impl Handshake {
    pub(in crate::mqtt) fn new(tls: Option<Current>, rules: WebRules, packet_bytes_max: u32) -> Handshake {
        Handshake { tls, rules, websocket: websocket::config(packet_bytes_max) }
    }

    /// Does all that the way of a caller asks for. The deadline is the caller's [`Place`](super::unauthenticated::Place).
    pub(in crate::mqtt) async fn open(&self, caller: Caller) -> Result<(Channel, Peer), End> {
        let Caller { stream, address, transport } = caller;
        let mut peer = Peer { address: address.ip(), certificate: None, transport };
        if !transport.has_tls() {
            let channel = match transport.is_websocket() {
                true => Channel::Wrapped(self.upgrade(stream).await?),
                false => Channel::Plain(stream),
            };
            return Ok((channel, peer));
        }
        let stream = self.secure(stream).await?;
        peer.certificate =
            stream.get_ref().1.peer_certificates().and_then(|chain| common_name(chain.first()?));
        let channel = match transport.is_websocket() {
            true => self.upgrade(stream).await?,
            false => Box::new(stream),
        };
        Ok((Channel::Wrapped(channel), peer))
    }

    async fn secure(&self, stream: TcpStream) -> Result<Box<TlsStream<TcpStream>>, End> {
        let Some(tls) = &self.tls else { return Err(End::Handshake) };
        let acceptor = TlsAcceptor::from(tls.config());
        let accepted = acceptor.accept(stream).await.map_err(|error| {
            tracing::debug!(%error, "no TLS");
            End::Handshake
        })?;
        Ok(Box::new(accepted))
    }

    async fn upgrade<S>(&self, stream: S) -> Result<Box<dyn Duplex>, End>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let answer = |request: &_, response| self.rules.answer(request, response);
        let opened = accept_hdr_async_with_config(stream, answer, Some(self.websocket)).await;
        let opened = opened.map_err(|error| {
            tracing::debug!(%error, "no WebSocket");
            End::Handshake
        })?;
        Ok(Box::new(WebSocket::new(opened)))
    }
}
