//! A proxy as companies have it: `CONNECT host:port`, then bytes both ways.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct ConnectProxy {
    addr: SocketAddr,
    asked: Arc<AtomicU64>,
    _keeper: AbortOnDropHandle<()>,
}

impl ConnectProxy {
    /// One that leads every name to this address.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(to: SocketAddr) -> ConnectProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        let keeper = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counter = counter.clone();
                tokio::spawn(async move {
                    // However it ends, the next connection is served.
                    let _ = serve(stream, to, &counter).await;
                });
            }
        });
        ConnectProxy { addr, asked, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// For `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How often it was asked to connect.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn serve(stream: TcpStream, to: SocketAddr, asked: &AtomicU64) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while stream.read_line(&mut request).await? > 2 {}
    if !request.starts_with("CONNECT ") {
        return stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n").await;
    }
    asked.fetch_add(1, Ordering::Relaxed);
    let mut inside = TcpStream::connect(to).await?;
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut inside).await.map(drop)
}
