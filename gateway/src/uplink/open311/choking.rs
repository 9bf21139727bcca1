//! Which record a server chokes on: some answer 500 to a service code that they don't know, for ever.
//!
//! A server that is down answers 500 to everything, and costs nobody a record: a record's 500 counts only when the server has taken
//! another one since the last that counted.

use std::collections::VecDeque;

/// So many that count, and the record is to blame.
pub(super) const FAILURES_MAX: u32 = 3;
/// Records that are remembered; beyond, the oldest starts anew.
const RECORDS_MAX: usize = 64;

/// What a 500 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server may be in trouble: it is left alone for a while.
    Wait,
    /// Nobody can tell before another record was tried.
    LetOthersGo,
    /// The server takes others, and never this one.
    Blame,
}

#[derive(Debug)]
struct Failing {
    id: String,
    counted: u32,
    /// How many records the server had taken then.
    taken: u64,
}

/// The records that were answered 500.
#[derive(Debug, Default)]
pub(super) struct Choking {
    failing: VecDeque<Failing>,
    taken: u64,
}

impl Choking {
    /// The server has taken a record.
    pub(super) fn took(&mut self, id: &str) {
        self.taken += 1;
        self.failing.retain(|failing| failing.id != id);
    }

    /// The server answered 500 to a record.
    pub(super) fn failed(&mut self, id: &str) -> Verdict {
        let Some(known) = self.failing.iter_mut().find(|failing| failing.id == id) else {
            if self.failing.len() == RECORDS_MAX {
                self.failing.pop_front();
            }
            self.failing.push_back(Failing { id: id.to_owned(), counted: 1, taken: self.taken });
            return Verdict::Wait;
        };
        if known.taken == self.taken {
            return Verdict::LetOthersGo;
        }
        (known.counted, known.taken) = (known.counted.saturating_add(1), self.taken);
        if known.counted >= FAILURES_MAX { Verdict::Blame } else { Verdict::Wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_down_blames_nobody_however_long_it_is() {
        let mut choking = Choking::default();
        choking.took("before");
        for _ in 0..100 {
            for id in ["a", "b"] {
                assert_ne!(choking.failed(id), Verdict::Blame);
            }
        }
        assert_eq!(choking.failed("a"), Verdict::LetOthersGo);
        choking.took("b");
        assert_eq!(choking.failed("a"), Verdict::Wait, "one of many counts");
    }

    #[test]
    fn a_record_that_fails_while_others_are_taken_is_to_blame() {
        let mut choking = Choking::default();
        assert_eq!(choking.failed("a"), Verdict::Wait);
        for number in 1..FAILURES_MAX {
            choking.took("another");
            let verdict = if number + 1 == FAILURES_MAX { Verdict::Blame } else { Verdict::Wait };
            assert_eq!(choking.failed("a"), verdict);
        }
        choking.took("a");
        assert_eq!(choking.failed("a"), Verdict::Wait, "it was taken in the end");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut choking = Choking::default();
        for number in 0..3 * RECORDS_MAX {
            choking.failed(&number.to_string());
        }
        assert_eq!(choking.failing.len(), RECORDS_MAX);
    }
}
