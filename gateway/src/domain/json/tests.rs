//! The bodies of the interface, and everything that is not one.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::domain::coordinates::gauss_krueger::Projection;
use crate::domain::coordinates::local::LocalSystem;
use crate::domain::report::{Crs, Fix, FixType, ObservedAt, TimeQuality};

const INCIDENT: &str = r#"{"boot": 7, "seq": 812, "time": "2026-11-23T09:12:44.120+08:00", "time_quality": "gnss", "age_ms": 0,
     "kind": "event", "code": "0501", "severity": 2,
     "position": {"lon": 104.398, "lat": 31.127, "accuracy_m": 4.5, "fix_age_ms": 300, "crs": "wgs84"},
     "operator": "op-118", "stall_card": "DY-2207", "description": "...", "evidence": [{"boot": 7, "seq": 811}]}"#;
const TELEMETRY: &str = r#"{"boot": 7, "seq": 901, "time": "2026-11-23T09:13:00+08:00", "position": {"lon": 104.398, "lat": 31.127, "crs": "cgcs2000"}, "speed_kmh": 23.4, "heading_deg": 87.5, "ignition": true, "battery_percent": 88, "odometer_m": 120345}"#;
const READING: &str = r#"{"boot": 2, "seq": 5, "time": "2026-11-23T01:12:44Z", "readings": [{"quantity": "water_level", "value": 0.42, "unit": "m", "channel": 0}]}"#;
const STATUS: &str = r#"{"boot": 7, "seq": 902, "firmware": "1.4.2", "battery_percent": 80, "storage_free_kib": 51200, "queued": 3}"#;
const TASK: &str =
    r#"{"boot": 7, "seq": 903, "task": 5512, "revision": 1, "state": "accepted", "note": "..."}"#;

/// 2026-11-23T01:12:44.120Z
const NOON_MS: i64 = 1_795_396_364_120;

/// Reads it where no system is configured.
fn read(class: Class, payload: &[u8]) -> Result<Report<'_>, Rejection> {
    super::read(Coordinates::default(), class, payload)
}

