use firmware_protocol::List;
use firmware_protocol::body::{Quantity, ReadingStatus, SensorReading, SensorReport};
use proptest::prelude::*;

use super::{Sample, any_list};
use crate::support::vectors;

fn reading(
    (quantity, channel, exponent, value, status): (Quantity, u8, i8, i32, ReadingStatus),
) -> SensorReading {
    SensorReading { quantity, channel, exponent, value, status }
}

impl Sample for SensorReport {
    const VECTORS: &'static str = vectors::SENSOR_REPORT;

    /// A pole at the river: 57.3 dB, 12.5 degrees, 61 %, 38 ug/m3, 95810 Pa, and a water level that is not fresh.
    fn typical() -> Self {
        let readings = [
            (Quantity::NOISE_LEVEL, 0, -1, 573, ReadingStatus::GOOD),
            (Quantity::TEMPERATURE, 0, -1, 125, ReadingStatus::GOOD),
            (Quantity::RELATIVE_HUMIDITY, 0, 0, 61, ReadingStatus::GOOD),
            (Quantity::PM2_5, 0, 0, 38, ReadingStatus::GOOD),
            (Quantity::AIR_PRESSURE, 0, 1, 9581, ReadingStatus::GOOD),
            (Quantity::WATER_LEVEL, 1, -2, -12, ReadingStatus::STALE),
        ];
        Self { age_ms: 2500, readings: List::from_slice(&readings.map(reading)).unwrap() }
    }

    fn maximum() -> Self {
        let largest = reading((Quantity(u16::MAX), u8::MAX, i8::MIN, i32::MIN, ReadingStatus(u8::MAX)));
        Self { age_ms: u32::MAX, readings: List::from_slice(&[largest; 16]).unwrap() }
    }

    fn any() -> BoxedStrategy<Self> {
        let reading =
            any::<(u16, u8, i8, i32, u8)>().prop_map(|(quantity, channel, exponent, value, status)| {
                reading((Quantity(quantity), channel, exponent, value, ReadingStatus(status)))
            });
        (any::<u32>(), any_list(reading)).prop_map(|(age_ms, readings)| Self { age_ms, readings }).boxed()
    }
}
