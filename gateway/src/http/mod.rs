//! The local HTTP API: on loopback, out of the way of the ingest.
//!
//! `/healthz` `/readyz` `/metrics` `/api/v1/status` `/api/v1/losses` `/api/v1/devices` `/api/v1/indicators` `/api/v1/points` `/`: only GET and HEAD, no request bodies, answered
//! from watch channels and atomics without waiting for the store, except `/healthz`, which asks the writer
//! whether it still answers, and the losses, which are read by it, for [`PROBE_TIME_MAX`] at most, and figures of the [`journal`]. `/api/v1/export` and
//! `/api/v1/import` ([`transfer`]) read from the store and write into it. At most [`CONNECTIONS_MAX`] connections at a time, one
//! request each; the next one waits in the kernel's queue. Headers are due within [`HEADER_TIME_MAX`], a connection
//! ends after [`CONNECTION_TIME_MAX`] whatever the peer does.

mod connection;
pub mod damage;
pub mod deadletters;
pub mod devices;
pub mod indicators;
pub mod journal;
pub mod losses;
pub mod points;
mod routes;
pub mod status;
mod stream;
#[cfg(test)]
mod tests;
pub mod token;
pub mod transfer;
pub mod uplinks;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use connection::serve;

use self::journal::Journal;
use self::losses::LossList;
use self::transfer::Transfer;
use crate::health::{Readiness, UplinkStatus};
use crate::metrics::Metrics;
use crate::sightings::Sightings;
use crate::store::snapshot::Snapshot;

/// Connections at a time.
pub const CONNECTIONS_MAX: usize = 64;
/// From the connection to the last byte of the request's headers.
pub const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// From the connection to its end.
pub const CONNECTION_TIME_MAX: Duration = Duration::from_secs(15);
/// How long a request waits for the writer.
pub const PROBE_TIME_MAX: Duration = Duration::from_secs(2);
/// How long an answer that has begun may go on when the gateway stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(1);
/// Request line and headers together.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Asks the store's writer whether it still answers.
#[derive(Clone)]
pub struct WriterProbe(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>);

impl View {
    /// What the uplinks say of themselves now.
    fn uplinks_now(&self) -> Vec<UplinkStatus> {
        self.uplinks.iter().map(|uplink| uplink.borrow().clone()).collect()
    }
}

impl WriterProbe {
    /// A probe that calls `ask`; its future gives `false` when the writer is gone, and may be dropped at any time.
    pub fn new<F, Answer>(ask: F) -> WriterProbe
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = bool> + Send + 'static,
    {
        WriterProbe(Arc::new(move || Box::pin(ask())))
    }

    /// Did the writer answer in time?
    async fn answers(&self) -> bool {
        tokio::time::timeout(PROBE_TIME_MAX, (self.0)()).await.unwrap_or(false)
    }
}

impl fmt::Debug for WriterProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriterProbe")
    }
}

/// All that the API can see.
#[derive(Debug, Clone)]
pub struct View {
    /// The gateway's id.
    pub gateway: Arc<str>,
    /// What the store last committed.
    pub store: watch::Receiver<Snapshot>,
    /// What the uplinks say of themselves.
    pub uplinks: Vec<watch::Receiver<UplinkStatus>>,
    /// Whether devices can be served.
    pub readiness: watch::Receiver<Readiness>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Whether the writer is alive.
    pub writer: WriterProbe,
    /// The loss records.
    pub losses: LossList,
    /// The journal.
    pub journal: Journal,
    /// What each device sent last.
    pub sightings: Sightings,
    /// What exports and imports need.
    pub transfer: Transfer,
}
