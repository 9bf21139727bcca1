//! How fast the store fills and how much it writes to flash, over the last minutes and the last day. No clock of its own:
//! time comes as seconds since the start.

use std::collections::VecDeque;

/// The rate of what comes in is that of so many minutes.
const INGEST_MINUTES: usize = 10;
/// What is written to flash is summed over so many hours.
const FLASH_HOURS: usize = 24;
/// Before so many seconds nothing is said: a start is no day.
const FIRST_SAID_AFTER_S: u64 = 60;
const DAY_S: u64 = 24 * 3600;

/// Sums in slots of equal length, the last ones kept.
#[derive(Debug)]
struct Slots {
    slot_s: u64,
    kept: usize,
    /// Number of the newest slot.
    newest: u64,
    sums: VecDeque<u64>,
}

impl Slots {
    fn new(slot_s: u64, kept: usize) -> Slots {
        Slots { slot_s, kept, newest: 0, sums: VecDeque::from([0]) }
    }

    fn add(&mut self, now_s: u64, amount: u64) {
        let slot = now_s / self.slot_s;
        for _ in self.newest..slot.min(self.newest + self.kept as u64) {
            self.sums.push_back(0);
            if self.sums.len() > self.kept {
                self.sums.pop_front();
            }
        }
        self.newest = self.newest.max(slot);
        if let Some(newest) = self.sums.back_mut() {
            *newest += amount;
        }
    }

    /// The sum over the kept slots and the seconds that they cover.
    fn sum(&self, now_s: u64) -> (u64, u64) {
        let first_slot = self.newest.saturating_sub(self.sums.len() as u64 - 1);
        (self.sums.iter().sum(), now_s.saturating_sub(first_slot * self.slot_s))
    }
}

/// The rates of one store.
#[derive(Debug)]
pub(super) struct Rates {
    ingest: Slots,
    flash: Slots,
    now_s: u64,
}

impl Rates {
    pub(super) fn new() -> Rates {
        Rates { ingest: Slots::new(60, INGEST_MINUTES), flash: Slots::new(3600, FLASH_HOURS), now_s: 0 }
    }

    /// Notes what was taken in and what was written since the last call.
    pub(super) fn note(&mut self, now_s: u64, ingest_bytes: u64, flash_bytes: u64) {
        self.now_s = now_s;
        self.ingest.add(now_s, ingest_bytes);
        self.flash.add(now_s, flash_bytes);
    }

    /// Payload bytes that came in an hour at the present rate; `None` while it is too early to say.
    pub(super) fn ingest_bytes_per_hour(&self) -> Option<u64> {
        per(self.ingest.sum(self.now_s), self.now_s, 3600)
    }

    /// Bytes written to flash in a day, that of the last day or at the rate since the start; `None` while it is too early.
    pub(super) fn flash_bytes_per_day(&self) -> Option<u64> {
        per(self.flash.sum(self.now_s), self.now_s, DAY_S)
    }
}

fn per((sum, covered_s): (u64, u64), now_s: u64, span_s: u64) -> Option<u64> {
    let known = now_s >= FIRST_SAID_AFTER_S && covered_s > 0;
    known.then(|| {
        u64::try_from(u128::from(sum) * u128::from(span_s) / u128::from(covered_s)).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_the_last_minutes_and_the_last_day() {
        let mut rates = Rates::new();
        rates.note(30, 1000, 1000);
        assert_eq!((rates.ingest_bytes_per_hour(), rates.flash_bytes_per_day()), (None, None));
        for second in 31..=7200 {
            rates.note(second, 100, 1000);
        }
        let within = |value: Option<u64>, wanted: u64| {
            let value = value.expect("it is known");
            assert!(value.abs_diff(wanted) * 20 < wanted, "{value} is not about {wanted}");
        };
        within(rates.ingest_bytes_per_hour(), 360_000);
        within(rates.flash_bytes_per_day(), 86_400_000);
        // Nothing for ten minutes: nothing fills any more; a silence of days empties the day.
        rates.note(7200 + 600, 0, 0);
        assert_eq!(rates.ingest_bytes_per_hour(), Some(0));
        rates.note(7200 + 3 * DAY_S, 0, 24);
        within(rates.flash_bytes_per_day(), 25);
    }
}
