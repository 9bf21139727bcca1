//! Message type 2: sensor readings.

use std::borrow::Cow;

use firmware_protocol::body::{ReadingStatus, SensorReading, SensorReport};

use super::values::named;
use crate::domain::report::Reading;

pub(super) fn read(wire: &SensorReport) -> Vec<Reading<'static>> {
    wire.readings.iter().map(reading).collect()
}

fn reading(wire: &SensorReading) -> Reading<'static> {
    let unit = wire.quantity.unit().filter(|unit| !unit.is_empty());
    let good = wire.status == ReadingStatus::GOOD;
    Reading {
        quantity: named(wire.quantity.name(), "quantity", wire.quantity.0),
        value: scaled(wire.value, wire.exponent),
        unit: unit.map(Cow::Borrowed),
        channel: wire.channel,
        status: (!good).then(|| named(wire.status.name(), "status", wire.status.0)),
    }
}

/// The nearest number to `value` times a power of ten: 42 and -2 are 0.42.
fn scaled(value: i32, exponent: i8) -> f64 {
    // As decimal text it is rounded once, by the reader; a multiplication by 0.01, which no double is, rounds twice.
    format!("{value}e{exponent}").parse().expect("digits, an e and digits are a number")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_power_of_ten_leaves_no_dust() {
        assert_eq!(scaled(42, -2).to_string(), "0.42");
        assert_eq!(scaled(-1234, -3).to_string(), "-1.234");
        assert_eq!((scaled(0, 127), scaled(7, 0), scaled(101_325, 0)), (0.0, 7.0, 101_325.0));
        assert_eq!(scaled(5, 6), 5_000_000.0);
    }

    proptest! {
        #[test]
        fn every_value_is_finite_and_reads_back(value: i32, exponent: i8) {
            let scaled = scaled(value, exponent);
            prop_assert!(scaled.is_finite());
            let shortest = format!("{scaled:e}").replace('.', "");
            let digits = shortest.split('e').next().unwrap_or_default();
            let sent = value.to_string();
            prop_assert_eq!(digits.trim_end_matches('0'), sent.trim_end_matches('0'), "no digit is new");
        }
    }
}
