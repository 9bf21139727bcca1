//! What devices report of themselves and of the street.

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

use super::RecordRef;

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Telemetry {
    #[n(0)] #[prost(uint32, tag = 1)] valid: u32,
    #[n(1)] #[prost(uint32, tag = 2)] state: u32,
    #[n(2)] #[prost(uint32, tag = 3)] fix: u32,
    #[n(3)] #[prost(uint32, tag = 4)] satellites: u32,
    #[n(4)] #[prost(sfixed32, tag = 5)] lat_e7: i32,
    #[n(5)] #[prost(sfixed32, tag = 6)] lon_e7: i32,
    #[n(6)] #[prost(sint32, tag = 7)] altitude_dm: i32,
    #[n(7)] #[prost(uint32, tag = 8)] accuracy_dm: u32,
    #[n(8)] #[prost(uint32, tag = 9)] speed_cm_s: u32,
    #[n(9)] #[prost(uint32, tag = 10)] heading_cdeg: u32,
    #[n(10)] #[prost(uint32, tag = 11)] fix_age_ms: u32,
    #[n(11)] #[prost(uint32, tag = 12)] supply_mv: u32,
    #[n(12)] #[prost(uint32, tag = 13)] battery_percent: u32,
    #[n(13)] #[prost(uint32, tag = 14)] odometer_m: u32,
}

