//! Third-party devices: what each preset makes of a sample, what an entry may say, and that nothing is lost whatever comes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod entries;

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use patrol_gateway::city;
use patrol_gateway::config::mapping::PRESETS;
use patrol_gateway::config::{Config, ConfigError, Geography};
use patrol_gateway::domain::admission::Reason;
use patrol_gateway::domain::camera::CameraEvents;
use patrol_gateway::domain::city::City;
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::keyring::{Credential, KeyedSuite, Keyring, Unlisted};
use patrol_gateway::domain::mapping::{Mapped, Rules};
use patrol_gateway::domain::report::{Class, DeviceId};
use patrol_gateway::intake::{Intake, Taken};
use patrol_gateway::store::submission::Content;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW_MS: i64 = 1_795_396_400_000;
const NO_VARIABLES: [(String, String); 0] = [];

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(text, "p.toml", NO_VARIABLES)
}

/// The rules of this text, with the example city's table of camera events.
fn rules(text: &str) -> Rules {
    let events = city::camera_events(&Geography::default()).unwrap();
    read(text).unwrap().mapping.rules.with_camera_events(&events)
}

fn mapped(rules: &Rules, payload: &Value) -> Mapped {
    rules
        .map("bridge", "x/car 9/up", payload.to_string().as_bytes(), NOW_MS)
        .expect("a rule is for the topic")
}

fn report(mapped: &Mapped) -> Value {
    serde_json::from_slice(mapped.report.as_ref().expect("a report")).unwrap()
}

fn refusal(mapped: &Mapped) -> (Reason, String) {
    let rejection = mapped.report.as_ref().expect_err("refused");
    (rejection.reason, rejection.detail.clone())
}

fn intake(rules: Rules, keyring: Keyring) -> Intake {
    static CITY: LazyLock<Arc<City>> = LazyLock::new(|| Arc::new(city::load(&Geography::default()).unwrap()));
    Intake::new(Arc::new(keyring), CITY.clone(), Arc::default()).with_mapping(Arc::new(rules))
}

const SAMPLES: [(&str, &str, &str); 6] = [
    ("jtt808-json", "jt-013912345678", include_str!("jtt808-json.json")),
    ("lorawan", "lora-a84041000181bc01", include_str!("lorawan.json")),
    ("senml", "urn-dev-mac-0024befffe804ff1", include_str!("senml.json")),
    ("gat1400", "cam-51060300001190000001", include_str!("gat1400.json")),
    ("ga1400-event", "cam-51060300001190000001", include_str!("ga1400-event.json")),
    ("jtt808-event", "jt-013912345678", include_str!("jtt808-event.json")),
];

/// What the sample of a preset becomes, letter by letter.
fn golden(preset: &str) -> Value {
    match preset {
        "jtt808-json" => json!({
            "time": "2026-11-23T01:12:44Z",
            "position": {"lon": 104.398_123, "lat": 31.127_345, "crs": "wgs84"},
            "altitude_m": 496, "satellites": 11, "speed_kmh": 55.3, "heading_deg": 87, "ignition": true, "panic": true,
            "odometer_m": 12_345_600.0,
        }),
        "lorawan" => json!({
            "time": "2026-11-23T01:12:44.120000+00:00",
            "time_quality": "network",
            "readings": [
                {"quantity": "water_level", "value": 0.42},
                {"quantity": "cover_open", "value": 0},
                {"quantity": "battery_v", "value": 3.58},
                {"quantity": "temperature", "value": 11.5, "channel": 1},
                {"quantity": "temperature", "value": 12.25, "channel": 2},
            ],
        }),
        "senml" => json!({
            "time": "2026-11-23T01:12:44Z",
            "readings": [
                {"quantity": "air_temperature", "value": 23.5, "unit": "Cel"},
                {"quantity": "relative_humidity", "value": 67, "unit": "%RH"},
                {"quantity": "noise_level", "value": 71.5, "unit": "dB"},
                {"quantity": "door", "value": 1},
            ],
        }),
        "gat1400" => json!({
            "time": "2026-11-23T01:12:44Z",
            "position": {"lon": 104.398, "lat": 31.127, "crs": "wgs84", "fix_type": "surveyed"},
            "kind": "event", "code": "0505", "description": "川F12345",
        }),
        "ga1400-event" => json!({
            "time": "2026-11-23T01:12:44Z",
            "position": {"lon": 104.398, "lat": 31.127, "crs": "wgs84", "fix_type": "surveyed"},
            "kind": "event", "code": "0501", "description": "无照经营游商(游摊小贩)",
        }),
        "jtt808-event" => json!({"kind": "event", "code": "0406"}),
        other => panic!("no golden report for {other}"),
    }
}

