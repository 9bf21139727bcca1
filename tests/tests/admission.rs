//! What devices report comes out at the platform as CloudEvents that say the same, and an incident's event says whose it is.

use std::time::Duration;

use firmware_protocol::body::{self, FixType, VehicleState};
use firmware_protocol::{DegreesE7, Text};
use patrol_tests::events::{self, assert_says, point};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{IN_A_GRID, frame, up};
use patrol_tests::{World, wait_until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
/// The example city as it ships with the gateway.
const CITY: &str = include_str!("../../gateway/city/duty-grids.geojson");
/// 2026-11-23T09:12:44.120+08:00.
const TIME_MS: u64 = 1_795_396_364_120;
const TIME: &str = "2026-11-23T01:12:44.120Z";

/// Sends a payload as `car-07`'s report of a class, waits for the platform and gives the event it got.
async fn event_of(class: &str, id: &str, payload: impl AsRef<[u8]>) -> Value {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    device.report(1, &up("car-07", class), payload).await;
    wait_until("the platform has it", SOON, async || platform.counts().delivered == 1).await;
    platform.event(id).unwrap_or_else(|| panic!("{id} is not among {:?}", platform.arrivals()))
}

/// What every event of `car-07` has around its properties.
fn around(id: &str, class: &str, geometry: Value, properties: Value) -> Value {
    events::around(id, class, TIME, geometry, properties)
}

#[tokio::test]
async fn an_incident_in_json_is_forwarded_with_its_place_and_who_is_responsible() {
    let report = r#"{"boot": 7, "seq": 812, "time": "2026-11-23T09:12:44.120+08:00", "time_quality": "gnss", "age_ms": 0,
     "kind": "event", "code": "0501", "severity": 2,
     "position": {"lon": 104.398, "lat": 31.127, "accuracy_m": 4.5, "fix_age_ms": 300, "crs": "wgs84"},
     "operator": "op-118", "stall_card": "DY-2207", "description": "占道经营 stall", "evidence": [{"boot": 7, "seq": 811}]}"#;
    let event = event_of("incident", "car-07/7/812", report).await;
    let properties = json!({
        "device": "car-07", "boot": 7, "seq": 812, "kind": "event", "code": "0501", "severity": 2,
        "operator": "op-118", "stall_card": "DY-2207", "description": "占道经营 stall",
        "evidence": [{"boot": 7, "seq": 811}], "time_from": "device", "time_quality": "gnss",
        "accuracy_m": 4.5, "fix_age_ms": 300, "crs": "wgs84", "position_source": "device", "code_known": true,
    });
    assert_says(&event, &around("car-07/7/812", "incident", point(104.398, 31.127), properties));
    assert_says(&event, &json!({"subject": event["data"]["properties"]["grid"]}));
    assert!(event["data"]["properties"]["received_at"].is_string());
}

