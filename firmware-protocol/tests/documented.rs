//! The tables of docs/wire-format.md say what the sources say: every field, in order, with its type, and every length.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

use std::fs;
use std::path::Path;

use firmware_protocol::body::{
    Ack, Body, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task,
    TaskAck, Telemetry, TimeSync, TrackBatch,
};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of the first table behind `heading`: the cells of each.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let section = page.split(heading).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    let rows = section.lines().skip_while(|line| !line.starts_with("| field")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Field and type of each row of the table behind `heading`; a row may name several fields and their types.
fn documented(page: &str, heading: &str) -> Vec<(String, String)> {
    let fields = |row: Vec<&str>| match row[0].contains(", ") {
        true => row[0].split(", ").zip(row[1].split(", ")).map(owned).collect(),
        false => vec![owned((row[0], row[1]))],
    };
    table(page, heading).into_iter().flat_map(fields).collect()
}

/// Field and type as documented, of the struct `name` in a source.
fn declared(source: &str, name: &str) -> Vec<(String, String)> {
    let body = source.split(&format!("pub struct {name}")).nth(1).unwrap_or_else(|| panic!("no {name}"));
    let body = body.split("\n}").next().unwrap();
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.strip_suffix(','));
    fields
        .map(|field| field.split_once(": ").unwrap())
        .map(|(name, kind)| (name.to_owned(), word(kind)))
        .collect()
}

/// A type of the sources in the words of the documentation.
fn word(kind: &str) -> String {
    let capacity = |kind: &str| kind.trim_end_matches('>').rsplit(", ").next().unwrap().to_owned();
    match kind {
        "DegreesE7" => "degrees".to_owned(),
        "RecordRef" => "record".to_owned(),
        "Telemetry" => "telemetry, revision 1".to_owned(),
        "VehicleState" | "Quantity" | "SettingKey" => "u16".to_owned(),
        "Capabilities" => "u32".to_owned(),
        "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "[u8; 32]" => kind.to_owned(),
        "Bytes<'a, CHUNK_LEN_MAX>" => "bytes 32768".to_owned(),
        "Bytes<'a, WANT_BITMAP_LEN_MAX>" => "bytes 32".to_owned(),
        "List<TrackStep, STEPS_MAX>" => "list 63 of step".to_owned(),
        list if list.starts_with("List<") => {
            let element = list["List<".len()..].split([',', '<']).next().unwrap();
            let element = match element {
                "RecordRef" => "record",
                "SensorReading" => "reading",
                "Setting" => "setting",
                other => other,
            };
            format!("list {} of {element}", capacity(list))
        }
        text if text.starts_with("Text<") => format!("text {}", capacity(text)),
        bytes if bytes.starts_with("Bytes<") => format!("bytes {}", capacity(bytes)),
        _ => "u8".to_owned(), // an open set of one byte
    }
}

fn owned((name, kind): (&str, &str)) -> (String, String) {
    (name.to_owned(), kind.to_owned())
}

fn check<B: Body>(file: &str, name: &str, title: &str) {
    let page = read("../docs/wire-format.md");
    let heading = format!(
        "### {} {title}, revision {}: {} to {} bytes",
        B::MESSAGE_TYPE.0,
        B::REVISION,
        B::MIN_LEN,
        B::MAX_LEN
    );
    let source = read(&format!("src/body/{file}.rs"));
    assert_eq!(documented(&page, &heading), declared(&source, name), "{title}");
}

#[test]
fn every_table_of_the_page_is_what_the_source_says() {
    check::<Telemetry>("telemetry", "Telemetry", "Telemetry");
    check::<SensorReport>("sensor", "SensorReport", "Sensor report");
    check::<Incident>("incident", "Incident<", "Incident");
    check::<EvidenceMeta>("evidence", "EvidenceMeta", "Evidence meta");
    check::<EvidenceChunk>("evidence", "EvidenceChunk", "Evidence chunk");
    check::<EvidenceWant>("evidence", "EvidenceWant", "Evidence want");
    check::<Status>("status", "Status", "Status");
    check::<Task>("task", "Task<", "Task");
    check::<TaskAck>("task", "TaskAck", "Task ack");
    check::<TimeSync>("time_sync", "TimeSync", "Time sync");
    check::<Config>("config", "Config", "Config");
    check::<TrackBatch>("track", "TrackBatch", "Track batch");
    check::<Ack>("ack", "Ack<", "Ack");
}

#[test]
fn the_table_of_a_reading_is_what_the_source_says() {
    let (page, source) = (read("../docs/wire-format.md"), read("src/body/sensor.rs"));
    assert_eq!(documented(&page, "A reading, 5 to 11 bytes"), declared(&source, "SensorReading"));
}