impl From<&body::Telemetry> for Telemetry {
    fn from(telemetry: &body::Telemetry) -> Self {
        Self {
            valid: telemetry.valid.0.into(),
            state: telemetry.state.0.into(),
            fix: telemetry.fix.0.into(),
            satellites: telemetry.satellites.into(),
            lat_e7: telemetry.lat_e7.get(),
            lon_e7: telemetry.lon_e7.get(),
            altitude_dm: telemetry.altitude_dm,
            accuracy_dm: telemetry.accuracy_dm.into(),
            speed_cm_s: telemetry.speed_cm_s.into(),
            heading_cdeg: telemetry.heading_cdeg.into(),
            fix_age_ms: telemetry.fix_age_ms,
            supply_mv: telemetry.supply_mv.into(),
            battery_percent: telemetry.battery_percent.into(),
            odometer_m: telemetry.odometer_m,
        }
    }
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Reading {
    #[n(0)] #[prost(uint32, tag = 1)] quantity: u32,
    #[n(1)] #[prost(uint32, tag = 2)] channel: u32,
    #[n(2)] #[prost(sint32, tag = 3)] exponent: i32,
    #[n(3)] #[prost(sint32, tag = 4)] value: i32,
    #[n(4)] #[prost(uint32, tag = 5)] status: u32,
}

impl From<&body::SensorReading> for Reading {
    fn from(reading: &body::SensorReading) -> Self {
        Self {
            quantity: reading.quantity.0.into(),
            channel: reading.channel.into(),
            exponent: reading.exponent.into(),
            value: reading.value,
            status: reading.status.0.into(),
        }
    }
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct SensorReport {
    #[n(0)] #[prost(uint32, tag = 1)] age_ms: u32,
    #[n(1)] #[prost(message, repeated, tag = 2)] readings: Vec<Reading>,
}

impl From<&body::SensorReport> for SensorReport {
    fn from(body::SensorReport { age_ms, readings }: &body::SensorReport) -> Self {
        Self { age_ms: *age_ms, readings: readings.iter().map(Reading::from).collect() }
    }
}

/// The report turned by 90 degrees, for who would bend the schema to save protobuf's bytes: a packed list a field, and
/// none where all are 0.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct SensorColumns {
    #[n(0)] #[prost(uint32, tag = 1)] age_ms: u32,
    #[n(1)] #[prost(uint32, repeated, tag = 2)] quantity: Vec<u32>,
    #[n(2)] #[prost(uint32, repeated, tag = 3)] channel: Vec<u32>,
    #[n(3)] #[prost(sint32, repeated, tag = 4)] exponent: Vec<i32>,
    #[n(4)] #[prost(sint32, repeated, tag = 5)] value: Vec<i32>,
    #[n(5)] #[prost(uint32, repeated, tag = 6)] status: Vec<u32>,
}

impl From<&body::SensorReport> for SensorColumns {
    fn from(report: &body::SensorReport) -> Self {
        let SensorReport { age_ms, readings } = SensorReport::from(report);
        let all_good = readings.iter().all(|reading| reading.status == 0);
        let statuses = if all_good { &[] } else { &readings[..] };
        Self {
            age_ms,
            quantity: readings.iter().map(|reading| reading.quantity).collect(),
            channel: readings.iter().map(|reading| reading.channel).collect(),
            exponent: readings.iter().map(|reading| reading.exponent).collect(),
            value: readings.iter().map(|reading| reading.value).collect(),
            status: statuses.iter().map(|reading| reading.status).collect(),
        }
    }
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Incident {
    #[n(0)] #[prost(uint32, tag = 1)] category: u32,
    #[n(1)] #[prost(uint32, tag = 2)] kind: u32,
    #[n(2)] #[prost(uint32, tag = 3)] severity: u32,
    #[n(3)] #[prost(uint32, tag = 4)] age_ms: u32,
    #[n(4)] #[prost(uint32, tag = 5)] fix: u32,
    #[n(5)] #[prost(sfixed32, tag = 6)] lat_e7: i32,
    #[n(6)] #[prost(sfixed32, tag = 7)] lon_e7: i32,
    #[n(7)] #[prost(uint32, tag = 8)] accuracy_dm: u32,
    #[n(8)] #[prost(uint32, tag = 9)] fix_age_ms: u32,
    #[n(9)] #[prost(string, tag = 10)] operator: String,
    #[n(10)] #[prost(string, tag = 11)] stall_card: String,
    #[n(11)] #[prost(string, tag = 12)] description: String,
    #[n(12)] #[prost(message, repeated, tag = 13)] evidence: Vec<RecordRef>,
}

impl From<&body::Incident<'_>> for Incident {
    fn from(incident: &body::Incident<'_>) -> Self {
        Self {
            category: incident.category.into(),
            kind: incident.kind.0.into(),
            severity: incident.severity.into(),
            age_ms: incident.age_ms,
            fix: incident.fix.0.into(),
            lat_e7: incident.lat_e7.get(),
            lon_e7: incident.lon_e7.get(),
            accuracy_dm: incident.accuracy_dm.into(),
            fix_age_ms: incident.fix_age_ms,
            operator: incident.operator.to_string(),
            stall_card: incident.stall_card.to_string(),
            description: incident.description.to_string(),
            evidence: incident.evidence.iter().map(RecordRef::from).collect(),
        }
    }
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Status {
    #[n(0)] #[prost(string, tag = 1)] firmware: String,
    #[n(1)] #[prost(uint32, tag = 2)] hardware_revision: u32,
    #[n(2)] #[prost(uint32, tag = 3)] reset_reason: u32,
    #[n(3)] #[prost(uint32, tag = 4)] capabilities: u32,
    #[n(4)] #[prost(bytes = "vec", tag = 5)] #[serde(with = "serde_bytes")] #[cbor(with = "minicbor::bytes")] revisions: Vec<u8>,
    #[n(5)] #[prost(uint32, tag = 6)] battery_percent: u32,
    #[n(6)] #[prost(uint32, tag = 7)] supply_mv: u32,
    #[n(7)] #[prost(sint32, tag = 8)] temperature_deci_c: i32,
    #[n(8)] #[prost(sint32, tag = 9)] signal_dbm: i32,
    #[n(9)] #[prost(uint32, tag = 10)] storage_free_kib: u32,
    #[n(10)] #[prost(uint32, tag = 11)] queued: u32,
    #[n(11)] #[prost(uint32, tag = 12)] dropped: u32,
    #[n(12)] #[prost(uint32, tag = 13)] auth_failures: u32,
    #[n(13)] #[prost(uint32, tag = 14)] config_id: u32,
}

impl From<&body::Status<'_>> for Status {
    fn from(status: &body::Status<'_>) -> Self {
        Self {
            firmware: status.firmware.to_string(),
            hardware_revision: status.hardware_revision.into(),
            reset_reason: status.reset_reason.0.into(),
            capabilities: status.capabilities.0,
            revisions: status.revisions.to_vec(),
            battery_percent: status.battery_percent.into(),
            supply_mv: status.supply_mv.into(),
            temperature_deci_c: status.temperature_deci_c.into(),
            signal_dbm: status.signal_dbm.into(),
            storage_free_kib: status.storage_free_kib,
            queued: status.queued,
            dropped: status.dropped,
            auth_failures: status.auth_failures,
            config_id: status.config_id,
        }
    }
}
