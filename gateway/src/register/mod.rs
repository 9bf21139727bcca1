//! The stall register in force: on this box, offline, brought up to date by the platform.
//!
//! - One task owns it. What is judged by it holds a watch; a new register takes effect at once, and is on the disk before.
//! - The platform's register is kept in the data folder ([`file`]) with the version of the operator's file that was configured when it
//!   came. At a start the platform's is in force, unless the operator's file has changed since: then the operator's is, until
//!   the platform sends another one than the one it sent last.
//! - What is no register is refused, logged and counted, and the one in force stays.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::file::Kept;
use crate::domain::stalls::StallRegister;
use crate::metrics::Metrics;

/// Registers that wait to be taken; there is one lane that brings them.
const OFFERS_MAX: usize = 1;

/// The owner of the register, before its task runs.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    /// Version of the operator's file; empty without one.
    configured: String,
    /// Version of what the platform sent last.
    from_platform: Option<String>,
    in_force: watch::Sender<Arc<StallRegister>>,
    offers: mpsc::Receiver<Offer>,
    metrics: Arc<Metrics>,
}

/// What others hold of the register.
#[derive(Debug, Clone)]
pub struct Handle {
    /// The register in force.
    pub in_force: watch::Receiver<Arc<StallRegister>>,
    /// Version of what the platform had sent last when the gateway started.
    pub from_platform: Option<String>,
    offers: mpsc::Sender<Offer>,
}

/// A register from the platform, and who waits for what becomes of it.
#[derive(Debug)]
struct Offer {
    csv: Vec<u8>,
    settled: oneshot::Sender<bool>,
}

impl Handle {
    /// Offers what the platform sent. True when that is settled: it is in force and on the disk, or refused for good; false: bring
    /// it again later.
    pub async fn offer(&self, csv: Vec<u8>) -> bool {
        let (settled, word) = oneshot::channel();
        let sent = self.offers.send(Offer { csv, settled }).await;
        sent.is_ok() && word.await.unwrap_or(false)
    }
}

impl Keeper {
    /// Finds the register that is in force at a start. A kept register that can't be read is told, and does not count.
    pub fn open(
        data_dir: &Path,
        configured: Option<StallRegister>,
        metrics: Arc<Metrics>,
    ) -> (Keeper, Handle) {
        let path = file::path(data_dir);
        let kept = file::read(&path).unwrap_or_else(|error| {
            tracing::error!(%error, "the stall register that the platform sent can't be read, waiting for another");
            metrics.stall_registers.add("unreadable", 1);
            None
        });
        let version = configured.as_ref().map(|register| register.version().to_owned()).unwrap_or_default();
        let from_platform = kept.as_ref().map(|kept| kept.register.version().to_owned());
        let in_force = in_force(kept, configured);
        metrics.stall_cards.set(in_force.len() as i64);
        let (in_force, watching) = watch::channel(Arc::new(in_force));
        let (offers, inbox) = mpsc::channel(OFFERS_MAX);
        let handle = Handle { in_force: watching, from_platform: from_platform.clone(), offers };
        let keeper = Keeper { path, configured: version, from_platform, in_force, offers: inbox, metrics };
        (keeper, handle)
    }

    /// Takes registers until told to stop.
    pub async fn run(mut self, stopping: CancellationToken) {
        let take = async {
            while let Some(Offer { csv, settled }) = self.offers.recv().await {
                // Whoever offered it may have ended: it counts all the same.
                let _ = settled.send(self.take(csv).await);
            }
            std::future::pending().await
        };
        let _: Option<()> = stopping.run_until_cancelled(take).await;
    }

    async fn take(&mut self, csv: Vec<u8>) -> bool {
        let register = match StallRegister::from_csv(&csv) {
            Ok(register) => register,
            Err(error) => {
                let error = error.to_string().replace('\n', "; ");
                tracing::warn!(error, "the platform's stall register was refused, the one in force stays");
                self.metrics.stall_registers.add("refused", 1);
                return true;
            }
        };
        if self.from_platform.as_deref() == Some(register.version()) {
            return true;
        }
        let (path, beside) = (self.path.clone(), self.configured.clone());
        let written = tokio::task::spawn_blocking(move || file::replace(&path, &beside, &csv)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            tracing::error!(%error, "the platform's stall register can't be kept, the one in force stays");
            self.metrics.stall_registers.add("not_kept", 1);
            return false;
        }
        tracing::info!(version = register.version(), cards = register.len(), "stall register taken");
        self.metrics.stall_registers.add("taken", 1);
        self.metrics.stall_cards.set(register.len() as i64);
        self.from_platform = Some(register.version().to_owned());
        self.in_force.send_replace(Arc::new(register));
        true
    }
}

/// The platform's, unless the operator's has changed since it came.
fn in_force(kept: Option<Kept>, configured: Option<StallRegister>) -> StallRegister {
    match (kept, configured) {
        (Some(kept), Some(configured)) if kept.beside != configured.version() => configured,
        (Some(kept), _) => kept.register,
        (None, configured) => configured.unwrap_or_default(),
    }
}

/// The register in one line, for people.
pub fn describe(register: &StallRegister) -> String {
    match register.len() {
        0 => "none: cards are unknown 无登记".to_owned(),
        cards => format!("{cards} cards ({})", register.version()),
    }
}

#[cfg(test)]
mod tests;
