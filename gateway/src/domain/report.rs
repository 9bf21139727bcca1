//! What a device said, decoded: the one shape that frames and JSON both become.
//!
//! A [`Report`] borrows from the payload it was read from; the store keeps the payload itself, so a report is
//! read twice in its life: at admission (is it understood, which record is it?) and when it is forwarded.
//! Every field a device may leave out is an `Option`; units are in the names and the same for both encodings.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The kind of a report, in the order in which the gateway forwards them: the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Something found on the street that becomes a case.
    Incident,
    /// A device's answer to a task.
    Task,
    /// Photos and clips: manifests and chunks.
    Evidence,
    /// A device's own health.
    Status,
    /// Sensor readings.
    Reading,
    /// Positions and vehicle state.
    Telemetry,
}

impl Class {
    /// All classes, most urgent first.
    pub const ALL: [Class; 6] =
        [Class::Incident, Class::Task, Class::Evidence, Class::Status, Class::Reading, Class::Telemetry];

    /// The class's name in topics, event types, configuration and metrics.
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

    /// The class with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A device's id: `[a-z0-9][a-z0-9-]{0,31}`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// Reads a device id; `None` when it does not have the form.
    pub fn parse(text: &str) -> Option<DeviceId> {
        let form = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=32).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(form);
        fits.then(|| DeviceId(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which record of its device this is. Stable across resends, restarts and restores when the device numbers
/// its records itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// Minted by the device: its boot counter and its sequence number within that boot.
    Device {
        /// Boot counter.
        boot: u32,
        /// Sequence number within the boot.
        seq: u32,
    },
    /// Minted by the gateway for a payload without `boot` and `seq`; a resend of it can't be recognised.
    Minted {
        /// Number of the gateway's run, counted in the store.
        run: u32,
        /// Number within the run, from 1.
        number: u32,
    },
}

impl fmt::Display for Identity {
    /// `7/812` for a device's own, `g3/15` for a minted one: the tail of the event id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Device { boot, seq } => write!(f, "{boot}/{seq}"),
            Identity::Minted { run, number } => write!(f, "g{run}/{number}"),
        }
    }
}

/// A device's own name for a record, as it stands in frames and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordRef {
    /// Boot counter.
    pub boot: u32,
    /// Sequence number within the boot.
    pub seq: u32,
}

/// A decoded device message of any class.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<'a> {
    /// The device's own number for this record; `None` when it gave none (both or neither are given).
    pub claimed: Option<RecordRef>,
    /// When it happened, by the device's clock and with the event's age taken off; `None` when the device has
    /// no clock.
    pub observed_at: Option<ObservedAt>,
    /// What it says.
    pub body: Body<'a>,
}

/// A wall-clock time and how far to trust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedAt {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
    /// Where the device's clock got its time.
    pub quality: TimeQuality,
}

/// Where a clock got its time, from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeQuality {
    /// Not said, or a source this version does not know.
    Unknown,
    /// A free-running real-time clock.
    Rtc,
    /// A real-time clock corrected for its drift.
    DisciplinedRtc,
    /// Network time.
    Network,
    /// Time from this gateway.
    Gateway,
    /// Satellite time.
    Gnss,
}

impl TimeQuality {
    /// All of them, from worst to best.
    pub const ALL: [TimeQuality; 6] = [
        TimeQuality::Unknown,
        TimeQuality::Rtc,
        TimeQuality::DisciplinedRtc,
        TimeQuality::Network,
        TimeQuality::Gateway,
        TimeQuality::Gnss,
    ];

    /// The quality with this name; [`TimeQuality::Unknown`] for a name this version does not know.
    pub fn from_name(name: &str) -> TimeQuality {
        TimeQuality::ALL.into_iter().find(|quality| quality.as_str() == name).unwrap_or(TimeQuality::Unknown)
    }

    /// The name in JSON, both ways.
    pub const fn as_str(self) -> &'static str {
        match self {
            TimeQuality::Unknown => "unknown",
            TimeQuality::Rtc => "rtc",
            TimeQuality::DisciplinedRtc => "disciplined_rtc",
            TimeQuality::Network => "network",
            TimeQuality::Gateway => "gateway",
            TimeQuality::Gnss => "gnss",
        }
    }
}

