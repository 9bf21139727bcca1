//! The messages as JSON, under the names that devices may send (docs/json.md), with more of
//! them where a frame tells more. Absent fields are left out; numbers have the digits of their resolution.
//! Texts are borrowed from the input, as ours are.

mod evidence;
mod reports;
mod tasks;
mod track;

pub(crate) use evidence::EvidenceMeta;
pub(crate) use reports::{Head, Incident, SensorReport, Status, Telemetry};
pub(crate) use tasks::{Task, TaskAck};
pub(crate) use track::Track;

use firmware_protocol::DegreesE7;
use firmware_protocol::body::{self, FixType};
use serde::{Deserialize, Serialize};

/// Where something is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Position<'a> {
    lon: f64,
    lat: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_age_ms: Option<u32>,
    fix_type: &'a str,
    crs: &'a str,
}

impl Position<'static> {
    fn of(fix: FixType, lat: DegreesE7, lon: DegreesE7, accuracy_dm: u16, fix_age_ms: u32) -> Option<Self> {
        (fix != FixType::NONE).then(|| Self {
            lon: lon.degrees(),
            lat: lat.degrees(),
            accuracy_m: (accuracy_dm != 0).then(|| f64::from(accuracy_dm) / 10.0),
            fix_age_ms: given(fix_age_ms),
            fix_type: fix.name().unwrap_or_default(),
            crs: "wgs84",
        })
    }
}

/// Names another record.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct RecordRef {
    boot: u32,
    seq: u32,
}

impl From<&body::RecordRef> for RecordRef {
    fn from(&body::RecordRef { boot, seq }: &body::RecordRef) -> Self {
        Self { boot, seq }
    }
}

/// A value that is not the one for absent.
fn given<T: PartialEq + Default>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// km/h with two digits: finer than 1 cm/s.
fn kmh(speed_cm_s: u16) -> f64 {
    (f64::from(speed_cm_s) * 3.6).round() / 100.0
}

fn hundredths(value: u16) -> f64 {
    f64::from(value) / 100.0
}

fn tenths(value: i32) -> f64 {
    f64::from(value) / 10.0
}

fn thousandths(value: u16) -> f64 {
    f64::from(value) / 1000.0
}