#[test]
fn each_preset_makes_of_its_sample_exactly_this_report_and_admission_takes_it() {
    assert_eq!(SAMPLES.map(|(name, ..)| name), PRESETS.map(|preset| preset.name));
    for (preset, device, sample) in SAMPLES {
        let rules = rules(&format!("[[mapping]]\ntopic = \"+/up\"\npreset = \"{preset}\"\ncrs = \"wgs84\""));
        let made = rules.map("bridge", "x/up", sample.as_bytes(), NOW_MS).unwrap();
        let text = String::from_utf8(made.report.clone().unwrap()).unwrap();
        assert_eq!(text, golden(preset).to_string(), "{preset}");
        assert_eq!(made.device.map(|id| id.to_string()).as_deref(), Some(device));
        let payload = Bytes::from_static(sample.as_bytes());
        let taken =
            intake(rules, Keyring::default()).take_mapped("bridge", "x/up", &payload, NOW_MS).unwrap();
        assert!(
            matches!(&taken.taken, Taken::Message(Content::Report { class, .. }) if *class == made.class),
            "{taken:?}"
        );
        assert_eq!(taken.payload, text, "{preset}: the store keeps what can be read again");
    }
}

#[test]
fn a_topic_that_no_rule_is_for_is_nobodys() {
    let intake = intake(rules("[[mapping]]\ntopic = \"a/+\"\npreset = \"senml\""), Keyring::default());
    assert!(intake.take_mapped("bridge", "b/c", &Bytes::from_static(b"{}"), NOW_MS).is_none());
}

#[test]
fn an_entry_counts_before_its_preset_field_by_field_and_the_first_rule_that_fits_takes_the_message() {
    let rules = rules(
        r#"
        [[mapping]]
        topic = "+/+/up"
        preset = "jtt808-json"
        kind = "incident"
        crs = "cgcs2000"
        device = { level = 2 }
        when = { pointer = "/body/alarm", bits_set = [0] }
        fields.kind = { default = "event" }
        fields.code = { default = "0499" }

        [[mapping]]
        topic = "+/+/up"
        preset = "jtt808-json"
        crs = "wgs84"
        fields.battery_percent = { pointer = "/body/extra/battery" }

        [[mapping]]
        topic = "+/+/up"
        kind = "status"
        device = { pointer = "/header/phone" }
        when = { pointer = "/header/msg_id", equals = [2, "3"] }
        "#,
    );
    let mut position: Value = serde_json::from_str(SAMPLES[0].2).unwrap();
    let alarm = mapped(&rules, &position);
    assert_eq!((alarm.rule, alarm.class), (0, Class::Incident));
    assert_eq!(alarm.device.as_ref().map(DeviceId::as_str), Some("car-9"));
    let place = json!({"lon": 104.398_123, "lat": 31.127_345, "crs": "cgcs2000"});
    let expected =
        json!({"time": "2026-11-23T01:12:44Z", "position": place, "kind": "event", "code": "0499"});
    assert_eq!(report(&alarm), expected);
    position["body"]["alarm"] = json!(0);
    position["body"]["extra"]["battery"] = json!("88");
    let plain = mapped(&rules, &position);
    assert_eq!((plain.rule, &report(&plain)["battery_percent"]), (1, &json!(88.0)));
    let heartbeat = mapped(&rules, &json!({"header": {"msg_id": 2, "phone": "013912345678"}, "body": {}}));
    assert_eq!((heartbeat.rule, report(&heartbeat)), (2, json!({})));
    let other = mapped(&rules, &json!({"header": {"msg_id": 258, "phone": "013912345678"}}));
    assert_eq!(other.device.as_ref().map(DeviceId::as_str), Some("car-9"));
    assert_eq!(refusal(&other).0, Reason::MappingFailed);
}

