//! What is measured: one usual message of each kind. Also read by the crate's own test of sizes.

use firmware_protocol::body::{
    Capabilities, CaseKind, EvidenceMeta, EvidenceUsage, FixType, Incident, MediaType, Quantity,
    ReadingStatus, RecordRef, ResetReason, SensorReading, SensorReport, Status, Task, TaskAck, TaskKind,
    TaskReason, TaskState, Telemetry, VehicleState,
};
use firmware_protocol::{DegreesE7, DeviceTag, ErrorBound, Header, List, Text, TimeQuality, TimeSource};

/// Bytes of [`telemetry`] in protobuf. A test of this package counts them again with `prost`.
#[allow(dead_code)] // for tests only, as the next one
pub(crate) const TELEMETRY_PROTOBUF_LEN: usize = 41;
/// Bytes of [`sensor_report`] in protobuf, counted again like those of the telemetry.
#[allow(dead_code)]
pub(crate) const SENSOR_REPORT_PROTOBUF_LEN: usize = 72;

/// The header of a frame that a car made an hour after its start.
pub(crate) fn header_of<B: firmware_protocol::body::Body>() -> Header {
    Header {
        device: DeviceTag::of("car-07"),
        boot: 7,
        seq: 901,
        uptime_ms: 3_600_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) },
        ..Header::of::<B>()
    }
}

/// A moving car in Deyang.
pub(crate) fn telemetry() -> Telemetry {
    let known = VehicleState::IGNITION | VehicleState::MOVING | VehicleState::PANIC;
    Telemetry {
        valid: known | VehicleState::EXTERNAL_POWER | VehicleState::CHARGING | VehicleState::TAMPER,
        state: VehicleState::IGNITION | VehicleState::MOVING | VehicleState::EXTERNAL_POWER,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: DegreesE7::new(311_270_342),
        lon_e7: DegreesE7::new(1_043_980_718),
        altitude_dm: 4960,
        accuracy_dm: 45,
        speed_cm_s: 650,
        heading_cdeg: 8750,
        fix_age_ms: 300,
        supply_mv: 13_800,
        battery_percent: 88,
        odometer_m: 120_345,
    }
}

/// A body camera indoors: no position, nothing of a vehicle. Formats that leave absent fields out do best here.
pub(crate) fn telemetry_indoors() -> Telemetry {
    Telemetry { battery_percent: 63, supply_mv: 3810, ..Telemetry::default() }
}

/// A post at a street that floods: air, noise on both sides, dust, water.
pub(crate) fn sensor_report() -> SensorReport {
    let reading = |quantity, channel, value, exponent| SensorReading {
        quantity,
        channel,
        exponent,
        value,
        status: ReadingStatus::GOOD,
    };
    let readings = [
        reading(Quantity::TEMPERATURE, 0, 234, -1),
        reading(Quantity::TEMPERATURE, 1, 318, -1),
        reading(Quantity::RELATIVE_HUMIDITY, 0, 615, -1),
        reading(Quantity::NOISE_LEVEL, 0, 583, -1),
        reading(Quantity::NOISE_LEVEL, 1, 612, -1),
        reading(Quantity::PM2_5, 0, 35, 0),
        reading(Quantity::PM10, 0, 62, 0),
        reading(Quantity::WATER_LEVEL, 0, 42, -2),
    ];
    SensorReport { age_ms: 250, readings: list(&readings) }
}

/// A stall on the road, photographed just before.
pub(crate) fn incident() -> Incident<'static> {
    Incident {
        category: 501,
        kind: CaseKind::EVENT,
        severity: 2,
        age_ms: 1500,
        fix: FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_342),
        lon_e7: DegreesE7::new(1_043_980_718),
        accuracy_dm: 45,
        fix_age_ms: 1800,
        operator: text("op-118"),
        stall_card: text("DY-2207"),
        description: text("流动摊贩占用人行道经营，已口头劝离，现场有油污需清理"),
        evidence: list(&[RecordRef { boot: 7, seq: 811 }, RecordRef { boot: 7, seq: 813 }]),
    }
}

/// A photo before the handling.
pub(crate) fn evidence_meta() -> EvidenceMeta {
    EvidenceMeta {
        evidence: RecordRef { boot: 7, seq: 811 },
        incident: RecordRef { boot: 7, seq: 812 },
        media: MediaType::JPEG,
        usage: EvidenceUsage::BEFORE,
        size_bytes: 412_345,
        chunk_size_log2: 12,
        sha256: core::array::from_fn(|at| (at as u8).wrapping_mul(73).wrapping_add(41)),
        age_ms: 2100,
        duration_ms: 0,
        width_px: 1920,
        height_px: 1080,
        fix: FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_342),
        lon_e7: DegreesE7::new(1_043_980_718),
        accuracy_dm: 45,
        fix_age_ms: 2300,
    }
}

/// A body camera in good order.
pub(crate) fn status() -> Status<'static> {
    Status {
        firmware: text("1.4.2"),
        hardware_revision: 3,
        reset_reason: ResetReason::POWER_ON,
        capabilities: Capabilities(0x1FF),
        revisions: list(&[1; 13]),
        battery_percent: 80,
        supply_mv: 12_600,
        temperature_deci_c: 315,
        signal_dbm: -85,
        storage_free_kib: 51_200,
        queued: 3,
        dropped: 0,
        auth_failures: 0,
        config_id: 9,
    }
}

/// An order to look after a case.
pub(crate) fn task() -> Task<'static> {
    Task {
        task: 20_265_512,
        revision: 1,
        kind: TaskKind::HANDLE,
        priority: 2,
        issued_unix_ms: 1_795_396_300_000,
        deadline_unix_ms: 1_795_403_500_000,
        fix: FixType::MANUAL,
        lat_e7: DegreesE7::new(311_268_911),
        lon_e7: DegreesE7::new(1_043_975_204),
        radius_m: 50,
        stall_card: text("DY-2207"),
        title: text("占道经营处置"),
        text: text("天山南路与岷江西路口东北侧，流动摊贩占用盲道，请到场劝离并拍照回传"),
    }
}

/// The answer of the officer who has done it.
pub(crate) fn task_ack() -> TaskAck<'static> {
    TaskAck {
        task: 20_265_512,
        revision: 1,
        state: TaskState::HANDLED,
        reason: TaskReason::UNKNOWN,
        age_ms: 4200,
        note: text("已劝离，盲道恢复通行"),
        evidence: list(&[RecordRef { boot: 7, seq: 918 }]),
    }
}

fn list<T: Copy + Default, const N: usize>(elements: &[T]) -> List<T, N> {
    List::from_slice(elements).expect("the lists above are shorter than their fields allow")
}

fn text<const N: usize>(text: &'static str) -> Text<'static, N> {
    Text::new(text).expect("the texts above are shorter than their fields allow")
}
