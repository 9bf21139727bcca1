//! Which entries are asked for, and by what they are grouped.

use jiff::civil::Date;

/// What entries can be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// The city's day.
    Day,
    /// Street (街道).
    Street,
    /// Community (社区).
    Community,
    /// Duty grid.
    Grid,
    /// Kind and case code: the same number is another thing as event and as component.
    Code,
}

impl Axis {
    /// All of them, in the order of the columns.
    pub const ALL: [Axis; 5] = [Axis::Day, Axis::Street, Axis::Community, Axis::Grid, Axis::Code];

    /// Its name in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Axis::Day => "day",
            Axis::Street => "street",
            Axis::Community => "community",
            Axis::Grid => "grid",
            Axis::Code => "code",
        }
    }
}

/// A combination of axes; none: everything together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct By([bool; Axis::ALL.len()]);

impl By {
    /// Reads `day,street`; an empty text is everything together.
    ///
    /// # Errors
    /// [`QueryError::Axis`]: there is no such axis, or it stands there twice.
    pub fn parse(text: &str) -> Result<By, QueryError> {
        let mut by = By::default();
        for name in text.split(',').filter(|_| !text.is_empty()) {
            let axis = Axis::ALL.into_iter().find(|axis| axis.as_str() == name.trim() && !by.has(*axis));
            let axis = axis.ok_or_else(|| QueryError::Axis { found: name.into() })?;
            by.0[axis as usize] = true;
        }
        Ok(by)
    }

    /// Whether this axis is among them.
    pub fn has(self, axis: Axis) -> bool {
        self.0[axis as usize]
    }

    /// The axes.
    pub fn axes(self) -> impl Iterator<Item = Axis> {
        Axis::ALL.into_iter().filter(move |axis| self.has(*axis))
    }
}

/// A span of days, both ends included, and a grouping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query {
    /// The first day; `None`: from the journal's beginning.
    pub from: Option<Date>,
    /// The last day; `None`: to its end.
    pub to: Option<Date>,
    /// The grouping.
    pub by: By,
}

/// What is wrong with a query. Whoever asked corrects it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is no day.
    #[error("{found:?} is no day like 2026-11-23")]
    Day {
        /// What stood there.
        found: Box<str>,
    },
    /// The last day lies before the first.
    #[error("the last day, {to}, lies before the first, {from}")]
    Backwards {
        /// The first.
        from: Date,
        /// The last.
        to: Date,
    },
    /// It is nothing to group by, or stands there twice.
    #[error("by: {found:?} is none of day, street, community, grid, code, each once")]
    Axis {
        /// What stood there.
        found: Box<str>,
    },
}

impl Query {
    /// A query that makes sense.
    ///
    /// # Errors
    /// [`QueryError::Backwards`].
    pub fn new(from: Option<Date>, to: Option<Date>, by: By) -> Result<Query, QueryError> {
        match (from, to) {
            (Some(from), Some(to)) if to < from => Err(QueryError::Backwards { from, to }),
            _ => Ok(Query { from, to, by }),
        }
    }

    /// Whether this day is asked for.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// Reads `2026-11-23`, and no other way to write a day.
///
/// # Errors
/// [`QueryError::Day`].
pub fn date_named(text: &str) -> Result<Date, QueryError> {
    let written = text.len() == "2026-11-23".len();
    let date = Date::strptime("%Y-%m-%d", text).ok().filter(|_| written);
    date.ok_or_else(|| QueryError::Day { found: text.chars().take(40).collect() })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_query_is_days_with_both_ends_and_axes_in_any_order() {
        let by = By::parse("code,day").unwrap();
        assert_eq!(by.axes().collect::<Vec<_>>(), [Axis::Day, Axis::Code]);
        let query = Query::new(Some(date(2026, 11, 2)), Some(date(2026, 11, 3)), by).unwrap();
        assert_eq!([1, 2, 3, 4].map(|day| query.holds(date(2026, 11, day))), [false, true, true, false]);
        assert!(Query::default().holds(date(1970, 1, 1)) && By::parse("").unwrap() == By::default());
    }

    #[test]
    fn what_is_no_query_is_told() {
        for bad in ["2026-11-31", "2026-1-2", "20261102", "2026-11-02T00:00", "", "昨天昨天昨"] {
            assert!(matches!(date_named(bad), Err(QueryError::Day { .. })), "{bad}");
        }
        for bad in ["day,day", "week", ",", "day,"] {
            assert!(matches!(By::parse(bad), Err(QueryError::Axis { .. })), "{bad}");
        }
        let backwards = Query::new(Some(date(2026, 11, 3)), Some(date(2026, 11, 2)), By::default());
        assert_eq!(
            backwards.unwrap_err().to_string(),
            "the last day, 2026-11-02, lies before the first, 2026-11-03"
        );
    }
}
