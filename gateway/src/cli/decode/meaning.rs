//! What the fields of bodies mean: units by the end of a name, sets by the name, the rest by hand.

use firmware_protocol::body::{
    AckResult, CaseKind, EvidenceUsage, FixType, MediaType, Quantity, ReadingStatus, ResetReason, SettingKey,
    TaskKind, TaskReason, TaskState, TransferState,
};
use firmware_protocol::{DegreesE7, MessageType};
use serde_json::{Map, Value, json};

use super::fields::time;
use super::input::to_hex;

/// What a field's raw value means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// A number; 0 is one too.
    Plain,
    /// A number; 0 = absent.
    Optional,
    /// Text; empty = absent.
    Text,
    /// Fields, or a list of them.
    Nested,
    /// A number with a unit: `wire * times / divided_by`.
    Measure { times: i64, divided_by: i64, unit: &'static str, zero_is_absent: bool },
    /// One of a set of names.
    Name(fn(u64) -> Option<&'static str>),
    /// Bits by position.
    Bits(&'static [&'static str]),
    /// A latitude or longitude, absent without a fix.
    Degrees,
    /// Milliseconds since 1970; 0 = absent.
    Time,
    /// The speed of a telemetry: 0 = absent, or standing when the state says so.
    Speed,
    /// A case code.
    CaseCode,
    /// A power of two of bytes.
    Log2Bytes,
    /// A value with its power of ten and its unit beside it.
    Scaled,
    /// Bytes; what they mean is their number.
    Bytes,
    /// Bytes that stand for themselves.
    Hash,
    /// A bit for each chunk that is lacking.
    Missing,
    /// The value of a setting: bytes, usually a number of four.
    Setting,
    /// Revisions by message type.
    Revisions,
}

const VEHICLE_STATE: &[&str] = &["ignition", "moving", "panic", "external_power", "charging", "tamper"];
const CAPABILITIES: &[&str] = &[
    "position",
    "camera",
    "evidence",
    "sensors",
    "tasks",
    "receipts",
    "time_sync",
    "config",
    "store_and_resend",
];
/// Bit 1 of the vehicle's state: it moves.
const MOVING: u64 = 1 << 1;

/// Numbers in which 0 says nothing but 0.
const PLAIN: [&str; 12] = [
    "boot",
    "seq",
    "revision",
    "index",
    "base_index",
    "channel",
    "exponent",
    "queued",
    "dropped",
    "auth_failures",
    "config_id",
    "asked_boot",
];
/// Numbers without a unit in which 0 = absent.
const OPTIONAL: [&str; 5] = ["satellites", "severity", "hardware_revision", "task", "priority"];
const TEXTS: [&str; 8] =
    ["operator", "stall_card", "description", "firmware", "note", "title", "text", "case_number"];
const NESTED: [&str; 7] = ["evidence", "incident", "record", "readings", "settings", "first", "steps"];

macro_rules! name_of {
    ($set:ident) => {
        Meaning::Name(|number| $set(number.try_into().ok()?).name())
    };
}

