//! What devices say, before it is encoded.

use firmware_protocol::MessageType;
use firmware_protocol::body::{Quantity, RecordRef, TaskState};
use serde::{Deserialize, Serialize};

/// The kind of a message; names the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Something found on the street.
    Incident,
    /// An answer to a task.
    Task,
    /// Photos: their descriptions and their pieces.
    Evidence,
    /// A device's own health; questions about the time.
    Status,
    /// Sensor readings.
    Reading,
    /// Positions and vehicle state.
    Telemetry,
}

impl Class {
    /// The last level of the topic.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Incident => "incident",
            Class::Task => "task",
            Class::Evidence => "evidence",
            Class::Status => "status",
            Class::Reading => "reading",
            Class::Telemetry => "telemetry",
        }
    }

    /// Where a message of this type belongs.
    pub(super) const fn of(message_type: MessageType) -> Class {
        match message_type {
            MessageType::INCIDENT => Class::Incident,
            MessageType::TASK_ACK => Class::Task,
            MessageType::EVIDENCE_META | MessageType::EVIDENCE_CHUNK => Class::Evidence,
            MessageType::SENSOR_REPORT => Class::Reading,
            MessageType::TELEMETRY | MessageType::TRACK_BATCH => Class::Telemetry,
            _ => Class::Status,
        }
    }
}

/// The device's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since its boot.
    pub uptime_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z; 0 for a device without a clock of its own.
    pub unix_ms: u64,
}

/// A place in WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees east.
    pub lon_deg: f64,
    /// Degrees north.
    pub lat_deg: f64,
    /// Radius of the accuracy circle in metres.
    pub accuracy_m: f64,
}

/// A message of any class.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// Position and vehicle state.
    Telemetry(Telemetry),
    /// A stretch of positions. Frames only.
    Track(Track),
    /// Something found on the street.
    Incident(Incident<'a>),
    /// What a sensor measured.
    Reading(Reading),
    /// A device's own health.
    Status(Status<'a>),
    /// An answer to a task.
    TaskAck(TaskAck<'a>),
}

impl Message<'_> {
    /// What it is in a frame.
    pub fn message_type(&self) -> MessageType {
        match self {
            Message::Telemetry(_) => MessageType::TELEMETRY,
            Message::Track(_) => MessageType::TRACK_BATCH,
            Message::Incident(_) => MessageType::INCIDENT,
            Message::Reading(_) => MessageType::SENSOR_REPORT,
            Message::Status(_) => MessageType::STATUS,
            Message::TaskAck(_) => MessageType::TASK_ACK,
        }
    }
}

/// Position and vehicle state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telemetry {
    /// Where it is.
    pub position: Position,
    /// Speed over ground in km/h.
    pub speed_kmh: f64,
    /// Course over ground in degrees clockwise from north, 0..360.
    pub heading_deg: f64,
    /// Ignition on.
    pub ignition: bool,
    /// Battery charge in percent, 1..=100.
    pub battery_percent: u8,
    /// Distance travelled in metres.
    pub odometer_m: u32,
}

impl Telemetry {
    /// Standing at a place with a full battery.
    pub fn at(position: Position) -> Telemetry {
        let (speed_kmh, heading_deg, odometer_m) = (0.0, 0.0, 0);
        Telemetry { position, speed_kmh, heading_deg, ignition: true, battery_percent: 100, odometer_m }
    }
}

/// A stretch of positions, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Uptime at each point, in milliseconds, and the point.
    pub points: Vec<(u64, Telemetry)>,
}

/// Event or component; always travels with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseKind {
    /// 事件.
    Event,
    /// 部件.
    Component,
}

/// Something found on the street.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incident<'a> {
    /// Event or component.
    pub kind: CaseKind,
    /// The number of the four-digit case code: 501 is `0501`.
    pub code: u16,
    /// 1..=5, higher is worse.
    pub severity: u8,
    /// Where it is.
    pub position: Position,
    /// Pseudonym of the officer, at most 24 bytes; empty for none.
    pub operator: &'a str,
    /// Number of the stall card, at most 24 bytes; empty for none.
    pub stall_card: &'a str,
    /// What was seen, at most 240 bytes.
    pub description: &'a str,
    /// The photo of it.
    pub photo: Option<RecordRef>,
}

/// What a sensor measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What it is, and so its unit.
    pub quantity: Quantity,
    /// The value in that unit.
    pub value: f64,
}

/// A device's own health.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status<'a> {
    /// Firmware version, at most 24 bytes.
    pub firmware: &'a str,
    /// Battery charge in percent, 1..=100.
    pub battery_percent: u8,
    /// Free storage in KiB.
    pub storage_free_kib: u32,
    /// Records waiting on the device.
    pub queued: u32,
    /// Records dropped since the boot.
    pub dropped: u32,
}

/// An answer to a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskAck<'a> {
    /// The task's number at the platform.
    pub task: u64,
    /// The task's revision.
    pub revision: u32,
    /// How far it is.
    pub state: TaskState,
    /// What the officer adds, at most 120 bytes; empty for nothing.
    pub note: &'a str,
}
