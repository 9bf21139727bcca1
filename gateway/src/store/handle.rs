//! The typed handle on the store: what others may ask of the writer thread, and how it calls them back.

pub(super) mod blocking;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::custody::Standing;
use super::dead_letters::{DeadLetter, Order};
use super::evidence::Verdict;
use super::group::{Answer, RestoreAnswer};
use super::line::DeviceLine;
use super::losses::LossRow;
use super::outbox::{DamagedKey, RawHead};
use super::restore::{Restoration, RestoreOutcome};
use super::scan::{Cursor, RawPage};
use super::sessions::{
    Epoch, Leaving, Moment, Opened, Opening, Queued, Subscribed, Subscribing, Unsubscribing,
};
use super::settlement::{Limit, RecordKey, Settlement, Stretch, Unsettled};
use super::snapshot::Snapshot;
use super::submission::Batch;
use crate::domain::access::ClientKey;
use crate::domain::anchor::Anchor;
use crate::domain::evidence::File;
use crate::domain::journal::Entry;
use crate::domain::publication::Wish;
use crate::domain::report::{Class, DeviceId};
use crate::domain::topic::Filter;
use crate::domain::uplinks::UplinkNo;

/// Requests that may wait for the writer. A session that finds the queue full stops reading its socket.
pub const QUEUE_REQUESTS: usize = 1024;

/// The store as everybody but the writer sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    requests: mpsc::Sender<Request>,
    snapshot: watch::Receiver<Snapshot>,
    live: Live,
}

/// What the writer tells everybody without being asked.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Somebody has subscribed to something.
    pub(super) has_subscribers: Arc<AtomicBool>,
    /// From when the gateway's own time counts.
    pub(super) epoch: Epoch,
}

/// The writer thread is gone: the process is on its way down, nothing more becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store has stopped")]
pub struct Stopped;

/// What may be asked of the writer.
#[derive(Debug)]
pub(super) enum Request {
    Submit(Batch),
    Attach {
        device: DeviceId,
        line: Arc<DeviceLine>,
    },
    Head {
        class: Class,
        from: (UplinkNo, Stretch),
        limit: Limit,
        skip: Arc<HashSet<RecordKey>>,
        answer: oneshot::Sender<Vec<RawHead>>,
    },
    DeadLetters {
        after: i64,
        limit: u32,
        answer: oneshot::Sender<Vec<DeadLetter>>,
    },
    OrderDeadLetters {
        order: Order,
        answer: Answer,
    },
    Scan {
        class: Class,
        from: Cursor,
        limit: Limit,
        answer: oneshot::Sender<RawPage>,
    },
    Settle {
        settlement: Settlement,
        answer: Answer,
    },
    SetAside {
        class: Class,
        key: DamagedKey,
        answer: Answer,
    },
    DownAfter {
        device: DeviceId,
        after: i64,
        limit: u32,
        answer: oneshot::Sender<Vec<DownMessage>>,
    },
    DownDone {
        device: DeviceId,
        id: i64,
    },
    SendDown {
        message: NewDown,
        answer: Answer,
    },
    OpenSession {
        opening: Opening,
        answer: oneshot::Sender<Result<Opened, Unsettled>>,
    },
    LeaveSession(Leaving),
    Subscribe(Subscribing),
    Unsubscribe(Unsubscribing),
    QueuedAfter {
        client: ClientKey,
        after: i64,
        limit: u32,
        answer: oneshot::Sender<Vec<Queued>>,
    },
    QueuedDone {
        client: ClientKey,
        id: i64,
    },
    Anchors {
        boots: HashSet<(DeviceId, u32)>,
        answer: oneshot::Sender<HashMap<(DeviceId, u32), Anchor>>,
    },
    Evidence {
        device: DeviceId,
        file: File,
        answer: oneshot::Sender<Standing>,
    },
    EvidencePieces {
        id: i64,
        from: u32,
        chunk_bytes: u32,
        answer: oneshot::Sender<Vec<Vec<u8>>>,
    },
    SettleEvidence {
        verdict: Verdict,
        answer: Answer,
    },
    Restore {
        restoration: Restoration,
        answer: RestoreAnswer,
    },
    RestoreCursor {
        source: Box<str>,
        answer: oneshot::Sender<Option<i64>>,
    },
    Journal {
        after: i64,
        limit: u32,
        answer: oneshot::Sender<Vec<Entry>>,
    },
    Losses {
        after: i64,
        limit: u32,
        answer: oneshot::Sender<Vec<LossRow>>,
    },
    LossesToReport {
        limit: u32,
        answer: oneshot::Sender<Vec<LossRow>>,
    },
    LossesReported {
        ids: Vec<i64>,
        at_ms: i64,
        answer: Answer,
    },
    Ping {
        answer: oneshot::Sender<()>,
    },
    Publish,
    Close,
}

