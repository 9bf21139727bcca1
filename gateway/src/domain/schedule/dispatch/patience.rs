//! How long nothing is sent after a failure, and when the platform counts as back.

use std::time::Duration;

use super::Why;
use crate::domain::backoff::Backoff;

/// The longest wait that a platform may impose on us.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);
/// Failures for longer than this are an outage.
const OUTAGE: Duration = Duration::from_secs(5);
/// So often a link that has just worked is tried again after the first wait: many come back within seconds.
const QUICK_TRIES: u32 = 3;

/// Why a batch failed, as far as the wait depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// No connection, or it was cut.
    Link,
    /// The platform asked for this wait.
    Asked(Duration),
    /// Anything else.
    Other,
}

/// A backoff, and what it holds up.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
    quick_tries_left: u32,
    /// Nothing is sent before.
    silent_until: Duration,
    /// The platform asked for it.
    is_asked: bool,
    /// Since when every attempt failed, if that is so.
    failing_since: Option<Duration>,
    last_failure: Duration,
}

impl Patience {
    pub(super) fn new(retry_min: Duration, retry_max: Duration) -> Patience {
        Patience {
            backoff: Backoff::new(retry_min, retry_max),
            quick_tries_left: QUICK_TRIES,
            silent_until: Duration::ZERO,
            is_asked: false,
            failing_since: None,
            last_failure: Duration::ZERO,
        }
    }

    /// A batch that went at `sent_at` failed.
    ///
    /// Batches that were under way together fail together: that is one failure, and one step of the backoff. What the
    /// platform asks for counts each time.
    pub(super) fn failed(&mut self, now: Duration, chance: f64, sent_at: Duration, cause: Cause) {
        let is_new = self.failing_since.is_none() || sent_at >= self.last_failure;
        let is_quick = cause == Cause::Link && self.quick_tries_left > 0;
        let grows = is_new && !is_quick;
        let wait = if grows { self.backoff.next(chance) } else { self.backoff.clone().next(chance) };
        match cause {
            // On top of what the platform asked for, so that not all gateways come back in the same moment.
            Cause::Asked(asked) => self.be_silent(now, asked.min(RETRY_AFTER_MAX) + wait, true),
            Cause::Link | Cause::Other if is_new => self.be_silent(now, wait, false),
            Cause::Link | Cause::Other => {}
        }
        self.failing_since.get_or_insert(now);
        if is_new {
            self.last_failure = now;
            self.quick_tries_left = self.quick_tries_left.saturating_sub(1);
        }
    }

    fn be_silent(&mut self, now: Duration, wait: Duration, is_asked: bool) {
        self.is_asked = is_asked || self.is_asked && now < self.silent_until;
        self.silent_until = self.silent_until.max(now + wait);
    }

    /// A batch that went at `sent_at` had an answer: the platform is back. True when that ends an outage.
    pub(super) fn is_outage_over(&mut self, now: Duration, sent_at: Duration) -> bool {
        if !self.is_since_failure(sent_at) {
            return false;
        }
        self.failing_since.take().is_some_and(|since| now.saturating_sub(since) > OUTAGE)
    }

    /// A batch that went at `sent_at` is done with: the next failure is the first one.
    pub(super) fn reset(&mut self, sent_at: Duration) {
        if self.is_since_failure(sent_at) {
            self.backoff.reset();
            self.quick_tries_left = QUICK_TRIES;
        }
    }

    /// Nothing has failed since a batch went at `sent_at`.
    pub(super) fn is_since_failure(&self, sent_at: Duration) -> bool {
        sent_at >= self.last_failure
    }

    /// Since when the platform is asked carefully, one batch at a time, because the last attempt failed.
    pub(super) fn probes_since(&self) -> Option<Duration> {
        self.failing_since.map(|_| self.last_failure)
    }

    /// Until when nothing is sent, and why.
    pub(super) fn silent_until(&self, now: Duration) -> Option<(Duration, Why)> {
        let why = if self.is_asked { Why::Asked } else { Why::BackingOff };
        (now < self.silent_until).then_some((self.silent_until, why))
    }
}
