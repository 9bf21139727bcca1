//! The one task that owns the platform's port: open, closed, open again.
//!
//! While it is closed, the port stays reserved by a socket that does not listen: connections are refused for real,
//! and no other process can take the number. Closing cuts every open connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::socket::{self, Scissors};

/// What the port is told; `done` hears when it is so.
pub(super) enum Command {
    Open { done: oneshot::Sender<()> },
    Close { after: Duration, reopen_in: Option<Duration>, done: oneshot::Sender<()> },
}

/// Binds the port; the address has the real number when 0 was asked for.
pub(super) fn bind(addr: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = socket::reserve(addr)?;
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

/// Serves `router` until `stop`, closing and opening as told.
pub(super) async fn run(
    mut socket: TcpSocket,
    router: Router,
    mut commands: mpsc::Receiver<Command>,
    stop: CancellationToken,
) -> io::Result<()> {
    let addr = socket.local_addr()?;
    let mut opened = None;
    loop {
        let Some(closed) = serve(socket, opened, &router, &mut commands, &stop).await? else { return Ok(()) };
        socket = socket::reserve(addr)?;
        let Some(reopening) = stay_closed(closed, &mut commands, &stop).await else { return Ok(()) };
        opened = reopening.done;
    }
}

/// A port that was closed: when it opens by itself, and who waits to hear that it is closed.
struct Closed {
    reopen_at: Option<Instant>,
    done: oneshot::Sender<()>,
}

/// A port about to open, and who waits to hear that it is open.
struct Reopening {
    done: Option<oneshot::Sender<()>>,
}

/// Listens until a close command (then `Some`) or `stop`.
async fn serve(
    socket: TcpSocket,
    opened: Option<oneshot::Sender<()>>,
    router: &Router,
    commands: &mut mpsc::Receiver<Command>,
    stop: &CancellationToken,
) -> io::Result<Option<Closed>> {
    let open = stop.child_token();
    let _cut_on_leaving = open.clone().drop_guard();
    let (listener, _door) = socket::listen_cuttably(socket, open)?;
    tell(opened);
    let service = router.clone().into_make_service_with_connect_info::<Scissors>();
    let server = std::pin::pin!(axum::serve(listener, service).into_future());
    tokio::select! {
        result = server => result.map(|()| None),
        closed = next_close(commands) => Ok(closed),
        () = stop.cancelled() => Ok(None),
    }
}

async fn next_close(commands: &mut mpsc::Receiver<Command>) -> Option<Closed> {
    loop {
        match commands.recv().await? {
            Command::Open { done } => tell(Some(done)),
            Command::Close { after, reopen_in, done } => {
                sleep(after).await;
                return Some(Closed { reopen_at: reopen_in.map(|wait| Instant::now() + wait), done });
            }
        }
    }
}

/// Waits until it is time to open again; `None` means stop.
async fn stay_closed(
    closed: Closed,
    commands: &mut mpsc::Receiver<Command>,
    stop: &CancellationToken,
) -> Option<Reopening> {
    let mut reopen_at = closed.reopen_at;
    tell(Some(closed.done));
    loop {
        tokio::select! {
            () = until(reopen_at) => return Some(Reopening { done: None }),
            () = stop.cancelled() => return None,
            command = commands.recv() => match command? {
                Command::Open { done } => return Some(Reopening { done: Some(done) }),
                Command::Close { reopen_in, done, .. } => {
                    reopen_at = reopen_in.map(|wait| Instant::now() + wait);
                    tell(Some(done));
                }
            },
        }
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Nobody may be waiting any more, which is fine.
fn tell(done: Option<oneshot::Sender<()>>) {
    if let Some(done) = done {
        done.send(()).ok();
    }
}
