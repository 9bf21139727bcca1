use firmware_protocol::DegreesE7;
use firmware_protocol::body::{FixType, Telemetry, VehicleState};
use proptest::prelude::*;

use super::{Sample, any_place};
use crate::support::vectors;

/// A moving car near the centre of Deyang.
pub(crate) fn typical_telemetry() -> Telemetry {
    let known = VehicleState::IGNITION | VehicleState::MOVING | VehicleState::PANIC;
    Telemetry {
        valid: known | VehicleState::EXTERNAL_POWER | VehicleState::CHARGING | VehicleState::TAMPER,
        state: VehicleState::IGNITION | VehicleState::MOVING | VehicleState::EXTERNAL_POWER,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: DegreesE7::from_degrees(31.127).unwrap(),
        lon_e7: DegreesE7::from_degrees(104.398).unwrap(),
        altitude_dm: 4960,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8750,
        fix_age_ms: 300,
        supply_mv: 13_800,
        battery_percent: 88,
        odometer_m: 120_345,
    }
}

pub(crate) fn any_telemetry() -> impl Strategy<Value = Telemetry> {
    let motion = any::<(u16, u16, u16, u16, u32)>();
    let device = any::<(u8, i32, u16, u16, u8, u32)>();
    (any_place(), motion, device).prop_map(|((fix, lat_e7, lon_e7), motion, device)| Telemetry {
        valid: VehicleState(motion.0),
        state: VehicleState(motion.1),
        fix,
        satellites: device.0,
        lat_e7,
        lon_e7,
        altitude_dm: device.1,
        accuracy_dm: device.2,
        speed_cm_s: motion.2,
        heading_cdeg: motion.3,
        fix_age_ms: motion.4,
        supply_mv: device.3,
        battery_percent: device.4,
        odometer_m: device.5,
    })
}

impl Sample for Telemetry {
    const VECTORS: &'static str = vectors::TELEMETRY;

    fn typical() -> Self {
        typical_telemetry()
    }

    fn maximum() -> Self {
        Self {
            valid: VehicleState(u16::MAX),
            state: VehicleState(u16::MAX),
            fix: FixType(u8::MAX),
            satellites: u8::MAX,
            lat_e7: DegreesE7::new(i32::MIN),
            lon_e7: DegreesE7::new(i32::MIN),
            altitude_dm: i32::MIN,
            accuracy_dm: u16::MAX,
            speed_cm_s: u16::MAX,
            heading_cdeg: u16::MAX,
            fix_age_ms: u32::MAX,
            supply_mv: u16::MAX,
            battery_percent: u8::MAX,
            odometer_m: u32::MAX,
        }
    }

    fn any() -> BoxedStrategy<Self> {
        any_telemetry().boxed()
    }
}
