//! Message type 1: where a vehicle or person is, and the vehicle's state.

use serde::{Deserialize, Serialize};

use crate::body::{Body, FixType};
use crate::header::MessageType;
use crate::units::DegreesE7;
use crate::wire::{Wire, wire_fields};

bit_set! {
    /// Yes-or-no facts about a vehicle.
    pub struct VehicleState: u16 {
        /// Ignition is on.
        IGNITION = 0,
        /// The vehicle moves.
        MOVING = 1,
        /// The panic button is held.
        PANIC = 2,
        /// External power is connected.
        EXTERNAL_POWER = 3,
        /// The battery is being charged.
        CHARGING = 4,
        /// The housing was opened or moved.
        TAMPER = 5,
    }
}

/// Position and vehicle state at the frame's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Telemetry {
    /// Which bits of `state` the device knows; one that is 0 here is absent.
    pub valid: VehicleState,
    /// The vehicle's state, where `valid`.
    pub state: VehicleState,
    /// How the position was found; [`FixType::NONE`] = no position.
    pub fix: FixType,
    /// Satellites used, 1..=255; 0 = absent.
    pub satellites: u8,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: DegreesE7,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: DegreesE7,
    /// Height above the ellipsoid in 0.1 m; 0 = absent, a measured 0 is sent as 1.
    pub altitude_dm: i32,
    /// Radius of the horizontal accuracy circle in 0.1 m, 1..=65535 (that or worse); 0 = absent.
    pub accuracy_dm: u16,
    /// Speed over ground in cm/s; 0 = absent, or standing when the state says so: see
    /// [`Telemetry::measured_speed_cm_s`].
    pub speed_cm_s: u16,
    /// Course over ground in 0.01 degrees clockwise from north, 1..=36000, north is 36000; 0 = absent.
    pub heading_cdeg: u16,
    /// Age of the fix at the frame's time in ms; 0 = absent, a fresh fix says 1.
    pub fix_age_ms: u32,
    /// Supply voltage in mV; 0 = absent.
    pub supply_mv: u16,
    /// Battery charge in percent, 1..=100; 0 = absent, an empty battery says 1.
    pub battery_percent: u8,
    /// Distance travelled in m; 0 = absent.
    pub odometer_m: u32,
}

wire_fields!(Telemetry {
    valid: VehicleState,
    state: VehicleState,
    fix: FixType,
    satellites: u8,
    lat_e7: DegreesE7,
    lon_e7: DegreesE7,
    altitude_dm: i32,
    accuracy_dm: u16,
    speed_cm_s: u16,
    heading_cdeg: u16,
    fix_age_ms: u32,
    supply_mv: u16,
    battery_percent: u8,
    odometer_m: u32,
});

impl Body for Telemetry {
    const MESSAGE_TYPE: MessageType = MessageType::TELEMETRY;
    const MIN_LENS: &'static [usize] = &[20];
}

const _: () = assert!(Telemetry::MIN_LEN == 20);

impl Telemetry {
    /// Whether `bit` of the state is on; `None` when the device does not know.
    pub fn state_of(&self, bit: VehicleState) -> Option<bool> {
        self.valid.contains(bit).then_some(self.state.contains(bit))
    }

    /// The speed in cm/s, 0 when the vehicle is known to stand; `None` when it was not measured.
    pub fn measured_speed_cm_s(&self) -> Option<u16> {
        let standing = self.state_of(VehicleState::MOVING) == Some(false);
        (self.speed_cm_s != 0 || standing).then_some(self.speed_cm_s)
    }
}
