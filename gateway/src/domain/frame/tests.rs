//! Frames made by the wire format's own encoder, read as reports.

mod evidence;
mod track;

use std::borrow::Cow;

use firmware_protocol::body::{RecordRef as WireRef, VehicleState};
use firmware_protocol::{
    DegreesE7, DeviceSecret, Direction, ErrorBound, List, Suite, Text, TimeQuality as WireQuality,
    TimeSource, seal,
};
use proptest::prelude::*;

use super::*;
use crate::domain::admission::TimeQuestion;
use crate::domain::report::{
    CaseKind, Crs, Fix, FixType, ObservedAt, Reading, Status, TaskAck, Telemetry, TimeQuality,
};

/// 2026-11-23T01:12:44.120Z
const NOON_MS: u64 = 1_795_396_364_120;
const UPTIME_MS: u64 = 3_600_000;

fn car() -> DeviceId {
    DeviceId::parse("car-07").expect("a device id")
}

fn header<B: body::Body>() -> Header {
    let time_quality = WireQuality { source: TimeSource::GNSS, error_bound: ErrorBound::UNKNOWN };
    let device = DeviceTag::of("car-07");
    let uptime_ms = UPTIME_MS;
    Header { device, boot: 7, seq: 812, uptime_ms, unix_ms: NOON_MS, time_quality, ..Header::of::<B>() }
}

fn sealed_with<B: body::Body>(header: &Header, body: &B, key: &FrameKey) -> Vec<u8> {
    let mut out = vec![0; firmware_protocol::MAX_FRAME_LEN];
    let len = seal(header, body, key, &mut out).expect("a frame");
    out.truncate(len);
    out
}

fn sealed<B: body::Body>(header: &Header, body: &B) -> Vec<u8> {
    sealed_with(header, body, &FrameKey::CRC32C)
}

fn frame<B: body::Body>(body: &B) -> Vec<u8> {
    sealed(&header::<B>(), body)
}

/// The report in a frame of a device without keys; it must read the same again when it was stored.
fn read(class: Class, payload: &[u8]) -> Result<Report<'_>, Rejection> {
    let again = reread(payload);
    match admit(&[FrameKey::CRC32C], class, &car(), payload)? {
        Admission::Report(report) => {
            assert_eq!(again.as_ref(), Ok(&report));
            Ok(report)
        }
        Admission::EvidenceRefused { rejection, .. } => Err(rejection),
        Admission::TimeQuestion(question) => panic!("no report: {question:?}"),
    }
}

fn reason(class: Class, payload: &[u8]) -> Reason {
    read(class, payload).expect_err("refused").reason
}

fn vehicle() -> body::Telemetry {
    body::Telemetry {
        valid: VehicleState::IGNITION | VehicleState::PANIC,
        state: VehicleState::IGNITION,
        fix: body::FixType::GNSS_3D,
        satellites: 11,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        altitude_dm: 4_987,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8_750,
        fix_age_ms: 300,
        supply_mv: 12_600,
        battery_percent: 88,
        odometer_m: 120_345,
    }
}

fn stall() -> body::Incident<'static> {
    body::Incident {
        category: 501,
        kind: body::CaseKind::EVENT,
        severity: 2,
        age_ms: 90_000,
        fix: body::FixType::MANUAL,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        fix_age_ms: 61_000,
        operator: Text::new("op-118").expect("fits"),
        description: Text::new("占道经营").expect("fits"),
        evidence: List::from_slice(&[WireRef { boot: 7, seq: 811 }]).expect("fits"),
        ..body::Incident::default()
    }
}

