//! What a report says, by class.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Class, EvidenceChunk, EvidenceMeta, Fix, RecordRef, Track};

/// The content of a report, by class. A fix is left out where a body is serialized: it becomes a geometry.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// Position and vehicle state.
    Telemetry(Telemetry),
    /// A stretch of positions.
    Track(Track),
    /// Sensor readings.
    Reading(Vec<Reading<'a>>),
    /// A finding on the street.
    Incident(Incident<'a>),
    /// A device's health.
    Status(Status<'a>),
    /// A device's answer to a task.
    Task(TaskAck<'a>),
    /// The description of a photo or clip.
    EvidenceMeta(EvidenceMeta),
    /// A piece of a photo or clip.
    EvidenceChunk(EvidenceChunk<'a>),
}

impl Body<'_> {
    /// The class this body belongs to.
    pub fn class(&self) -> Class {
        match self {
            Body::Telemetry(_) | Body::Track(_) => Class::Telemetry,
            Body::Reading(_) => Class::Reading,
            Body::Incident(_) => Class::Incident,
            Body::Status(_) => Class::Status,
            Body::Task(_) => Class::Task,
            Body::EvidenceMeta(_) | Body::EvidenceChunk(_) => Class::Evidence,
        }
    }
}

/// Position and vehicle state.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Telemetry {
    /// Where the device is.
    #[serde(skip)]
    pub fix: Option<Fix>,
    /// Height above the ellipsoid in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    /// Satellites used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub satellites: Option<u8>,
    /// Speed over ground in km/h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_kmh: Option<f64>,
    /// Course over ground in degrees clockwise from north, 0..=360.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<f64>,
    /// Ignition on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignition: Option<bool>,
    /// The panic button is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panic: Option<bool>,
    /// Battery charge in percent, 0..=100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
    /// Supply voltage in volts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_v: Option<f64>,
    /// Distance travelled in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odometer_m: Option<u64>,
}

/// One sensor reading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading<'a> {
    /// What was measured, for instance `water_level`.
    pub quantity: Cow<'a, str>,
    /// The value in `unit`.
    pub value: f64,
    /// The unit; `None` when the device left it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Cow<'a, str>>,
    /// The sensor's channel, 0 when it has one only.
    pub channel: u8,
    /// Why the value is not to be trusted like any other, for instance `stale`; `None` for a good one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Cow<'a, str>>,
}

/// Whether a case is about something that happens or about a piece of city equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// 事件: an event, such as an unlicensed stall.
    Event,
    /// 部件: a component, such as a broken manhole cover.
    Component,
}

impl CaseKind {
    /// The name in JSON, both ways.
    pub const fn as_str(self) -> &'static str {
        match self {
            CaseKind::Event => "event",
            CaseKind::Component => "component",
        }
    }
}

/// A finding on the street that becomes a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident<'a> {
    /// Event or component; always travels with the code, because both tables use the same numbers.
    pub kind: CaseKind,
    /// The case code, four digits (major and minor class) by the national tables; cities extend them.
    pub code: Cow<'a, str>,
    /// Severity by the device, from 1; higher is worse. `None` when not said (0 on the wire).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
    /// Where it is, by the device's own fix.
    #[serde(skip)]
    pub fix: Option<Fix>,
    /// Pseudonym of the officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Cow<'a, str>>,
    /// Number of the stall card shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_card: Option<Cow<'a, str>>,
    /// What the officer wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'a, str>>,
    /// Photos and clips that belong to it.
    pub evidence: Vec<RecordRef>,
}

/// A device's own health.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Status<'a> {
    /// Firmware version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<Cow<'a, str>>,
    /// Battery charge in percent, 0..=100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
    /// Supply voltage in volts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_v: Option<f64>,
    /// Temperature of the device in degrees Celsius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// Signal strength in dBm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i16>,
    /// Free storage in KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_free_kib: Option<u64>,
    /// Records waiting on the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<u32>,
    /// Records the device had to drop since its boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u32>,
}

/// A device's answer to a task. Idempotent on (task, revision).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskAck<'a> {
    /// The platform's number of the task.
    pub task: u64,
    /// Revision of the task that is answered.
    pub revision: u32,
    /// The new state, for instance `accepted`.
    pub state: Cow<'a, str>,
    /// Why, when it was rejected or could not be done, for instance `place_not_found`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// What the officer wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    /// Photos and clips of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<RecordRef>,
}
