//! Bodies: the typical and the largest ones of the golden vectors, and any others.

use firmware_protocol::body::{
    Capabilities, CaseKind, FixType, Incident, RecordRef, ResetReason, Status, Telemetry, VehicleState,
};
use firmware_protocol::{DegreesE7, List, Text};
use proptest::collection::vec;
use proptest::prelude::*;

/// A moving car near the centre of Deyang.
pub(crate) fn typical_telemetry() -> Telemetry {
    let known = VehicleState::IGNITION | VehicleState::MOVING | VehicleState::PANIC;
    Telemetry {
        valid: known | VehicleState::EXTERNAL_POWER | VehicleState::CHARGING | VehicleState::TAMPER,
        state: VehicleState::IGNITION | VehicleState::MOVING | VehicleState::EXTERNAL_POWER,
        fix: FixType::GNSS_3D,
        satellites: 14,
        lat_e7: DegreesE7::from_degrees(31.127).unwrap(),
        lon_e7: DegreesE7::from_degrees(104.398).unwrap(),
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

pub(crate) fn maximum_telemetry() -> Telemetry {
    Telemetry {
        valid: VehicleState(u16::MAX),
        state: VehicleState(u16::MAX),
        fix: FixType(u8::MAX),
        satellites: u8::MAX,
        lat_e7: DegreesE7::new(i32::MIN),
        lon_e7: DegreesE7::new(i32::MIN),
        altitude_dm: i32::MIN,
        accuracy_dm: u16::MAX,
        speed_cm_s: u16::MAX,
        heading_cdeg: u16::MAX,
        fix_age_ms: u32::MAX,
        supply_mv: u16::MAX,
        battery_percent: u8::MAX,
        odometer_m: u32::MAX,
    }
}

/// A stall on the road, photographed just before.
pub(crate) fn typical_incident() -> Incident<'static> {
    Incident {
        category: 501,
        kind: CaseKind::EVENT,
        severity: 2,
        age_ms: 1500,
        fix: FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        accuracy_dm: 45,
        fix_age_ms: 1800,
        operator: Text::new("op-118").unwrap(),
        stall_card: Text::new("DY-2207").unwrap(),
        description: Text::new("占道经营，已劝离").unwrap(),
        evidence: List::from_slice(&[RecordRef { boot: 7, seq: 811 }]).unwrap(),
    }
}

pub(crate) const LONGEST_DESCRIPTION: &str = "街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街\
                                       街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街";

pub(crate) fn maximum_incident() -> Incident<'static> {
    Incident {
        category: u16::MAX,
        kind: CaseKind(u8::MAX),
        severity: u8::MAX,
        age_ms: u32::MAX,
        fix: FixType(u8::MAX),
        lat_e7: DegreesE7::new(i32::MIN),
        lon_e7: DegreesE7::new(i32::MIN),
        accuracy_dm: u16::MAX,
        fix_age_ms: u32::MAX,
        operator: Text::new("oooooooooooooooooooooooo").unwrap(),
        stall_card: Text::new("ssssssssssssssssssssssss").unwrap(),
        description: Text::new(LONGEST_DESCRIPTION).unwrap(),
        evidence: List::from_slice(&[RecordRef { boot: u32::MAX, seq: u32::MAX }; 8]).unwrap(),
    }
}

/// A body camera that speaks telemetry, incidents and status.
pub(crate) fn typical_status() -> Status<'static> {
    Status {
        firmware: Text::new("1.4.2").unwrap(),
        hardware_revision: 3,
        reset_reason: ResetReason::POWER_ON,
        capabilities: Capabilities(0x1FF),
        revisions: List::from_slice(&[1, 0, 1, 0, 0, 0, 1]).unwrap(),
        battery_percent: 80,
        supply_mv: 12_600,
        temperature_deci_c: -45,
        signal_dbm: -85,
        storage_free_kib: 51_200,
        queued: 3,
        dropped: 0,
        auth_failures: 0,
        config_id: 9,
    }
}

