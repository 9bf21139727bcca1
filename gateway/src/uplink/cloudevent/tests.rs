//! Events as the platform reads them, byte for byte where it is a promise.

mod frames;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::city::{City, Reporting};
use crate::domain::geography::Geography;
use crate::domain::geotag::Scene;
use crate::domain::report::{Body, Report};
use crate::domain::stalls::StallRegister;

const GATEWAY: &str = "box-017";
const INCIDENT: &str = r#"{"boot": 7, "seq": 812, "time": "2026-11-23T09:12:44.120+08:00", "time_quality": "gnss",
    "kind": "event", "code": "0501", "severity": 2,
    "position": {"lon": 104.398, "lat": 31.127, "accuracy_m": 4.5, "fix_age_ms": 300, "crs": "wgs84"},
    "operator": "op-118", "stall_card": "DY-2207", "description": "占道\n\"经营\"", "evidence": [{"boot": 7, "seq": 811}]}"#;
/// 2026-11-23T01:12:46.007Z
const RECEIVED_AT_MS: i64 = 1_795_396_366_007;

/// The event of [`INCIDENT`]; the versions are those of [`city`].
const EVENT: &str = r#"{
    "specversion": "1.0",
    "id": "car-07/7/812",
    "source": "urn:patrol-gateway:box-017",
    "type": "cn.patrol.incident.v1",
    "time": "2026-11-23T01:12:44.120Z",
    "subject": "510603001001001",
    "datacontenttype": "application/geo+json",
    "data": {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [104.398, 31.127]},
        "properties": {
            "device": "car-07", "boot": 7, "seq": 812,
            "time_from": "device", "time_quality": "gnss", "received_at": "2026-11-23T01:12:46.007Z",
            "position_source": "device", "position_freshness": "live", "crs": "wgs84",
            "accuracy_m": 4.5, "fix_age_ms": 300,
            "kind": "event", "code": "0501", "severity": 2, "operator": "op-118", "stall_card": "DY-2207",
            "description": "占道\n\"经营\"", "evidence": [{"boot": 7, "seq": 811}],
            "code_known": true, "code_zh": "无照经营游商", "code_en": "Unlicensed street vendor",
            "assignment": "assigned",
            "grid": "510603001001001", "grid_name": "文庙社区第1网格",
            "district_code": "510603", "district": "旌阳区",
            "street_code": "510603001", "street": "旌阳街道",
            "community_code": "510603001001", "community": "文庙社区",
            "responsible_unit": "旌阳街道综合执法中队",
            "line_authority": "市城管执法局旌阳大队", "block_authority": "旌阳区/旌阳街道办事处",
            "community_unit": "文庙社区居委会",
            "owner": "旌阳街道综合执法中队", "owner_role": "responsible_unit", "copies": [],
            "urgent": false, "device_severity": 2, "finding": "car-07/7/812", "decided_by": {"owner": "ownership.default"},
            "stall": {"verdict": "unknown_card", "card": "DY-2207", "register": "stalls@none"},
            "data_versions": {"grids": "GRIDS", "codes": "CODES", "rules": "rules@none", "points": "points@none"}
        }
    }
}"#;

fn city() -> City {
    let map = json!({"type": "FeatureCollection", "name": "test", "features": [{
        "type": "Feature",
        "properties": {
            "grid_code": "510603001001001", "grid_name": "文庙社区第1网格", "district_code": "510603", "district": "旌阳区",
            "street_code": "510603001", "street": "旌阳街道", "community_code": "510603001001", "community": "文庙社区",
            "responsible_unit": "旌阳街道综合执法中队", "line_authority": "市城管执法局旌阳大队",
            "block_authority": "旌阳区/旌阳街道办事处", "community_unit": "文庙社区居委会"
        },
        "geometry": {"type": "Polygon", "coordinates": [[[104, 31], [105, 31], [105, 32], [104, 32], [104, 31]]]}
    }]});
    let codes = "code,kind,zh,en\n0501,event,无照经营游商,Unlicensed street vendor\n";
    let codes = crate::domain::codes::CodeTable::from_csv(codes.as_bytes()).expect("a table");
    City::new(Geography::from_geojson(map.to_string().as_bytes()).expect("a map").with_codes(codes))
}

/// What admission makes of an incident.
fn casework(report: &Report<'_>) -> Option<String> {
    let Body::Incident(incident) = &report.body else { return None };
    let scene = Scene { fix: incident.fix, ..Scene::default() };
    let stalls = StallRegister::default();
    let reporting = Reporting { scene, home_grid: None, received_at_ms: RECEIVED_AT_MS, stalls: &stalls };
    Some(city().case_file(report, incident, &reporting).casework.into())
}

fn record(class: Class, identity: Identity, payload: &str) -> StoredRecord {
    let device = DeviceId::parse("car-07").expect("a device id");
    let report = admission::reread(Coordinates::default(), class, payload.as_bytes());
    let casework = report.ok().and_then(|report| casework(&report));
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    StoredRecord { device, identity, class, received_at_ms: RECEIVED_AT_MS, payload, casework, gateway: None }
}

