//! The time, without reading the system's: this belongs to the gateway's clock.

use std::time::Instant;

/// The gateway's clock as it was at the start, and what has passed since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started_at_ms: i64,
    started: Instant,
}

impl Clock {
    /// It is `started_at_ms` now, in milliseconds since 1970.
    pub(super) fn starting(started_at_ms: i64) -> Clock {
        Clock { started_at_ms, started: Instant::now() }
    }

    pub(super) fn now_ms(self) -> i64 {
        self.started_at_ms.saturating_add(self.started.elapsed().as_millis() as i64)
    }
}