/// Why a settlement did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// No space; try again later.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
    /// The store has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A message that waits for its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownMessage {
    /// Its number; grows with every message.
    pub id: i64,
    /// Last level of the topic, for instance `receipt`.
    pub topic: String,
    /// The payload.
    pub payload: Bytes,
}

/// A message of the gateway's own for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDown {
    /// For whom.
    pub device: DeviceId,
    /// Last level of the topic.
    pub kind: &'static str,
    /// When it was made.
    pub created_at_ms: i64,
    /// The payload.
    pub payload: Bytes,
}

impl Store {
    pub(super) fn new(
        requests: mpsc::Sender<Request>,
        snapshot: watch::Receiver<Snapshot>,
        live: Live,
    ) -> Store {
        Store { requests, snapshot, live }
    }

    /// True when somebody has subscribed to something: a message then goes with what it was published as.
    pub fn has_subscribers(&self) -> bool {
        self.live.has_subscribers.load(Ordering::Acquire)
    }

    /// Now, in the gateway's own time.
    pub fn now(&self) -> Moment {
        self.live.epoch.now()
    }

    /// Hands messages to the writer; waits while its queue is full. The line tells when they are durable.
    ///
    /// # Errors
    /// [`Stopped`]: they will not become durable.
    pub async fn submit(&self, batch: Batch) -> Result<(), Stopped> {
        self.send(Request::Submit(batch)).await
    }

