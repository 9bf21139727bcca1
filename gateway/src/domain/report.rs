//! What a device said, decoded: the one shape that frames and JSON both become.
//!
//! A [`Report`] borrows from the payload it was read from; the store keeps the payload itself, so a report is
//! read twice in its life: at admission (is it understood, which record is it?) and when it is forwarded.
//! Every field a device may leave out is an `Option`; units are in the names and the same for both encodings,
//! and for the events that go to the platform: bodies serialize under their own names, without what is
//! absent.

mod body;
mod evidence;
mod position;
mod track;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Serialize;

use super::anchor::Anchor;

pub use body::{Body, CaseKind, Incident, Reading, Status, TaskAck, Telemetry};
pub use evidence::{EVIDENCE_BYTES_MAX, EvidenceChunk, EvidenceMeta, Sha256};
pub use position::{Crs, Fix, FixType};
pub use track::{Track, TrackPoint};

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
        /// The gateway's run: a counter kept in the store, and chance, so that a store which was replaced or restored
        /// can't give the same run again.
        run: u64,
        /// Number within the run, from 1.
        number: u32,
    },
}

impl fmt::Display for Identity {
    /// `7/812` for a device's own, `g1c0ffee42/15` for a minted one: the tail of the event id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Device { boot, seq } => write!(f, "{boot}/{seq}"),
            Identity::Minted { run, number } => write!(f, "g{run:x}/{number}"),
        }
    }
}

/// A device's own name for a record, as it stands in frames and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct RecordRef {
    /// Boot counter.
    pub boot: u32,
    /// Sequence number within the boot.
    pub seq: u32,
}

impl From<RecordRef> for Identity {
    fn from(RecordRef { boot, seq }: RecordRef) -> Identity {
        Identity::Device { boot, seq }
    }
}

/// A decoded device message of any class.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<'a> {
    /// The device's own number for this record; `None` when it gave none (both or neither are given).
    pub claimed: Option<RecordRef>,
    /// When it happened, by the device's clock and with the event's age taken off; `None` when the device has
    /// no clock.
    pub observed_at: Option<ObservedAt>,
    /// When it happened by the device's uptime, in milliseconds since its boot and below 0 for what was before it; `None`
    /// when the device does not tell its uptime, as in JSON. With the clock of another frame of that boot it becomes a
    /// time.
    pub uptime_ms: Option<i64>,
    /// What it says.
    pub body: Body<'a>,
}

impl Report<'_> {
    /// The anchor of its boot, when the device knew the time.
    pub fn anchor(&self) -> Option<Anchor> {
        Anchor::new(self.observed_at?, self.uptime_ms?)
    }
}

/// A wall-clock time and how far to trust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedAt {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
    /// Where the device's clock got its time.
    pub quality: TimeQuality,
}

impl ObservedAt {
    /// 2026-01-01T00:00:00Z: a clock that shows less was never set.
    pub const EARLIEST_PLAUSIBLE_UNIX_MS: i64 = 1_767_225_600_000;
    /// The times that can be written in RFC 3339, in milliseconds since 1970: the years 1 to 9999, without
    /// the last two hours in any time zone.
    pub const UNIX_MS: RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_200_999;
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
