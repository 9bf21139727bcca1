//! The sockets that the listener has, as one source of connections.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{self, Instant};

use super::Transport;
use crate::metrics::Metrics;

/// Pause after the system had no descriptor or memory for a connection: whatever frees some, the next try follows soon.
const PAUSE: Duration = Duration::from_millis(100);
/// It is told no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// A socket that listens.
#[derive(Debug)]
pub struct Door {
    socket: TcpListener,
    transport: Transport,
}

impl Door {
    /// A bound socket and what is spoken there.
    pub fn new(transport: Transport, socket: TcpListener) -> Door {
        Door { socket, transport }
    }

    /// What is spoken there.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// A connection that has just been accepted.
#[derive(Debug)]
pub(in crate::mqtt) struct Caller {
    pub(in crate::mqtt) stream: TcpStream,
    pub(in crate::mqtt) address: SocketAddr,
    pub(in crate::mqtt) transport: Transport,
}

/// All of them.
#[derive(Debug)]
pub struct Doors {
    doors: Vec<Door>,
    /// The door that is asked first: a busy one does not keep the others waiting.
    first: usize,
    paused_until: Option<Instant>,
    told_at: Option<Instant>,
    metrics: Arc<Metrics>,
}

impl Doors {
    /// These sockets.
    pub fn new(doors: Vec<Door>, metrics: Arc<Metrics>) -> Doors {
        Doors { doors, first: 0, paused_until: None, told_at: None, metrics }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Door> {
        self.doors.iter()
    }

    /// Where plain TCP is spoken.
    ///
    /// # Errors
    /// Nowhere, or the system does not say.
    pub fn plain(&self) -> io::Result<SocketAddr> {
        let door = self.doors.iter().find(|door| door.transport == Transport::Tcp);
        door.ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()
    }

    /// The next connection, through whichever door. May be given up at any time without losing one.
    pub(in crate::mqtt) async fn accept(&mut self) -> Caller {
        loop {
            if let Some(until) = self.paused_until {
                time::sleep_until(until).await;
                self.paused_until = None;
            }
            match poll_fn(|context| self.poll_accept(context)).await {
                Ok(caller) => return caller,
                Err(error) if is_shortage(&error) => self.pause(&error),
                // It was about that connection alone.
                Err(error) => tracing::debug!(%error, "a connection was gone before it was accepted"),
            }
        }
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Caller>> {
        for turn in 0..self.doors.len() {
            let index = (self.first + turn) % self.doors.len();
            let door = &self.doors[index];
            if let Poll::Ready(accepted) = door.socket.poll_accept(context) {
                self.first = index + 1;
                let transport = door.transport;
                return Poll::Ready(accepted.map(|(stream, address)| Caller { stream, address, transport }));
            }
        }
        Poll::Pending
    }

    fn pause(&mut self, error: &io::Error) {
        let now = Instant::now();
        self.paused_until = Some(now + PAUSE);
        self.metrics.mqtt_accept_failures.inc();
        if self.told_at.is_none_or(|told_at| now - told_at >= TELL_EVERY) {
            self.told_at = Some(now);
            tracing::error!(%error, "no connection can be accepted until the system has room for one again");
        }
    }
}

/// Whether nobody else's connection could be accepted either.
fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn door(transport: Transport) -> Door {
        Door::new(transport, TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    #[tokio::test]
    async fn every_door_is_served_and_a_busy_one_does_not_keep_the_others_waiting() {
        let busy = door(Transport::Tcp).await;
        let quiet = door(Transport::Tls).await;
        let (busy_at, quiet_at) = (busy.local_addr().unwrap(), quiet.local_addr().unwrap());
        let mut doors = Doors::new(vec![busy, quiet], Arc::default());
        let mut callers = Vec::new();
        for _ in 0..10 {
            callers.push(TcpStream::connect(busy_at).await.unwrap());
        }
        callers.push(TcpStream::connect(quiet_at).await.unwrap());
        let first = doors.accept().await.transport;
        let second = doors.accept().await.transport;
        assert!([first, second].contains(&Transport::Tls), "{first:?} {second:?}");
        for _ in 0..9 {
            assert_eq!(doors.accept().await.transport, Transport::Tcp);
        }
    }

    #[test]
    fn only_what_holds_for_everybody_makes_the_doors_pause() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert!(is_shortage(&errno.into()), "{errno}");
        }
        for errno in [Errno::CONNABORTED, Errno::HOSTUNREACH, Errno::PERM] {
            assert!(!is_shortage(&errno.into()), "{errno}");
        }
    }
}