fn good(class: Class, text: &str) -> Report<'_> {
    read(class, text.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

fn refused(class: Class, text: &str) -> (Reason, String) {
    let rejection = read(class, text.as_bytes()).expect_err(text);
    (rejection.reason, rejection.detail)
}

fn fix() -> Fix {
    Fix {
        lon_deg: 104.398,
        lat_deg: 31.127,
        accuracy_m: None,
        fix_age_ms: None,
        fix_type: None,
        crs: Crs::Wgs84,
    }
}

#[test]
fn the_incident_of_the_interface_is_read_with_every_field() {
    let report = good(Class::Incident, INCIDENT);
    assert_eq!(report.claimed, Some(RecordRef { boot: 7, seq: 812 }));
    assert_eq!(report.observed_at, Some(ObservedAt { unix_ms: NOON_MS, quality: TimeQuality::Gnss }));
    let expected = Incident {
        kind: CaseKind::Event,
        code: "0501".into(),
        severity: Some(2),
        fix: Some(Fix { accuracy_m: Some(4.5), fix_age_ms: Some(300), ..fix() }),
        operator: Some("op-118".into()),
        stall_card: Some("DY-2207".into()),
        description: Some("...".into()),
        evidence: vec![RecordRef { boot: 7, seq: 811 }],
    };
    assert_eq!(report.body, Body::Incident(expected));
}

#[test]
fn the_other_bodies_of_the_interface_are_read_with_every_field() {
    let telemetry = Telemetry {
        fix: Some(Fix { crs: Crs::Cgcs2000, ..fix() }),
        speed_kmh: Some(23.4),
        heading_deg: Some(87.5),
        ignition: Some(true),
        battery_percent: Some(88),
        odometer_m: Some(120_345),
        ..Telemetry::default()
    };
    assert_eq!(good(Class::Telemetry, TELEMETRY).body, Body::Telemetry(telemetry));
    let reading = Reading {
        quantity: "water_level".into(),
        value: 0.42,
        unit: Some("m".into()),
        channel: 0,
        status: None,
    };
    assert_eq!(good(Class::Reading, READING).body, Body::Reading(vec![reading]));
    let status = Status {
        firmware: Some("1.4.2".into()),
        battery_percent: Some(80),
        storage_free_kib: Some(51_200),
        queued: Some(3),
        ..Status::default()
    };
    assert_eq!(good(Class::Status, STATUS).body, Body::Status(status));
    let task = TaskAck {
        task: 5512,
        revision: 1,
        state: "accepted".into(),
        reason: None,
        note: Some("...".into()),
        evidence: Vec::new(),
    };
    assert_eq!(good(Class::Task, TASK).body, Body::Task(task));
}

#[test]
fn a_reading_may_tell_that_it_is_not_good_and_a_task_why_it_was_not_done() {
    let text = r#"{"readings": [{"quantity": "a", "value": 1, "status": "good"}, {"quantity": "b", "value": 2, "status": "stale"}]}"#;
    let Body::Reading(readings) = good(Class::Reading, text).body else { panic!("readings") };
    let statuses: Vec<_> = readings.iter().map(|reading| reading.status.as_deref()).collect();
    assert_eq!(statuses, [None, Some("stale")], "good is the same as nothing, as in frames");

    let text = r#"{"task": 1, "state": "unable", "reason": "place_not_found", "evidence": [{"boot": 7, "seq": 801}]}"#;
    let Body::Task(task) = good(Class::Task, text).body else { panic!("a task") };
    assert_eq!(
        (task.reason.as_deref(), task.evidence),
        (Some("place_not_found"), vec![RecordRef { boot: 7, seq: 801 }])
    );
    let half = text.replace(r#", "seq": 801"#, "");
    assert_eq!(refused(Class::Task, &half).0, Reason::MissingField);
}

#[test]
fn everything_but_an_incidents_kind_and_code_may_be_left_out_or_null() {
    let report =
        good(Class::Incident, r#"{"kind": "component", "code": "0101", "position": null, "evidence": null}"#);
    assert_eq!((report.claimed, report.observed_at), (None, None));
    assert_eq!(good(Class::Telemetry, "{}").body, Body::Telemetry(Telemetry::default()));
    assert_eq!(good(Class::Reading, "{}").body, Body::Reading(Vec::new()));
    assert_eq!(good(Class::Status, "{}").body, Body::Status(Status::default()));
    let missing = (Reason::MissingField, "kind is missing".to_owned());
    assert_eq!(refused(Class::Incident, r#"{"code": "0501"}"#), missing);
    assert_eq!(refused(Class::Incident, r#"{"kind": "event"}"#).0, Reason::MissingField);
}

#[test]
fn text_is_borrowed_from_the_payload_unless_it_is_escaped() {
    let text = r#"{"firmware": "1.4.2"}"#;
    let Body::Status(plain) = good(Class::Status, text).body else { panic!("a status") };
    assert!(matches!(plain.firmware, Some(Cow::Borrowed("1.4.2"))));
    let Body::Status(escaped) = good(Class::Status, r#"{"firmware": "1\u002e4"}"#).body else {
        panic!("a status")
    };
    assert_eq!(escaped.firmware.as_deref(), Some("1.4"));
}

#[test]
fn the_events_age_is_taken_off_its_time() {
    let aged = INCIDENT.replace(r#""age_ms": 0"#, r#""age_ms": 90000"#);
    assert_eq!(good(Class::Incident, &aged).observed_at.map(|at| at.unix_ms), Some(NOON_MS - 90_000));
    let unset = r#"{"time": "1970-01-01T00:00:00Z", "age_ms": 1000}"#;
    assert_eq!(good(Class::Telemetry, unset).observed_at.map(|at| at.unix_ms), Some(-1_000));
}

#[test]
fn an_unknown_time_quality_or_fix_type_is_no_reason_to_refuse() {
    let newer = r#"{"time": "2026-11-23T09:12:44Z", "time_quality": "atomic",
        "position": {"lon": 1, "lat": 2, "crs": "wgs84", "fix_type": "psychic"}}"#;
    let report = good(Class::Telemetry, newer);
    assert_eq!(report.observed_at.map(|at| at.quality), Some(TimeQuality::Unknown));
    let known = newer.replace("psychic", "rtk_fixed");
    let Body::Telemetry(telemetry) = good(Class::Telemetry, &known).body else { panic!("telemetry") };
    assert_eq!(telemetry.fix.and_then(|fix| fix.fix_type), Some(FixType::RtkFixed));
}

#[test]
fn a_position_must_declare_a_system_that_is_taken() {
    let with = |crs: &str| format!(r#"{{"position": {{"lon": 104.398, "lat": 31.127{crs}}}}}"#);
    assert_eq!(refused(Class::Telemetry, &with("")).0, Reason::UndeclaredCrs);
    assert_eq!(refused(Class::Telemetry, &with(r#", "crs": "mars""#)).0, Reason::UnsupportedCrs);
    good(Class::Telemetry, &with(r#", "crs": "cgcs2000""#));
}

/// The fix of a telemetry with this position, with these systems.
fn placed(coordinates: Coordinates, position: &str) -> Result<Fix, Rejection> {
    let text = format!(r#"{{"position": {{{position}}}}}"#);
    let report = super::read(coordinates, Class::Telemetry, text.as_bytes())?;
    let Body::Telemetry(telemetry) = report.body else { panic!("telemetry") };
    Ok(telemetry.fix.expect("a position"))
}

#[test]
fn every_system_becomes_wgs84_and_stays_declared() {
    let plane = Projection::new(105.0).expect("a meridian in China");
    let local =
        LocalSystem { dx_m: 430_000.0, dy_m: 3_440_000.0, rotation_arcsec: 0.0, scale_ppm: 0.0, plane };
    let city = Coordinates::new(Some(plane), Some(local));
    // The first of the published vectors.
    let positions = [
        (Crs::Wgs84, r#""lon": 104.398, "lat": 31.127"#),
        (Crs::Cgcs2000, r#""lon": 104.398, "lat": 31.127"#),
        (Crs::Gcj02, r#""lon": 104.40068212, "lat": 31.12485912"#),
        (Crs::Cgcs2000Gk, r#""easting_m": 442582.275, "northing_m": 3445210.817"#),
        (Crs::Cgcs2000Gk, r#""easting_m": 35442582.275, "northing_m": 3445210.817"#),
        (Crs::Local, r#""easting_m": 12582.275, "northing_m": 5210.817"#),
    ];
    for (crs, position) in positions {
        let fix = placed(city, &format!(r#"{position}, "crs": "{}""#, crs.as_str())).expect(position);
        assert_eq!(fix.crs, crs);
        assert!((fix.lon_deg - 104.398).abs() < 5e-6 && (fix.lat_deg - 31.127).abs() < 5e-6, "{fix:?}");
    }
}

#[test]
fn a_plane_needs_its_own_fields_and_its_configuration_and_says_so() {
    let refused = |position: &str| {
        let rejection = placed(Coordinates::default(), position).expect_err(position);
        (rejection.reason, rejection.detail)
    };
    let (reason, detail) = refused(r#""lon": 104.398, "lat": 31.127, "crs": "local""#);
    assert_eq!((reason, detail.as_str()), (Reason::MissingField, "position.easting_m is missing"));
    let (reason, detail) = refused(r#""easting_m": 1, "northing_m": 2, "crs": "local""#);
    assert_eq!(reason, Reason::UnsupportedCrs);
    assert!(detail.ends_with("set geography.local_system"), "{detail}");
    let (reason, detail) = refused(r#""easting_m": 442582, "northing_m": 3445210, "crs": "cgcs2000_gk""#);
    assert_eq!(reason, Reason::UnsupportedCrs);
    assert!(detail.ends_with("set geography.central_meridian_deg"), "{detail}");
    let swapped = r#""easting_m": 3445210, "northing_m": 442582, "crs": "cgcs2000_gk""#;
    assert_eq!(refused(swapped).0, Reason::OutOfRange);
}

#[test]
fn boot_and_seq_come_together_and_are_whole() {
    assert_eq!(refused(Class::Telemetry, r#"{"boot": 7}"#).0, Reason::HalfIdentity);
    assert_eq!(refused(Class::Telemetry, r#"{"seq": 7}"#).0, Reason::HalfIdentity);
    for seq in ["-1", "4294967296", "1.0", "\"1\"", "true"] {
        let (reason, detail) = refused(Class::Telemetry, &format!(r#"{{"boot": 7, "seq": {seq}}}"#));
        assert_eq!(reason, Reason::WrongType, "{detail}");
        assert!(detail.starts_with("seq: "), "{detail}");
    }
}

#[test]
fn a_value_outside_its_range_is_named_with_the_range() {
    let cases = [
        (
            r#"{"position": {"lon": 181, "lat": 0, "crs": "wgs84"}}"#,
            "position.lon: 181 is not between -180 and 180",
        ),
        (
            r#"{"position": {"lon": 0, "lat": -90.5, "crs": "wgs84"}}"#,
            "position.lat: -90.5 is not between -90 and 90",
        ),
        (r#"{"battery_percent": 300}"#, "battery_percent: 300 is not between 0 and 100"),
        (r#"{"heading_deg": -1}"#, "heading_deg: -1 is not between 0 and 360"),
        (r#"{"odometer_m": -5}"#, "odometer_m: -5 is not between 0 and 9007199254740992"),
    ];
    for (text, detail) in cases {
        assert_eq!(refused(Class::Telemetry, text), (Reason::OutOfRange, detail.to_owned()));
    }
    let code = r#"{"kind": "event", "code": "05-01; DROP"}"#;
    assert_eq!(refused(Class::Incident, code).0, Reason::OutOfRange);
    let many = format!(
        r#"{{"kind": "event", "code": "0501", "evidence": [{}]}}"#,
        vec![r#"{"boot":1,"seq":2}"#; 65].join(",")
    );
    assert_eq!(refused(Class::Incident, &many).0, Reason::OutOfRange);
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction() {
    let Body::Telemetry(telemetry) =
        good(Class::Telemetry, r#"{"battery_percent": 88.0, "satellites": 6.6}"#).body
    else {
        panic!("telemetry")
    };
    assert_eq!((telemetry.battery_percent, telemetry.satellites), (Some(88), Some(7)));
}

#[test]
fn a_technician_is_told_field_line_and_column() {
    let (reason, detail) =
        refused(Class::Telemetry, "{\"boot\": 7,\n \"position\": {\"lat\": \"31\", \"lon\": 1}}");
    assert_eq!(reason, Reason::WrongType);
    assert_eq!(detail, "position.lat: invalid type: string \"31\", expected f64 at line 2 column 25");
    let (reason, detail) = refused(Class::Reading, r#"{"readings": [{"quantity": "a"}, {"value": true}]}"#);
    assert_eq!(reason, Reason::WrongType);
    assert!(detail.starts_with("readings[1].value: invalid type: boolean"), "{detail}");
    let (reason, detail) = refused(Class::Telemetry, r#"{"boot": 7, "boot": 8}"#);
    assert_eq!((reason, detail.starts_with("boot: duplicate field")), (Reason::WrongType, true), "{detail}");
    assert_eq!(refused(Class::Telemetry, r#"{"boot": 7"#).0, Reason::MalformedJson);
    assert_eq!(refused(Class::Telemetry, "{\"odometer_m\": 1e999}").0, Reason::MalformedJson);
    assert_eq!(refused(Class::Telemetry, "{} {}").0, Reason::MalformedJson);
    assert_eq!(refused(Class::Telemetry, r#"{"time": "yesterday"}"#).0, Reason::InvalidTime);
    assert_eq!(refused(Class::Telemetry, r#"{"time": "2026-11-23T09:12:44"}"#).0, Reason::InvalidTime);
    assert_eq!(refused(Class::Incident, r#"{"kind": "evnt", "code": "1"}"#).0, Reason::UnknownValue);
    assert_eq!(refused(Class::Evidence, "{}").0, Reason::UnsupportedClass);
}

#[test]
fn a_depth_bomb_is_passed_over_or_refused_and_does_no_harm() {
    let bomb = format!(r#"{{"extra": {}{}, "boot": 1, "seq": 2}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let unclosed = format!(r#"{{"extra": {}"#, "{\"a\":".repeat(100_000));
    let in_place = format!(r#"{{"position": {}"#, "{\"lon\":".repeat(100_000));
    let _ = read(Class::Telemetry, bomb.as_bytes());
    assert_eq!(refused(Class::Telemetry, &unclosed).0, Reason::MalformedJson);
    let (_, detail) = refused(Class::Telemetry, &in_place);
    assert!(detail.len() <= crate::domain::admission::DETAIL_BYTES_MAX);
}

proptest! {
    #[test]
    fn any_bytes_and_any_damage_to_a_body_give_a_value(
        bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..300_usize, byte in any::<u8>(), class in 0..6_usize
    ) {
        let class = Class::ALL[class];
        let _ = read(class, &bytes);
        let _ = read(class, &[b"{", &bytes[..]].concat());
        for example in [INCIDENT, TELEMETRY, READING, STATUS, TASK] {
            let mut damaged = example.as_bytes().to_vec();
            let at = at % damaged.len();
            damaged[at] = byte;
            let _ = read(class, &damaged);
            if let Err(rejection) = read(class, &damaged[..at]) {
                prop_assert!(!rejection.detail.is_empty());
            }
        }
    }

    #[test]
    fn any_json_gives_a_value_and_a_detail_of_bounded_length(
        key in prop::sample::select(vec!["boot", "time", "position", "code", "readings", "evidence", "firmware", "task"]),
        text in "\\PC{0,400}", number in any::<f64>(), class in 0..6_usize
    ) {
        let text = serde_json::to_string(&text).expect("text is JSON");
        let number = if number.is_finite() { number } else { 0.0 };
        for value in [text.clone(), number.to_string(), format!("[{text}]"), format!("{{{text}:{number}}}")] {
            if let Err(rejection) = read(Class::ALL[class], format!("{{\"{key}\":{value}}}").as_bytes()) {
                prop_assert!(rejection.detail.len() <= crate::domain::admission::DETAIL_BYTES_MAX);
            }
        }
    }
}
