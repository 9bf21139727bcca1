//! The platform's port: a listener whose connections can be cut, one by one or all at once.
//!
//! A cut connection fails its next read or write, so not one byte of an answer that was not yet written leaves.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Connections waiting to be accepted.
const BACKLOG: u32 = 1024;

/// A bound port that does not listen: connections are refused, yet nobody else can take it.
pub(crate) fn reserve(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Listens on a reserved port until the door is dropped.
pub(crate) fn listen(socket: TcpSocket) -> io::Result<(TcpListener, Door)> {
    let listener = socket.listen(BACKLOG)?;
    let door = Door(std::net::TcpStream::from(listener.as_fd().try_clone_to_owned()?));
    Ok((listener, door))
}

/// The same, and every connection is cut when `open` is cancelled.
pub(super) fn listen_cuttably(
    socket: TcpSocket,
    open: CancellationToken,
) -> io::Result<(CuttableListener, Door)> {
    let (listener, door) = listen(socket)?;
    Ok((CuttableListener { listener, open }, door))
}

/// Ends the listening for every copy of the socket when it is dropped. Closing alone would not: a process that this one is
/// just starting holds a copy until it has become another program, and the port could not be bound meanwhile.
#[derive(Debug)]
pub(crate) struct Door(std::net::TcpStream);

impl Drop for Door {
    fn drop(&mut self) {
        // The system says that a listening socket is not connected, and ends its listening.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

pub(super) struct CuttableListener {
    listener: TcpListener,
    open: CancellationToken,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let scissors = self.open.child_token();
        (CuttableStream { stream, cut: Box::pin(scissors.clone().cancelled_owned()), scissors }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The handle with which a request cuts its own connection.
#[derive(Clone)]
pub(super) struct Scissors(CancellationToken);

impl Scissors {
    pub(super) fn cut(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Scissors {
        Scissors(stream.io().scissors.clone())
    }
}

pub(super) struct CuttableStream {
    stream: TcpStream,
    scissors: CancellationToken,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl CuttableStream {
    /// Fails once the connection was cut, and wakes the task when it is cut later.
    fn whole(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.whole(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
