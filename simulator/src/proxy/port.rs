//! The one task that owns the proxy's port: it accepts, and closes and opens as the fault says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{CONNECTIONS_MAX, Fault, Order, Tally, pump};
use crate::platform::{Door, listen, reserve};

/// What the port's task works with.
pub(super) struct Port {
    pub(super) addr: SocketAddr,
    pub(super) to: Arc<str>,
    pub(super) orders: watch::Receiver<Order>,
    /// Hears the number of the order that is in force.
    pub(super) tell: watch::Sender<u64>,
    pub(super) tally: Arc<Tally>,
    pub(super) stop: CancellationToken,
}

/// A port that listens. Dropping it closes it and cuts its connections.
struct Open {
    listener: TcpListener,
    connections: CancellationToken,
    _cut: DropGuard,
    _door: Door,
}

/// Whether the port is open, and until when.
struct Turn {
    is_open: bool,
    until: Option<Instant>,
}

impl Turn {
    /// The first one under a fault.
    fn first(fault: &Fault) -> Turn {
        let is_open = *fault != Fault::Refuse;
        Turn { is_open, until: after(fault, is_open) }
    }

    fn next(&self, fault: &Fault) -> Turn {
        Turn { is_open: !self.is_open, until: after(fault, !self.is_open) }
    }
}

fn after(fault: &Fault, is_open: bool) -> Option<Instant> {
    let Fault::Flap { up_ms, down_ms, .. } = fault else { return None };
    let turn_ms = if is_open { *up_ms } else { *down_ms };
    Some(Instant::now() + Duration::from_millis(turn_ms.max(1).into()))
}

impl Port {
    /// Serves until it is stopped, or the port can't be had again.
    pub(super) async fn run(mut self, socket: TcpSocket) -> io::Result<()> {
        let mut closed = Some(socket);
        let mut open = None;
        let mut order = self.orders.borrow_and_update().clone();
        let mut turn = Turn::first(&order.fault);
        loop {
            match turn.is_open {
                true if open.is_none() => {
                    let socket = closed.take().map_or_else(|| reserve(self.addr), Ok)?;
                    open = Some(self.open(socket)?);
                }
                false if open.is_some() => {
                    drop(open.take());
                    // Reserved, so that connections are refused and nobody else takes the number.
                    closed = Some(reserve(self.addr)?);
                }
                _ => {}
            }
            self.tell.send_replace(order.number);
            tokio::select! {
                stream = accept(open.as_ref()) => self.serve(stream?, open.as_ref()),
                changed = self.orders.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    order = self.orders.borrow_and_update().clone();
                    turn = Turn::first(&order.fault);
                }
                () = sleep_until(turn.until.unwrap_or_else(Instant::now)), if turn.until.is_some() => {
                    turn = turn.next(&order.fault);
                }
                () = self.stop.cancelled() => return Ok(()),
            }
        }
    }

    fn open(&self, socket: TcpSocket) -> io::Result<Open> {
        let (listener, door) = listen(socket)?;
        let connections = self.stop.child_token();
        Ok(Open { listener, _cut: connections.clone().drop_guard(), connections, _door: door })
    }

    fn serve(&self, stream: TcpStream, open: Option<&Open>) {
        let Some(open) = open else { return };
        let tally = self.tally.clone();
        if tally.open.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
            return;
        }
        tally.connections.fetch_add(1, Ordering::Relaxed);
        let now_open = tally.open.fetch_add(1, Ordering::Relaxed) + 1;
        tally.open_max.fetch_max(now_open, Ordering::Relaxed);
        let connection = pump::connection(stream, self.to.clone(), self.orders.clone(), tally.clone());
        let cut = open.connections.clone();
        tokio::spawn(async move {
            // How a connection ended is nobody's business here.
            let _ = cut.run_until_cancelled(connection).await;
            tally.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// The next connection; never while the port is closed.
async fn accept(open: Option<&Open>) -> io::Result<TcpStream> {
    match open {
        Some(open) => open.listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
