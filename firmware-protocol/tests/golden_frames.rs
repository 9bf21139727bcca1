//! Whole frames as devices in the field speak them, with keys and without, and the keys themselves.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::fs;
use std::path::Path;

use firmware_protocol::body::{Body, Config, Incident, Status, Task, Telemetry};
use firmware_protocol::{
    DeviceTag, Direction, ErrorBound, FrameKey, HEADER_LEN, Header, Suite, TimeQuality, TimeSource, open,
};
use hmac::{Hmac, KeyInit, Mac};
use support::bodies::Sample;
use support::keys::{KEYED_SUITES, SECRET, key};
use support::vectors::{FRAME, KEYED_FRAMES, KEYS, vector};
use support::{car_header, encoded, sealed_with};

/// The body camera's header of the typical incident.
fn camera_header() -> Header {
    Header {
        device: DeviceTag::of("bodycam-0118"),
        boot: 7,
        seq: 812,
        uptime_ms: 3_601_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality { source: TimeSource::NETWORK, error_bound: ErrorBound::within_ms(1000) },
        ..Header::of::<Incident>()
    }
}

/// A gateway's header for a device; the gateway has been up since 1795392001.
fn gateway_header<B: Body>(device: &str, seq: u32, unix_ms: u64) -> Header {
    Header {
        device: DeviceTag::of(device),
        boot: 1_795_392_001,
        seq,
        uptime_ms: unix_ms - 1_795_392_001_000,
        unix_ms,
        time_quality: TimeQuality { source: TimeSource::NETWORK, error_bound: ErrorBound::within_ms(64) },
        ..Header::of::<B>()
    }
}

#[test]
fn frames_without_a_key_keep_their_bytes() {
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

    check_without_key("telemetry zero", &Header::of::<Telemetry>(), &Telemetry::default());
    check_without_key("telemetry typical", &car_header::<Telemetry>(), &Telemetry::typical());
    check_without_key("incident typical", &camera_header(), &Incident::typical());
    check_without_key("status typical", &noise, &Status::typical());
    check_without_key("status maximum", &largest, &Status::maximum());
}

fn check_without_key<B: Body>(name: &str, header: &Header, body: &B) {
    check(&vector(FRAME, name), &FrameKey::CRC32C, header, body);
}

/// Checks a frame both ways; `header` is the one it is opened with.
fn check<B: Body>(golden: &[u8], key: &FrameKey, header: &Header, body: &B) {
    assert_eq!(sealed_with(key, header, body), golden, "sealing {header:?}");
    let opened = open(golden, key).unwrap();
    assert_eq!((&opened.header, opened.body), (header, &encoded(body)[..]), "opening");
}

#[test]
fn frames_with_keys_keep_their_bytes() {
    let config = gateway_header::<Config>("car-07", 17, 1_795_396_364_500);
    let task = gateway_header::<Task>("bodycam-0118", 18, 1_795_396_380_000);
    check_keyed("car-07", Direction::Up, &car_header::<Telemetry>(), &Telemetry::typical());
    check_keyed("car-07", Direction::Down, &config, &Config::typical());
    check_keyed("bodycam-0118", Direction::Up, &camera_header(), &Incident::typical());
    check_keyed("bodycam-0118", Direction::Down, &task, &Task::typical());
}

/// Checks the frames of all suites both ways.
fn check_keyed<B: Body>(device: &str, direction: Direction, header: &Header, body: &B) {
    for suite in KEYED_SUITES {
        let golden = vector(KEYED_FRAMES, &name_of(device, direction, suite));
        let key = key(&SECRET, suite, 1, direction, device);
        check(&golden, &key, &Header { suite, key_id: 1, ..*header }, body);
    }
}

/// A vector's name, such as "car-07 up suite 2".
fn name_of(device: &str, direction: Direction, suite: Suite) -> String {
    let direction = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    format!("{device} {direction} suite {}", suite.0)
}

#[test]
fn the_tags_of_the_frames_are_those_of_the_derived_keys() {
    for device in ["car-07", "bodycam-0118"] {
        for direction in [Direction::Up, Direction::Down] {
            for suite in KEYED_SUITES {
                let name = name_of(device, direction, suite);
                let (golden, key) = (vector(KEYED_FRAMES, &name), vector(KEYS, &name));
                let (covered, tag) = golden.split_at(golden.len() - suite.tag_len().unwrap());
                assert!(hmac_of(suite, &key, covered).starts_with(tag), "{name}");
            }
        }
    }
}

/// The whole HMAC of a suite's hash.
fn hmac_of(suite: Suite, key: &[u8], covered: &[u8]) -> Vec<u8> {
    fn tag<M: Mac + KeyInit>(key: &[u8], covered: &[u8]) -> Vec<u8> {
        <M as KeyInit>::new_from_slice(key).unwrap().chain_update(covered).finalize().into_bytes().to_vec()
    }
    match suite {
        Suite::HMAC_SM3_128 => tag::<Hmac<sm3::Sm3>>(key, covered),
        _ => tag::<Hmac<sha2::Sha256>>(key, covered),
    }
}

fn documentation() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wire-format.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_worked_example_of_the_documentation_is_the_typical_telemetry_frame() {
    let documentation = documentation();
    let example = documentation.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let bytes = vector(&format!("[example]\n{example}"), "example");
    assert_eq!(bytes, vector(FRAME, "telemetry typical"));
    assert_eq!(bytes[HEADER_LEN..bytes.len() - 4], vector(Telemetry::VECTORS, "r1 typical"));
}

#[test]
fn the_key_and_the_tag_of_the_documentation_are_the_golden_ones() {
    let documentation = documentation();
    let hex =
        |bytes: &[u8], gap| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(gap);
    let name = "car-07 up suite 2";
    let (frame, key) = (vector(KEYED_FRAMES, name), hex(&vector(KEYS, name), ""));
    assert!(documentation.contains(&format!("key = {key}\n")));
    assert!(documentation.contains(&format!("hexkey:{key} ")));
    assert!(documentation.contains(&hex(&frame[frame.len() - 16..], " ")));
}
