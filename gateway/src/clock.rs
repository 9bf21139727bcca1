//! The only reader of the wall clock. Intervals and deadlines use the monotonic clock (`tokio::time`), never this.

use std::time::{SystemTime, UNIX_EPOCH};

/// 2026-01-01T00:00:00Z: a clock that shows less was never set.
pub const EARLIEST_PLAUSIBLE_UNIX_MS: i64 = 1_767_225_600_000;

/// Milliseconds since 1970-01-01T00:00:00Z by the machine's clock; negative when it stands before that.
pub fn unix_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}