#[test]
fn a_position_without_a_fix_or_with_encrypted_coordinates_is_left_out() {
    let rules = rules("[[mapping]]\ntopic = \"+/+/up\"\npreset = \"jtt808-json\"\ncrs = \"wgs84\"");
    let mut sample: Value = serde_json::from_str(SAMPLES[0].2).unwrap();
    for (status, placed) in [(3, true), (1, false), (0b10_0010, false)] {
        sample["body"]["status"] = json!(status);
        assert_eq!(report(&mapped(&rules, &sample)).get("position").is_some(), placed, "{status:b}");
    }
}

#[test]
fn what_can_t_be_mapped_is_quarantined_as_it_came_with_field_pointer_and_value() {
    let text = r#"
        [[mapping]]
        topic = "x/+/up"
        kind = "telemetry"
        crs = "local"
        device = { pointer = "/id" }
        fields.speed_kmh = { pointer = "/v" }
        fields.heading_deg = { pointer = "/h", required = true }
        fields.position.easting_m = { pointer = "/p/0" }
        fields.position.northing_m = { pointer = "/p/1" }
    "#;
    let cases = [
        (json!({"id": "a", "v": "fast", "h": 1}), "mapping_failed", "speed_kmh at /v: \"fast\" is no number"),
        (json!({"id": "a", "v": 5}), "mapping_failed", "heading_deg at /h: nothing there"),
        (json!({"v": 5, "h": 1}), "mapping_failed", "device: nothing at /id"),
        (json!({"id": "a", "h": 361}), "out_of_range", "heading_deg: 361 is not between 0 and 360"),
        (
            json!({"id": "a", "h": 1, "p": [12_345.6, 8_901.2]}),
            "unsupported_crs",
            "position: local: no local system is configured: set geography.local_system",
        ),
    ];
    let intake = intake(rules(text), Keyring::default());
    for (payload, expected, why) in cases {
        let payload = Bytes::from(payload.to_string());
        let taken = intake.take_mapped("The Bridge", "x/1/up", &payload, NOW_MS).unwrap();
        let Taken::Message(Content::Quarantine { topic, reason, detail }) = taken.taken else {
            panic!("{why}")
        };
        assert_eq!((&*topic, reason), ("x/1/up", expected));
        assert!(detail.starts_with(why), "{detail}");
        assert_eq!(taken.payload, payload, "it is kept as it came");
        let device = if why.starts_with("device") { "the-bridge" } else { "a" };
        assert_eq!(taken.device.as_str(), device);
    }
    let taken = intake.take_mapped("b", "x/1/up", &Bytes::from_static(b"\xFF{"), NOW_MS).unwrap();
    assert!(matches!(taken.taken, Taken::Message(Content::Quarantine { reason: "malformed_json", .. })));
}

#[test]
fn nobody_speaks_for_a_device_that_has_a_key_or_that_is_refused() {
    let text = "[[mapping]]\ntopic = \"+/up\"\npreset = \"senml\"";
    let id = DeviceId::parse("urn-dev-mac-0024befffe804ff1").unwrap();
    let key = Credential::Keyed {
        suite: KeyedSuite::HmacSha256Bits128,
        key_id: 0,
        secret: firmware_protocol::DeviceSecret::new([7; 32]),
    };
    let payload = Bytes::from_static(SAMPLES[2].2.as_bytes());
    let reason = |keyring| match intake(rules(text), keyring)
        .take_mapped("b", "x/up", &payload, NOW_MS)
        .unwrap()
        .taken
    {
        Taken::Message(Content::Quarantine { reason, .. }) => reason,
        other => panic!("taken: {other:?}"),
    };
    assert_eq!(reason(Keyring::new(Unlisted::Accept, [(id, key)])), "json_unauthenticated");
    assert_eq!(reason(Keyring::new(Unlisted::Refuse, [])), "device_unlisted");
}

#[test]
fn several_messages_in_one_payload_are_refused_where_one_is_taken() {
    let rules = rules("[[mapping]]\ntopic = \"+/+/up\"\npreset = \"gat1400\"\ncrs = \"wgs84\"");
    let mut sample: Value = serde_json::from_str(SAMPLES[3].2).unwrap();
    let list = sample["MotorVehicleListObject"]["MotorVehicleObject"].as_array_mut().unwrap();
    list.push(list[0].clone());
    let (reason, detail) = refusal(&mapped(&rules, &sample));
    assert_eq!(reason, Reason::MappingFailed);
    assert!(detail.contains("one element is taken, not 2"), "{detail}");
    let none = mapped(&rules, &json!({}));
    assert_eq!(refusal(&none).0, Reason::MappingFailed);
}

