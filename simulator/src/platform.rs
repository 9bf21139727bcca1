//! A stand-in for a city's case platform: the other end of the gateway's HTTPS uplink, for tests and demonstrations.
//!
//! It is no product and keeps nothing but its ledger. What it does like a real one: `POST /v1/events` takes batches of
//! CloudEvents (`application/cloudevents-batch+json`, encoded as identity, gzip or zstd, and telemetry as [columns] when it is told
//! to read them), deduplicates on
//! (source, id), gives incidents case numbers and answers one result per event; `POST /v1/losses` takes loss records, known by
//! (gateway, id), the same way; `GET /v1/gateways/{id}/stalls` hands out the stall register that it was given. What no real one offers: it misbehaves
//! on demand ([`Fault`]), by library call or by `POST /control` on the same port, and it remembers everything that
//! arrived, in order, for the verdict.
//!
//! Bounds: 16 MiB a body, 64 MiB unpacked, [`desk::EVENTS_MAX`] events, [`losses::LOSSES_MAX`] loss records.

pub mod columns;
mod content;
pub mod desk;
mod fault;
mod http;
pub mod losses;
mod port;
mod socket;
pub mod stalls;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use content::{BODY_BYTES_MAX, UNPACKED_BYTES_MAX};
pub use fault::Fault;
pub(crate) use socket::{Door, listen, reserve};
pub use state::PortUnavailable;

use crate::ledger::{LedgerError, LedgerFile, PlatformView};
use desk::{Counts, Delivery, Desk};
use losses::{LossCounts, LossDesk, ToldLoss};
use stalls::StallCounts;
use state::Shared;

/// Port commands waiting; more are refused.
const COMMANDS_MAX: usize = 8;

/// Why the platform could not start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The port can't be had; the caller takes another.
    #[error("the platform can't listen on {addr}: {source}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ledger file can't be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A running stand-in platform. It ends when this is dropped.
#[derive(Debug)]
pub struct Platform {
    addr: SocketAddr,
    shared: SharedHandle,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

/// Keeps `Debug` of [`Platform`] short.
struct SharedHandle(Shared);

impl std::fmt::Debug for SharedHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Platform {
    /// Starts a platform on `bind` (port 0 chooses one) with its ledger in memory. Needs a Tokio runtime.
    pub async fn start(bind: SocketAddr) -> Result<Platform, PlatformError> {
        Platform::launch(bind, None).await
    }

    /// Starts a platform that appends its ledger to a file and first takes up what the file already holds.
    pub async fn start_with_ledger(bind: SocketAddr, ledger: &Path) -> Result<Platform, PlatformError> {
        Platform::launch(bind, Some(ledger.to_owned())).await
    }

    async fn launch(bind: SocketAddr, ledger: Option<PathBuf>) -> Result<Platform, PlatformError> {
        let mut desk = Desk::new(jiff::Zoned::now().year());
        let mut losses = LossDesk::default();
        let mut file = None;
        if let Some(path) = ledger {
            state::restore(&mut desk, &mut losses, &path)?;
            file = Some(LedgerFile::append(&path)?);
        }
        let (socket, addr) = port::bind(bind).map_err(|source| PlatformError::Bind { addr: bind, source })?;
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let shared = Shared::new(desk, losses, file, commands);
        let stop = CancellationToken::new();
        let task = tokio::spawn(port::run(socket, http::router(shared.clone()), inbox, stop.clone()));
        let platform = Platform { addr, shared: SharedHandle(shared), stop, task };
        // A port that listens answers this at once; one that can't has ended its task, which wait_failed() tells.
        platform.set_fault(Fault::Normal).await.ok();
        Ok(platform)
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a gateway's `uplink.url` has to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Puts a fault in force and returns when it is: for [`Fault::Down`] when the port is closed and connections are
    /// cut, for the others when it is open.
    pub async fn set_fault(&self, fault: Fault) -> Result<(), PortUnavailable> {
        let done = self.shared.0.set_fault(fault, Duration::ZERO)?;
        done.await.map_err(|_| PortUnavailable)
    }

    /// From now on requests must show this token, and are answered 401 without it; `None` lets everybody in.
    pub fn set_token(&self, token: Option<&str>) {
        self.shared.0.set_token(token.map(str::to_owned));
    }

    /// From now on it reads telemetry as columns and says so in its answers; without this it does not.
    pub fn set_reads_columns(&self, reads_columns: bool) {
        self.shared.0.set_reads_columns(reads_columns);
    }

    /// Counters of everything that arrived. Cheap.
    pub fn counts(&self) -> Counts {
        self.shared.0.counts()
    }

    /// When the latest requests for `/v1/events` arrived, at most a thousand, oldest first; those that met a fault included.
    pub fn request_times(&self) -> Vec<Instant> {
        self.shared.0.request_times()
    }

    /// Counters of the losses that were told.
    pub fn loss_counts(&self) -> LossCounts {
        self.shared.0.loss_counts()
    }

    /// When the latest requests for `/v1/losses` arrived, like [`Platform::request_times`].
    pub fn loss_request_times(&self) -> Vec<Instant> {
        self.shared.0.loss_request_times()
    }

    /// The losses that were told, in the order of arrival.
    pub fn losses(&self) -> Vec<ToldLoss> {
        self.shared.0.told_losses()
    }

    /// From now on hands out this stall register, or none.
    pub fn set_stalls(&self, register: Option<&[u8]>) {
        let register = register.map(bytes::Bytes::copy_from_slice);
        self.shared.0.stalls(|desk| desk.set(register));
    }

    /// How often it was asked for the stall register, by answer.
    pub fn stall_counts(&self) -> StallCounts {
        self.shared.0.stalls(|desk| desk.counts())
    }

    /// Everything taken in, in the order of arrival.
    pub fn arrivals(&self) -> Vec<Delivery> {
        self.shared.0.read(|desk| desk.arrivals().to_vec())
    }

    /// The whole CloudEvent: of the first hundred thousand incidents and the first thousand other events.
    pub fn event(&self, id: &str) -> Option<Value> {
        self.shared.0.read(|desk| desk.event(id).cloned())
    }

    /// The ledger for the verdict.
    pub fn ledger(&self) -> PlatformView {
        let losses = self.losses().into_iter().map(|told| told.loss).collect();
        let loss_conflicts = self.shared.0.loss_conflicts();
        self.shared.0.read(|desk| {
            let delivered: BTreeMap<_, _> =
                desk.arrivals().iter().map(|delivery| (delivery.id.clone(), delivery.case.clone())).collect();
            let rejected: BTreeSet<_> =
                desk.rejected().iter().filter(|id| !delivered.contains_key(*id)).cloned().collect();
            let of_losses = loss_conflicts.iter().map(|name| name.as_str().into());
            let conflicts = desk.conflicts().iter().cloned().chain(of_losses).collect();
            PlatformView { delivered, rejected, duplicates: desk.counts().duplicates, conflicts, losses }
        })
    }

    /// Waits until the port's task fails, which it does only when the port can't be opened again.
    pub async fn wait_failed(&mut self) -> std::io::Error {
        match (&mut self.task).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => std::io::Error::other("the platform was stopped"),
            Err(error) => std::io::Error::other(error),
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