pub(crate) fn maximum_status() -> Status<'static> {
    Status {
        firmware: Text::new("ffffffffffffffffffffffff").unwrap(),
        hardware_revision: u16::MAX,
        reset_reason: ResetReason(u8::MAX),
        capabilities: Capabilities(u32::MAX),
        revisions: List::from_slice(&[u8::MAX; 32]).unwrap(),
        battery_percent: u8::MAX,
        supply_mv: u16::MAX,
        temperature_deci_c: i16::MIN,
        signal_dbm: i16::MIN,
        storage_free_kib: u32::MAX,
        queued: u32::MAX,
        dropped: u32::MAX,
        auth_failures: u32::MAX,
        config_id: u32::MAX,
    }
}

pub(crate) fn any_telemetry() -> impl Strategy<Value = Telemetry> {
    let place = (any::<u8>(), any::<u8>(), any::<i32>(), any::<i32>(), any::<i32>(), any::<u16>());
    let motion = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>(), any::<u32>());
    let device = (any::<u16>(), any::<u8>(), any::<u32>());
    (place, motion, device).prop_map(|(place, motion, device)| Telemetry {
        fix: FixType(place.0),
        satellites: place.1,
        lat_e7: DegreesE7::new(place.2),
        lon_e7: DegreesE7::new(place.3),
        altitude_dm: place.4,
        accuracy_dm: place.5,
        valid: VehicleState(motion.0),
        state: VehicleState(motion.1),
        speed_cm_s: motion.2,
        heading_cdeg: motion.3,
        fix_age_ms: motion.4,
        supply_mv: device.0,
        battery_percent: device.1,
        odometer_m: device.2,
    })
}

/// Texts for an incident or a status; too long ones are cut where they are used.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", ".{0,300}", "[ -~]{0,260}"]
}

pub(crate) type IncidentParts = ((u16, u8, u8, u32), (u8, i32, i32, u16, u32), [String; 3], Vec<(u32, u32)>);

pub(crate) fn any_incident_parts() -> impl Strategy<Value = IncidentParts> {
    (any::<(u16, u8, u8, u32)>(), any::<(u8, i32, i32, u16, u32)>(), texts(), vec(any::<(u32, u32)>(), 0..=8))
}

fn texts() -> impl Strategy<Value = [String; 3]> {
    [any_text(), any_text(), any_text()]
}

pub(crate) fn incident_of((what, place, texts, evidence): &IncidentParts) -> Incident<'_> {
    let references: Vec<_> = evidence.iter().map(|&(boot, seq)| RecordRef { boot, seq }).collect();
    Incident {
        category: what.0,
        kind: CaseKind(what.1),
        severity: what.2,
        age_ms: what.3,
        fix: FixType(place.0),
        lat_e7: DegreesE7::new(place.1),
        lon_e7: DegreesE7::new(place.2),
        accuracy_dm: place.3,
        fix_age_ms: place.4,
        operator: Text::truncated(&texts[0]),
        stall_card: Text::truncated(&texts[1]),
        description: Text::truncated(&texts[2]),
        evidence: List::from_slice(&references).unwrap(),
    }
}

pub(crate) type StatusParts = (String, (u16, u8, u32), Vec<u8>, (u8, u16, i16, i16), [u32; 5]);

pub(crate) fn any_status_parts() -> impl Strategy<Value = StatusParts> {
    let who = (any_text(), any::<(u16, u8, u32)>(), vec(any::<u8>(), 0..=32));
    (who, any::<(u8, u16, i16, i16)>(), any::<[u32; 5]>()).prop_map(
        |((firmware, hardware, revisions), health, counts)| (firmware, hardware, revisions, health, counts),
    )
}

pub(crate) fn status_of((firmware, hardware, revisions, health, counts): &StatusParts) -> Status<'_> {
    Status {
        firmware: Text::truncated(firmware),
        hardware_revision: hardware.0,
        reset_reason: ResetReason(hardware.1),
        capabilities: Capabilities(hardware.2),
        revisions: List::from_slice(revisions).unwrap(),
        battery_percent: health.0,
        supply_mv: health.1,
        temperature_deci_c: health.2,
        signal_dbm: health.3,
        storage_free_kib: counts[0],
        queued: counts[1],
        dropped: counts[2],
        auth_failures: counts[3],
        config_id: counts[4],
    }
}