#[test]
fn a_vehicles_frame_carries_its_units_over() {
    let payload = frame(&vehicle());
    let report = read(Class::Telemetry, &payload).expect("a report");
    assert_eq!(report.claimed, Some(RecordRef { boot: 7, seq: 812 }));
    assert_eq!(report.observed_at, Some(ObservedAt { unix_ms: NOON_MS as i64, quality: TimeQuality::Gnss }));
    assert_eq!(report.uptime_ms, Some(UPTIME_MS as i64));
    let expected = Telemetry {
        fix: Some(Fix {
            lon_deg: 104.398,
            lat_deg: 31.127,
            accuracy_m: Some(4.5),
            fix_age_ms: Some(300),
            fix_type: Some(FixType::Gnss3d),
            crs: Crs::Wgs84,
        }),
        altitude_m: Some(498.7),
        satellites: Some(11),
        speed_kmh: Some(23.4),
        heading_deg: Some(87.5),
        ignition: Some(true),
        panic: Some(false),
        battery_percent: Some(88),
        supply_v: Some(12.6),
        odometer_m: Some(120_345),
    };
    assert_eq!(report.body, Body::Telemetry(expected));
}

#[test]
fn an_incidents_frame_gives_the_code_its_zeros_and_takes_its_age_off_both_clocks() {
    let payload = frame(&stall());
    let report = read(Class::Incident, &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 90_000));
    assert_eq!(report.uptime_ms, Some(UPTIME_MS as i64 - 90_000));
    let Body::Incident(incident) = report.body else { panic!("an incident") };
    assert_eq!(
        (incident.kind, incident.code.as_ref(), incident.severity),
        (CaseKind::Event, "0501", Some(2))
    );
    let fix = incident.fix.expect("a fix");
    assert_eq!((fix.fix_type, fix.fix_age_ms), (Some(FixType::Manual), Some(61_000)));
    assert!(matches!(incident.description, Some(Cow::Borrowed("占道经营"))), "borrowed from the frame");
    assert_eq!((incident.stall_card, incident.evidence), (None, vec![RecordRef { boot: 7, seq: 811 }]));
}

#[test]
fn what_happened_before_the_boot_has_an_uptime_below_zero() {
    let aged = body::Incident { age_ms: UPTIME_MS as u32 + 1, ..stall() };
    assert_eq!(read(Class::Incident, &frame(&aged)).expect("a report").uptime_ms, Some(-1));
}

#[test]
fn readings_have_the_registrys_names_and_units_and_say_when_they_are_not_good() {
    let reading = |quantity, exponent, value, status| body::SensorReading {
        quantity: body::Quantity(quantity),
        channel: 2,
        exponent,
        value,
        status: body::ReadingStatus(status),
    };
    let wire = [reading(4, -2, 42, 0), reading(25, 0, 17, 4), reading(999, 3, -5, 77)];
    let report = body::SensorReport { age_ms: 500, readings: List::from_slice(&wire).expect("fits") };
    let payload = frame(&report);
    let report = read(Class::Reading, &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 500));
    let expected =
        |quantity: &'static str, value, unit: Option<&'static str>, status: Option<&'static str>| {
            let (unit, status) = (unit.map(Cow::Borrowed), status.map(Cow::Borrowed));
            Reading { quantity: quantity.into(), value, unit, channel: 2, status }
        };
    let expected = vec![
        expected("water_level", 0.42, Some("m"), None),
        expected("people", 17.0, None, Some("stale")),
        expected("quantity_999", -5_000.0, None, Some("status_77")),
    ];
    assert_eq!(report.body, Body::Reading(expected));
}

#[test]
fn an_answer_to_a_task_carries_its_reason_and_its_photos() {
    let photo = WireRef { boot: 7, seq: 801 };
    let wire = body::TaskAck {
        task: 5512,
        revision: 2,
        state: body::TaskState::UNABLE,
        reason: body::TaskReason::PLACE_NOT_FOUND,
        age_ms: 4_000,
        note: Text::new("围挡施工").expect("fits"),
        evidence: List::from_slice(&[photo]).expect("fits"),
    };
    let payload = frame(&wire);
    let report = read(Class::Task, &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 4_000));
    let expected = TaskAck {
        task: 5512,
        revision: 2,
        state: "unable".into(),
        reason: Some("place_not_found".into()),
        note: Some("围挡施工".into()),
        evidence: vec![RecordRef { boot: 7, seq: 801 }],
    };
    assert_eq!(report.body, Body::Task(expected));

    let newer = body::TaskAck { state: body::TaskState(200), reason: body::TaskReason(201), ..wire };
    let payload = frame(&newer);
    let Body::Task(newer) = read(Class::Task, &payload).expect("a report").body else { panic!("a task") };
    assert_eq!((newer.state.as_ref(), newer.reason.as_deref()), ("state_200", Some("reason_201")));
    for lacking in
        [body::TaskAck { task: 0, ..wire }, body::TaskAck { state: body::TaskState::UNKNOWN, ..wire }]
    {
        assert_eq!(reason(Class::Task, &frame(&lacking)), Reason::MissingField);
    }
}

