//! What devices say, before it is encoded.

/// The kind of a message; names the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Something found on the street.
    Incident,
    /// A device's own health.
    Status,
    /// Sensor readings.
    Reading,
    /// Position and vehicle state.
    Telemetry,
}

impl Class {
    /// The last level of the topic.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Incident => "incident",
            Class::Status => "status",
            Class::Reading => "reading",
            Class::Telemetry => "telemetry",
        }
    }
}

/// The device's clocks when it made a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since its boot.
    pub uptime_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z; 0 when the clock was never set.
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
    /// Something found on the street.
    Incident(Incident<'a>),
    /// A sensor's reading. JSON only: the frame's sensor body is not part of the protocol yet.
    Reading(Reading<'a>),
    /// A device's own health.
    Status(Status<'a>),
}

impl Message<'_> {
    /// Its class.
    pub fn class(&self) -> Class {
        match self {
            Message::Telemetry(_) => Class::Telemetry,
            Message::Incident(_) => Class::Incident,
            Message::Reading(_) => Class::Reading,
            Message::Status(_) => Class::Status,
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
}

/// A sensor's reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'a> {
    /// For instance `water_level`.
    pub quantity: &'a str,
    /// The value in `unit`.
    pub value: f64,
    /// For instance `m`.
    pub unit: &'a str,
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
