//! One connection: two pumps, one for each direction, that obey the fault in force.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Direction, Fault, Order, PIECE_BYTES, Tally};

/// A limited rate passes on pieces of a twentieth of a second.
const PIECES_PER_S: u32 = 20;

/// Runs a connection to its end. Dropping it cuts both sides.
pub(super) async fn connection(
    outside: TcpStream,
    to: Arc<str>,
    orders: watch::Receiver<Order>,
    tally: Arc<Tally>,
) -> io::Result<()> {
    let mut heard = orders.clone();
    // In a black hole nobody is called either.
    passable(&mut heard).await?;
    let inside = TcpStream::connect(&*to).await?;
    for stream in [&outside, &inside] {
        stream.set_nodelay(true)?;
    }
    let (outside_in, outside_out) = outside.into_split();
    let (inside_in, inside_out) = inside.into_split();
    let up = Pump { direction: Direction::Up, passed: 0, orders: orders.clone(), tally: tally.clone() };
    let down = Pump { direction: Direction::Down, passed: 0, orders, tally };
    tokio::try_join!(up.run(outside_in, inside_out), down.run(inside_in, outside_out)).map(|_| ())
}

/// Waits while the link is a black hole.
async fn passable(orders: &mut watch::Receiver<Order>) -> io::Result<Fault> {
    let order = orders.wait_for(|order| order.fault != Fault::Blackhole).await;
    order.map(|order| order.fault.clone()).map_err(|_| io::ErrorKind::ConnectionAborted.into())
}

struct Pump {
    direction: Direction,
    /// Bytes passed on in this direction.
    passed: u64,
    orders: watch::Receiver<Order>,
    tally: Arc<Tally>,
}

impl Pump {
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let fault = passable(&mut self.orders).await?;
            let most = match fault.bytes_per_s(self.direction) {
                Some(rate) => ((rate / PIECES_PER_S).max(1) as usize).min(PIECE_BYTES),
                None => PIECE_BYTES,
            };
            self.orders.mark_unchanged();
            let len = tokio::select! {
                len = from.read(&mut piece[..most]) => len?,
                changed = self.orders.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Err(io::ErrorKind::ConnectionAborted.into()),
                },
            };
            if len == 0 {
                return to.shutdown().await;
            }
            self.pass(&piece[..len], &mut to).await?;
        }
    }

    /// Passes a piece on the way the fault has it that is in force by now.
    async fn pass(&mut self, piece: &[u8], to: &mut OwnedWriteHalf) -> io::Result<()> {
        let fault = passable(&mut self.orders).await?;
        let mut allowed = piece.len();
        match fault {
            Fault::Delay { ms } => sleep(Duration::from_millis(ms.into())).await,
            Fault::Swallow { direction } if direction == self.direction => return Ok(()),
            Fault::Cut { after_bytes, direction } if direction == self.direction => {
                let left = after_bytes.saturating_sub(self.passed);
                allowed = allowed.min(usize::try_from(left).unwrap_or(usize::MAX));
            }
            _ => {}
        }
        if let Some(rate) = fault.bytes_per_s(self.direction) {
            sleep(Duration::from_secs_f64(piece.len() as f64 / f64::from(rate.max(1)))).await;
        }
        // What was asked for a moment ago may not be so any more.
        passable(&mut self.orders).await?;
        to.write_all(&piece[..allowed]).await?;
        self.passed += allowed as u64;
        self.tally.bytes(self.direction).fetch_add(allowed as u64, Ordering::Relaxed);
        if allowed < piece.len() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}