/// What the field `name` of the struct at `place` means; `None` when nobody has said.
pub(super) fn meaning(place: &str, name: &str) -> Option<Meaning> {
    let by_name = match (place, name) {
        ("incident", "kind") => name_of!(CaseKind),
        ("task", "kind") => name_of!(TaskKind),
        ("task_ack", "state") => name_of!(TaskState),
        ("evidence_want", "state") => name_of!(TransferState),
        ("telemetry" | "track_batch.first", "valid" | "state") => Meaning::Bits(VEHICLE_STATE),
        ("telemetry" | "track_batch.first", "speed_cm_s") => Meaning::Speed,
        ("sensor_report.readings", "value") => Meaning::Scaled,
        ("config.settings", "value") => Meaning::Setting,
        (_, "fix") => name_of!(FixType),
        (_, "quantity") => name_of!(Quantity),
        (_, "status") => name_of!(ReadingStatus),
        (_, "media") => name_of!(MediaType),
        (_, "usage") => name_of!(EvidenceUsage),
        (_, "reset_reason") => name_of!(ResetReason),
        (_, "reason") => name_of!(TaskReason),
        (_, "key") => name_of!(SettingKey),
        (_, "result") => name_of!(AckResult),
        (_, "capabilities") => Meaning::Bits(CAPABILITIES),
        (_, "lat_e7" | "lon_e7") => Meaning::Degrees,
        (_, "category") => Meaning::CaseCode,
        (_, "chunk_size_log2") => Meaning::Log2Bytes,
        (_, "data") => Meaning::Bytes,
        (_, "sha256") => Meaning::Hash,
        (_, "missing") => Meaning::Missing,
        (_, "revisions") => Meaning::Revisions,
        (_, name) if PLAIN.contains(&name) => Meaning::Plain,
        (_, name) if OPTIONAL.contains(&name) => Meaning::Optional,
        (_, name) if TEXTS.contains(&name) => Meaning::Text,
        (_, name) if NESTED.contains(&name) => Meaning::Nested,
        (_, name) => return by_ending(name),
    };
    Some(by_name)
}

/// The unit that the end of a name tells.
fn by_ending(name: &str) -> Option<Meaning> {
    // The longer ends before those they end in.
    const ENDINGS: [(&str, i64, i64, &str); 14] = [
        ("_cm_s", 36, 1_000, "km/h"),
        ("_cdeg", 1, 100, "°"),
        ("_deci_c", 1, 10, "°C"),
        ("_e7", 1, 10_000_000, "°"),
        ("_ms", 1, 1_000, "s"),
        ("_dm", 1, 10, "m"),
        ("_mv", 1, 1_000, "V"),
        ("_dbm", 1, 1, "dBm"),
        ("_percent", 1, 1, "%"),
        ("_bytes", 1, 1, "B"),
        ("_kib", 1, 1, "KiB"),
        ("_px", 1, 1, "px"),
        ("_m", 1, 1, "m"),
        ("_s", 1, 1, "s"),
    ];
    if name.ends_with("unix_ms") {
        return Some(Meaning::Time);
    }
    let (_, times, divided_by, unit) = ENDINGS.into_iter().find(|(ending, ..)| name.ends_with(ending))?;
    // An age of 0 is "now", a change of 0 is none, and the device may ask at its first millisecond.
    let counts_from_0 = name == "age_ms" || name.contains("_change_") || name == "asked_uptime_ms";
    Some(Meaning::Measure { times, divided_by, unit, zero_is_absent: !counts_from_0 })
}

