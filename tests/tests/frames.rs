//! A sealed frame of every type that is a report comes out at the platform as an event that says the same, whatever its suite;
//! what is none does not, and evidence stays at the gateway.

use std::time::Duration;

use firmware_protocol::body::{self, FixType, RecordRef, VehicleState};
use firmware_protocol::track::TrackBuilder;
use firmware_protocol::{Bytes, DegreesE7, List, Suite, Text};
use patrol_simulator::platform::Platform;
use patrol_tests::device_keys::{DeviceKey, key_file};
use patrol_tests::events::{around, assert_says, point};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{sealed, up};
use patrol_tests::{World, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
/// 2026-11-23T09:12:44.120+08:00.
const TIME_MS: u64 = 1_795_396_364_120;
const TIME: &str = "2026-11-23T01:12:44.120Z";

/// A place of the example city in the wire's units; [`PLACE`] in degrees.
const LAT_E7: DegreesE7 = DegreesE7::new(311_270_000);
const LON_E7: DegreesE7 = DegreesE7::new(1_043_980_000);
const PLACE: (f64, f64) = (104.398, 31.127);

/// A frame on its way, and what must come of it: topic, number, bytes, the event's time, geometry and properties.
struct Case {
    class: &'static str,
    seq: u32,
    frame: Vec<u8>,
    time: &'static str,
    geometry: Value,
    properties: Value,
}

fn vehicle() -> body::Telemetry {
    body::Telemetry {
        valid: VehicleState::IGNITION | VehicleState::MOVING,
        state: VehicleState::IGNITION | VehicleState::MOVING,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: LAT_E7,
        lon_e7: LON_E7,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8_750,
        fix_age_ms: 300,
        battery_percent: 88,
        odometer_m: 120_345,
        ..body::Telemetry::default()
    }
}

fn drive() -> body::TrackBatch {
    let mut track = TrackBuilder::new(400);
    let later = body::Telemetry {
        lat_e7: DegreesE7::new(311_271_000),
        lon_e7: DegreesE7::new(1_043_990_000),
        speed_cm_s: 700,
        ..vehicle()
    };
    assert!(track.push(10_000, &vehicle()) && track.push(12_000, &later));
    track.take(15_000).expect("two points were pushed")
}

/// Every type that is a report for the platform, sealed with this key.
fn cases(key: &DeviceKey) -> Vec<Case> {
    [telemetry(key), track(key), readings(key), incident(key), status(key), task(key)].into()
}

fn telemetry(key: &DeviceKey) -> Case {
    let properties = json!({"ignition": true, "satellites": 14, "accuracy_m": 4.5, "speed_kmh": 23.4,
        "heading_deg": 87.5, "fix_age_ms": 300, "battery_percent": 88, "odometer_m": 120_345});
    case(key, "telemetry", 1, &vehicle(), TIME, point(PLACE.0, PLACE.1), properties)
}

fn track(key: &DeviceKey) -> Case {
    let line = json!({"type": "LineString", "coordinates": [[104.398, 31.127], [104.399, 31.1271]]});
    let properties = json!({"ignition": true, "odometer_m": 120_345, "speed_kmh": 23.4,
    "coordinateProperties": {
        "times": ["2026-11-23T01:12:39.120Z", "2026-11-23T01:12:41.120Z"], "elapsed_ms": [0, 2_000],
        "speed_kmh": [23.4, 25.2], "heading_deg": [87.5, 87.5], "accuracy_m": [4.5, 4.5],
    }});
    case(key, "telemetry", 2, &drive(), "2026-11-23T01:12:39.120Z", line, properties)
}

fn readings(key: &DeviceKey) -> Case {
    let reading = |quantity, exponent, value, status| body::SensorReading {
        quantity,
        channel: 1,
        exponent,
        value,
        status,
    };
    let readings = [
        reading(body::Quantity::WATER_LEVEL, -2, 42, body::ReadingStatus::GOOD),
        reading(body::Quantity(999), 0, 7, body::ReadingStatus::STALE),
    ];
    let report = body::SensorReport { age_ms: 120, readings: List::from_slice(&readings).expect("two fit") };
    let properties = json!({"readings": [
        {"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 1},
        {"quantity": "quantity_999", "value": 7.0, "channel": 1, "status": "stale"},
    ]});
    case(key, "reading", 3, &report, "2026-11-23T01:12:44.000Z", Value::Null, properties)
}

fn incident(key: &DeviceKey) -> Case {
    let incident = body::Incident {
        category: 501,
        kind: body::CaseKind::EVENT,
        severity: 2,
        fix: FixType::GNSS_3D,
        lat_e7: LAT_E7,
        lon_e7: LON_E7,
        description: Text::truncated("占道经营"),
        evidence: List::from_slice(&[RecordRef { boot: 7, seq: 5 }]).expect("one fits"),
        ..body::Incident::default()
    };
    let properties = json!({"kind": "event", "code": "0501", "severity": 2, "description": "占道经营",
        "code_known": true, "evidence": [{"boot": 7, "seq": 5}]});
    case(key, "incident", 4, &incident, TIME, point(PLACE.0, PLACE.1), properties)
}

/// The description of a photo: kept at the gateway, and not for the platform yet.
fn photo(key: &DeviceKey) -> Vec<u8> {
    let photo = body::EvidenceMeta {
        evidence: RecordRef { boot: 7, seq: 5 },
        incident: RecordRef { boot: 7, seq: 4 },
        media: body::MediaType::JPEG,
        usage: body::EvidenceUsage::BEFORE,
        size_bytes: 412_345,
        chunk_size_log2: 12,
        sha256: [0xAB; 32],
        ..body::EvidenceMeta::default()
    };
    sealed(&key.up(), key.device, 7, 5, TIME_MS, &photo)
}

fn status(key: &DeviceKey) -> Case {
    let status = body::Status {
        firmware: Text::truncated("1.4.2"),
        battery_percent: 80,
        temperature_deci_c: -45,
        queued: 3,
        ..body::Status::default()
    };
    let properties = json!({"firmware": "1.4.2", "battery_percent": 80, "temperature_c": -4.5, "queued": 3});
    case(key, "status", 6, &status, TIME, Value::Null, properties)
}

fn task(key: &DeviceKey) -> Case {
    let answer = body::TaskAck {
        task: 5512,
        revision: 2,
        state: body::TaskState::UNABLE,
        reason: body::TaskReason::PLACE_NOT_FOUND,
        age_ms: 120,
        note: Text::truncated("围挡施工"),
        evidence: List::from_slice(&[RecordRef { boot: 7, seq: 5 }]).expect("one fits"),
    };
    let properties = json!({"task": 5512, "revision": 2, "state": "unable", "reason": "place_not_found",
        "note": "围挡施工", "evidence": [{"boot": 7, "seq": 5}]});
    case(key, "task", 7, &answer, "2026-11-23T01:12:44.000Z", Value::Null, properties)
}

fn case<B: body::Body>(
    key: &DeviceKey,
    class: &'static str,
    seq: u32,
    body: &B,
    time: &'static str,
    geometry: Value,
    properties: Value,
) -> Case {
    let frame = sealed(&key.up(), key.device, 7, seq, TIME_MS, body);
    Case { class, seq, frame, time, geometry, properties }
}

async fn delivered(platform: &Platform, count: u64) {
    wait_until("the platform has them", SOON, async || platform.counts().delivered >= count).await;
    assert_eq!(platform.counts().delivered, count);
}

#[tokio::test]
async fn every_report_is_forwarded_as_its_event_whatever_the_suite() {
    for suite in [Suite::HMAC_SHA256_128, Suite::HMAC_SHA256_64, Suite::HMAC_SM3_128] {
        let key = DeviceKey { device: "car-07", suite, key_id: 3, fill: 7 };
        let world = World::new();
        let platform = world.platform().await;
        let keys = key_file(&world, &[key]);
        let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
        let gateway = plan.start().await;
        let mut device = Connection::connect(&gateway, Version::V5, key.device).await;
        let cases = cases(&key);
        device.report(9, &up(key.device, "evidence"), photo(&key)).await;
        for case in &cases {
            device.report(1, &up(key.device, case.class), &case.frame).await;
        }
        delivered(&platform, cases.len() as u64).await;
        for case in cases {
            let id = format!("car-07/7/{}", case.seq);
            let event = platform.event(&id).unwrap_or_else(|| panic!("{suite}: no {id}"));
            assert_says(&event, &around(&id, case.class, case.time, case.geometry, case.properties));
        }
        assert!(platform.event("car-07/7/5").is_none(), "{suite}: a photo is not sent yet");
        assert_eq!(gateway.status().await["pending"]["evidence"], 1, "{suite}: it is kept");
    }
}

#[tokio::test]
async fn a_question_about_the_time_and_a_piece_of_a_photo_are_acknowledged_and_no_reports() {
    let key = DeviceKey { device: "car-07", suite: Suite::HMAC_SHA256_128, key_id: 0, fill: 7 };
    let world = World::new();
    let platform = world.platform().await;
    let keys = key_file(&world, &[key]);
    let plan = world.gateway().uplink(&platform.url()).set("devices.keys", &keys.to_string_lossy());
    let gateway = plan.start().await;
    let mut device = Connection::connect(&gateway, Version::V5, key.device).await;
    let question = body::TimeSync { asked_boot: 7, asked_uptime_ms: 5_000, ..body::TimeSync::default() };
    let question = sealed(&key.up(), key.device, 7, 1, 0, &question);
    device.report(1, &up(key.device, "status"), question).await;
    let chunk = body::EvidenceChunk {
        evidence: RecordRef { boot: 7, seq: 5 },
        index: 0,
        data: Bytes::new(&[0x5A; 64]).expect("it fits"),
    };
    let chunk = sealed(&key.up(), key.device, 7, 2, 0, &chunk);
    device.report(2, &up(key.device, "evidence"), chunk).await;
    assert_eq!(gateway.pending().await, 0, "nothing of it waits for the platform");
    let status = status(&key);
    device.report(3, &up(key.device, "status"), status.frame).await;
    delivered(&platform, 1).await;
    assert!(platform.event("car-07/7/6").is_some());
}
