//! Checked values: what a field holds must lie in its range, and a refusal names the field, the value and the range.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::domain::admission::{Reason, Rejection};

/// Largest whole number that a JSON reader with doubles keeps exact: 2^53.
pub(super) const WHOLE_MAX: i64 = 1 << 53;

/// Text that borrows from the payload unless JSON escapes it. (A plain `Option<Cow<str>>` always copies.)
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A field that must be there.
pub(super) fn needed<T>(field: &str, value: Option<T>) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::new(Reason::MissingField, format!("{field} is missing")))
}

/// A number in its range. JSON has no infinity and no NaN, and no range here lets one through.
pub(super) fn within(
    field: &str,
    value: Option<f64>,
    range: RangeInclusive<f64>,
) -> Result<Option<f64>, Rejection> {
    match value {
        Some(number) if !range.contains(&number) => {
            let detail = format!("{field}: {number} is not between {} and {}", range.start(), range.end());
            Err(Rejection::new(Reason::OutOfRange, detail))
        }
        _ => Ok(value),
    }
}

/// A whole number in its range; a fraction is rounded.
pub(super) fn whole<T: TryFrom<i64>>(
    field: &str,
    value: Option<f64>,
    range: RangeInclusive<i64>,
) -> Result<Option<T>, Rejection> {
    let Some(number) = within(field, value, *range.start() as f64..=*range.end() as f64)? else {
        return Ok(None);
    };
    match T::try_from(number.round() as i64) {
        Ok(whole) => Ok(Some(whole)),
        Err(_) => Err(Rejection::new(Reason::OutOfRange, format!("{field}: {number} is too large"))),
    }
}

/// One of a closed set of words.
pub(super) fn known<T: Copy>(
    field: &str,
    text: &Text<'_>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Rejection> {
    all.iter().copied().find(|value| name(*value) == text.0).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|value| name(*value)).collect();
        Rejection::new(Reason::UnknownValue, format!("{field}: {:?} is none of {}", text.0, names.join(", ")))
    })
}
