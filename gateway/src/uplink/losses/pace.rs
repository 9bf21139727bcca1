//! When the next report of losses may go.
//!
//! A report closes its rows, so a stream of small losses that was told at once would make a row of each. The first loss after
//! quiet is told at once, and then a report goes every [`PAUSE`] at most: meanwhile losses add up. When something is
//! gone that a device was promised, the pause is [`URGENT_PAUSE`]. Rows that no longer fitted into a report follow it at once: they
//! are an outage's, and wait for nothing.
//!
//! Pure: the time and the store's figures are arguments.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::loss::LossReason;
use crate::store::snapshot::LossFigures;

/// Between two reports.
const PAUSE: Duration = Duration::from_secs(10);
/// The same when acknowledged data was lost since the last one.
const URGENT_PAUSE: Duration = Duration::from_secs(1);

/// What is remembered of the last report. The default is: there was none.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When its rows were taken; `None` when the next report need not wait for anything.
    taken_at: Option<Instant>,
    /// How much acknowledged data was lost until then.
    of_acknowledged: u64,
}

impl Pace {
    /// When the next report may go, by what the store says now; `None` while there is nothing to tell.
    pub(super) fn due(&self, losses: &LossFigures, now: Instant) -> Option<Instant> {
        if losses.unreported_rows == 0 {
            return None;
        }
        let is_urgent = of_acknowledged(losses) > self.of_acknowledged;
        let pause = if is_urgent { URGENT_PAUSE } else { PAUSE };
        Some(self.taken_at.map_or(now, |taken_at| taken_at + pause))
    }

    /// Rows were taken for a report; `full` says that more of them may wait.
    pub(super) fn taken(&mut self, losses: &LossFigures, full: bool, now: Instant) {
        self.taken_at = (!full).then_some(now);
        self.of_acknowledged = of_acknowledged(losses);
    }
}

fn of_acknowledged(losses: &LossFigures) -> u64 {
    let reasons = LossReason::ALL.into_iter().filter(|reason| reason.is_of_acknowledged());
    reasons.map(|reason| losses.of(reason)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When reports go, in tenths of a second, while the store says this in each tenth of the first `seconds`.
    fn reports(seconds: u64, figures: impl Fn(u64) -> LossFigures, full: bool) -> Vec<u64> {
        let (start, mut pace, mut told) = (Instant::now(), Pace::default(), Vec::new());
        for tenth in 0..10 * seconds {
            let (now, losses) = (start + Duration::from_millis(100 * tenth), figures(tenth));
            if pace.due(&losses, now).is_some_and(|due| due <= now) {
                pace.taken(&losses, full, now);
                told.push(tenth);
            }
        }
        told
    }

    fn losses(unreported_rows: u64, reason: LossReason, count: u64) -> LossFigures {
        let mut losses = LossFigures { unreported_rows, ..LossFigures::default() };
        losses.lost[reason as usize] = count;
        losses
    }

    #[test]
    fn small_losses_add_up_for_ten_seconds_and_the_first_after_quiet_is_told_at_once() {
        assert_eq!(reports(9, |_| losses(0, LossReason::Withheld, 7), false), [0; 0], "nothing to tell");
        let always = |tenth| losses(1, LossReason::Withheld, tenth);
        assert_eq!(reports(25, always, false), [0, 100, 200]);
        let after_quiet =
            |tenth| losses(u64::from(tenth == 3 || tenth >= 150), LossReason::NotUnderstood, tenth);
        assert_eq!(reports(20, after_quiet, false), [3, 150]);
    }

    #[test]
    fn what_was_acknowledged_and_is_gone_is_told_within_a_second() {
        let evicted_once = |tenth| losses(1, LossReason::Evicted, u64::from(tenth >= 25));
        assert_eq!(reports(20, evicted_once, false), [0, 25, 125]);
        let all_the_time = |tenth| losses(1, LossReason::Thinned, tenth);
        assert_eq!(reports(3, all_the_time, false), [0, 10, 20]);
    }

    #[test]
    fn what_did_not_fit_into_a_report_follows_it_at_once() {
        let outage = |tenth| losses(u64::from(tenth < 4), LossReason::Withheld, 1000);
        assert_eq!(reports(5, outage, true), [0, 1, 2, 3]);
    }
}