fn by_device(class: Class, payload: &str) -> StoredRecord {
    record(class, Identity::Device { boot: 7, seq: 812 }, payload)
}

fn written(record: &StoredRecord) -> Value {
    let mut out = Vec::new();
    write_event(&mut out, GATEWAY, Coordinates::default(), record, None);
    serde_json::from_slice(&out).expect("an event is JSON")
}

#[test]
fn an_attributed_incident_reads_like_this() {
    let record = by_device(Class::Incident, INCIDENT);
    let geography = city().geography;
    let versions =
        (geography.version().to_owned(), geography.codes().version().unwrap_or_default().to_owned());
    let expected = EVENT.replace("GRIDS", &versions.0).replace("CODES", &versions.1);
    assert_eq!(written(&record), serde_json::from_str::<Value>(&expected).expect("JSON"));
}

#[test]
fn telemetry_without_anything_but_a_fix_stays_small() {
    let record = by_device(
        Class::Telemetry,
        r#"{"boot":7,"seq":812,"position":{"lon":104.5,"lat":31.5,"crs":"wgs84"}}"#,
    );
    let mut out = b"[".to_vec();
    write_event(&mut out, GATEWAY, Coordinates::default(), &record, None);
    let expected = concat!(
        r#"[{"specversion":"1.0","id":"car-07/7/812","source":"urn:patrol-gateway:box-017","#,
        r#""type":"cn.patrol.telemetry.v1","time":"2026-11-23T01:12:46.007Z","datacontenttype":"application/geo+json","#,
        r#""data":{"type":"Feature","geometry":{"type":"Point","coordinates":[104.5,31.5]},"#,
        r#""properties":{"device":"car-07","boot":7,"seq":812,"time_from":"gateway","#,
        r#""received_at":"2026-11-23T01:12:46.007Z","position_source":"device","position_freshness":"unknown","#,
        r#""crs":"wgs84"}}}"#
    );
    assert_eq!(String::from_utf8_lossy(&out), expected);
}

