//! The numbers of all open sets as C constants, with what the sources say about them.

use std::fmt::Write;
use std::fs;

use firmware_protocol::Wire;
use firmware_protocol::body::{
    Ack, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task, TaskAck,
    Telemetry, TimeSync, TrackBatch,
};

use crate::cc::root;

/// Longest line of a header.
const LINE_LEN_MAX: usize = 118;

/// A set as a source declares it.
pub(crate) struct Set {
    /// Its name in Rust.
    pub(crate) name: String,
    about: String,
    pub(crate) values: Vec<Value>,
}

/// One of its constants.
pub(crate) struct Value {
    constant: String,
    /// The number; for a bit its position.
    pub(crate) number: u32,
    /// The name in words, where there is one.
    pub(crate) name: Option<String>,
    about: String,
}

/// All sets that `open_set!` and `bit_set!` declare, and the sources of time, in the order of the files.
pub(crate) fn sets() -> Vec<Set> {
    let mut files = vec![root().join("src/header.rs"), root().join("src/time.rs")];
    let mut bodies: Vec<_> =
        fs::read_dir(root().join("src/body")).unwrap().map(|entry| entry.unwrap().path()).collect();
    bodies.sort();
    files.extend(bodies);
    files.iter().flat_map(|file| sets_in(&fs::read_to_string(file).unwrap())).collect()
}

fn sets_in(source: &str) -> Vec<Set> {
    let mut sets = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    let mut open: Option<Set> = None;
    let mut declares = false;
    for line in source.lines().map(str::trim) {
        declares |= matches!(line, "open_set! {" | "bit_set! {");
        if let Some(text) = line.strip_prefix("///") {
            about.push(text.trim());
            continue;
        }
        let text = first_paragraph(&std::mem::take(&mut about));
        if let Some(name) = declares.then(|| line.strip_prefix("pub struct ")).flatten() {
            let name = name.split([':', ' ']).next().unwrap_or_default().to_owned();
            open = Some(Set { name, about: text, values: Vec::new() });
        } else if line == "impl TimeSource {" {
            open = Some(Set {
                name: "TimeSource".to_owned(),
                about: "Where a clock got its time.".to_owned(),
                values: Vec::new(),
            });
        } else if line == "}" {
            declares = false;
            sets.extend(open.take());
        } else if let Some(set) = &mut open {
            set.values.extend(value(line, text));
        }
    }
    sets
}

/// `NAME = 1 "name",` or `NAME = 1,` or `pub const NAME: Self = Self(1);`
fn value(line: &str, about: String) -> Option<Value> {
    let (constant, rest) = match line.strip_prefix("pub const ") {
        Some(declared) => declared.split_once(": Self = Self(")?,
        None => line.split_once(" = ")?,
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let name = rest.split('"').nth(1).map(str::to_owned);
    Some(Value { constant: constant.to_owned(), number: digits.parse().ok()?, name, about })
}

/// A comment's first paragraph, its references as C writes them.
fn first_paragraph(lines: &[&str]) -> String {
    let text = lines.iter().take_while(|line| !line.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    for (at, part) in text.split('`').enumerate() {
        let reference = at % 2 == 1;
        match part.split_once("::") {
            Some((_, "unit")) if reference => plain.push_str("the comments"),
            Some((set, constant)) if reference => plain.push_str(&constant_name(set, constant)),
            _ => plain.push_str(part.trim_start_matches(']').trim_end_matches('[')),
        }
    }
    plain
}

/// `PGW_FIX_TYPE_NONE` for `FixType::NONE`.
fn constant_name(set: &str, constant: &str) -> String {
    let mut name = String::from("PGW");
    for letter in set.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    format!("{name}_{constant}")
}

/// Everything between the guards of `pgw_values.h`.
pub(crate) fn definitions() -> String {
    let mut text = String::new();
    for set in sets() {
        let bits = set.values.iter().all(|value| value.name.is_none()) && set.name != "TimeSource";
        comment(&mut text, &set.about);
        for Value { constant, number, about, .. } in &set.values {
            let name = constant_name(&set.name, constant);
            let number = if bits { format!("(1u << {number})") } else { format!("{number}u") };
            let line = format!("#define {name} {number} /* {about} */");
            if line.chars().count() <= LINE_LEN_MAX {
                writeln!(text, "{line}").unwrap();
            } else {
                comment(&mut text, about);
                writeln!(text, "#define {name} {number}").unwrap();
            }
        }
        text.push('\n');
    }
    text.push_str("/* Bytes of the longest body of each message type that this version makes. */\n");
    for (name, len) in longest_bodies() {
        writeln!(text, "#define PGW_{name}_LEN_MAX {len}u").unwrap();
    }
    text
}

/// A comment, broken into lines.
fn comment(text: &mut String, about: &str) {
    let mut line = String::from("/*");
    for word in about.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() + 3 > LINE_LEN_MAX {
            writeln!(text, "{line}").unwrap();
            line = String::from(" *");
        }
        write!(line, " {word}").unwrap();
    }
    writeln!(text, "{line} */").unwrap();
}

fn longest_bodies() -> [(&'static str, usize); 13] {
    [
        ("TELEMETRY", Telemetry::MAX_LEN),
        ("SENSOR_REPORT", SensorReport::MAX_LEN),
        ("INCIDENT", Incident::MAX_LEN),
        ("EVIDENCE_META", EvidenceMeta::MAX_LEN),
        ("EVIDENCE_CHUNK", EvidenceChunk::MAX_LEN),
        ("EVIDENCE_WANT", EvidenceWant::MAX_LEN),
        ("STATUS", Status::MAX_LEN),
        ("TASK", Task::MAX_LEN),
        ("TASK_ACK", TaskAck::MAX_LEN),
        ("TIME_SYNC", TimeSync::MAX_LEN),
        ("CONFIG", Config::MAX_LEN),
        ("TRACK_BATCH", TrackBatch::MAX_LEN),
        ("ACK", Ack::MAX_LEN),
    ]
}
