//! What each kind of device has to say, and when.
//!
//! - Vehicles drive along a road and send frames: telemetry, every 20th record a status, every 45th an incident.
//! - Cameras stand somewhere in the area and send incidents as JSON with Chinese text.
//! - Sensors stand somewhere in the area and send water level and noise as JSON, every 20th record a status.
//!
//! Codes follow the mix of a real campaign: mostly awnings and stalls, now and then a small advertisement.

use crate::device::{CaseKind, Encoding, Incident, Message, Position, Reading, Status, Telemetry};
use crate::route::{Ride, RoadMap, place_in_area};

const FIRMWARE: &str = "1.4.2";

/// A finding: weight in the mix, code, severity, text.
type Finding = (u32, u16, u8, &'static str);

const FINDINGS: [Finding; 7] = [
    (640, 2101, 1, "商铺雨棚超出店面，遮挡人行道"),
    (310, 501, 2, "流动摊贩占道经营，影响通行"),
    (80, 506, 1, "共享单车乱停乱放，堵塞盲道"),
    (6, 201, 1, "电线杆张贴小广告"),
    (2, 2104, 2, "废弃广告车辆长期停放"),
    (10, 401, 5, "路面塌陷，存在安全隐患，请尽快处置"),
    (10, 403, 4, "道路大面积积水"),
];

/// What a device is and where.
#[derive(Debug, Clone)]
pub(super) enum Persona {
    Vehicle { ride: Ride, operator: String },
    Camera { position: Position },
    Sensor,
}

impl Persona {
    pub(super) fn vehicle(roads: &RoadMap, index: usize, rng: &mut fastrand::Rng) -> Persona {
        let ride = roads.ride(index, rng.f64() * 8_000.0, 15.0 + rng.f64() * 30.0);
        Persona::Vehicle { ride, operator: format!("op-{:03}", 101 + index) }
    }

    pub(super) fn camera(rng: &mut fastrand::Rng) -> Persona {
        Persona::Camera { position: place_in_area(rng) }
    }

    pub(super) fn encoding(&self) -> Encoding {
        match self {
            Persona::Vehicle { .. } => Encoding::Frame,
            Persona::Camera { .. } | Persona::Sensor => Encoding::Json,
        }
    }

    /// The `count`-th message, counted from 1, `elapsed_s` seconds after the start, of a device with `queued` records
    /// waiting.
    pub(super) fn message(
        &self,
        count: u64,
        elapsed_s: f64,
        queued: usize,
        rng: &mut fastrand::Rng,
    ) -> Message<'_> {
        match self {
            Persona::Vehicle { ride, operator } if count.is_multiple_of(45) => {
                finding(ride.at(elapsed_s).position, operator, rng)
            }
            Persona::Vehicle { .. } | Persona::Sensor if count.is_multiple_of(20) => status(queued),
            Persona::Vehicle { ride, .. } => telemetry(ride, elapsed_s),
            Persona::Camera { position } => finding(*position, "", rng),
            Persona::Sensor => reading(count, rng),
        }
    }
}

fn telemetry(ride: &Ride, elapsed_s: f64) -> Message<'static> {
    let here = ride.at(elapsed_s);
    Message::Telemetry(Telemetry {
        speed_kmh: here.speed_kmh,
        heading_deg: here.heading_deg,
        odometer_m: 120_000 + here.travelled_m as u32,
        battery_percent: 88,
        ..Telemetry::at(here.position)
    })
}

fn status(queued: usize) -> Message<'static> {
    Message::Status(Status {
        firmware: FIRMWARE,
        battery_percent: 80,
        storage_free_kib: 51_200,
        queued: u32::try_from(queued).unwrap_or(u32::MAX),
        dropped: 0,
    })
}

fn reading(count: u64, rng: &mut fastrand::Rng) -> Message<'static> {
    let reading = if count.is_multiple_of(2) {
        Reading { quantity: "noise_level", value: 45.0 + rng.f64() * 30.0, unit: "dB" }
    } else {
        Reading { quantity: "water_level", value: 0.2 + rng.f64() * 0.5, unit: "m" }
    };
    Message::Reading(reading)
}

fn finding<'a>(position: Position, operator: &'a str, rng: &mut fastrand::Rng) -> Message<'a> {
    let (_, code, severity, description) = pick(rng);
    let (kind, stall_card) = (CaseKind::Event, if code == 501 { "DY-2207" } else { "" });
    Message::Incident(Incident { kind, code, severity, position, operator, stall_card, description })
}

fn pick(rng: &mut fastrand::Rng) -> Finding {
    let weights: u32 = FINDINGS.iter().map(|finding| finding.0).sum();
    let mut draw = rng.u32(..weights);
    for finding in FINDINGS {
        match draw.checked_sub(finding.0) {
            Some(rest) => draw = rest,
            None => return finding,
        }
    }
    FINDINGS[0]
}