#[test]
fn what_a_device_without_a_clock_found_is_dated_by_its_boot_and_says_so() {
    use crate::domain::report::TimeQuality;
    use firmware_protocol::{DeviceTag, FrameKey, Header, body, seal};

    let header =
        Header { device: DeviceTag::of("car-07"), uptime_ms: 5_000, ..Header::of::<body::Incident<'_>>() };
    let (kind, age_ms) = (body::CaseKind::EVENT, 7_500);
    let incident = body::Incident { category: 501, kind, age_ms, ..body::Incident::default() };
    let mut payload = [0; 256];
    let len = seal(&header, &incident, &FrameKey::CRC32C, &mut payload).expect("a frame");
    let record =
        StoredRecord { payload: Bytes::copy_from_slice(&payload[..len]), ..by_device(Class::Incident, "{}") };
    let told = |anchor| {
        let mut out = Vec::new();
        write_event(&mut out, GATEWAY, Coordinates::default(), &record, anchor);
        let event: Value = serde_json::from_slice(&out).expect("an event is JSON");
        let properties = &event["data"]["properties"];
        ["time_from", "time_quality", "anchor_quality"]
            .map(|name| properties[name].clone())
            .into_iter()
            .chain([event["time"].clone()])
            .collect::<Vec<_>>()
    };
    let anchor = Anchor { booted_at_ms: RECEIVED_AT_MS - 60_000, quality: TimeQuality::Gnss };
    // Found 2.5 s before its device was switched on, which was a minute before the gateway received it.
    assert_eq!(json!(told(Some(anchor))), json!(["device", "anchored", "gnss", "2026-11-23T01:11:43.507Z"]));
    assert_eq!(json!(told(None)), json!(["gateway", null, null, "2026-11-23T01:12:46.007Z"]));
}

#[test]
fn every_class_keeps_its_fields_under_the_devices_names() {
    let cases = [
        (
            Class::Telemetry,
            json!({"speed_kmh": 23.4, "heading_deg": 87.5, "ignition": true, "battery_percent": 88}),
        ),
        (
            Class::Reading,
            json!({"readings": [
                {"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 1},
                {"quantity": "noise_level", "value": 71.5, "unit": "dB", "channel": 0, "status": "estimated"},
            ]}),
        ),
        (
            Class::Status,
            json!({"firmware": "1.4.2", "storage_free_kib": 51200, "queued": 3, "temperature_c": -3.5}),
        ),
        (Class::Task, json!({"task": 5512, "revision": 1, "state": "accepted", "note": "..."})),
        (
            Class::Task,
            json!({"task": 1, "revision": 0, "state": "rejected", "reason": "busy", "evidence": [{"boot": 7, "seq": 1}]}),
        ),
    ];
    for (class, fields) in cases {
        let event = written(&by_device(class, &fields.to_string()));
        assert_eq!(event["type"], format!("cn.patrol.{class}.v1"));
        assert_eq!(event["data"]["geometry"], Value::Null);
        for (name, value) in fields.as_object().expect("an object") {
            assert_eq!(&event["data"]["properties"][name], value, "{class} {name}");
        }
    }
}

#[test]
fn without_a_fix_an_incident_is_unassigned_has_no_subject_and_says_why() {
    let event = written(&by_device(Class::Incident, r#"{"kind": "component", "code": "9999"}"#));
    assert_eq!(event["data"]["geometry"], Value::Null);
    assert_eq!(event.get("subject"), None);
    let properties = &event["data"]["properties"];
    assert_eq!(
        (&properties["assignment"], &properties["unassigned_because"], &properties["code_known"]),
        (&json!("unassigned"), &json!("no_fix"), &json!(false))
    );
}

#[test]
fn a_minted_id_says_that_resends_are_not_recognised() {
    let event = written(&record(Class::Telemetry, Identity::Minted { run: 0x1_c0ff_ee42, number: 15 }, "{}"));
    assert_eq!(event["id"], "car-07/g1c0ffee42/15");
    assert_eq!(event["data"]["properties"]["resends_recognised"], false);
    assert_eq!(event["data"]["properties"].get("boot"), None);
}

#[test]
fn what_this_version_cannot_read_is_passed_on_as_it_is() {
    let raw = |record: &StoredRecord| {
        let event = written(record);
        assert_eq!(
            (&event["id"], &event["time"]),
            (&json!("car-07/7/812"), &json!("2026-11-23T01:12:46.007Z"))
        );
        assert_eq!(
            (event["datacontenttype"].as_str(), event.get("data")),
            (Some("application/octet-stream"), None)
        );
        (event["type"].clone(), event["data_base64"].clone())
    };
    let unread = StoredRecord { payload: Bytes::from_static(b"\xC1\x20"), ..by_device(Class::Status, "{}") };
    assert_eq!(raw(&unread), (json!("cn.patrol.status.raw.v1"), json!("wSA=")));
    let newer =
        StoredRecord { casework: Some("{\"v\":2}".to_owned()), ..by_device(Class::Incident, INCIDENT) };
    assert_eq!(raw(&newer).0, "cn.patrol.incident.raw.v1");
}

#[test]
fn an_incident_stored_without_casework_still_has_its_own_position() {
    let event = written(&StoredRecord { casework: None, ..by_device(Class::Incident, INCIDENT) });
    assert_eq!(event["data"]["geometry"]["coordinates"], json!([104.398, 31.127]));
    assert_eq!(event["data"]["properties"].get("assignment"), None);
}

proptest! {
    #[test]
    fn any_record_gives_one_json_object_and_the_same_one_again(
        payload in prop::collection::vec(any::<u8>(), 0..100), class in 0..6_usize, received_at_ms: i64, boot: u32, seq: u32,
        text in "\\PC{0,40}"
    ) {
        let text = json!({"description": text, "kind": "event", "code": "0501"}).to_string();
        for payload in [Bytes::from(payload), Bytes::from(text)] {
            let class = Class::ALL[class];
            let identity = Identity::Device { boot, seq };
            let record = StoredRecord { payload, received_at_ms, identity, ..by_device(class, "{}") };
            let (mut once, mut again) = (Vec::new(), Vec::new());
            write_event(&mut once, GATEWAY, Coordinates::default(), &record, None);
            write_event(&mut again, GATEWAY, Coordinates::default(), &record.clone(), None);
            prop_assert_eq!(&once, &again);
            let event: Value = serde_json::from_slice(&once).expect("an event is JSON");
            prop_assert_eq!(&event["id"], &json!(format!("car-07/{boot}/{seq}")));
            let time = event["time"].as_str().unwrap_or_default();
            prop_assert!(time.len() == 24 && time.parse::<jiff::Timestamp>().is_ok(), "{}", time);
        }
    }
}

#[test]
fn an_incident_is_the_same_event_when_the_coordinates_of_the_city_change_before_it_is_sent_again() {
    use crate::domain::coordinates::gauss_krueger::Projection;
    let payload = r#"{"boot":7,"seq":812,"kind":"event","code":"0501",
        "position":{"easting_m":442582.275,"northing_m":3445210.817,"accuracy_m":4.5,"crs":"cgcs2000_gk"}}"#;
    let deyang = Coordinates::new(Projection::new(105.0), None);
    let report = admission::reread(deyang, Class::Incident, payload.as_bytes()).expect("a report");
    let casework = casework(&report).expect("an incident");
    let record = StoredRecord { casework: Some(casework), ..by_device(Class::Incident, payload) };
    let sent = |coordinates: Coordinates| {
        let mut out = Vec::new();
        write_event(&mut out, GATEWAY, coordinates, &record, None);
        serde_json::from_slice::<Value>(&out).expect("an event is JSON")
    };
    assert_eq!(sent(Coordinates::default()), sent(deyang));
    let place = &sent(Coordinates::default())["data"]["geometry"]["coordinates"];
    assert!((place[0].as_f64().expect("a longitude") - 104.398).abs() < 1e-6, "{place}");
}
