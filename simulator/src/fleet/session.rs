//! One client's life within a device's: its connection, and what is in flight on it.
//!
//! A lost connection is tried again after 100 ms, doubling to 2 s, each wait drawn from its upper half. A client that
//! is connected and gets no acknowledgement for three keep-alives although something is in flight counts as stalled.

use std::task::Poll;
use std::time::Duration;

use firmware_protocol::body::RecordRef;
use tokio::time::Instant;

use crate::device::Class;

use super::link::{Client, Fate, KEEP_ALIVE_S, Notice};

const RECONNECT_MIN: Duration = Duration::from_millis(100);
const RECONNECT_MAX: Duration = Duration::from_secs(2);
/// Three keep-alives without progress.
const STALL: Duration = Duration::from_secs(3 * KEEP_ALIVE_S as u64);

/// One client's life: the connection and what is in flight on it.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) connected: bool,
    pub(super) in_flight: Vec<(RecordRef, Class, Notice)>,
    /// When something was last acknowledged, or first put in flight.
    pub(super) progress_at: Instant,
    /// Connections that failed in a row.
    pub(super) failures: u32,
}

impl Session {
    pub(super) fn new(client: Client) -> Session {
        let (in_flight, progress_at) = (Vec::new(), Instant::now());
        Session { client, connected: false, in_flight, progress_at, failures: 0 }
    }

    /// Waits for the next fate of anything in flight. Cancel safe.
    pub(super) async fn next_fate(&mut self) -> (RecordRef, Class, Fate) {
        std::future::poll_fn(|cx| {
            for index in 0..self.in_flight.len() {
                if let Poll::Ready(fate) = self.in_flight[index].2.as_mut().poll(cx) {
                    let (record, class, _) = self.in_flight.remove(index);
                    return Poll::Ready((record, class, fate));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// When this client counts as stalled; never while nothing is in flight or it is not connected.
    pub(super) fn stalled_at(&self) -> Option<Instant> {
        (self.connected && !self.in_flight.is_empty()).then(|| self.progress_at + STALL)
    }

    pub(super) fn reconnect_delay(&mut self, rng: &mut fastrand::Rng) -> Duration {
        let ceiling = RECONNECT_MIN.saturating_mul(1 << self.failures.min(10)).min(RECONNECT_MAX);
        self.failures += 1;
        ceiling.mul_f64(0.5 + rng.f64() / 2.0)
    }
}
