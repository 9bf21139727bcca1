//! The column of one field: whole numbers, each as a difference to what its device said before.

use std::collections::HashMap;

use serde::Serialize;

use super::Number;
use crate::domain::varint;

/// Whole numbers are at most this far from 0, and so is a decimal once it is a whole number of its column's units: a double
/// has every one of them, and the differences of differences fit easily.
const WHOLE_MAX: i64 = 1 << 50;
/// Digits behind the point at most.
const PLACES_MAX: i32 = 7;
/// Decimals are at most this far from 0, so that [`PLACES_MAX`] more digits stay within [`WHOLE_MAX`].
const DECIMAL_MAX: f64 = 1e8;

/// The numbers of one field, in the order of the events that have it.
#[derive(Debug)]
pub(super) struct Column {
    is_decimal: bool,
    /// Most digits behind the point of any of them.
    places: i32,
    entries: Vec<(usize, Number)>,
}

/// What the header says of a column.
#[derive(Debug, Serialize)]
pub(super) struct Written<'a> {
    name: &'a str,
    /// Its numbers have a point in JSON even where nothing stands behind it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    decimal: bool,
    /// A number is the whole number of the column times ten to this power.
    #[serde(skip_serializing_if = "is_zero")]
    exponent: i32,
    /// How often differences were taken: 0, 1 or 2.
    order: u8,
    /// Its length in the body.
    bytes: usize,
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// Whether a number can be in a column at all.
pub(super) fn fits(number: Number) -> bool {
    match number {
        Number::Whole(whole) => (-WHOLE_MAX..=WHOLE_MAX).contains(&whole),
        Number::Decimal(value) => places(value).is_some(),
    }
}

/// The fewest digits behind the point that say a number exactly; `None` when [`PLACES_MAX`] don't.
fn places(value: f64) -> Option<i32> {
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    if is_negative_zero || !(-DECIMAL_MAX..=DECIMAL_MAX).contains(&value) {
        return None;
    }
    (0..=PLACES_MAX).find(|places| {
        let unit = 10f64.powi(*places);
        (value * unit).round() / unit == value
    })
}

impl Column {
    /// An empty column for numbers of this kind.
    pub(super) fn of(number: Number) -> Column {
        Column { is_decimal: matches!(number, Number::Decimal(_)), places: 0, entries: Vec::new() }
    }

    /// Whether a number is of the column's kind.
    pub(super) fn takes(&self, number: Number) -> bool {
        matches!(number, Number::Decimal(_)) == self.is_decimal
    }

    /// Adds a number of a device.
    pub(super) fn push(&mut self, device: usize, number: Number) {
        if let Number::Decimal(value) = number {
            self.places = self.places.max(places(value).unwrap_or(PLACES_MAX));
        }
        self.entries.push((device, number));
    }

    /// Appends it to the body.
    pub(super) fn write<'a>(&self, name: &'a str, body: &mut Vec<u8>) -> Written<'a> {
        let (exponent, wholes) = self.wholes();
        let written = (0..=2u8).map(|order| (order, differences(&wholes, order)));
        let (order, column) = written.min_by_key(|(_, column)| column.len()).unwrap_or_default();
        body.extend(&column);
        Written { name, decimal: self.is_decimal, exponent, order, bytes: column.len() }
    }

    /// The numbers as whole numbers of a power of ten, each with its device.
    fn wholes(&self) -> (i32, Vec<(usize, i64)>) {
        let unit = 10f64.powi(self.places);
        let whole = |number: Number| match number {
            Number::Whole(whole) => whole,
            // Within WHOLE_MAX, as `fits` has seen to.
            Number::Decimal(value) => (value * unit).round() as i64,
        };
        let wholes: Vec<_> = self.entries.iter().map(|(device, number)| (*device, whole(*number))).collect();
        if self.is_decimal {
            return (-self.places, wholes);
        }
        let divides = |tens: &u32| wholes.iter().all(|(_, whole)| whole % 10i64.pow(*tens) == 0);
        let tens = (1..=6).rev().find(divides).unwrap_or(0);
        let unit = 10i64.pow(tens);
        (tens as i32, wholes.into_iter().map(|(device, whole)| (device, whole / unit)).collect())
    }
}

/// What a device said last, and how much that differed from what it said before.
#[derive(Clone, Copy, Default)]
struct Trend {
    last: i64,
    step: i64,
}

/// The differences to what each device said before; the first of a device to the number before it in the column, whoever's
/// that is.
fn differences(wholes: &[(usize, i64)], order: u8) -> Vec<u8> {
    let mut trends: HashMap<usize, Trend> = HashMap::new();
    let mut before = 0;
    let mut column = Vec::with_capacity(wholes.len() * 2);
    for (device, whole) in wholes {
        let known = trends.get(device).copied();
        let expected = match (order, known) {
            (0, _) => 0,
            (1, Some(trend)) => trend.last,
            (_, Some(trend)) => trend.last + trend.step,
            (_, None) => before,
        };
        varint::put(&mut column, varint::zigzag(whole - expected));
        let step = known.map_or(0, |trend| whole - trend.last);
        trends.insert(*device, Trend { last: *whole, step });
        before = *whole;
    }
    column
}