#[test]
fn zero_means_absent() {
    let payload = frame(&body::Telemetry::default());
    assert_eq!(
        read(Class::Telemetry, &payload).expect("a report").body,
        Body::Telemetry(Telemetry::default())
    );
    let payload = frame(&body::Status::default());
    assert_eq!(read(Class::Status, &payload).expect("a report").body, Body::Status(Status::default()));
    let here = body::Telemetry { fix: body::FixType::GNSS_2D, ..body::Telemetry::default() };
    let payload = frame(&here);
    let Body::Telemetry(telemetry) = read(Class::Telemetry, &payload).expect("a report").body else {
        panic!("telemetry")
    };
    assert_eq!(
        telemetry.fix.map(|fix| (fix.lon_deg, fix.lat_deg)),
        Some((0.0, 0.0)),
        "with a fix, 0 is a place"
    );
}

#[test]
fn a_clock_that_is_unset_or_nonsense_gives_no_time_and_refuses_nothing() {
    for unix_ms in [0, 80_000, (1 << 48) - 1] {
        let payload = sealed(&Header { unix_ms, ..header::<body::Incident<'_>>() }, &stall());
        let report = read(Class::Incident, &payload).expect("a report");
        assert_eq!(report.observed_at, None, "{unix_ms}");
        assert_eq!(report.uptime_ms, Some(UPTIME_MS as i64 - 90_000), "the uptime is always known");
    }
}

#[test]
fn a_question_about_the_time_is_no_report_and_an_answer_is_no_question() {
    let question = body::TimeSync { asked_boot: 7, asked_uptime_ms: 1 << 39, ..body::TimeSync::default() };
    let admitted = |sync: &body::TimeSync, class| {
        let payload = frame(sync);
        match admit(&[FrameKey::CRC32C], class, &car(), &payload) {
            Ok(Admission::TimeQuestion(question)) => Ok(question),
            Ok(other) => panic!("{other:?}"),
            Err(rejection) => Err(rejection.reason),
        }
    };
    let asked = TimeQuestion { asked_boot: 7, asked_uptime_ms: 1 << 39 };
    assert_eq!(admitted(&question, Class::Status), Ok(asked));
    assert_eq!(admitted(&question, Class::Telemetry), Err(Reason::FrameClass));
    let answer = body::TimeSync { received_unix_ms: NOON_MS, sent_unix_ms: NOON_MS, ..question };
    assert_eq!(admitted(&answer, Class::Status), Err(Reason::OutOfRange));
    assert_eq!(reread(&frame(&question)).expect_err("never stored").reason, Reason::FrameType);
}

#[test]
fn a_frame_of_another_device_class_or_direction_is_refused_by_name() {
    let foreign = Header { device: DeviceTag::of("car-08"), ..header::<body::Telemetry>() };
    assert_eq!(reason(Class::Telemetry, &sealed(&foreign, &vehicle())), Reason::FrameDevice);
    assert_eq!(reason(Class::Telemetry, &frame(&stall())), Reason::FrameClass);
    assert_eq!(reason(Class::Incident, &frame(&vehicle())), Reason::FrameClass);
    let downward = [
        ("evidence_want", frame(&body::EvidenceWant::default())),
        ("task", frame(&body::Task::default())),
        ("config", frame(&body::Config::default())),
        ("ack", frame(&body::Ack::default())),
    ];
    for (name, payload) in downward {
        for class in Class::ALL {
            let rejection = read(class, &payload).expect_err("refused");
            assert_eq!(rejection.reason, Reason::FrameDirection);
            assert!(rejection.detail.starts_with(&format!("message type {name} ")), "{rejection}");
        }
    }
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    let detail = |telemetry: body::Telemetry| {
        let payload = frame(&telemetry);
        let rejection = read(Class::Telemetry, &payload).expect_err("refused");
        assert_eq!(rejection.reason, Reason::OutOfRange);
        rejection.detail
    };
    assert!(detail(body::Telemetry { heading_cdeg: 36_001, ..vehicle() }).starts_with("heading_cdeg: 36001"));
    assert!(
        detail(body::Telemetry { battery_percent: 101, ..vehicle() }).starts_with("battery_percent: 101")
    );
    assert!(
        detail(body::Telemetry { lat_e7: DegreesE7::new(i32::MIN), ..vehicle() }).starts_with("position:")
    );
    let unknown = body::Incident { kind: body::CaseKind(9), ..stall() };
    assert_eq!(reason(Class::Incident, &frame(&unknown)), Reason::UnknownValue);
    assert_eq!(
        reason(Class::Incident, &frame(&body::Incident { category: 0, ..stall() })),
        Reason::MissingField
    );
}

#[test]
fn every_kind_of_damage_has_its_reason() {
    let good = frame(&vehicle());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        admit(&[FrameKey::CRC32C], Class::Telemetry, &car(), &bytes).expect_err("refused").reason
    };
    assert_eq!(changed(1, 0x20), Reason::FrameVersion);
    assert_eq!(changed(1, 0x11), Reason::FrameVersion);
    assert_eq!(changed(2, 0x77), Reason::FrameSuite);
    assert_eq!(changed(2, 2), Reason::FrameMalformed, "a tag of another suite has another length");
    assert_eq!(changed(8, b'b'), Reason::FrameDevice);
    assert_eq!(changed(40, !good[40]), Reason::FrameTag);
    assert_eq!(reason(Class::Telemetry, &good[..good.len() - 1]), Reason::FrameMalformed);
}

#[test]
fn only_the_devices_own_keys_open_its_frames() {
    let secret = DeviceSecret::new([7; 32]);
    let key = |secret: &DeviceSecret, id, direction, device| {
        let device = DeviceTag::of(device);
        secret.frame_key(Suite::HMAC_SHA256_128, id, direction, device).expect("a key")
    };
    let own = [key(&secret, 1, Direction::Up, "car-07"), key(&secret, 2, Direction::Up, "car-07")];
    let refused = |key: &FrameKey| {
        let payload = sealed_with(&header::<body::Telemetry>(), &vehicle(), key);
        admit(&own, Class::Telemetry, &car(), &payload).map_err(|rejection| rejection.reason).err()
    };
    assert_eq!((refused(&own[0]), refused(&own[1])), (None, None), "old and new");
    let other_secret = key(&DeviceSecret::new([8; 32]), 1, Direction::Up, "car-07");
    assert_eq!(refused(&other_secret), Some(Reason::FrameTag));
    assert_eq!(refused(&key(&secret, 1, Direction::Down, "car-07")), Some(Reason::FrameTag));
    assert_eq!(refused(&key(&secret, 1, Direction::Up, "car-08")), Some(Reason::FrameTag));
    assert_eq!(refused(&key(&secret, 3, Direction::Up, "car-07")), Some(Reason::FrameKey));
    assert_eq!(refused(&FrameKey::CRC32C), Some(Reason::FrameKey), "no way down to CRC-32C");
}

proptest! {
    #[test]
    fn every_fix_type_of_the_wire_is_known_or_left_out(number in any::<u8>()) {
        let payload = frame(&body::Telemetry { fix: body::FixType(number), ..vehicle() });
        let Body::Telemetry(telemetry) = read(Class::Telemetry, &payload).expect("a report").body else {
            return Err(TestCaseError::fail("telemetry"));
        };
        prop_assert_eq!(telemetry.fix.is_some(), number != 0);
        prop_assert_eq!(telemetry.fix.is_some_and(|fix| fix.fix_type.is_some()), (1..=9).contains(&number));
    }
}
