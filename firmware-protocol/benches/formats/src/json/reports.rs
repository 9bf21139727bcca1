//! What devices report of themselves and of the street.

use firmware_protocol::body::{self, VehicleState};
use serde::{Deserialize, Serialize};

use super::{Position, RecordRef, given, hundredths, kmh, tenths, thousandths};

/// What our header carries and JSON writes before the fields of a message. The device is in the topic.
#[derive(Debug, Serialize)]
pub(crate) struct Head {
    pub(crate) boot: u32,
    pub(crate) seq: u32,
    pub(crate) uptime_ms: u64,
    pub(crate) time: &'static str,
    pub(crate) time_quality: &'static str,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Telemetry<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    position: Option<Position<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    satellites: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    altitude_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed_kmh: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading_deg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignition: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moving: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_power: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charging: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tamper: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supply_v: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    battery_percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    odometer_m: Option<u32>,
}

impl From<&body::Telemetry> for Telemetry<'static> {
    fn from(from: &body::Telemetry) -> Self {
        Self {
            position: Position::of(from.fix, from.lat_e7, from.lon_e7, from.accuracy_dm, from.fix_age_ms),
            satellites: given(from.satellites),
            altitude_m: given(from.altitude_dm).map(tenths),
            speed_kmh: from.measured_speed_cm_s().map(kmh),
            heading_deg: given(from.heading_cdeg).map(hundredths),
            ignition: from.state_of(VehicleState::IGNITION),
            moving: from.state_of(VehicleState::MOVING),
            panic: from.state_of(VehicleState::PANIC),
            external_power: from.state_of(VehicleState::EXTERNAL_POWER),
            charging: from.state_of(VehicleState::CHARGING),
            tamper: from.state_of(VehicleState::TAMPER),
            supply_v: given(from.supply_mv).map(thousandths),
            battery_percent: given(from.battery_percent),
            odometer_m: given(from.odometer_m),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SensorReport<'a> {
    age_ms: u32,
    #[serde(borrow)]
    readings: Vec<Reading<'a>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reading<'a> {
    quantity: &'a str,
    value: f64,
    unit: &'a str,
    channel: u8,
    /// Absent: good.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
}

impl From<&body::SensorReport> for SensorReport<'static> {
    fn from(from: &body::SensorReport) -> Self {
        let reading = |reading: &body::SensorReading| Reading {
            quantity: reading.quantity.name().unwrap_or_default(),
            value: decimal(reading.value, reading.exponent),
            unit: reading.quantity.unit().unwrap_or_default(),
            channel: reading.channel,
            status: given(reading.status.0).and(reading.status.name()),
        };
        Self { age_ms: from.age_ms, readings: from.readings.iter().map(reading).collect() }
    }
}

/// The decimal number, not its nearest neighbour by a multiplication: 583 and -1 are 58.3.
fn decimal(value: i32, exponent: i8) -> f64 {
    let scale = 10_f64.powi(i32::from(exponent).abs());
    if exponent < 0 { f64::from(value) / scale } else { f64::from(value) * scale }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incident<'a> {
    kind: &'a str,
    code: &'a str,
    severity: u8,
    age_ms: u32,
    #[serde(borrow)]
    position: Option<Position<'a>>,
    operator: &'a str,
    stall_card: &'a str,
    description: &'a str,
    evidence: Vec<RecordRef>,
}

impl From<&body::Incident<'static>> for Incident<'static> {
    fn from(from: &body::Incident<'static>) -> Self {
        Self {
            kind: from.kind.name().unwrap_or_default(),
            code: format!("{:04}", from.category).leak(), // once a run
            severity: from.severity,
            age_ms: from.age_ms,
            position: Position::of(from.fix, from.lat_e7, from.lon_e7, from.accuracy_dm, from.fix_age_ms),
            operator: from.operator.as_str(),
            stall_card: from.stall_card.as_str(),
            description: from.description.as_str(),
            evidence: from.evidence.iter().map(RecordRef::from).collect(),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status<'a> {
    firmware: &'a str,
    hardware_revision: u16,
    reset_reason: &'a str,
    capabilities: u32,
    revisions: Vec<u8>,
    battery_percent: u8,
    supply_v: f64,
    temperature_c: f64,
    signal_dbm: i16,
    storage_free_kib: u32,
    queued: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_failures: Option<u32>,
    config_id: u32,
}

impl From<&body::Status<'static>> for Status<'static> {
    fn from(from: &body::Status<'static>) -> Self {
        Self {
            firmware: from.firmware.as_str(),
            hardware_revision: from.hardware_revision,
            reset_reason: from.reset_reason.name().unwrap_or_default(),
            capabilities: from.capabilities.0,
            revisions: from.revisions.to_vec(),
            battery_percent: from.battery_percent,
            supply_v: thousandths(from.supply_mv),
            temperature_c: tenths(from.temperature_deci_c.into()),
            signal_dbm: from.signal_dbm,
            storage_free_kib: from.storage_free_kib,
            queued: from.queued,
            dropped: given(from.dropped),
            auth_failures: given(from.auth_failures),
            config_id: from.config_id,
        }
    }
}