    /// From now on `line` rings when a message for `device` is stored; it rings at once when some already wait.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn attach(&self, device: DeviceId, line: Arc<DeviceLine>) -> Result<(), Stopped> {
        self.send(Request::Attach { device, line }).await
    }

    /// Makes the platform's word durable: this, and only this, deletes records. Returns when it is committed.
    ///
    /// # Errors
    /// [`SettleError`]: nothing was settled.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), SettleError> {
        Ok(self.ask(|answer| Request::Settle { settlement, answer }).await??)
    }

    /// Up to `limit` messages for a device with numbers above `after`, oldest first.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn down_after(
        &self,
        device: DeviceId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DownMessage>, Stopped> {
        self.ask(|answer| Request::DownAfter { device, after, limit, answer }).await
    }

    /// The device has acknowledged message `id`: it is deleted.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn down_done(&self, device: DeviceId, id: i64) -> Result<(), Stopped> {
        self.send(Request::DownDone { device, id }).await
    }

    /// Opens a session for a connection; returns when what changes with it is committed.
    ///
    /// # Errors
    /// [`SettleError`]: there is no session.
    pub async fn open_session(&self, opening: Opening) -> Result<Opened, SettleError> {
        Ok(self.ask(|answer| Request::OpenSession { opening, answer }).await??)
    }

    /// A connection has ended.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn leave_session(&self, leaving: Leaving) -> Result<(), Stopped> {
        self.send(Request::LeaveSession(leaving)).await
    }

    /// Adds subscriptions, one after the other; returns when they are committed.
    ///
    /// # Errors
    /// [`SettleError`]: none was added for good.
    pub async fn subscribe(
        &self,
        client: ClientKey,
        generation: u64,
        filters: Vec<(Filter, Wish)>,
    ) -> Result<Vec<Subscribed>, SettleError> {
        let subscribing = |answer| Request::Subscribe(Subscribing { client, generation, filters, answer });
        Ok(self.ask(subscribing).await??)
    }

    /// Ends subscriptions; says of each whether there was one.
    ///
    /// # Errors
    /// [`SettleError`]: none has ended for good.
    pub async fn unsubscribe(
        &self,
        client: ClientKey,
        generation: u64,
        filters: Vec<Filter>,
    ) -> Result<Vec<bool>, SettleError> {
        let unsubscribing =
            |answer| Request::Unsubscribe(Unsubscribing { client, generation, filters, answer });
        Ok(self.ask(unsubscribing).await??)
    }

    /// Up to `limit` messages that wait for a session, with numbers above `after`, oldest first.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn queued_after(
        &self,
        client: ClientKey,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Queued>, Stopped> {
        self.ask(|answer| Request::QueuedAfter { client, after, limit, answer }).await
    }

    /// The session is done with message `id`: it is deleted.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn queued_done(&self, client: ClientKey, id: i64) -> Result<(), Stopped> {
        self.send(Request::QueuedDone { client, id }).await
    }

    /// Stores a message for a device, which gets it when it is connected and listens; returns when it is committed.
    ///
    /// # Errors
    /// [`SettleError`]: it is not.
    pub async fn send_down(&self, message: NewDown) -> Result<(), SettleError> {
        Ok(self.ask(|answer| Request::SendDown { message, answer }).await??)
    }

    /// Takes records that come back, all of them or none; returns when they are committed.
    ///
    /// # Errors
    /// [`SettleError`]: none was taken; without room for them it may be tried again later.
    pub async fn restore(&self, restoration: Restoration) -> Result<RestoreOutcome, SettleError> {
        Ok(self.ask(|answer| Request::Restore { restoration, answer }).await??)
    }

    /// How far a source of records that come back has come; `None` when it has not begun.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn restore_cursor(&self, source: &str) -> Result<Option<i64>, Stopped> {
        self.ask(|answer| Request::RestoreCursor { source: source.into(), answer }).await
    }

    /// Up to `limit` loss records with numbers above `after`, oldest first, told to the platform or not.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn losses(&self, after: i64, limit: u32) -> Result<Vec<LossRow>, Stopped> {
        self.ask(|answer| Request::Losses { after, limit, answer }).await
    }

    /// Up to `limit` entries of the journal with numbers above `after`, oldest first.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn journal(&self, after: i64, limit: u32) -> Result<Vec<Entry>, Stopped> {
        self.ask(|answer| Request::Journal { after, limit, answer }).await
    }

    /// The oldest loss records that the platform was not told. They are closed: whatever is lost from now on is in others.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn losses_to_report(&self, limit: u32) -> Result<Vec<LossRow>, Stopped> {
        self.ask(|answer| Request::LossesToReport { limit, answer }).await
    }

    /// The platform has these loss records; returns when that is committed.
    ///
    /// # Errors
    /// [`SettleError`]: it is not, they are to be told again.
    pub async fn losses_reported(&self, ids: Vec<i64>, at_ms: i64) -> Result<(), SettleError> {
        Ok(self.ask(|answer| Request::LossesReported { ids, at_ms, answer }).await??)
    }

    /// Returns when the writer has answered.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn ping(&self) -> Result<(), Stopped> {
        self.ask(|answer| Request::Ping { answer }).await
    }

    /// Lets the writer finish what was asked before, and end.
    pub async fn close(&self) {
        // An error says that it has already ended, which is what was asked for.
        let _ = self.send(Request::Close).await;
    }

    /// What was last committed, in numbers; changes after every commit.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    async fn send(&self, request: Request) -> Result<(), Stopped> {
        self.requests.send(request).await.map_err(|_| Stopped)
    }

    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        self.send(request(answer)).await?;
        answered.await.map_err(|_| Stopped)
    }
}
