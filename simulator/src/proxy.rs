//! A link that fails on demand: a TCP proxy between two programs that are to survive it.
//!
//! It knows bytes, not protocols. A [`Fault`] is put in force while connections are open and meets all of them, old and new:
//! by library call or, with [`control`], by HTTP.
//!
//! What it can't do is what only a kernel can: a lost SYN or RST. Its kernel acknowledges what nobody reads, until its
//! buffers are full; so a black hole looks like a peer that has stopped, and the deadline above TCP has to find it.
//!
//! Bounds: [`CONNECTIONS_MAX`] connections, [`PIECE_BYTES`] in hand for each direction of each.

pub mod control;
mod port;
mod pump;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::platform::reserve;

/// Connections at the same time; more are closed at once.
pub const CONNECTIONS_MAX: u64 = 1024;
/// Bytes that are read at once.
pub const PIECE_BYTES: usize = 16 * 1024;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From whoever connected.
    Up,
    /// To whoever connected.
    Down,
}

/// What the link does until it is told otherwise. In JSON: `{"mode": "rate", "bytes_per_s": 8000}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Passes everything on.
    #[default]
    Normal,
    /// Passes everything on later.
    Delay {
        /// Milliseconds for each piece, in each direction.
        ms: u32,
    },
    /// Passes on so many bytes a second, on each connection.
    Rate {
        /// At least 1.
        bytes_per_s: u32,
        /// The direction in which it does; without it both, each for itself.
        #[serde(default)]
        direction: Option<Direction>,
    },
    /// Cuts each connection once so many bytes have passed in one direction, counted from its beginning.
    Cut {
        /// Bytes that still pass.
        after_bytes: u64,
        /// The direction in which they are counted.
        direction: Direction,
    },
    /// Takes what comes in one direction and loses it; the other one works.
    Swallow {
        /// The direction in which everything is lost.
        direction: Direction,
    },
    /// Reads nothing, writes nothing, and keeps all connections: what was on its way stays there.
    Blackhole,
    /// The port is closed: connections are refused, and open ones cut.
    Refuse,
    /// Works and refuses by turns, first the one, then the other.
    Flap {
        /// Milliseconds in which it works.
        up_ms: u32,
        /// Milliseconds in which it refuses.
        down_ms: u32,
        /// Bytes a second while it works, in each direction of each connection; without it there is no limit.
        #[serde(default)]
        bytes_per_s: Option<u32>,
    },
}

impl Fault {
    fn bytes_per_s(&self, of: Direction) -> Option<u32> {
        match self {
            Fault::Rate { bytes_per_s, direction } => {
                direction.is_none_or(|direction| direction == of).then_some(*bytes_per_s)
            }
            Fault::Flap { bytes_per_s, .. } => *bytes_per_s,
            _ => None,
        }
    }
}

/// What went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Most connections that were open at the same time.
    pub open_max: u64,
    /// Bytes passed on from whoever connected.
    pub up_bytes: u64,
    /// Bytes passed on to whoever connected.
    pub down_bytes: u64,
}

/// The same while it is counted.
#[derive(Debug, Default)]
struct Tally {
    connections: AtomicU64,
    open: AtomicU64,
    open_max: AtomicU64,
    up_bytes: AtomicU64,
    down_bytes: AtomicU64,
}

impl Tally {
    fn bytes(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::Up => &self.up_bytes,
            Direction::Down => &self.down_bytes,
        }
    }

    fn counts(&self) -> Counts {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Counts {
            connections: read(&self.connections),
            open: read(&self.open),
            open_max: read(&self.open_max),
            up_bytes: read(&self.up_bytes),
            down_bytes: read(&self.down_bytes),
        }
    }
}

/// A fault, and the how-manieth it is.
#[derive(Debug, Clone, Default)]
struct Order {
    number: u64,
    fault: Fault,
}

/// The proxy's port can't be had.
#[derive(Debug, thiserror::Error)]
#[error("the proxy can't listen on {addr}: {source}")]
pub struct BindError {
    /// The address asked for.
    addr: SocketAddr,
    /// What the system said.
    source: std::io::Error,
}

/// A running proxy. Clones are handles of the same one, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Proxy {
    addr: SocketAddr,
    orders: watch::Sender<Order>,
    in_force: watch::Receiver<u64>,
    tally: Arc<Tally>,
    _stop: Arc<DropGuard>,
}

impl Proxy {
    /// Listens on `listen` (port 0 chooses one) and leads to `to`, which is looked up anew for each connection. Needs a Tokio runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn start(listen: SocketAddr, to: &str) -> Result<Proxy, BindError> {
        let wrong = |source| BindError { addr: listen, source };
        let socket = reserve(listen).map_err(wrong)?;
        let addr = socket.local_addr().map_err(wrong)?;
        let (orders, heard) = watch::channel(Order::default());
        let (tell, mut in_force) = watch::channel(u64::MAX);
        let (tally, stop) = (Arc::new(Tally::default()), CancellationToken::new());
        let port =
            port::Port { addr, to: to.into(), orders: heard, tell, tally: tally.clone(), stop: stop.clone() };
        tokio::spawn(port.run(socket));
        // A port that can't listen ends its task, and the first connection tells.
        let _ = in_force.wait_for(|number| *number == 0).await;
        Ok(Proxy { addr, orders, in_force, tally, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Puts a fault in force and returns when it is: for [`Fault::Refuse`] when the port is closed and connections are cut.
    pub async fn set_fault(&self, fault: Fault) {
        let mut number = 0;
        self.orders.send_modify(|order| {
            number = order.number + 1;
            *order = Order { number, fault };
        });
        // An error says that the port's task has ended: nothing passes any more, whatever the fault.
        let _ = self.in_force.clone().wait_for(|done| *done >= number).await;
    }

    /// The fault in force.
    pub fn fault(&self) -> Fault {
        self.orders.borrow().fault.clone()
    }

    /// What went through so far.
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }
}

#[cfg(test)]
mod tests;
