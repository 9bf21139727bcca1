//! Records of telemetry as a fleet of vehicles makes them.

use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Pending, RecordKey};
use patrol_simulator::route::RoadMap;
use serde_json::json;

/// 2026-11-23T01:12:44Z.
pub const BEGIN_MS: i64 = 1_795_396_364_000;

/// A record as the store hands it out.
pub fn pending(device: &str, boot: u32, seq: u32, class: Class, payload: &str) -> Pending {
    let record = StoredRecord {
        device: DeviceId::parse(device).expect("a device's id"),
        identity: Identity::Device { boot, seq },
        class,
        received_at_ms: BEGIN_MS,
        payload: payload.as_bytes().to_vec().into(),
        casework: None,
        gateway: None,
    };
    Pending { key: RecordKey::Row(seq.into()), record, anchor: None }
}

/// So many vehicles that say where they are every ten seconds, so many times: on the simulator's roads, with the noise of a satellite
/// receiver and of a radio link.
pub fn fleet(vehicles: usize, points: u32) -> Vec<Pending> {
    let map = RoadMap::built_in().expect("the built-in roads");
    let mut chance = fastrand::Rng::with_seed(7);
    let mut records = Vec::new();
    for point in 0..points {
        for vehicle in 0..vehicles {
            let speed_kmh = 18.0 + 3.0 * (vehicle % 7) as f64;
            let at = map.ride(vehicle, 137.0 * vehicle as f64, speed_kmh).at(f64::from(point) * 10.0);
            // A metre or two, as a receiver has it in a street.
            let mut noisy =
                |deg: f64| ((deg + (chance.f64() + chance.f64() - 1.0) * 1.5e-5) * 1e7).round() / 1e7;
            let position = json!({"lon": noisy(at.position.lon_deg), "lat": noisy(at.position.lat_deg),
                "accuracy_m": 3.0, "fix_age_ms": 100, "crs": "wgs84"});
            let tenths = |value: f64| (value * 10.0).round() / 10.0;
            let time_ms = BEGIN_MS + 10_000 * i64::from(point) + 113 * (vehicle as i64 % 80);
            let payload = json!({
                "time": format!("{:.3}", jiff::Timestamp::from_millisecond(time_ms).expect("a time")),
                "time_quality": "gnss", "position": position,
                "speed_kmh": tenths(at.speed_kmh + chance.f64() * 2.0 - 1.0),
                "heading_deg": tenths((at.heading_deg + chance.f64() * 2.0).rem_euclid(360.0)),
                "ignition": true, "battery_percent": 88, "odometer_m": 120_000 + at.travelled_m as u64,
            });
            let mut it =
                pending(&format!("car-{vehicle:02}"), 7, point, Class::Telemetry, &payload.to_string());
            it.record.received_at_ms = time_ms + 20 + chance.i64(0..200);
            records.push(it);
        }
    }
    records
}
