//! Records of telemetry with whatever a device may say.

use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::report::{Class, Identity, TimeQuality};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::Pending;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fleet::{BEGIN_MS, pending};

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
