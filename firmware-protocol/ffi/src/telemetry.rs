//! Message type 1: where a vehicle or person is, and the vehicle's state.

use firmware_protocol::{DegreesE7, body};

use crate::frame::{Output, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, error, frame};

/// Position and vehicle state at the frame's time.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolTelemetry {
    /// PGW_VEHICLE_STATE_... bits of `state` the device knows; one that is 0 here is absent.
    pub valid: u16,
    /// PGW_VEHICLE_STATE_... bits, where valid.
    pub state: u16,
    /// PGW_FIX_TYPE_...; NONE = no position.
    pub fix: u8,
    /// Used, 1..=255; 0 = absent.
    pub satellites: u8,
    /// Latitude, 1e-7 degrees north; absent without a fix.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees east; absent without a fix.
    pub lon_e7: i32,
    /// Height above the ellipsoid, 0.1 m; 0 = absent, a measured 0 is sent as 1.
    pub altitude_dm: i32,
    /// Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    pub accuracy_dm: u16,
    /// Speed over ground; 0 = absent, or standing when the state says not moving.
    pub speed_cm_s: u16,
    /// Course over ground, 0.01 degrees, 1..=36000, north is 36000; 0 = absent.
    pub heading_cdeg: u16,
    /// Age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1.
    pub fix_age_ms: u32,
    /// Supply voltage; 0 = absent.
    pub supply_mv: u16,
    /// 1..=100; 0 = absent, an empty battery says 1.
    pub battery_percent: u8,
    /// Distance travelled; 0 = absent.
    pub odometer_m: u32,
}

impl Sent for PatrolTelemetry {
    type Body<'a> = body::Telemetry;

    unsafe fn body(&self) -> Result<Self::Body<'_>, PatrolError> {
        Ok(body::Telemetry {
            valid: body::VehicleState(self.valid),
            state: body::VehicleState(self.state),
            fix: body::FixType(self.fix),
            satellites: self.satellites,
            lat_e7: DegreesE7::new(self.lat_e7),
            lon_e7: DegreesE7::new(self.lon_e7),
            altitude_dm: self.altitude_dm,
            accuracy_dm: self.accuracy_dm,
            speed_cm_s: self.speed_cm_s,
            heading_cdeg: self.heading_cdeg,
            fix_age_ms: self.fix_age_ms,
            supply_mv: self.supply_mv,
            battery_percent: self.battery_percent,
            odometer_m: self.odometer_m,
        })
    }
}

/// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TELEMETRY_LEN_MAX) bytes are
/// enough. On an error nothing of the output may be used.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_telemetry_seal(
    header: *const PatrolHeader,
    body: *const PatrolTelemetry,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::seal(header, body, key, Output { out, out_len, frame_len }) })
}
