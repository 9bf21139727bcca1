//! How long nothing is sent after a failure, and when the platform counts as back.

use std::time::Duration;

use super::Why;
use crate::domain::backoff::Backoff;

/// The longest wait that a platform may impose on us.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);
/// Failures for longer than this are an outage.
const OUTAGE: Duration = Duration::from_secs(5);

/// A backoff, and what it holds up.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
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
            silent_until: Duration::ZERO,
            is_asked: false,
            failing_since: None,
            last_failure: Duration::ZERO,
        }
    }

    /// A batch that went at `sent_at` failed; `asked` is the wait that the platform asked for.
    ///
    /// Batches that were under way together fail together: that is one failure, and one step of the backoff. What the
    /// platform asks for counts each time.
    pub(super) fn failed(&mut self, now: Duration, chance: f64, sent_at: Duration, asked: Option<Duration>) {
        let is_new = self.failing_since.is_none() || sent_at >= self.last_failure;
        let wait = if is_new { self.backoff.next(chance) } else { self.backoff.clone().next(chance) };
        // On top of what the platform asked for, so that not all gateways come back in the same moment.
        let wait = asked.map_or(wait, |asked| asked.min(RETRY_AFTER_MAX) + wait);
        if is_new || asked.is_some() {
            self.is_asked = asked.is_some() || self.is_asked && now < self.silent_until;
            self.silent_until = self.silent_until.max(now + wait);
        }
        self.failing_since.get_or_insert(now);
        if is_new {
            self.last_failure = now;
        }
    }

    /// A batch that went at `sent_at` had an answer: the platform is back. True when that ends an outage.
    pub(super) fn is_outage_over(&mut self, now: Duration, sent_at: Duration) -> bool {
        if sent_at < self.last_failure {
            return false;
        }
        self.failing_since.take().is_some_and(|since| now.saturating_sub(since) > OUTAGE)
    }

    /// A batch that went at `sent_at` is done with: the next failure is the first one.
    pub(super) fn reset(&mut self, sent_at: Duration) {
        if sent_at >= self.last_failure {
            self.backoff.reset();
        }
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
