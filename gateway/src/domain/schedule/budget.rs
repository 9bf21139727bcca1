//! How many bytes may go over the wire in a day.
//!
//! Incidents and tasks always go; they are booked all the same. The others stop when a batch of theirs would go beyond the
//! budget, so only incidents, tasks and the inexactness of a carrier's estimate overrun it. With a trusted clock a day is the
//! civil day; without one it is 24 hours of running time since the last start of a day. A clock that jumps gives at most one
//! new budget in twelve hours.

use std::time::Duration;

use super::plan::{Link, Policy};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// No two days start within this time, whatever the wall clock says.
const DAY_MIN: Duration = Duration::from_secs(12 * 3600);

/// What went over the wire today; kept by the composition across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Number of the civil day, if it is known.
    pub day: Option<i64>,
    /// Wire bytes over any link.
    pub bytes: u64,
    /// Of them, those over metered links.
    pub metered_bytes: u64,
}

/// The budgets of one uplink, and what was spent of them.
#[derive(Debug, Clone)]
pub struct Budget {
    bytes_max: Option<u64>,
    metered_bytes_max: Option<u64>,
    spent: Spent,
    /// When the present day began, as far as this process knows.
    began: Duration,
    /// When this process last began a day.
    restarted: Option<Duration>,
    /// What is left of a budget is less than a batch: the rest of the day is for incidents and tasks.
    closed: bool,
    metered_closed: bool,
}

impl Budget {
    /// The budgets of a policy, of which nothing is spent yet.
    pub fn new(policy: &Policy) -> Budget {
        Budget {
            bytes_max: policy.budget_bytes_per_day,
            metered_bytes_max: policy.metered_budget_bytes_per_day,
            spent: Spent::default(),
            began: Duration::ZERO,
            restarted: None,
            closed: false,
            metered_closed: false,
        }
    }

    /// What was spent today.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Goes on from what was spent before a restart. Without a trusted clock it counts as spent today, for 24 hours.
    pub fn restore(&mut self, spent: Spent) {
        self.spent = spent;
    }

    /// Begins a new day when it is time.
    pub fn tick(&mut self, now: Duration, day: Option<i64>) {
        let is_over = match (self.spent.day, day) {
            (Some(before), Some(today)) => {
                before < today && self.restarted.is_none_or(|at| now >= at + DAY_MIN)
            }
            (None, Some(_)) => false,
            (_, None) => now >= self.began + DAY,
        };
        if is_over {
            self.spent = Spent { day, ..Spent::default() };
            (self.began, self.restarted) = (now, Some(now));
            (self.closed, self.metered_closed) = (false, false);
        } else if day.is_some() {
            self.spent.day = day;
        }
    }

    /// When a new day begins, if only running time counts.
    pub fn restarts_at(&self, day: Option<i64>) -> Option<Duration> {
        day.is_none().then(|| self.began + DAY)
    }

    /// Bytes that are left of the budget for this link today; `None` for any number.
    pub fn left(&self, link: Link) -> Option<u64> {
        let of_all = self.left_of_all();
        let of_metered = self.left_of_metered().filter(|_| link.metered);
        match (of_all, of_metered) {
            (Some(all), Some(metered)) => Some(all.min(metered)),
            (left, None) | (None, left) => left,
        }
    }

    /// Bytes that are left of the budget for all links.
    pub fn left_of_all(&self) -> Option<u64> {
        let left = |max: u64| if self.closed { 0 } else { max.saturating_sub(self.spent.bytes) };
        self.bytes_max.map(left)
    }

    /// Bytes that are left of the budget for metered links.
    pub fn left_of_metered(&self) -> Option<u64> {
        let left = |max: u64| {
            if self.metered_closed { 0 } else { max.saturating_sub(self.spent.metered_bytes) }
        };
        self.metered_bytes_max.map(left)
    }

    /// Nothing of this size goes any more today: what is left of the budgets that are too small for it is not used.
    pub fn close(&mut self, link: Link, bytes: u64) {
        self.closed |= self.left_of_all().is_some_and(|left| left < bytes);
        self.metered_closed |= link.metered && self.left_of_metered().is_some_and(|left| left < bytes);
    }

    /// Books what goes over the link.
    pub fn book(&mut self, link: Link, bytes: u64) {
        self.spent.bytes = self.spent.bytes.saturating_add(bytes);
        if link.metered {
            self.spent.metered_bytes = self.spent.metered_bytes.saturating_add(bytes);
        }
    }

    /// Corrects what was booked as `booked` and was `real`.
    pub fn correct(&mut self, link: Link, booked: u64, real: u64) {
        let corrected = |spent: u64| spent.saturating_sub(booked).saturating_add(real);
        self.spent.bytes = corrected(self.spent.bytes);
        if link.metered {
            self.spent.metered_bytes = corrected(self.spent.metered_bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METERED: Link = Link { metered: true, depot: false };
    const FREE: Link = Link { metered: false, depot: false };

    fn budget() -> Budget {
        let policy = Policy {
            budget_bytes_per_day: Some(1000),
            metered_budget_bytes_per_day: Some(300),
            ..Policy::default()
        };
        Budget::new(&policy)
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    #[test]
    fn metered_bytes_count_for_both_budgets_and_the_smaller_rest_is_left() {
        let mut budget = budget();
        budget.book(METERED, 100);
        assert_eq!((budget.left(METERED), budget.left(FREE)), (Some(200), Some(900)));
        budget.book(FREE, 850);
        assert_eq!((budget.left(METERED), budget.left(FREE)), (Some(50), Some(50)));
        budget.correct(METERED, 100, 10);
        assert_eq!((budget.left(METERED), budget.left(FREE)), (Some(140), Some(140)));
        budget.close(METERED, 141);
        assert_eq!((budget.left(METERED), budget.left(FREE)), (Some(0), Some(0)));
    }

    #[test]
    fn a_day_begins_with_the_civil_day_or_after_24_hours_without_one() {
        let mut budget = budget();
        let mut spend = |at, day| {
            budget.tick(hours(at), day);
            budget.book(FREE, 100);
            budget.spent().bytes
        };
        // The clock becomes trusted in the middle of a day: what was spent stays spent.
        assert_eq!([spend(1, None), spend(2, Some(700)), spend(30, Some(700))], [100, 200, 300]);
        assert_eq!([spend(31, Some(701)), spend(32, None), spend(54, None)], [100, 200, 300]);
        assert_eq!(spend(55, None), 100);
    }

    #[test]
    fn a_clock_that_jumps_gives_one_budget_in_twelve_hours() {
        let mut budget = budget();
        let mut days = 0;
        for minute in 0..24 * 60 {
            budget.tick(Duration::from_secs(minute * 60), Some(700 + minute as i64 % 2));
            days += u32::from(budget.spent().bytes == 0);
            budget.book(FREE, 1);
        }
        assert!(days <= 3, "{days} budgets in a day");
    }

    #[test]
    fn what_was_spent_before_a_restart_is_spent_until_the_day_is_over() {
        let spent = Spent { day: Some(700), bytes: 990, metered_bytes: 0 };
        let mut same = budget();
        same.restore(spent);
        same.tick(hours(1), Some(700));
        assert_eq!(same.left(FREE), Some(10));
        same.tick(hours(23), None);
        assert_eq!(same.left(FREE), Some(10), "nobody knows the day");
        same.tick(hours(24), None);
        assert_eq!(same.left(FREE), Some(1000));
        let mut next = budget();
        next.restore(spent);
        next.tick(hours(1), Some(701));
        assert_eq!(next.left(FREE), Some(1000));
    }
}
