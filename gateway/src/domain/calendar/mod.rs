//! Working time: when people work, and when a time limit ends.
//!
//! - A working day is a day of the working week that is no holiday, or a day that is worked instead of another (调休). On
//!   every working day the same hours are worked.
//! - A limit begins when something was observed. `4WH` are four hours of working time, `2H` two hours and `3D` three times
//!   24 hours of any time.
//! - A working day as a limit is as much working time as a working day has: `1WD` that begins on Monday at 10:00 ends on
//!   Tuesday at 10:00, one that begins on Friday at 20:00 or on Monday at 08:00 ends on Monday at 18:00. Project-defined:
//!   the standards name the unit only.
//! - A limit ends at the first moment by which that much time has passed since its beginning. What is done at that moment is in
//!   time, what is done later is late.

mod limit;

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

pub use limit::{TimeLimit, Unit};

use super::civil::CityClock;
use super::clock_quality::TrustedTime;
use super::timetable::{SPANS_MAX, Span, Weekdays};

/// How many days a limit is followed: ten years. A calendar without working days ends nothing.
pub const DAYS_SEARCHED_MAX: u32 = 3660;
/// Holidays and worked days of a calendar: ten years of them.
pub const EXCEPTIONS_MAX: usize = 1000;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    clock: CityClock,
    days: Weekdays,
    /// In order, apart from each other, none over midnight.
    hours: Vec<Span>,
    exceptions: BTreeMap<Date, Exception>,
}

/// Why a day is not what its weekday says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// Nobody works.
    Holiday(Box<str>),
    /// It is worked, whatever its weekday.
    Workday(Box<str>),
}

/// What a calendar can't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// Working hours that overlap, touch midnight's other side, or are too many.
    #[error("1 to {SPANS_MAX} spans of one day, in order and apart from each other")]
    Hours,
    /// A holiday that ends before it begins.
    #[error("an end that is not before the beginning")]
    Backwards,
    /// Too many of them.
    #[error("at most {EXCEPTIONS_MAX} holidays and worked days")]
    TooMany,
    /// A day stands in the calendar twice.
    #[error("one word on each day; {0} has two")]
    Twice(Date),
}

impl Calendar {
    /// A calendar without holidays.
    ///
    /// # Errors
    /// [`CalendarFault::Hours`].
    pub fn new(clock: CityClock, days: Weekdays, hours: Vec<Span>) -> Result<Calendar, CalendarFault> {
        let apart = hours.windows(2).all(|pair| pair[0].until_min() <= pair[1].from_min());
        let on_one_day = !hours.iter().any(|span| span.is_over_midnight());
        if hours.is_empty() || hours.len() > SPANS_MAX || !apart || !on_one_day {
            return Err(CalendarFault::Hours);
        }
        Ok(Calendar { clock, days, hours, exceptions: BTreeMap::new() })
    }

    /// Adds a holiday, first and last day included.
    ///
    /// # Errors
    /// [`CalendarFault`].
    pub fn add_holiday(&mut self, name: &str, first: Date, last: Date) -> Result<(), CalendarFault> {
        if last < first {
            return Err(CalendarFault::Backwards);
        }
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
        for day in days {
            self.add(day, Exception::Holiday(name.into()))?;
        }
        Ok(())
    }

    /// Adds a day that is worked instead of another.
    ///
    /// # Errors
    /// [`CalendarFault`].
    pub fn add_workday(&mut self, name: &str, day: Date) -> Result<(), CalendarFault> {
        self.add(day, Exception::Workday(name.into()))
    }

    fn add(&mut self, day: Date, exception: Exception) -> Result<(), CalendarFault> {
        if self.exceptions.len() >= EXCEPTIONS_MAX {
            return Err(CalendarFault::TooMany);
        }
        match self.exceptions.insert(day, exception) {
            None => Ok(()),
            Some(_) => Err(CalendarFault::Twice(day)),
        }
    }

    /// The city's clock.
    pub const fn clock(&self) -> CityClock {
        self.clock
    }

    /// The days of the working week.
    pub const fn days(&self) -> Weekdays {
        self.days
    }

    /// The hours that are worked on a working day.
    pub fn hours(&self) -> &[Span] {
        &self.hours
    }

    /// Holidays and worked days, in order.
    pub fn exceptions(&self) -> impl Iterator<Item = (Date, &Exception)> {
        self.exceptions.iter().map(|(day, exception)| (*day, exception))
    }

    /// Whether a day is worked.
    pub fn is_worked(&self, day: Date) -> bool {
        match self.exceptions.get(&day) {
            Some(Exception::Holiday(_)) => false,
            Some(Exception::Workday(_)) => true,
            None => self.days.holds(day.weekday()),
        }
    }

    /// When a limit ends that begins at `start`, in milliseconds since 1970; `None` when working time does not suffice within
    /// [`DAYS_SEARCHED_MAX`] days, or the end can't be written.
    pub fn due(&self, start: TrustedTime, limit: TimeLimit) -> Option<i64> {
        let amount = i64::from(limit.amount());
        match limit.unit() {
            Unit::RunningHours => start.unix_ms().checked_add(amount * 60 * MINUTE_MS),
            Unit::RunningDays => start.unix_ms().checked_add(amount * DAY_MS),
            Unit::WorkingHours => self.after_working(start, amount * 60 * MINUTE_MS),
            Unit::WorkingDays => self.after_working(start, amount * self.day_ms()),
        }
    }

    /// Working time of a day, in milliseconds.
    fn day_ms(&self) -> i64 {
        self.hours.iter().map(|span| i64::from(span.until_min() - span.from_min()) * MINUTE_MS).sum()
    }

    /// The first moment by which so much working time has passed.
    fn after_working(&self, start: TrustedTime, mut left_ms: i64) -> Option<i64> {
        let start_ms = start.unix_ms();
        let mut day = self.clock.shows(start_ms).date();
        for _ in 0..DAYS_SEARCHED_MAX {
            if self.is_worked(day) {
                let midnight_ms = self.clock.unix_ms(day.to_datetime(Time::midnight()))?;
                for span in &self.hours {
                    let from_ms = (midnight_ms + i64::from(span.from_min()) * MINUTE_MS).max(start_ms);
                    let until_ms = midnight_ms + i64::from(span.until_min()) * MINUTE_MS;
                    let here_ms = (until_ms - from_ms).max(0);
                    if left_ms <= here_ms {
                        return Some(from_ms + left_ms);
                    }
                    left_ms -= here_ms;
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }
}

impl Default for Calendar {
    /// 08:00-12:00 and 14:00-18:00 from Monday to Friday, by China's clock, without holidays.
    fn default() -> Calendar {
        let hours = ["08:00-12:00", "14:00-18:00"].into_iter().filter_map(Span::parse).collect();
        let (clock, days) = (CityClock::default(), Weekdays::WORKING);
        Calendar { clock, days, hours, exceptions: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests;