/// The content of a report, by class.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// Position and vehicle state.
    Telemetry(Telemetry),
    /// Sensor readings.
    Reading(Vec<Reading<'a>>),
    /// A finding on the street.
    Incident(Incident<'a>),
    /// A device's health.
    Status(Status<'a>),
    /// A device's answer to a task.
    Task(TaskAck<'a>),
}

impl Body<'_> {
    /// The class this body belongs to.
    pub fn class(&self) -> Class {
        match self {
            Body::Telemetry(_) => Class::Telemetry,
            Body::Reading(_) => Class::Reading,
            Body::Incident(_) => Class::Incident,
            Body::Status(_) => Class::Status,
            Body::Task(_) => Class::Task,
        }
    }
}

/// The coordinate system a device declared for its position. Both are read as WGS-84 (they differ by less than
/// the best device's accuracy); the tag stays with the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crs {
    /// WGS-84, the only system of frames.
    Wgs84,
    /// CGCS2000, the national system.
    Cgcs2000,
}

impl Crs {
    /// The name in JSON, both ways.
    pub const fn as_str(self) -> &'static str {
        match self {
            Crs::Wgs84 => "wgs84",
            Crs::Cgcs2000 => "cgcs2000",
        }
    }
}

/// A position in WGS-84 with its provenance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Longitude in degrees east, -180..=180.
    pub lon_deg: f64,
    /// Latitude in degrees north, -90..=90.
    pub lat_deg: f64,
    /// Radius of the accuracy circle in metres, if the device knows it.
    pub accuracy_m: Option<f64>,
    /// Age of the fix when the report was made, in milliseconds, if the device knows it.
    pub fix_age_ms: Option<u32>,
    /// The system the device declared.
    pub crs: Crs,
}

/// Position and vehicle state.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Telemetry {
    /// Where the device is.
    pub fix: Option<Fix>,
    /// Height above the ellipsoid in metres.
    pub altitude_m: Option<f64>,
    /// Satellites used.
    pub satellites: Option<u8>,
    /// Speed over ground in km/h.
    pub speed_kmh: Option<f64>,
    /// Course over ground in degrees clockwise from north, 0..=360.
    pub heading_deg: Option<f64>,
    /// Ignition on.
    pub ignition: Option<bool>,
    /// The panic button is held.
    pub panic: Option<bool>,
    /// Battery charge in percent, 0..=100.
    pub battery_percent: Option<u8>,
    /// Supply voltage in volts.
    pub supply_v: Option<f64>,
    /// Distance travelled in metres.
    pub odometer_m: Option<u64>,
}

/// One sensor reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<'a> {
    /// What was measured, for instance `water_level`.
    pub quantity: Cow<'a, str>,
    /// The value in `unit`.
    pub value: f64,
    /// The unit; `None` when the device left it out.
    pub unit: Option<Cow<'a, str>>,
    /// The sensor's channel, 0 when it has one only.
    pub channel: u8,
}

/// Whether a case is about something that happens or about a piece of city equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct Incident<'a> {
    /// Event or component; always travels with the code, because both tables use the same numbers.
    pub kind: CaseKind,
    /// The case code, four digits (major and minor class) by the national tables; cities extend them.
    pub code: Cow<'a, str>,
    /// Severity by the device, from 1; higher is worse. `None` when not said (0 on the wire).
    pub severity: Option<u8>,
    /// Where it is, by the device's own fix.
    pub fix: Option<Fix>,
    /// Pseudonym of the officer.
    pub operator: Option<Cow<'a, str>>,
    /// Number of the stall card shown.
    pub stall_card: Option<Cow<'a, str>>,
    /// What the officer wrote.
    pub description: Option<Cow<'a, str>>,
    /// Photos and clips that belong to it.
    pub evidence: Vec<RecordRef>,
}

/// A device's own health.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status<'a> {
    /// Firmware version.
    pub firmware: Option<Cow<'a, str>>,
    /// Battery charge in percent, 0..=100.
    pub battery_percent: Option<u8>,
    /// Supply voltage in volts.
    pub supply_v: Option<f64>,
    /// Temperature of the device in degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Signal strength in dBm.
    pub signal_dbm: Option<i16>,
    /// Free storage in KiB.
    pub storage_free_kib: Option<u64>,
    /// Records waiting on the device.
    pub queued: Option<u32>,
    /// Records the device had to drop since its boot.
    pub dropped: Option<u32>,
}

/// A device's answer to a task. Idempotent on (task, revision).
#[derive(Debug, Clone, PartialEq)]
pub struct TaskAck<'a> {
    /// The platform's number of the task.
    pub task: u64,
    /// Revision of the task that is answered.
    pub revision: u32,
    /// The new state, for instance `accepted`.
    pub state: Cow<'a, str>,
    /// What the officer wrote.
    pub note: Option<Cow<'a, str>>,
}
