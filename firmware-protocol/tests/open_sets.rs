//! Sets grow over the years: a value this version does not know passes through it unchanged and is shown as a number.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use firmware_protocol::body::{
    Ack, AckResult, Capabilities, CaseKind, Config, EvidenceMeta, EvidenceUsage, EvidenceWant, FixType,
    Incident, MediaType, Quantity, ReadingStatus, ResetReason, SensorReading, SensorReport, Setting,
    SettingKey, Status, Task, TaskAck, TaskKind, TaskReason, TaskState, Telemetry, TransferState,
    VehicleState,
};
use firmware_protocol::{Header, List, MessageType, Suite, TimeQuality};
use support::bodies::Sample;
use support::{car_header, decoded, encoded};

/// The set's name, when each value comes out of a body as it went in.
fn survives<B: Sample>(set: &str, values: impl IntoIterator<Item = u32>, body: fn(u32) -> B) -> String {
    for value in values {
        let sent = body(value);
        assert_eq!(decoded(B::REVISION, &encoded(&sent)), Ok(sent), "{set} {value}");
    }
    set.to_owned()
}

/// The set's name, when each value comes out of a header as it went in.
fn survives_in_header(set: &str, header: fn(u8) -> Header) -> String {
    for value in 0..=u8::MAX {
        let sent = header(value);
        let read = Header::read(&sent.write(0).unwrap());
        assert_eq!(read, Ok((sent, 0)), "{set} {value}");
    }
    set.to_owned()
}

const BYTES: std::ops::RangeInclusive<u32> = 0..=u8::MAX as u32;
const SHORTS: std::ops::RangeInclusive<u32> = 0..=u16::MAX as u32;

#[test]
fn every_value_of_every_open_set_survives() {
    let bits = (0..32).flat_map(|bit| [1 << bit, u32::MAX << bit]);
    let survivors = BTreeSet::from([
        survives_in_header("MessageType", |n| Header { message_type: MessageType(n), ..car_header::<Ack>() }),
        survives_in_header("Suite", |n| Header { suite: Suite(n), ..car_header::<Ack>() }),
        survives("AckResult", BYTES, |n| Ack { result: AckResult(n as u8), ..Ack::default() }),
        survives("Capabilities", bits, |n| Status { capabilities: Capabilities(n), ..Status::default() }),
        survives("CaseKind", BYTES, |n| Incident { kind: CaseKind(n as u8), ..Incident::default() }),
        survives("EvidenceUsage", BYTES, |n| EvidenceMeta {
            usage: EvidenceUsage(n as u8),
            ..EvidenceMeta::default()
        }),
        survives("FixType", BYTES, |n| Telemetry { fix: FixType(n as u8), ..Telemetry::default() }),
        survives("MediaType", BYTES, |n| EvidenceMeta {
            media: MediaType(n as u8),
            ..EvidenceMeta::default()
        }),
        survives("Quantity", SHORTS, |n| {
            report(SensorReading { quantity: Quantity(n as u16), ..SensorReading::default() })
        }),
        survives("ReadingStatus", BYTES, |n| {
            report(SensorReading { status: ReadingStatus(n as u8), ..SensorReading::default() })
        }),
        survives("ResetReason", BYTES, |n| Status {
            reset_reason: ResetReason(n as u8),
            ..Status::default()
        }),
        survives("SettingKey", SHORTS, |n| {
            let setting = Setting { key: SettingKey(n as u16), ..Setting::default() };
            Config { settings: List::from_slice(&[setting]).unwrap(), ..Config::default() }
        }),
        survives("TaskKind", BYTES, |n| Task { kind: TaskKind(n as u8), ..Task::default() }),
        survives("TaskReason", BYTES, |n| TaskAck { reason: TaskReason(n as u8), ..TaskAck::default() }),
        survives("TaskState", BYTES, |n| TaskAck { state: TaskState(n as u8), ..TaskAck::default() }),
        survives("TransferState", BYTES, |n| EvidenceWant {
            state: TransferState(n as u8),
            ..EvidenceWant::default()
        }),
        survives("VehicleState", SHORTS, |n| Telemetry {
            state: VehicleState(n as u16),
            ..Telemetry::default()
        }),
    ]);
    assert_eq!(survivors, declared_sets("src"));
}

fn report(reading: SensorReading) -> SensorReport {
    SensorReport { readings: List::from_slice(&[reading]).unwrap(), ..SensorReport::default() }
}

/// The names of all sets that the sources in a folder declare by `open_set!` and `bit_set!`.
fn declared_sets(folder: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            names.extend(declared_sets(&format!("{folder}/{name}")));
        } else if name != "set.rs" {
            let source = fs::read_to_string(&path).unwrap();
            names.extend(source.split("_set! {").skip(1).map(name_of_set));
        }
    }
    names
}

/// The name of the struct that a declaration begins with.
fn name_of_set(declaration: &str) -> String {
    let name = declaration.split("pub struct ").nth(1).unwrap();
    name.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

#[test]
fn every_byte_is_a_time_quality_and_survives() {
    for byte in 0..=u8::MAX {
        let quality = TimeQuality::from_byte(byte);
        assert_eq!(quality.to_byte(), byte);
        assert_eq!((quality.source.number(), quality.error_bound.max_ms().is_some()), (byte & 15, byte > 15));
    }
}

#[test]
fn an_unknown_value_is_shown_as_a_number_and_a_known_one_by_its_name() {
    assert_eq!((FixType(200).name(), FixType(200).to_string()), (None, "200".to_owned()));
    assert_eq!((Quantity(1024).name(), Quantity(1024).to_string()), (None, "1024".to_owned()));
    assert_eq!(FixType::RTK_FIXED.to_string(), "rtk_fixed");
    assert_eq!(TaskReason(255).to_string(), "other");
    assert_eq!(Suite(3).to_string(), "3");
}
