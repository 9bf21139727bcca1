//! The store of a gateway that does not run, opened by a command.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::app;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::store::handle::Store;
use crate::store::schema::{self, OpenError};
use crate::store::snapshot::Snapshot;
use crate::store::writer::{self, Running, WriteError};

/// How long nothing may come back of a damaged database before it is given up.
const SALVAGE_SILENCE_MAX: Duration = Duration::from_secs(60);

/// Why it can't be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OfflineError {
    /// No gateway has ever run on this folder: most likely another configuration is meant.
    #[error("没有数据库 no gateway has run on {0}: name its configuration with --config")]
    Nothing(String),
    /// The store can't be opened; a gateway that runs has it, for instance.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There are no threads to be had.
    #[error(transparent)]
    Runtime(#[from] io::Error),
}

/// An open store, and what its handle runs on. It is closed when this is dropped.
pub(super) struct Offline {
    pub(super) runtime: Runtime,
    pub(super) store: Store,
    ended: Option<oneshot::Receiver<Result<(), WriteError>>>,
}

impl Offline {
    /// Opens the configured store, if there is one.
    pub(super) fn open(config: &Config) -> Result<Offline, OfflineError> {
        let data_dir = &config.gateway.data_dir;
        if !schema::database_path(data_dir).exists() {
            return Err(OfflineError::Nothing(data_dir.display().to_string()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let Running { store, ended, .. } =
            writer::start(app::store_options(config), Arc::new(Metrics::new()))?;
        Ok(Offline { runtime, store, ended: Some(ended) })
    }

    /// Waits until what can still be read of a damaged database has come back. False when not all of it has: there is no room,
    /// or nothing has come back for a while.
    pub(super) fn has_salvaged(&self) -> bool {
        if self.store.snapshot().borrow().damage.unsalvaged == 0 {
            return true;
        }
        eprintln!(
            "数据库已损坏，正在抢救 The database is damaged: what can be read of it is brought back first"
        );
        self.runtime.block_on(salvaged(self.store.snapshot()))
    }
}

async fn salvaged(mut snapshot: watch::Receiver<Snapshot>) -> bool {
    loop {
        let damage = snapshot.borrow_and_update().damage;
        if damage.unsalvaged == 0 || damage.waits_for_room {
            return damage.unsalvaged == 0;
        }
        let news = snapshot.wait_for(|snapshot| snapshot.damage != damage);
        if !matches!(timeout(SALVAGE_SILENCE_MAX, news).await, Ok(Ok(_))) {
            return false;
        }
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        self.runtime.block_on(async {
            self.store.close().await;
            // What it did is committed or not; an error while closing changes nothing about that.
            if let Some(ended) = self.ended.take() {
                let _ = ended.await;
            }
        });
    }
}
