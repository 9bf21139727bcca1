//! The handle for a thread of its own, which waits without a runtime, and must not keep the writer alive.

use tokio::sync::{mpsc, oneshot, watch};

use super::{Live, Request, SettleError, Stopped, Store};
use crate::store::restore::{Restoration, RestoreOutcome};
use crate::store::snapshot::Snapshot;

/// A handle that does not keep the writer alive.
#[derive(Debug)]
pub(in crate::store) struct WeakStore {
    requests: mpsc::WeakSender<Request>,
    snapshot: watch::Receiver<Snapshot>,
    live: Live,
}

impl WeakStore {
    /// The handle, while somebody else holds one.
    pub(in crate::store) fn upgrade(&self) -> Option<Store> {
        Some(Store::new(self.requests.upgrade()?, self.snapshot.clone(), self.live.clone()))
    }
}

impl Store {
    pub(in crate::store) fn downgrade(&self) -> WeakStore {
        let (snapshot, live) = (self.snapshot.clone(), self.live.clone());
        WeakStore { requests: self.requests.downgrade(), snapshot, live }
    }

    /// [`Store::restore`] for a thread.
    pub(in crate::store) fn restore_blocking(
        &self,
        restoration: Restoration,
    ) -> Result<RestoreOutcome, SettleError> {
        Ok(self.ask_blocking(|answer| Request::Restore { restoration, answer })??)
    }

    /// [`Store::restore_cursor`] for a thread.
    pub(in crate::store) fn restore_cursor_blocking(&self, source: &str) -> Result<Option<i64>, Stopped> {
        self.ask_blocking(|answer| Request::RestoreCursor { source: source.into(), answer })
    }

    /// Has the figures published although nothing was committed.
    pub(in crate::store) fn publish_blocking(&self) -> Result<(), Stopped> {
        self.requests.blocking_send(Request::Publish).map_err(|_| Stopped)
    }

    fn ask_blocking<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        self.requests.blocking_send(request(answer)).map_err(|_| Stopped)?;
        answered.blocking_recv().map_err(|_| Stopped)
    }
}