impl Meaning {
    /// Whether what was sent says enough by itself.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Meaning::Plain | Meaning::Optional | Meaning::Text | Meaning::Hash)
    }

    /// Whether a raw 0 (or an empty text) says that there is no value.
    pub(super) fn zero_is_absent(self) -> bool {
        match self {
            Meaning::Measure { zero_is_absent, .. } => zero_is_absent,
            Meaning::Optional | Meaning::Text | Meaning::Time | Meaning::CaseCode => true,
            _ => false,
        }
    }

    /// What was sent: a number, text, or bytes in hexadecimal.
    pub(super) fn wire(self, raw: &Value) -> Value {
        match self {
            Meaning::Degrees => degrees(raw).map_or(raw.clone(), |degrees| json!(degrees.get())),
            Meaning::Bytes | Meaning::Hash | Meaning::Missing | Meaning::Setting => {
                json!(to_hex(&byte_array(raw)))
            }
            _ => raw.clone(),
        }
    }

    /// What it means; `beside` are all fields of its struct. Null is absent, or not known here.
    pub(super) fn value(self, raw: &Value, beside: &Map<String, Value>) -> Value {
        let number = raw.as_u64();
        match self {
            Meaning::Plain | Meaning::Optional | Meaning::Text | Meaning::Hash | Meaning::Nested => {
                self.wire(raw)
            }
            Meaning::Measure { times, divided_by, .. } => measure(raw, times, divided_by),
            Meaning::Name(name) => json!(number.and_then(name)),
            Meaning::Bits(names) => number.map_or(Value::Null, |bits| bit_names(bits, names)),
            Meaning::Degrees => {
                json!(degrees(raw).filter(|_| of(beside, "fix") != 0).map(DegreesE7::degrees))
            }
            Meaning::Time => json!(number.and_then(time)),
            Meaning::Speed => {
                let stands = of(beside, "valid") & MOVING != 0 && of(beside, "state") & MOVING == 0;
                if number == Some(0) && !stands { Value::Null } else { measure(raw, 36, 1_000) }
            }
            Meaning::CaseCode => json!(number.map(|number| format!("{number:04}"))),
            Meaning::Log2Bytes => json!(number.and_then(|log2| 1_u64.checked_shl(u32::try_from(log2).ok()?))),
            Meaning::Scaled => scaled(raw, beside),
            Meaning::Bytes => json!(byte_array(raw).len()),
            Meaning::Missing => chunks(&byte_array(raw), of(beside, "base_index")),
            Meaning::Setting => json!(<[u8; 4]>::try_from(byte_array(raw)).ok().map(u32::from_le_bytes)),
            Meaning::Revisions => revisions(raw),
        }
    }

    /// The unit of the value.
    pub(super) fn unit(self, beside: &Map<String, Value>) -> Option<&'static str> {
        match self {
            Meaning::Measure { unit, .. } => Some(unit),
            Meaning::Speed => Some("km/h"),
            Meaning::Degrees => Some("°"),
            Meaning::Log2Bytes | Meaning::Bytes => Some("B"),
            Meaning::Scaled => {
                u16::try_from(of(beside, "quantity")).ok().and_then(|number| Quantity(number).unit())
            }
            _ => None,
        }
    }
}

/// Another field of the same struct, 0 when it is no number.
fn of(beside: &Map<String, Value>, name: &str) -> u64 {
    beside.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn measure(raw: &Value, times: i64, divided_by: i64) -> Value {
    match raw.as_i64() {
        Some(number) if divided_by != 1 => json!((number * times) as f64 / divided_by as f64),
        _ => raw.clone(),
    }
}

/// Four bytes, little-endian.
fn degrees(raw: &Value) -> Option<DegreesE7> {
    let bytes: [u8; 4] = byte_array(raw).try_into().ok()?;
    Some(DegreesE7::new(i32::from_le_bytes(bytes)))
}

/// A list of bytes; what is none is left out.
fn byte_array(raw: &Value) -> Vec<u8> {
    let byte = |element: &Value| element.as_u64().and_then(|byte| u8::try_from(byte).ok());
    raw.as_array().into_iter().flatten().filter_map(byte).collect()
}

fn bit_names(bits: u64, names: &[&str]) -> Value {
    let on = (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1);
    let name = |bit: u32| names.get(bit as usize).map_or(format!("bit_{bit}"), ToString::to_string);
    on.map(name).collect()
}

/// `value` times its power of ten, rounded once.
fn scaled(raw: &Value, beside: &Map<String, Value>) -> Value {
    let exponent = beside.get("exponent").and_then(Value::as_i64).unwrap_or(0);
    json!(raw.as_i64().and_then(|value| format!("{value}e{exponent}").parse::<f64>().ok()))
}

/// The chunks whose bits are set, lowest bit of the first byte first.
fn chunks(bitmap: &[u8], base_index: u64) -> Value {
    let bits = bitmap.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    bits.zip(base_index..).filter_map(|(lacking, index)| lacking.then_some(index)).collect()
}

/// The message types that are understood, each with its highest revision.
fn revisions(raw: &Value) -> Value {
    let named = byte_array(raw).into_iter().zip(1..=u8::MAX).filter(|(revision, _)| *revision != 0);
    Value::Object(
        named.map(|(revision, number)| (MessageType(number).to_string(), json!(revision))).collect(),
    )
}
