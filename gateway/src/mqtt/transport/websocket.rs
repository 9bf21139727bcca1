//! A WebSocket as a stream of bytes: binary frames in, binary frames out; what is cut where means nothing.

use std::io;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::domain::bucket::Bucket;

/// Most bytes in a frame of ours.
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Buffers of a connection; it has both for as long as it lives.
const BUFFER_BYTES: usize = 4 * 1024;
/// A message may always be as long as this, however small the packets that are taken: clients send several in one.
const MESSAGE_BYTES_MIN: usize = 64 * 1024;
/// A packet's fixed header.
const PACKET_HEADER_BYTES_MAX: usize = 5;
/// Frames without anything in them a second, in the long run: pings, mostly.
const EMPTY_PER_S: NonZeroU64 = NonZeroU64::new(10).expect("it is not 0");

/// How large what comes may be.
pub(super) fn config(packet_bytes_max: u32) -> WebSocketConfig {
    let packet =
        usize::try_from(packet_bytes_max).unwrap_or(usize::MAX).saturating_add(PACKET_HEADER_BYTES_MAX);
    let message = packet.max(MESSAGE_BYTES_MIN);
    WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(4 * FRAME_BYTES_MAX)
        .max_message_size(Some(message))
        .max_frame_size(Some(message))
}

/// The bytes in a WebSocket.
pub(super) struct WebSocket<S> {
    inner: WebSocketStream<S>,
    /// What came and was not read yet.
    unread: Bytes,
    /// Frames that brought nothing: the pace of the session does not see them.
    empty: Bucket,
    began: Instant,
    /// It ends for what the client sent; nothing more is read of it.
    refused: bool,
}

impl<S> WebSocket<S> {
    pub(super) fn new(inner: WebSocketStream<S>) -> WebSocket<S> {
        let empty = Bucket::new(EMPTY_PER_S, std::time::Duration::ZERO);
        WebSocket { inner, unread: Bytes::new(), empty, began: Instant::now(), refused: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next bytes; `None` at the end.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            if self.refused {
                return Poll::Ready(Ok(None));
            }
            match ready!(Pin::new(&mut self.inner).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) if !bytes.is_empty() => return Poll::Ready(Ok(Some(bytes))),
                Some(Ok(Message::Text(_))) => self.refuse(CloseCode::Unsupported, "binary frames only")?,
                Some(Ok(Message::Close(_))) => {} // its answer leaves with the next poll, and then comes the end
                Some(Ok(_)) => {
                    self.empty.fill(self.began.elapsed());
                    self.empty.take(1);
                    if self.empty.is_empty() {
                        self.refuse(CloseCode::Policy, "too many frames with nothing in them")?;
                    }
                }
                Some(Err(tungstenite::Error::ConnectionClosed)) | None => return Poll::Ready(Ok(None)),
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            }
        }
    }

    /// Says why it ends. The connection is closed by whoever reads that it has ended.
    fn refuse(&mut self, code: CloseCode, why: &'static str) -> io::Result<()> {
        self.refused = true;
        let close = Message::Close(Some(CloseFrame { code, reason: why.into() }));
        Pin::new(&mut self.inner).start_send(close).map_err(into_io)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            match ready!(self.poll_bytes(context))? {
                Some(bytes) => self.unread = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.unread.len().min(out.remaining());
        out.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        if self.unread.is_empty() {
            self.unread = Bytes::new(); // what it was cut from need not stay in memory
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.inner).poll_ready(context)).map_err(into_io)?;
        let frame = &bytes[..bytes.len().min(FRAME_BYTES_MAX)];
        let message = Message::Binary(Bytes::copy_from_slice(frame));
        Pin::new(&mut self.inner).start_send(message).map_err(into_io)?;
        Poll::Ready(Ok(frame.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context).map_err(into_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.inner).poll_close(context)) {
            // It was closed already.
            Ok(()) | Err(tungstenite::Error::AlreadyClosed | tungstenite::Error::ConnectionClosed) => {
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(into_io(error))),
        }
    }
}

fn into_io(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
