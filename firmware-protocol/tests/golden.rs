//! The bytes devices in the field speak: encoding gives exactly them, decoding understands them. Never change a
//! vector; a new revision gets new ones beside it.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::FrameKey;
use firmware_protocol::body::{Body, Incident, Status, Telemetry};
use firmware_protocol::{DeviceTag, ErrorBound, HEADER_LEN, Header, TimeQuality, TimeSource, Wire, open};
use serde::Deserialize;
use std::fmt::Debug;
use support::vectors::{FRAME, INCIDENT, STATUS, TELEMETRY, vector};
use support::{bodies, car_header, forged, sealed};

/// The body bytes of a frame with suite CRC-32C.
fn body_of(frame: &[u8]) -> &[u8] {
    &frame[HEADER_LEN..frame.len() - 4]
}

/// Checks `body` against the vector `name` both ways.
fn check<B: Body + Deserialize<'static> + PartialEq + Debug>(file: &str, name: &str, body: &B) {
    let golden = vector(file, name);
    assert_eq!(body_of(&sealed(&car_header::<B>(), body)), golden, "encoding {name}");
    let frame = forged(B::MESSAGE_TYPE, B::REVISION, &golden).leak(); // texts borrow from it
    assert_eq!(open(frame, &FrameKey::CRC32C).unwrap().decode::<B>().as_ref(), Ok(body), "decoding {name}");
}

#[test]
fn telemetry_keeps_its_bytes() {
    check(TELEMETRY, "r1 zero", &Telemetry::default());
    check(TELEMETRY, "r1 typical", &bodies::typical_telemetry());
    check(TELEMETRY, "r1 maximum", &bodies::maximum_telemetry());
}

#[test]
fn incident_keeps_its_bytes() {
    check(INCIDENT, "r1 zero", &Incident::default());
    check(INCIDENT, "r1 typical", &bodies::typical_incident());
    check(INCIDENT, "r1 maximum", &bodies::maximum_incident());
}

#[test]
fn status_keeps_its_bytes() {
    check(STATUS, "r1 zero", &Status::default());
    check(STATUS, "r1 typical", &bodies::typical_status());
    check(STATUS, "r1 maximum", &bodies::maximum_status());
}

#[test]
fn whole_frames_keep_their_bytes() {
    let car = car_header::<Telemetry>();
    let camera = Header {
        device: DeviceTag::of("bodycam-0118"),
        boot: 7,
        seq: 812,
        uptime_ms: 3_601_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality { source: TimeSource::NETWORK, error_bound: ErrorBound::within_ms(1000) },
        ..Header::of::<Incident>()
    };
    let noise = Header {
        device: DeviceTag::of("noise-12"),
        boot: 2,
        seq: 5,
        uptime_ms: 86_400_000,
        ..Header::of::<Status>()
    };
    let largest = Header {
        key_id: u8::MAX,
        device: DeviceTag([0xFF; 8]),
        boot: u32::MAX,
        seq: u32::MAX,
        uptime_ms: (1 << 40) - 1,
        unix_ms: (1 << 48) - 1,
        time_quality: TimeQuality::from_byte(0xFF),
        ..Header::of::<Status>()
    };

    check_frame("telemetry zero", &Header::of::<Telemetry>(), &Telemetry::default());
    check_frame("telemetry typical", &car, &bodies::typical_telemetry());
    check_frame("incident typical", &camera, &bodies::typical_incident());
    check_frame("status typical", &noise, &bodies::typical_status());
    check_frame("status maximum", &largest, &bodies::maximum_status());
}

fn check_frame<B: Body>(name: &str, header: &Header, body: &B) {
    let golden = vector(FRAME, name);
    assert_eq!(sealed(header, body), golden, "sealing {name}");
    let opened = open(&golden, &FrameKey::CRC32C).unwrap();
    assert_eq!((&opened.header, opened.body), (header, body_of(&golden)), "opening {name}");
}

#[test]
fn the_declared_sizes_are_those_of_the_zero_and_the_maximum_vector() {
    let sizes = |file| (vector(file, "r1 zero").len(), vector(file, "r1 maximum").len());
    assert_eq!((Telemetry::MIN_LEN, Telemetry::MAX_LEN), sizes(TELEMETRY));
    assert_eq!((Incident::MIN_LEN, Incident::MAX_LEN), sizes(INCIDENT));
    assert_eq!((Status::MIN_LEN, Status::MAX_LEN), sizes(STATUS));
    assert_eq!(Telemetry::min_len(Telemetry::REVISION), Some(Telemetry::MIN_LEN));
    assert_eq!(Incident::min_len(Incident::REVISION), Some(Incident::MIN_LEN));
    assert_eq!(Status::min_len(Status::REVISION), Some(Status::MIN_LEN));
}

#[test]
fn the_worked_example_of_the_documentation_is_the_typical_telemetry_frame() {
    let documentation = include_str!("../../docs/wire-format.md");
    let example = documentation.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let bytes = vector(&format!("[example]\n{example}"), "example");
    assert_eq!(bytes, vector(FRAME, "telemetry typical"));
}
