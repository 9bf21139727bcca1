//! Records of telemetry: whatever a device may say, and what a fleet says.

use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::report::{Class, DeviceId, Identity, TimeQuality};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Pending, RecordKey};
use patrol_simulator::route::RoadMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// 2026-11-23T01:12:44Z.
const BEGIN_MS: i64 = 1_795_396_364_000;

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

/// Telemetry of whatever device, with whatever it may say or leave out.
pub fn telemetry() -> impl Strategy<Value = Pending> {
    let identity = prop_oneof![
        9 => (any::<u32>(), any::<u32>()).prop_map(|(boot, seq)| Identity::Device { boot, seq }),
        1 => (any::<u64>(), any::<u32>()).prop_map(|(run, number)| Identity::Minted { run, number }),
    ];
    let other = prop_oneof![9 => Just(None), 1 => Just(Some("box-018".into()))];
    let anchor = prop_oneof![
        3 => Just(None),
        1 => (0..BEGIN_MS).prop_map(|booted_at_ms| Some(Anchor { booted_at_ms, quality: TimeQuality::Network })),
    ];
    ("car-0[1-5]", identity, any::<i64>(), payload(), other, anchor).prop_map(
        |(device, identity, received_at_ms, payload, gateway, anchor)| {
            let pending = pending(&device, 1, 1, Class::Telemetry, &payload);
            let record = StoredRecord { identity, received_at_ms, gateway, ..pending.record };
            Pending { record, anchor, ..pending }
        },
    )
}

/// What a device sends: JSON with any of the fields, in any size and precision.
fn payload() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (-180_000_000..180_000_000i64).prop_map(|value| value as f64 / 1e6),
        -1000.0..1000.0f64,
        (0..2000u32).prop_map(|value| f64::from(value) / 10.0),
        Just(0.0),
    ];
    let position = (number.clone(), -90.0..90.0f64, prop::option::of(0..100_000u32), 0..3usize);
    let time = prop::option::of(0..4_000_000_000_000i64);
    (
        prop::option::of(position),
        prop::collection::vec(prop::option::of(number), 4),
        time,
        any::<[Option<bool>; 2]>(),
        0..120u64,
    )
        .prop_map(|(position, numbers, time, flags, count)| {
            let mut fields = Map::new();
            if let Some((lon, lat, age, crs)) = position {
                let crs = ["wgs84", "cgcs2000", "gcj02"][crs];
                let mut position = json!({"lon": lon, "lat": lat, "crs": crs});
                if let Some(age) = age {
                    position["fix_age_ms"] = age.into();
                }
                fields.insert("position".into(), position);
            }
            let names = ["speed_kmh", "heading_deg", "altitude_m", "supply_v"];
            for (name, number) in names.into_iter().zip(numbers) {
                fields.extend(number.map(|number| (name.to_owned(), json!(number.abs()))));
            }
            for (name, flag) in ["ignition", "panic"].into_iter().zip(flags) {
                fields.extend(flag.map(|flag| (name.to_owned(), json!(flag))));
            }
            if count % 2 == 0 {
                fields.insert("odometer_m".into(), (count * count * count).into());
            }
            if let Some(time) = time.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
                fields.insert("time".into(), format!("{time:.3}").into());
                fields.insert("time_quality".into(), "gnss".into());
            }
            Value::Object(fields).to_string()
        })
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
