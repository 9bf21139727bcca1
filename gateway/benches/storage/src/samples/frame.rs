//! Bodies as sealed frames.

use firmware_protocol::body::{FixType, Telemetry, VehicleState};
use firmware_protocol::{
    DegreesE7, DeviceSecret, DeviceTag, Direction, ErrorBound, Header, Suite, TimeQuality, TimeSource, seal,
};

use super::Device;

pub(super) fn telemetry(device: &Device) -> Vec<u8> {
    let known = VehicleState::IGNITION | VehicleState::MOVING;
    let body = Telemetry {
        valid: known,
        state: known,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: DegreesE7::new((device.lat_deg * 1e7) as i32),
        lon_e7: DegreesE7::new((device.lon_deg * 1e7) as i32),
        altitude_dm: 4960,
        accuracy_dm: (device.accuracy_m * 10.0) as u16,
        speed_cm_s: (device.speed_kmh / 0.036) as u16,
        heading_cdeg: (device.heading_deg * 100.0) as u16,
        fix_age_ms: 100,
        supply_mv: 13_800,
        battery_percent: device.battery_percent as u8,
        odometer_m: device.odometer_m as u32,
    };
    let header = Header {
        device: DeviceTag::of(device.id.as_str()),
        boot: device.boot,
        seq: device.seq,
        uptime_ms: u64::from(device.seq) * 1000,
        unix_ms: device.unix_ms as u64,
        time_quality: TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) },
        ..Header::of::<Telemetry>()
    };
    let secret = DeviceSecret::new([7; 32]);
    let key = secret.frame_key(Suite::HMAC_SHA256_128, 1, Direction::Up, header.device);
    let key = key.expect("a suite that this build has");
    let mut frame = vec![0; 256];
    let len = seal(&header, &body, &key, &mut frame).expect("256 bytes are enough");
    frame.truncate(len);
    frame
}
