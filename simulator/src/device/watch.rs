//! A device's clocks, as whoever drives it sets them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use firmware_protocol::device::{Clock, WallTime};
use firmware_protocol::{ErrorBound, TimeQuality, TimeSource};

use super::Moment;

/// Shows the moment it was last set to; clones show the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Hands>);

#[derive(Debug, Default)]
struct Hands {
    uptime_ms: AtomicU64,
    unix_ms: AtomicU64,
}

impl Watch {
    pub(super) fn set(&self, now: Moment) {
        self.0.uptime_ms.store(now.uptime_ms, Ordering::Relaxed);
        self.0.unix_ms.store(now.unix_ms, Ordering::Relaxed);
    }
}

impl Clock for Watch {
    fn uptime_ms(&self) -> u64 {
        self.0.uptime_ms.load(Ordering::Relaxed)
    }

    /// Satellite time, of a device that has it.
    fn wall(&self) -> Option<WallTime> {
        let unix_ms = self.0.unix_ms.load(Ordering::Relaxed);
        let quality = TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) };
        (unix_ms != 0).then_some(WallTime { unix_ms, quality })
    }
}
