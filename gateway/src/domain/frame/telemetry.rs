//! Message type 1: position and vehicle state.

use firmware_protocol::body;

use super::values::{battery_percent, fix, heading_deg, present, speed_kmh, supply_v};
use crate::domain::admission::Rejection;
use crate::domain::report::Telemetry;

pub(super) fn read(wire: &body::Telemetry) -> Result<Telemetry, Rejection> {
    Ok(Telemetry {
        fix: fix(wire.fix, wire.lat_e7, wire.lon_e7, wire.accuracy_dm, wire.fix_age_ms)?,
        altitude_m: present(wire.altitude_dm).map(|altitude_dm| f64::from(altitude_dm) / 10.0),
        satellites: present(wire.satellites),
        speed_kmh: wire.measured_speed_cm_s().map(speed_kmh),
        heading_deg: heading_deg(wire.heading_cdeg)?,
        ignition: wire.state_of(body::VehicleState::IGNITION),
        panic: wire.state_of(body::VehicleState::PANIC),
        battery_percent: battery_percent(wire.battery_percent)?,
        supply_v: supply_v(wire.supply_mv),
        odometer_m: present(wire.odometer_m).map(u64::from),
    })
}
