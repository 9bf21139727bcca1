//! Where backlog ends and live begins.
//!
//! Records above a class's mark are live. The mark is the newest id as it was some time ago, by running time: a wall clock that
//! jumps moves nothing. At the start all that is there is backlog; once nothing waits, everything that comes is live.

use std::collections::VecDeque;
use std::time::Duration;

use super::plan::ClassStanding;

/// Samples in one window.
const SAMPLES: u32 = 8;

/// The mark of one class.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark {
    mark: i64,
    is_set: bool,
    newest: i64,
    /// (when, newest id then); at most [`SAMPLES`] and a few.
    samples: VecDeque<(Duration, i64)>,
}

impl Mark {
    /// Ids up to this one are backlog.
    pub(super) fn id(&self) -> i64 {
        self.mark
    }

    /// What waits after a commit; true when the mark moves.
    pub(super) fn see(&mut self, now: Duration, standing: ClassStanding, window: Duration) -> bool {
        self.newest = self.newest.max(standing.newest);
        if !self.is_set || standing.records == 0 {
            self.is_set = true;
            self.samples.clear();
            return self.raise(self.newest);
        }
        let is_due = self.samples.back().is_none_or(|(at, _)| now >= *at + window / SAMPLES);
        if is_due {
            self.samples.push_back((now, self.newest));
        }
        self.roll(now, window)
    }

    /// Time goes on; true when the mark moves.
    pub(super) fn roll(&mut self, now: Duration, window: Duration) -> bool {
        let mut id = self.mark;
        while let Some((_, newest)) = self.samples.pop_front_if(|(at, _)| now >= *at + window) {
            id = newest;
        }
        self.raise(id)
    }

    fn raise(&mut self, id: i64) -> bool {
        let moves = id > self.mark;
        self.mark = self.mark.max(id);
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_was_there_at_the_start_is_backlog_and_what_comes_is_live_for_a_window() {
        let mut mark = Mark::default();
        let standing = |records, newest| ClassStanding { records, newest };
        assert!(mark.see(at(5), standing(100, 100), WINDOW));
        assert_eq!(mark.id(), 100);
        assert!(!mark.see(at(6), standing(110, 110), WINDOW));
        assert!(!mark.see(at(20), standing(120, 120), WINDOW));
        assert!(!mark.roll(at(35), WINDOW));
        assert!(mark.roll(at(36), WINDOW));
        assert_eq!(mark.id(), 110);
        // Nothing waits: the next one is live whatever the samples say.
        mark.see(at(37), standing(0, 130), WINDOW);
        assert_eq!(mark.id(), 130);
        assert!(!mark.see(at(40), standing(1, 131), WINDOW));
        assert_eq!(mark.id(), 130);
    }

    #[test]
    fn however_often_it_is_told_it_keeps_a_few_samples() {
        let mut mark = Mark::default();
        for ms in 0..200_000 {
            let now = Duration::from_millis(ms);
            mark.see(now, ClassStanding { records: 1, newest: ms as i64 + 1 }, WINDOW);
            assert!(mark.samples.len() <= SAMPLES as usize + 1);
        }
        assert!((165_000..=170_001).contains(&mark.id()), "{}", mark.id());
    }
}
