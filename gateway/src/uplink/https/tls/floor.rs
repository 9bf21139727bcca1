//! The time by which certificates are judged: never earlier than one that is known to be over.
//!
//! A box without a battery starts in 1970 and has no network time before it has a network. By such a clock no certificate is valid
//! yet, and so the box could never reach the platform that it was built for. Its clock can't be earlier than the day on which this
//! program was built, nor than the newest time that the store has kept; the latest of these counts (docs/decisions/0026).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use crate::clock;

/// A time that is over, in seconds since 1970. Clones share it.
#[derive(Debug, Clone)]
pub struct ClockFloor(Arc<AtomicI64>);

impl Default for ClockFloor {
    /// The day on which this program was built.
    fn default() -> ClockFloor {
        let built_unix_s = env!("PATROL_BUILT_UNIX_S").parse().unwrap_or(0);
        ClockFloor(Arc::new(AtomicI64::new(built_unix_s)))
    }
}

impl ClockFloor {
    /// Says that this time, in seconds since 1970, is over. One that is earlier than what is known changes nothing.
    ///
    /// A time that is not over yet makes certificates expire early, for as long as the program runs: only times that somebody
    /// trusted belong here.
    pub fn raise(&self, unix_s: i64) {
        self.0.fetch_max(unix_s, Ordering::Relaxed);
    }

    /// Now, by the machine's clock or this floor, whichever is later; in seconds since 1970.
    pub fn now_unix_s(&self) -> i64 {
        self.above(clock::unix_ms().div_euclid(1000))
    }

    fn above(&self, shown_unix_s: i64) -> i64 {
        shown_unix_s.max(self.0.load(Ordering::Relaxed))
    }
}

impl TimeProvider for ClockFloor {
    fn current_time(&self) -> Option<UnixTime> {
        let unix_s = u64::try_from(self.now_unix_s()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(unix_s)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_1970_shows_the_day_of_the_build_and_a_clock_that_is_right_counts() {
        let floor = ClockFloor::default();
        let built = floor.above(0);
        assert!(built >= 1_767_225_600, "this was built after 2025: {built}");
        assert_eq!(floor.above(built + 5), built + 5);
        assert_eq!(floor.clone().above(i64::MIN), built);
    }

    #[test]
    fn a_floor_only_rises_and_all_who_share_it_see_it() {
        let floor = ClockFloor::default();
        let shared = floor.clone();
        floor.raise(4_000_000_000);
        floor.raise(17);
        assert_eq!(shared.above(0), 4_000_000_000);
        assert_eq!(
            shared.current_time(),
            Some(UnixTime::since_unix_epoch(Duration::from_secs(4_000_000_000)))
        );
    }
}
