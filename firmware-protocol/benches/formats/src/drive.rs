//! A minute of driving, as a vehicle unit reports it at 1 Hz: the same points for a seed, always. Also read by the
//! crate's own test of sizes.
//!
//! A car follows a profile of speed and turns in steps of 0.1 s. On its true place lie the errors of a receiver that
//! filters: one that wanders over minutes (ionosphere, satellites' orbits) and a small one that lasts some seconds
//! (multipath, what the filter leaves).

use core::f64::consts::TAU;

use firmware_protocol::DegreesE7;
use firmware_protocol::body::{FixType, TRACK_POINTS_MAX, Telemetry, TrackBatch, VehicleState};
use firmware_protocol::track::TrackBuilder;

use crate::samples;

/// Points of a minute.
pub(crate) const POINTS: usize = 60;
/// Seconds between two points, and steps of the drive in one.
const STEPS_PER_SECOND: usize = 10;
const STEP_S: f64 = 1.0 / STEPS_PER_SECOND as f64;
const METRES_PER_DEGREE: f64 = 111_320.0;

const _: () = assert!(POINTS <= TRACK_POINTS_MAX);

/// Where the minute is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Narrow streets: a turn every 10 to 25 s, a new pace every few seconds, slower into each turn; never at rest.
    OldTown,
    /// The same with a turn every 25 to 45 s, a block of 200 to 400 m.
    City,
    /// City with a wait at a red light, where the vehicle's state changes twice.
    RedLight,
    /// A straight road at an even pace.
    Straight,
    /// At rest with the ignition on.
    Parked,
}

/// How good the receiver is: standard deviations a horizontal axis, in metres.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receiver {
    /// Error that lasts some seconds.
    pub(crate) jitter_m: f64,
    /// How much of it is left after a second: 0 = none, each second has its own.
    pub(crate) persistence: f64,
}

impl Receiver {
    /// As navigation receivers are set for vehicles.
    pub(crate) const FILTERED: Self = Self { jitter_m: 0.3, persistence: 0.95 };
    /// Without any filter: the worst a device can do.
    pub(crate) const UNFILTERED: Self = Self { jitter_m: 1.0, persistence: 0.0 };
}

/// A point and the uptime it was measured at.
pub(crate) type Timed = (u64, Telemetry);

/// A minute of points.
pub(crate) fn minute(place: Place, receiver: Receiver, seed: u64) -> Vec<Timed> {
    let mut chance = Chance(seed);
    let mut car = Car::at_start(place, &mut chance);
    let mut errors = Errors::new(receiver, &mut chance);
    (0..POINTS as u64)
        .map(|second| {
            (0..STEPS_PER_SECOND).for_each(|_| car.step(second, &mut chance));
            errors.step(&mut chance);
            // The receiver's second is even; the device stamps it when it has read it.
            let uptime_ms = 3_600_000 + 1000 * second + chance.below(7);
            (uptime_ms, car.report(&errors, &mut chance))
        })
        .collect()
}

/// The batches that these points make; more than one where the vehicle's state changes.
pub(crate) fn batches(points: &[Timed]) -> Vec<TrackBatch> {
    let mut builder = TrackBuilder::new(usize::MAX);
    let mut batches = Vec::new();
    for (uptime_ms, point) in points {
        if !builder.push(*uptime_ms, point) {
            batches.extend(builder.take(*uptime_ms));
            assert!(builder.push(*uptime_ms, point), "an empty builder takes every point with a fix");
        }
    }
    batches.extend(builder.take(points.last().map_or(0, |(uptime_ms, _)| *uptime_ms)));
    batches
}

struct Car {
    place: Place,
    north_m: f64,
    east_m: f64,
    speed_m_s: f64,
    pace_m_s: f64,
    course_deg: f64,
    still_to_turn_deg: f64,
    turns_at_s: u64,
    waits_s: core::ops::Range<u64>,
    driven_m: f64,
}

impl Car {
    fn at_start(place: Place, chance: &mut Chance) -> Self {
        let pace_m_s = match place {
            Place::OldTown | Place::City | Place::RedLight => chance.between(7.0, 12.0),
            Place::Straight => chance.between(12.0, 16.0),
            Place::Parked => 0.0,
        };
        let red_s = 10 + chance.below(15);
        Self {
            place,
            north_m: 0.0,
            east_m: 0.0,
            speed_m_s: pace_m_s,
            pace_m_s,
            course_deg: chance.between(0.0, 360.0),
            still_to_turn_deg: 0.0,
            turns_at_s: chance.below(if place == Place::OldTown { 15 } else { 35 }),
            waits_s: if place == Place::RedLight { red_s..red_s + 20 } else { 0..0 },
            driven_m: 0.0,
        }
    }

