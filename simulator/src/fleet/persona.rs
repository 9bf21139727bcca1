//! What each kind of device has to say, and when.
//!
//! - Vehicles drive along a road and send frames: telemetry, every 9th record the track of the last eight seconds, every
//!   20th a status, every 45th an incident, every 60th an answer to a task.
//! - Cameras stand somewhere in the area and send incidents as JSON with Chinese text.
//! - Sensors stand somewhere in the area and send water level and noise, every 20th record a status: the odd ones as frames
//!   and without a clock of their own, the even ones as JSON.
//!
//! Codes follow the mix of a real campaign: mostly awnings and stalls, now and then a small advertisement.

use firmware_protocol::body::{Quantity, TaskState};

use crate::device::{
    CaseKind, Encoding, Incident, Message, Position, Reading, Status, TaskAck, Telemetry, Track,
};
use crate::route::{Ride, RoadMap, place_in_area};

const FIRMWARE: &str = "1.4.2";

/// A track's points, and the time between two of them.
const TRACK_POINTS: u64 = 16;
const TRACK_INTERVAL_MS: u64 = 500;

/// Where the numbers of tasks begin; nobody has given these tasks.
const FIRST_TASK: u64 = 70_000;

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
    Sensor { encoding: Encoding },
}

/// When a device speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion {
    /// Its how-manieth message this is, counted from 1.
    pub(super) count: u64,
    /// Milliseconds since it started.
    pub(super) uptime_ms: u64,
    /// Records that wait on it.
    pub(super) queued: usize,
}

impl Persona {
    pub(super) fn vehicle(roads: &RoadMap, index: usize, rng: &mut fastrand::Rng) -> Persona {
        let ride = roads.ride(index, rng.f64() * 8_000.0, 15.0 + rng.f64() * 30.0);
        Persona::Vehicle { ride, operator: format!("op-{:03}", 101 + index) }
    }

    pub(super) fn camera(rng: &mut fastrand::Rng) -> Persona {
        Persona::Camera { position: place_in_area(rng) }
    }

    pub(super) fn sensor(index: usize) -> Persona {
        let encoding = if index.is_multiple_of(2) { Encoding::Frame } else { Encoding::Json };
        Persona::Sensor { encoding }
    }

    pub(super) fn encoding(&self) -> Encoding {
        match self {
            Persona::Vehicle { .. } => Encoding::Frame,
            Persona::Camera { .. } => Encoding::Json,
            Persona::Sensor { encoding } => *encoding,
        }
    }

    /// Whether it has a clock of its own; else it lives by the gateway's time.
    pub(super) fn has_clock(&self) -> bool {
        !matches!(self, Persona::Sensor { encoding: Encoding::Frame })
    }

    /// Whether it takes photos of what it finds.
    pub(super) fn takes_photos(&self) -> bool {
        matches!(self, Persona::Vehicle { .. })
    }

    /// What it says on this occasion.
    pub(super) fn message(&self, occasion: Occasion, rng: &mut fastrand::Rng) -> Message<'_> {
        let every = |nth: u64, from: u64| occasion.count % nth == from;
        match self {
            Persona::Vehicle { ride, operator } if every(45, 15) => {
                finding(ride.at(occasion.elapsed_s()).position, operator, rng)
            }
            Persona::Vehicle { .. } | Persona::Sensor { .. } if every(20, 0) => status(occasion.queued),
            Persona::Vehicle { .. } if every(60, 33) => task_ack(occasion.count),
            Persona::Vehicle { ride, .. } if every(9, 4) => track(ride, occasion.uptime_ms),
            Persona::Vehicle { ride, .. } => Message::Telemetry(telemetry(ride, occasion.elapsed_s())),
            Persona::Camera { position } => finding(*position, "", rng),
            Persona::Sensor { .. } => reading(occasion.count, rng),
        }
    }
}

impl Occasion {
    fn elapsed_s(&self) -> f64 {
        self.uptime_ms as f64 / 1000.0
    }
}

fn telemetry(ride: &Ride, elapsed_s: f64) -> Telemetry {
    let here = ride.at(elapsed_s);
    Telemetry {
        speed_kmh: here.speed_kmh,
        heading_deg: here.heading_deg,
        odometer_m: 120_000 + here.travelled_m as u32,
        battery_percent: 88,
        ..Telemetry::at(here.position)
    }
}

/// The last points until now, fewer at the start.
fn track(ride: &Ride, uptime_ms: u64) -> Message<'static> {
    let back = (0..TRACK_POINTS).rev().filter_map(|ago| uptime_ms.checked_sub(ago * TRACK_INTERVAL_MS));
    let points = back.map(|at_ms| (at_ms, telemetry(ride, at_ms as f64 / 1000.0))).collect();
    Message::Track(Track { points })
}

fn task_ack(count: u64) -> Message<'static> {
    let state = if count.is_multiple_of(2) { TaskState::HANDLED } else { TaskState::ACCEPTED };
    Message::TaskAck(TaskAck { task: FIRST_TASK + count, revision: 1, state, note: "已到现场处理" })
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
    let (quantity, value) = if count.is_multiple_of(2) {
        (Quantity::NOISE_LEVEL, 45.0 + rng.f64() * 30.0)
    } else {
        (Quantity::WATER_LEVEL, 0.2 + rng.f64() * 0.5)
    };
    Message::Reading(Reading { quantity, value })
}

fn finding<'a>(position: Position, operator: &'a str, rng: &mut fastrand::Rng) -> Message<'a> {
    let (_, code, severity, description) = pick(rng);
    let (kind, stall_card) = (CaseKind::Event, if code == 501 { "DY-2207" } else { "" });
    let photo = None;
    Message::Incident(Incident { kind, code, severity, position, operator, stall_card, description, photo })
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
