//! Frames made by the wire format's own encoder, read as reports.

use firmware_protocol::FrameKey;
use firmware_protocol::body::{RecordRef as WireRef, VehicleState};
use firmware_protocol::{ErrorBound, List, Text, TimeQuality as WireQuality, seal};
use proptest::prelude::*;

use super::*;

/// 2026-11-23T01:12:44.120Z
const NOON_MS: u64 = 1_795_396_364_120;

fn car() -> DeviceId {
    DeviceId::parse("car-07").expect("a device id")
}

fn header<B: body::Body>() -> Header {
    let time_quality = WireQuality { source: TimeSource::GNSS, error_bound: ErrorBound::UNKNOWN };
    let device = DeviceTag::of("car-07");
    Header { device, boot: 7, seq: 812, unix_ms: NOON_MS, time_quality, ..Header::of::<B>() }
}

fn sealed<B: body::Body>(header: &Header, body: &B) -> Vec<u8> {
    let mut out = vec![0; firmware_protocol::MAX_FRAME_LEN];
    let len = seal(header, body, &FrameKey::CRC32C, &mut out).expect("a frame");
    out.truncate(len);
    out
}

fn frame<B: body::Body>(body: &B) -> Vec<u8> {
    sealed(&header::<B>(), body)
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

fn reason(class: Class, payload: &[u8]) -> Reason {
    read(class, &car(), payload).expect_err("refused").reason
}

#[test]
fn a_vehicles_frame_carries_its_units_over() {
    let payload = frame(&vehicle());
    let report = read(Class::Telemetry, &car(), &payload).expect("a report");
    assert_eq!(report.claimed, Some(RecordRef { boot: 7, seq: 812 }));
    assert_eq!(report.observed_at, Some(ObservedAt { unix_ms: NOON_MS as i64, quality: TimeQuality::Gnss }));
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
fn an_incidents_frame_gives_the_code_its_zeros_and_takes_its_age_off() {
    let payload = frame(&stall());
    let report = read(Class::Incident, &car(), &payload).expect("a report");
    assert_eq!(report.observed_at.map(|at| at.unix_ms), Some(NOON_MS as i64 - 90_000));
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
fn zero_means_absent() {
    let payload = frame(&body::Telemetry::default());
    assert_eq!(
        read(Class::Telemetry, &car(), &payload).expect("a report").body,
        Body::Telemetry(Telemetry::default())
    );
    let payload = frame(&body::Status::default());
    assert_eq!(
        read(Class::Status, &car(), &payload).expect("a report").body,
        Body::Status(Status::default())
    );
    let here = body::Telemetry { fix: body::FixType::GNSS_2D, ..body::Telemetry::default() };
    let payload = frame(&here);
    let Body::Telemetry(telemetry) = read(Class::Telemetry, &car(), &payload).expect("a report").body else {
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
        assert_eq!(read(Class::Incident, &car(), &payload).expect("a report").observed_at, None, "{unix_ms}");
    }
}

#[test]
fn a_frame_of_another_device_class_or_type_is_refused() {
    let foreign = Header { device: DeviceTag::of("car-08"), ..header::<body::Telemetry>() };
    assert_eq!(reason(Class::Telemetry, &sealed(&foreign, &vehicle())), Reason::FrameDevice);
    assert_eq!(reason(Class::Telemetry, &frame(&stall())), Reason::FrameClass);
    assert_eq!(reason(Class::Incident, &frame(&vehicle())), Reason::FrameClass);
    assert_eq!(class_of(MessageType::TASK), None, "only the gateway sends tasks");
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    let detail = |telemetry: body::Telemetry| {
        let rejection = read(Class::Telemetry, &car(), &frame(&telemetry)).expect_err("refused");
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
        reason(Class::Telemetry, &bytes)
    };
    assert_eq!(changed(1, 0x20), Reason::FrameVersion);
    assert_eq!(changed(1, 0x11), Reason::FrameVersion);
    assert_eq!(changed(2, 2), Reason::FrameSuite);
    assert_eq!(changed(40, !good[40]), Reason::FrameTag);
    assert_eq!(reason(Class::Telemetry, &good[..good.len() - 1]), Reason::FrameMalformed);
}

proptest! {
    #[test]
    fn every_fix_type_of_the_wire_is_known_or_left_out(number in any::<u8>()) {
        let payload = frame(&body::Telemetry { fix: body::FixType(number), ..vehicle() });
        let Body::Telemetry(telemetry) = read(Class::Telemetry, &car(), &payload).expect("a report").body else {
            return Err(TestCaseError::fail("telemetry"));
        };
        prop_assert_eq!(telemetry.fix.is_some(), number != 0);
        prop_assert_eq!(telemetry.fix.is_some_and(|fix| fix.fix_type.is_some()), (1..=9).contains(&number));
    }
}