    fn step(&mut self, second: u64, chance: &mut Chance) {
        match self.place {
            Place::OldTown | Place::City | Place::RedLight => self.drive_streets(second, chance),
            Place::Straight => self.pace_m_s += 0.02 * chance.normal(),
            Place::Parked => {}
        }
        let turn_deg = self.still_to_turn_deg.clamp(-25.0 * STEP_S, 25.0 * STEP_S);
        self.still_to_turn_deg -= turn_deg;
        let swerve_deg = if self.speed_m_s > 0.0 { 0.2 * chance.normal() } else { 0.0 };
        self.course_deg = (self.course_deg + turn_deg + swerve_deg).rem_euclid(360.0);
        self.speed_m_s += (self.pace_m_s - self.speed_m_s).clamp(-2.5 * STEP_S, 1.5 * STEP_S);
        let step_m = self.speed_m_s * STEP_S;
        self.north_m += step_m * (self.course_deg / 360.0 * TAU).cos();
        self.east_m += step_m * (self.course_deg / 360.0 * TAU).sin();
        self.driven_m += step_m;
    }

    fn drive_streets(&mut self, second: u64, chance: &mut Chance) {
        if self.waits_s.contains(&second) {
            self.pace_m_s = 0.0;
        } else if second >= self.turns_at_s {
            self.still_to_turn_deg = [-90.0, 90.0, 35.0][chance.below(3) as usize];
            let straight_s =
                if self.place == Place::OldTown { 10 + chance.below(16) } else { 25 + chance.below(21) };
            self.turns_at_s = second + straight_s;
        } else if self.still_to_turn_deg.abs() > 1.0 || second + 2 >= self.turns_at_s {
            self.pace_m_s = 5.0;
        } else if self.pace_m_s <= 5.0 || chance.below(60) == 0 {
            self.pace_m_s = chance.between(7.0, 14.0);
        }
    }

    fn report(&self, errors: &Errors, chance: &mut Chance) -> Telemetry {
        let usual = samples::telemetry();
        let lat = 31.127 + (self.north_m + errors.north_m()) / METRES_PER_DEGREE;
        let metres_per_degree_east = METRES_PER_DEGREE * (31.127_f64 / 360.0 * TAU).cos();
        let lon = 104.398 + (self.east_m + errors.east_m()) / metres_per_degree_east;
        let moves = self.speed_m_s > 0.3;
        let rest = VehicleState(usual.state.0 & !VehicleState::MOVING.0);
        // At rest a receiver holds its course and calls the speed 0.
        let course_noise_deg = if moves { 1.5 / self.speed_m_s * chance.normal() } else { 0.0 };
        let heading = ((self.course_deg + course_noise_deg) * 100.0).round().rem_euclid(36_000.0) as u16;
        Telemetry {
            state: rest.with(VehicleState::MOVING, moves),
            fix: FixType::GNSS_3D,
            lat_e7: DegreesE7::new((lat * 1e7).round() as i32),
            lon_e7: DegreesE7::new((lon * 1e7).round() as i32),
            altitude_dm: usual.altitude_dm + (errors.wander[2] * 10.0).round() as i32,
            accuracy_dm: (f64::from(usual.accuracy_dm) + 2.0 * errors.jitter[2] / errors.scale_m()).round()
                as u16,
            speed_cm_s: if moves {
                (self.speed_m_s * 100.0 + 8.0 * chance.normal()).max(1.0) as u16
            } else {
                0
            },
            heading_cdeg: if heading == 0 { 36_000 } else { heading },
            fix_age_ms: 80 + chance.below(60) as u32,
            odometer_m: usual.odometer_m + self.driven_m as u32,
            ..usual
        }
    }
}

/// The receiver's errors now: north, east, up, in metres.
struct Errors {
    receiver: Receiver,
    wander: [f64; 3],
    jitter: [f64; 3],
}

impl Errors {
    /// Standard deviation of what wanders, and how much of it is left after a second.
    const WANDER_M: f64 = 1.5;
    const WANDER_PERSISTENCE: f64 = 0.99;

    fn new(receiver: Receiver, chance: &mut Chance) -> Self {
        let wander = [0; 3].map(|_| Self::WANDER_M * chance.normal());
        let jitter = [0; 3].map(|_| receiver.jitter_m * chance.normal());
        Self { receiver, wander, jitter }
    }

    fn step(&mut self, chance: &mut Chance) {
        let Receiver { jitter_m, persistence } = self.receiver;
        self.wander = self.wander.map(|error| chance.next(error, Self::WANDER_M, Self::WANDER_PERSISTENCE));
        self.jitter = self.jitter.map(|error| chance.next(error, jitter_m, persistence));
    }

    fn north_m(&self) -> f64 {
        self.wander[0] + self.jitter[0]
    }

    fn east_m(&self) -> f64 {
        self.wander[1] + self.jitter[1]
    }

    fn scale_m(&self) -> f64 {
        self.receiver.jitter_m
    }
}

/// Chance that is the same for a seed everywhere: splitmix64.
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// Evenly from 0 to 1.
    fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.share() * (high - low)
    }

    /// Normally distributed, standard deviation 1, nothing beyond 6: the sum of twelve even ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// The next value of an error that fades and is renewed, so that its standard deviation stays.
    fn next(&mut self, error: f64, deviation: f64, persistence: f64) -> f64 {
        persistence * error + (1.0 - persistence * persistence).sqrt() * deviation * self.normal()
    }
}
