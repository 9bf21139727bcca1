//! How the store calls a session back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The line on which the store calls one session back: how far its messages are durable, and whether something
/// waits for its device. The session is the only one who listens.
#[derive(Debug, Default)]
pub struct DeviceLine {
    /// All marks up to this one are committed. Marks start at 1.
    durable: AtomicU64,
    /// For the writer alone: when the mark was last moved, in milliseconds after the writer's start, and one.
    answered_at_ms: AtomicU64,
    /// For the writer alone: a message of this session found no room, so no later one may move the mark.
    refusing: AtomicBool,
    /// The store is full: the message after `durable` was not taken and will not be.
    withheld: AtomicBool,
    /// A message for the device was stored since the session last looked.
    down: AtomicBool,
    changed: Notify,
}

impl DeviceLine {
    /// The mark up to which everything is committed.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// True once the store had to refuse a message of this session; what follows `durable` will never be durable.
    pub fn is_withheld(&self) -> bool {
        self.withheld.load(Ordering::Acquire)
    }

    /// True once after messages for the device were stored.
    pub fn take_down(&self) -> bool {
        self.down.swap(false, Ordering::AcqRel)
    }

    /// Waits until the writer has said something new; returns at once when it already has since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// True when the session brings something within `gap` of its last answer: its device waits for each acknowledgement before
    /// it sends more.
    pub(super) fn is_answered_within(&self, gap: Duration, since_start: Duration) -> bool {
        let answered_at_ms = self.answered_at_ms.load(Ordering::Relaxed);
        let now_ms = since_start.as_millis() as u64 + 1;
        answered_at_ms > 0 && now_ms.saturating_sub(answered_at_ms) < gap.as_millis() as u64
    }

    pub(super) fn advance(&self, durable: u64, since_start: Duration) {
        self.answered_at_ms.store(since_start.as_millis() as u64 + 1, Ordering::Relaxed);
        self.durable.store(durable, Ordering::Release);
        self.changed.notify_one();
    }

    pub(super) fn refuse(&self) {
        self.refusing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Relaxed)
    }

    /// Tells the session that its line has come to its end.
    pub(super) fn withhold(&self) {
        self.refuse();
        self.withheld.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    pub(super) fn ring(&self) {
        self.down.store(true, Ordering::Release);
        self.changed.notify_one();
    }
}
