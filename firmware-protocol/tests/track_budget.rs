//! How many bytes a track takes: never more than allowed, none given away, and few enough for a drive.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::body::{TRACK_POINTS_MAX, Telemetry, TrackBatch};
use firmware_protocol::track::{TrackBuilder, TrackPoint};
use firmware_protocol::{DegreesE7, Suite, Wire};
use proptest::prelude::*;
use support::bodies::typical_telemetry;
use support::keys::car_key;
use support::points::{any_points, any_vehicle, batch_of, push_all};
use support::{car_header, encoded, sealed_with};

proptest! {
    #[test]
    fn a_body_is_never_longer_than_allowed_and_takes_every_point_that_fits(
        points in any_points(),
        vehicle in any_vehicle(),
        body_len_max in prop_oneof![0..200_usize, 0..=TrackBatch::MAX_LEN],
    ) {
        let mut track = TrackBuilder::new(body_len_max);
        let taken = push_all(&mut track, &points, &vehicle);
        let batch = track.take(u64::MAX).unwrap(); // its age at its longest
        prop_assert_eq!(batch, batch_of(&points[..taken], &vehicle));
        prop_assert!(taken == 1 || encoded(&batch).len() <= body_len_max);
        if taken < points.len() {
            prop_assert!(encoded(&batch_of(&points[..=taken], &vehicle)).len() > body_len_max);
        }
    }
}

#[test]
fn a_batch_holds_64_points_and_no_more_whatever_its_budget() {
    let mut track = TrackBuilder::new(usize::MAX);
    let points = [TrackPoint::default(); TRACK_POINTS_MAX + 1];
    assert_eq!(push_all(&mut track, &points, &typical_telemetry()), 64);
    assert!(!track.push(u64::MAX, &typical_telemetry()));
}

/// Chance that is the same in each run.
struct Chance(fastrand::Rng);

impl Chance {
    /// Normally distributed, mean 0, deviation 1: the sum of twelve even ones less 6.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.0.f64()).sum::<f64>() - 6.0
    }

    /// The next value of something that wanders around 0 with `deviation`, and forgets within about `memory_s` seconds.
    fn wander(&mut self, value: f64, deviation: f64, memory_s: f64) -> f64 {
        let kept = (-1.0 / memory_s).exp();
        kept * value + (1.0 - kept * kept).sqrt() * deviation * self.normal()
    }
}

/// 60 points at 1 Hz of a drive through a city at about 8 m/s, with corners, by a receiver that filters its noise of 0.3 m.
fn drive(seed: u64) -> Vec<TrackPoint> {
    const METRES_A_DEGREE: f64 = 111_320.0;
    let mut chance = Chance(fastrand::Rng::with_seed(seed));
    let (mut north_m, mut east_m, mut north_noise_m, mut east_noise_m) = (0.0, 0.0, 0.0, 0.0);
    let (mut speed_m_s, mut heading_deg) = (8.0_f64, 360.0 * chance.0.f64());
    let (mut push_m_s2, mut sway_deg_s, mut corner_s, mut corner_deg_s) = (0.0, 0.0, 0_u8, 0.0);
    let point_at = |second: u32| {
        push_m_s2 = chance.wander(push_m_s2, 0.6, 6.0);
        speed_m_s = (speed_m_s + push_m_s2 + (8.0 - speed_m_s) / 20.0).clamp(1.0, 16.0);
        sway_deg_s = chance.wander(sway_deg_s, 1.0, 4.0);
        if corner_s == 0 && chance.0.u8(0..30) == 0 {
            (corner_s, corner_deg_s) = (7, if chance.0.bool() { 13.0 } else { -13.0 });
        }
        let turn_deg_s = sway_deg_s + if corner_s > 0 { corner_deg_s } else { 0.0 };
        corner_s = corner_s.saturating_sub(1);
        heading_deg = (heading_deg + turn_deg_s).rem_euclid(360.0);
        north_m += speed_m_s * heading_deg.to_radians().cos();
        east_m += speed_m_s * heading_deg.to_radians().sin();
        north_noise_m = chance.wander(north_noise_m, 0.3, 20.0);
        east_noise_m = chance.wander(east_noise_m, 0.3, 20.0);
        let lat_deg = 31.127 + (north_m + north_noise_m) / METRES_A_DEGREE;
        let lon_deg = 104.398 + (east_m + east_noise_m) / METRES_A_DEGREE / 31.127_f64.to_radians().cos();
        TrackPoint {
            elapsed_ms: 1000 * second + if second == 0 { 0 } else { chance.0.u32(0..=6) },
            lat_e7: DegreesE7::from_degrees(lat_deg).unwrap(),
            lon_e7: DegreesE7::from_degrees(lon_deg).unwrap(),
            speed_cm_s: (100.0 * speed_m_s + 5.0 * chance.normal()) as u16,
            heading_cdeg: ((100.0 * heading_deg + 20.0 * chance.normal()) as u16).clamp(1, 36_000),
            accuracy_dm: 45 + chance.0.u16(0..=2),
        }
    };
    (0..60).map(point_at).collect()
}

#[test]
fn a_minute_of_driving_fits_into_a_frame_of_550_bytes_as_a_rule() {
    let key = car_key(Suite::HMAC_SHA256_128);
    let frame_len = |seed| {
        let points = drive(seed);
        let batch = TrackBatch { age_ms: 60_000, ..batch_of(&points, &typical_telemetry()) };
        assert_eq!(batch.points().collect::<Vec<_>>(), points);
        sealed_with(&key, &car_header::<TrackBatch>(), &batch).len()
    };
    let mut lens = (0..50).map(frame_len).collect::<Vec<_>>();
    lens.sort_unstable();
    let (mean, nine_of_ten) = (lens.iter().sum::<usize>() as f64 / 50.0, lens[44]);
    println!(
        "60 points at 1 Hz, HMAC-SHA256-128: {} to {} bytes, {mean:.1} on average, 9 of 10 drives at most {nine_of_ten}",
        lens[0], lens[49]
    );
    assert!(nine_of_ten <= 550 && lens[49] <= 575);
    assert!(lens[0] > 36 + Telemetry::MIN_LEN + 59 * 6 + 16, "a drive that does not move proves nothing");
}