const CAMERAS: &str = "[[mapping]]\ntopic = \"viid/+/event\"\npreset = \"ga1400-event\"\ncrs = \"wgs84\"";

/// The sample of a camera's finding with another number.
fn finding(event_sort: Value) -> Value {
    let mut sample: Value = serde_json::from_str(include_str!("ga1400-event.json")).unwrap();
    sample["ImageListObject"]["Image"][0]["ImageInfo"]["EventSort"] = event_sort;
    sample
}

fn on_its_topic(rules: &Rules, payload: &Value) -> Mapped {
    rules.map("bridge", "viid/7/event", payload.to_string().as_bytes(), NOW_MS).unwrap()
}

#[test]
fn every_camera_event_number_of_the_table_becomes_its_case() {
    let rules = rules(CAMERAS);
    let events = city::camera_events(&Geography::default()).unwrap();
    for (event_sort, kind, code) in events.iter() {
        // As a number and as text: boxes write both.
        for written in [json!(event_sort), json!(event_sort.to_string())] {
            let made = report(&on_its_topic(&rules, &finding(written)));
            assert_eq!((&made["kind"], &made["code"]), (&json!(kind.as_str()), &json!(code)), "{event_sort}");
        }
    }
}

#[test]
fn a_number_that_the_table_lacks_is_refused_by_name_and_its_payload_is_kept() {
    let unknown = finding(json!(665));
    let (reason, detail) = refusal(&on_its_topic(&rules(CAMERAS), &unknown));
    assert_eq!(reason, Reason::MappingFailed);
    let told = "kind at /ImageListObject/Image/0/ImageInfo/EventSort: 665 is not in the table camera_events";
    assert_eq!(detail, told);
    let payload = Bytes::from(unknown.to_string());
    let taken = intake(rules(CAMERAS), Keyring::default());
    let taken = taken.take_mapped("bridge", "viid/7/event", &payload, NOW_MS).unwrap();
    assert!(matches!(taken.taken, Taken::Message(Content::Quarantine { .. })), "{taken:?}");
    assert_eq!(taken.payload, payload);
}

#[test]
fn the_operators_table_counts_and_without_one_no_number_is_known() {
    let own = b"ga1400_event_sort,kind,case_code\n665,component,0305\n";
    let without = read(CAMERAS).unwrap().mapping.rules;
    let with = without.clone().with_camera_events(&CameraEvents::from_csv(own).unwrap());
    let made = report(&on_its_topic(&with, &finding(json!(665))));
    assert_eq!((&made["kind"], &made["code"]), (&json!("component"), &json!("0305")));
    assert_eq!(refusal(&on_its_topic(&without, &finding(json!(661)))).0, Reason::MappingFailed);
}

#[test]
fn a_table_is_refused_where_it_can_fill_nothing() {
    let told = |field: &str| read(&format!("{CAMERAS}\nfields.{field}")).unwrap_err().to_string();
    let at = "pointer = \"/EventSort\"";
    for (field, part) in [
        (
            format!("description = {{ {at}, table = \"camera_events\" }}"),
            "only kind and code are read from a table",
        ),
        (
            format!("severity = {{ {at}, table = \"camera_events\" }}"),
            "only kind and code are read from a table",
        ),
        (format!("code = {{ {at}, table = \"camera\" }}"), "one of \"camera_events\""),
        (
            format!("code = {{ {at}, table = \"camera_events\", map = {{ 1 = \"0501\" }} }}"),
            "either a map or a table",
        ),
    ] {
        let told = told(&field);
        assert!(told.contains(part), "{field}: {told}");
    }
}

