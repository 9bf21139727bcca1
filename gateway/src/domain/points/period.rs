//! What ranks are about: a month or a quarter of the city's calendar.

use std::fmt;

use jiff::civil::Date;

/// A month or a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A month of a year.
    Month {
        /// The year, from 1 to 9999.
        year: i16,
        /// From 1 to 12.
        month: i8,
    },
    /// A quarter of a year.
    Quarter {
        /// The year, from 1 to 9999.
        year: i16,
        /// From 1 (January to March) to 4.
        quarter: i8,
    },
}

impl Period {
    /// The month of a day.
    pub fn month_of(day: Date) -> Period {
        Period::Month { year: day.year(), month: day.month() }
    }

    /// Reads `2026-11`.
    pub fn month(text: &str) -> Option<Period> {
        let (year, month) = text.split_once('-')?;
        let month = number(month, 2)?;
        (1..=12).contains(&month).then_some(Period::Month { year: number(year, 4)?, month: month as i8 })
    }

    /// Reads `2026Q4`.
    pub fn quarter(text: &str) -> Option<Period> {
        let (year, quarter) = text.split_once('Q')?;
        let quarter = number(quarter, 1)?;
        let year = number(year, 4)?;
        (1..=4).contains(&quarter).then_some(Period::Quarter { year, quarter: quarter as i8 })
    }

    /// Whether a day lies in it.
    pub fn holds(self, day: Date) -> bool {
        match self {
            Period::Month { year, month } => (day.year(), day.month()) == (year, month),
            Period::Quarter { year, quarter } => (day.year(), (day.month() + 2) / 3) == (year, quarter),
        }
    }
}

/// A number of so many digits, not 0 for a year.
fn number(text: &str, digits: usize) -> Option<i16> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| fits && *number > 0)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Period::Quarter { year, quarter } => write!(f, "{year:04}Q{quarter}"),
        }
    }
}
