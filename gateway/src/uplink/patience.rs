//! How long a lane waits after a failure.

use std::time::Duration;

use crate::config::Uplink;
use crate::domain::backoff::Backoff;

/// The longest wait that a platform may impose on us.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A backoff and the chance that it draws from.
#[derive(Debug)]
pub(super) struct Patience {
    backoff: Backoff,
    random: fastrand::Rng,
}

impl Patience {
    pub(super) fn new(uplink: &Uplink, random: fastrand::Rng) -> Patience {
        Patience { backoff: Backoff::new(uplink.retry_min, uplink.retry_max), random }
    }

    /// The wait after one more failure; `asked` is what the platform asked for.
    pub(super) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let jittered = self.backoff.next(self.random.f64());
        // On top of what the platform asked for, so that not all gateways come back in the same moment.
        asked.map_or(jittered, |asked| asked.min(RETRY_AFTER_MAX) + jittered)
    }

    /// Forgets the failures.
    pub(super) fn reset(&mut self) {
        self.backoff.reset();
    }
}