#[test]
fn an_alarm_that_the_city_makes_a_case_is_an_incident_and_any_other_stays_telemetry() {
    let rules = rules(
        "[[mapping]]\ntopic = \"jt/+/up\"\npreset = \"jtt808-json\"\nkind = \"incident\"\ncrs = \"wgs84\"\n\
         when = { pointer = \"/body/alarm\", bits_set = [29] }\n\
         fields.kind = { default = \"event\" }\nfields.code = { default = \"0499\" }\n\
         [[mapping]]\ntopic = \"jt/+/up\"\npreset = \"jtt808-json\"\ncrs = \"wgs84\"\n\
         [[mapping]]\ntopic = \"jt/+/up\"\npreset = \"jtt808-event\"",
    );
    let mut located: Value = serde_json::from_str(SAMPLES[0].2).unwrap();
    let mut class = |alarm: u32| {
        located["body"]["alarm"] = json!(alarm);
        let made = rules.map("bridge", "jt/1/up", located.to_string().as_bytes(), NOW_MS).unwrap();
        (made.class, report(&made)["panic"].clone())
    };
    assert_eq!(class(1), (Class::Telemetry, json!(true)), "the panic button");
    assert_eq!(class(1 << 29).0, Class::Incident, "a collision");
    let chosen = rules.map("bridge", "jt/1/up", SAMPLES[5].2.as_bytes(), NOW_MS).unwrap();
    assert_eq!((chosen.class, report(&chosen)["code"].clone()), (Class::Incident, json!("0406")));
    let other = SAMPLES[5].2.replace("\"id\": 2", "\"id\": 9");
    let other = rules.map("bridge", "jt/1/up", other.as_bytes(), NOW_MS).unwrap();
    assert_eq!(refusal(&other).1, "code at /body/id: 9 is not in the map");
}

/// A rule of every kind of part, over pointers that random payloads have.
const EVERYTHING: &str = r#"
    [[mapping]]
    topic = "x/#"
    kind = "telemetry"
    crs = "wgs84"
    when = { pointer = "/a", bits_set = [0] }
    device = { pointer = "/b" }
    fields.position.lon = { pointer = "/c", scale = 1e-6 }
    fields.position.lat = { pointer = "/d/0", offset = -3 }
    fields.time = { pointer = "/b", time = "unix_s" }
    fields.panic = { pointer = "/a", bit = 1 }
    fields.seq = { pointer = "/a" }
    fields.boot = { pointer = "/c", default = 1 }
    [[mapping]]
    topic = "x/#"
    kind = "incident"
    when = { pointer = "/a", equals = ["b", 2] }
    device = { level = 2 }
    fields.kind = { default = "event" }
    fields.code = { pointer = "/c", map = { "1" = "0501" }, default = "0599" }
    fields.description = { pointer = "/d" }
    [[mapping]]
    topic = "x/#"
    kind = "reading"
    when = { pointer = "/a" }
    device = { publisher = true }
    collect = { pointer = "/d", form = "senml" }
    readings = [{ quantity = "q", pointer = "/c" }]
    [[mapping]]
    topic = "x/#"
    kind = "reading"
    device = { publisher = true }
    collect = { pointer = "", form = "members" }
"#;

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..5).prop_map(Value::from)
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        "[ab0-9.:T-]{0,12}|\\PC{0,6}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec!["a", "b", "c", "d", "n", "v", "t", "bt", "bn", "1", "x_"]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_payload_by_any_rule_is_a_report_or_is_kept_as_it_came_with_a_reason(
        json in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..60), raw in any::<bool>(), preset in 0..6_usize
    ) {
        let text = match PRESETS.get(preset) {
            Some(preset) => format!("[[mapping]]\ntopic = \"x/#\"\ncrs = \"wgs84\"\npreset = \"{}\"", preset.name),
            None => EVERYTHING.to_owned(),
        };
        let payload = Bytes::from(if raw { bytes } else { json.to_string().into_bytes() });
        let intake = intake(rules(&text), Keyring::default());
        let made = intake.take_mapped("pub", "x/y", &payload, NOW_MS).expect("a rule is for the topic");
        match made.taken {
            Taken::Message(Content::Report { class, .. }) => {
                let read = patrol_gateway::domain::admission::reread(Coordinates::default(), class, &made.payload);
                prop_assert!(read.is_ok(), "{:?} {:?}", read, made.payload);
            }
            Taken::Message(Content::Quarantine { detail, .. }) => {
                prop_assert!(!detail.is_empty());
                prop_assert_eq!(made.payload, payload);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
