//! Message type 2: what sensors measured.

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::header::MessageType;
use crate::list::List;
use crate::wire::{Wire, wire_fields};

open_set! {
    /// What was measured. The number fixes the unit: see [`Quantity::unit`].
    pub struct Quantity: u16 {
        /// Not said; a gateway passes the value on without a unit.
        UNKNOWN = 0 "unknown",
        /// Temperature in degrees Celsius.
        TEMPERATURE = 1 "temperature",
        /// Relative humidity in percent.
        RELATIVE_HUMIDITY = 2 "relative_humidity",
        /// Air pressure in Pa.
        AIR_PRESSURE = 3 "air_pressure",
        /// Height of water above the sensor's zero in m.
        WATER_LEVEL = 4 "water_level",
        /// A-weighted sound level in dB.
        NOISE_LEVEL = 5 "noise_level",
        /// Particles up to 2.5 um in ug/m3.
        PM2_5 = 6 "pm2_5",
        /// Particles up to 10 um in ug/m3.
        PM10 = 7 "pm10",
        /// Illuminance in lx.
        ILLUMINANCE = 8 "illuminance",
        /// Wind speed in m/s.
        WIND_SPEED = 9 "wind_speed",
        /// Where the wind comes from, degrees clockwise from north.
        WIND_DIRECTION = 10 "wind_direction",
        /// Rain in mm.
        RAINFALL = 11 "rainfall",
        /// Carbon dioxide in ppm.
        CARBON_DIOXIDE = 12 "carbon_dioxide",
        /// Carbon monoxide in ppm.
        CARBON_MONOXIDE = 13 "carbon_monoxide",
        /// Hydrogen sulfide in ppm.
        HYDROGEN_SULFIDE = 14 "hydrogen_sulfide",
        /// Combustible gas in percent of the lower explosive limit.
        COMBUSTIBLE_GAS = 15 "combustible_gas",
        /// Smoke as obscuration in percent per m.
        SMOKE = 16 "smoke",
        /// Voltage in V.
        VOLTAGE = 17 "voltage",
        /// Current in A.
        CURRENT = 18 "current",
        /// Power in W.
        POWER = 19 "power",
        /// Energy in Wh.
        ENERGY = 20 "energy",
        /// Inclination in degrees.
        TILT = 21 "tilt",
        /// Acceleration in m/s2.
        ACCELERATION = 22 "acceleration",
        /// Distance in m.
        DISTANCE = 23 "distance",
        /// How full a bin or tank is, in percent.
        FILL_LEVEL = 24 "fill_level",
        /// A number of people.
        PEOPLE = 25 "people",
        /// A number of vehicles.
        VEHICLES = 26 "vehicles",
        /// 1 = open, 0 = closed: a cover, a door.
        OPEN = 27 "open",
        /// Flow of a liquid in m3/h.
        FLOW = 28 "flow",
        /// Weight as mass in kg.
        MASS = 29 "mass",
        /// Battery charge of a part that has one of its own, in percent.
        BATTERY = 30 "battery",
    }
}

impl Quantity {
    /// The unit of this quantity's values; empty for a plain number, `None` for a quantity this version does not
    /// know.
    pub const fn unit(self) -> Option<&'static str> {
        Some(match self {
            Self::TEMPERATURE => "°C",
            Self::RELATIVE_HUMIDITY | Self::FILL_LEVEL | Self::BATTERY => "%",
            Self::AIR_PRESSURE => "Pa",
            Self::WATER_LEVEL | Self::DISTANCE => "m",
            Self::NOISE_LEVEL => "dB",
            Self::PM2_5 | Self::PM10 => "µg/m³",
            Self::ILLUMINANCE => "lx",
            Self::WIND_SPEED => "m/s",
            Self::WIND_DIRECTION | Self::TILT => "°",
            Self::RAINFALL => "mm",
            Self::CARBON_DIOXIDE | Self::CARBON_MONOXIDE | Self::HYDROGEN_SULFIDE => "ppm",
            Self::COMBUSTIBLE_GAS => "%LEL",
            Self::SMOKE => "%/m",
            Self::VOLTAGE => "V",
            Self::CURRENT => "A",
            Self::POWER => "W",
            Self::ENERGY => "Wh",
            Self::ACCELERATION => "m/s²",
            Self::PEOPLE | Self::VEHICLES | Self::OPEN => "",
            Self::FLOW => "m³/h",
            Self::MASS => "kg",
            _ => return None,
        })
    }
}

open_set! {
    /// How far to trust a reading.
    pub struct ReadingStatus {
        /// Measured as usual.
        GOOD = 0 "good",
        /// Below what the sensor can measure; the value is its lower end.
        BELOW_RANGE = 1 "below_range",
        /// Above what the sensor can measure; the value is its upper end.
        ABOVE_RANGE = 2 "above_range",
        /// The sensor is faulty or not connected; the value says nothing.
        FAULT = 3 "fault",
        /// An old value: the sensor has not answered since.
        STALE = 4 "stale",
        /// The sensor warms up or is being calibrated.
        CALIBRATING = 5 "calibrating",
        /// Not measured but estimated from other values.
        ESTIMATED = 6 "estimated",
    }
}

/// One measured value. Sealed: a nested struct can't grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SensorReading {
    /// What was measured, and so its unit.
    pub quantity: Quantity,
    /// Which of the device's sensors of that quantity, from 0.
    pub channel: u8,
    /// Power of ten that `value` is multiplied by, -128..=127: 42 with exponent -2 is 0.42.
    pub exponent: i8,
    /// The value before the exponent. 0 is a value here, not absent: a reading that is in the list was taken.
    pub value: i32,
    /// How far to trust it.
    pub status: ReadingStatus,
}

wire_fields!(SensorReading {
    quantity: Quantity,
    channel: u8,
    exponent: i8,
    value: i32,
    status: ReadingStatus
});

/// What sensors measured at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SensorReport {
    /// How long before the frame's time it was measured, in ms; 0 = at the frame's time.
    pub age_ms: u32,
    /// The values, at most 16; empty = nothing was measured.
    pub readings: List<SensorReading, 16>,
}

wire_fields!(SensorReport { age_ms: u32, readings: List<SensorReading, 16> });

impl Body for SensorReport {
    const MESSAGE_TYPE: MessageType = MessageType::SENSOR_REPORT;
    const MIN_LENS: &'static [usize] = &[2];
}

const _: () = assert!(SensorReport::MIN_LEN == 2);