#[tokio::test]
async fn the_other_classes_in_json_are_forwarded_as_they_were_said() {
    let time = r#""time": "2026-11-23T09:12:44.120+08:00""#;
    let position = r#"{"lon": 104.398, "lat": 31.127, "crs": "wgs84"}"#;
    let telemetry = format!(
        r#"{{"boot": 7, "seq": 901, {time}, "position": {position}, "speed_kmh": 23.4, "heading_deg": 87.5,
        "ignition": true, "battery_percent": 88, "odometer_m": 120345}}"#
    );
    let said = json!({"boot": 7, "seq": 901, "speed_kmh": 23.4, "heading_deg": 87.5, "ignition": true,
        "battery_percent": 88, "odometer_m": 120_345});
    let event = event_of("telemetry", "car-07/7/901", telemetry).await;
    assert_says(&event, &around("car-07/7/901", "telemetry", point(104.398, 31.127), said));

    let readings = r#"[{"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 0}]"#;
    let reading = format!(r#"{{"boot": 2, "seq": 5, {time}, "readings": {readings}}}"#);
    let said = json!({"readings": [{"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 0}]});
    let event = event_of("reading", "car-07/2/5", reading).await;
    assert_says(&event, &around("car-07/2/5", "reading", Value::Null, said));

    let status = format!(
        r#"{{"boot": 7, "seq": 902, {time}, "firmware": "1.4.2", "battery_percent": 80, "storage_free_kib": 51200,
        "queued": 3}}"#
    );
    let said = json!({"firmware": "1.4.2", "battery_percent": 80, "storage_free_kib": 51200, "queued": 3});
    let event = event_of("status", "car-07/7/902", status).await;
    assert_says(&event, &around("car-07/7/902", "status", Value::Null, said));

    let task = format!(
        r#"{{"boot": 7, "seq": 903, {time}, "task": 5512, "revision": 1, "state": "accepted", "note": "在路上"}}"#
    );
    let said = json!({"task": 5512, "revision": 1, "state": "accepted", "note": "在路上"});
    let event = event_of("task", "car-07/7/903", task).await;
    assert_says(&event, &around("car-07/7/903", "task", Value::Null, said));
}

#[tokio::test]
async fn frames_are_forwarded_under_the_names_and_units_of_json() {
    let (lon_e7, lat_e7) = (DegreesE7::new(1_043_980_000), DegreesE7::new(311_270_000));
    let telemetry = body::Telemetry {
        valid: VehicleState::IGNITION,
        state: VehicleState::IGNITION,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7,
        lon_e7,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8750,
        fix_age_ms: 300,
        battery_percent: 88,
        odometer_m: 120_345,
        ..body::Telemetry::default()
    };
    let said = json!({"boot": 7, "seq": 901, "time_quality": "gnss", "ignition": true, "satellites": 14,
        "accuracy_m": 4.5, "speed_kmh": 23.4, "heading_deg": 87.5, "fix_age_ms": 300, "battery_percent": 88,
        "odometer_m": 120_345});
    let event = event_of("telemetry", "car-07/7/901", frame("car-07", 7, 901, TIME_MS, &telemetry)).await;
    assert_says(&event, &around("car-07/7/901", "telemetry", point(104.398, 31.127), said));

    let incident = body::Incident {
        category: 501,
        kind: body::CaseKind::EVENT,
        severity: 2,
        age_ms: 1_000,
        fix: FixType::GNSS_3D,
        lat_e7,
        lon_e7,
        accuracy_dm: 45,
        operator: Text::truncated("op-118"),
        description: Text::truncated("占道经营"),
        ..body::Incident::default()
    };
    let said = json!({"kind": "event", "code": "0501", "severity": 2, "operator": "op-118",
        "description": "占道经营", "accuracy_m": 4.5, "code_known": true});
    // It was found a second before the frame was made.
    let made = frame("car-07", 7, 812, TIME_MS + 1_000, &incident);
    let event = event_of("incident", "car-07/7/812", made).await;
    assert_says(&event, &around("car-07/7/812", "incident", point(104.398, 31.127), said));

    let status = body::Status {
        firmware: Text::truncated("1.4.2"),
        battery_percent: 80,
        storage_free_kib: 51_200,
        queued: 3,
        ..body::Status::default()
    };
    let said = json!({"firmware": "1.4.2", "battery_percent": 80, "storage_free_kib": 51200, "queued": 3});
    let event = event_of("status", "car-07/7/902", frame("car-07", 7, 902, TIME_MS, &status)).await;
    assert_says(&event, &around("car-07/7/902", "status", Value::Null, said));
}

#[tokio::test]
async fn an_incident_inside_a_grid_carries_the_grids_facts_from_the_map() {
    let (lon, lat) = IN_A_GRID;
    let report = json!({"boot": 1, "seq": 1, "kind": "event", "code": "0501",
        "position": {"lon": lon, "lat": lat, "accuracy_m": 3.0, "crs": "wgs84"}});
    let event = event_of("incident", "car-07/1/1", report.to_string()).await;
    let city: Value = serde_json::from_str(CITY).expect("the map is JSON");
    let grids = city["features"].as_array().expect("the map has grids");
    let holding: Vec<&Value> = grids.iter().filter(|grid| holds(&grid["geometry"], lon, lat)).collect();
    let [grid] = holding.as_slice() else { panic!("{} grids hold the place", holding.len()) };
    let facts = &grid["properties"];
    let expected = json!({
        "assignment": "assigned", "grid": facts["grid_code"], "district": facts["district"],
        "street": facts["street"], "community": facts["community"], "responsible_unit": facts["responsible_unit"],
    });
    assert_says(&event["data"]["properties"], &expected);
    assert_eq!(event["subject"], facts["grid_code"]);
}

/// Whether a polygon without holes holds a point: a ray to the east crosses its edge an odd number of times.
fn holds(geometry: &Value, lon: f64, lat: f64) -> bool {
    let rings = geometry["coordinates"].as_array().expect("a polygon has rings");
    assert_eq!((rings.len(), &geometry["type"]), (1, &json!("Polygon")), "the example city has plain grids");
    let corner =
        |corner: &Value| (corner[0].as_f64().expect("degrees"), corner[1].as_f64().expect("degrees"));
    let corners: Vec<(f64, f64)> = rings[0].as_array().expect("corners").iter().map(corner).collect();
    let crossed = |edge: &&[(f64, f64)]| {
        let ((x1, y1), (x2, y2)) = (edge[0], edge[1]);
        (y1 > lat) != (y2 > lat) && lon < x1 + (lat - y1) / (y2 - y1) * (x2 - x1)
    };
    corners.windows(2).filter(crossed).count() % 2 == 1
}

#[tokio::test]
async fn an_incident_without_a_grid_is_forwarded_as_unassigned_with_the_reason() {
    let outside = r#"{"boot": 1, "seq": 1, "kind": "component", "code": "0101",
        "position": {"lon": 103.0, "lat": 30.0, "accuracy_m": 3.0, "crs": "wgs84"}}"#;
    let event = event_of("incident", "car-07/1/1", outside).await;
    let expected = json!({"assignment": "unassigned", "unassigned_because": "outside_every_grid"});
    assert_says(&event["data"], &json!({"geometry": point(103.0, 30.0), "properties": expected}));
    assert!(event.get("subject").is_none() && event["data"]["properties"].get("grid").is_none(), "{event:#}");

    let nowhere = r#"{"boot": 1, "seq": 2, "kind": "event", "code": "0501"}"#;
    let event = event_of("incident", "car-07/1/2", nowhere).await;
    let expected = json!({"assignment": "unassigned", "unassigned_because": "no_fix"});
    assert_says(&event["data"], &json!({"geometry": null, "properties": expected}));
}

#[tokio::test]
async fn without_a_device_time_the_gateways_is_taken_and_said_to_be_so() {
    let event = event_of("status", "car-07/1/1", r#"{"boot": 1, "seq": 1, "queued": 0}"#).await;
    let properties = &event["data"]["properties"];
    assert_says(properties, &json!({"time_from": "gateway", "received_at": event["time"]}));
    assert!(properties.get("time_quality").is_none(), "{properties:#}");
}
