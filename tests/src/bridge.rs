//! A plain door on this machine that leads to the gateway over TLS or through a WebSocket, for clients that know TCP only.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::task::AbortOnDropHandle;

/// The door; it closes when it is dropped, and so do the connections through it.
#[derive(Debug)]
pub struct Bridge {
    addr: SocketAddr,
    _keeper: AbortOnDropHandle<()>,
}

impl Bridge {
    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Over TLS, to a gateway that is called `localhost`.
    pub async fn tls(gateway: SocketAddr, config: Arc<ClientConfig>) -> Bridge {
        Bridge::open(move |inside| {
            let config = config.clone();
            async move {
                let mut inside = inside;
                let Ok(mut outside) = tls(gateway, config).await else { return };
                let _ = copy_bidirectional(&mut inside, &mut outside).await;
            }
        })
        .await
    }

    /// Through a WebSocket, in frames of at most so many bytes; over TLS when there is a configuration for it.
    pub async fn websocket(
        gateway: SocketAddr,
        config: Option<Arc<ClientConfig>>,
        frame_bytes: usize,
    ) -> Bridge {
        Bridge::open(move |inside| {
            let config = config.clone();
            async move {
                match config {
                    Some(config) => {
                        let Ok(outside) = tls(gateway, config).await else { return };
                        ferry(inside, websocket(outside, "mqtt").await.expect("an upgrade"), frame_bytes)
                            .await;
                    }
                    None => {
                        let Ok(outside) = TcpStream::connect(gateway).await else { return };
                        ferry(inside, websocket(outside, "mqtt").await.expect("an upgrade"), frame_bytes)
                            .await;
                    }
                }
            }
        })
        .await
    }

    /// # Panics
    /// When no port is free.
    async fn open<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Bridge
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let keeper = async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((inside, _)) = listener.accept().await {
                connections.spawn(serve(inside));
            }
        };
        Bridge { addr, _keeper: AbortOnDropHandle::new(tokio::spawn(keeper)) }
    }
}

/// A TLS connection to a gateway that is called `localhost`.
///
/// # Errors
/// Either side did not like the other.
pub async fn tls(gateway: SocketAddr, config: Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(gateway).await?;
    stream.set_nodelay(true)?;
    let host = ServerName::try_from("localhost").expect("it is a name");
    TlsConnector::from(config).connect(host, stream).await
}

/// A WebSocket at `/mqtt` over this stream, with this subprotocol.
///
/// # Errors
/// The gateway refused, and said why.
pub async fn websocket<S>(stream: S, subprotocol: &'static str) -> tungstenite::Result<WebSocketStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = "ws://localhost/mqtt".into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(subprotocol));
    let (stream, _) = client_async(request, stream).await?;
    Ok(stream)
}

async fn ferry<S>(mut inside: TcpStream, mut outside: WebSocketStream<S>, frame_bytes: usize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            read = inside.read(&mut bytes) => {
                let Ok(count @ 1..) = read else { break };
                for frame in bytes[..count].chunks(frame_bytes) {
                    let frame = Message::binary(frame.to_vec());
                    if outside.feed(frame).await.is_err() {
                        return;
                    }
                }
                if outside.flush().await.is_err() {
                    return;
                }
            }
            message = outside.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if inside.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Some(Ok(_)) => {}
                _ => break,
            }
        }
    }
    // Either side is gone; the other is told.
    let _ = outside.close(None).await;
}
