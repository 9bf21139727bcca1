//! The start of a drain: gateways that come back together do not send their backlogs together.
//!
//! After an outage, or when the process starts with more than a batch, backlog waits for a time drawn evenly from a span, and
//! then gets its full share in steps. What is live, incidents and tasks do not wait.

use std::time::Duration;

/// Of the link, what the backlog has when it starts.
const FIRST_SHARE: f64 = 0.1;
/// A batch counts as at least this long when it is worked out how long the link stays without backlog after it.
const BATCH_MIN: Duration = Duration::from_millis(500);

/// The drain of one uplink.
#[derive(Debug, Clone)]
pub(super) struct Drain {
    /// The wait is drawn from this span; the share grows as long again.
    jitter: Duration,
    starts_at: Duration,
    is_full_at: Duration,
    /// No backlog before, while the share grows.
    pauses_until: Duration,
}

impl Drain {
    pub(super) fn new(jitter: Duration) -> Drain {
        Drain { jitter, starts_at: Duration::ZERO, is_full_at: Duration::ZERO, pauses_until: Duration::ZERO }
    }

    /// Puts the backlog off by `chance` of the span.
    pub(super) fn begin(&mut self, now: Duration, chance: f64) {
        let share = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 1.0 };
        self.starts_at = now + self.jitter.mul_f64(share);
        self.is_full_at = self.starts_at + self.jitter;
        self.pauses_until = self.starts_at;
    }

    /// Until when the backlog waits, if it does.
    pub(super) fn waits_until(&self, now: Duration) -> Option<Duration> {
        Some(self.pauses_until).filter(|until| now < *until)
    }

    /// The share is not full yet: one batch of backlog at a time.
    pub(super) fn is_growing(&self, now: Duration) -> bool {
        now < self.is_full_at
    }

    /// A batch of backlog ended that took so long.
    pub(super) fn ended(&mut self, now: Duration, took: Duration) {
        if !self.is_growing(now) {
            return;
        }
        let done = now.saturating_sub(self.starts_at).as_secs_f64() / self.jitter.as_secs_f64().max(1e-9);
        let share = FIRST_SHARE + (1.0 - FIRST_SHARE) * done.min(1.0);
        let pause = took.clamp(BATCH_MIN, self.jitter.max(BATCH_MIN)).mul_f64(1.0 / share - 1.0);
        self.pauses_until = (now + pause).min(self.is_full_at);
    }
}
