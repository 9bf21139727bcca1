//! Points for tracks: any legal ones, and telemetry that carries them.

use firmware_protocol::DegreesE7;
use firmware_protocol::body::{FixType, Telemetry, TrackBatch, VehicleState};
use firmware_protocol::track::{TrackBuilder, TrackPoint};
use proptest::prelude::*;

/// The uptime of every first point; any would do.
pub(crate) const FIRST_UPTIME_MS: u64 = 3_600_000;

/// Telemetry that says what `point` says; what else it says is taken from `other`.
pub(crate) fn telemetry_of(point: &TrackPoint, other: &Telemetry) -> Telemetry {
    let TrackPoint { elapsed_ms: _, lat_e7, lon_e7, speed_cm_s, heading_cdeg, accuracy_dm } = *point;
    Telemetry { lat_e7, lon_e7, speed_cm_s, heading_cdeg, accuracy_dm, ..*other }
}

/// Pushes as many of the points as are taken, and says how many.
pub(crate) fn push_all(track: &mut TrackBuilder, points: &[TrackPoint], other: &Telemetry) -> usize {
    let taken = points.iter().take_while(|point| {
        track.push(FIRST_UPTIME_MS + u64::from(point.elapsed_ms), &telemetry_of(point, other))
    });
    taken.count()
}

/// The batch of points that all belong together, its age at its longest.
pub(crate) fn batch_of(points: &[TrackPoint], other: &Telemetry) -> TrackBatch {
    let mut track = TrackBuilder::new(usize::MAX);
    assert_eq!(push_all(&mut track, points, other), points.len());
    track.take(u64::MAX).unwrap()
}

/// Telemetry of any vehicle with a fix.
pub(crate) fn any_vehicle() -> impl Strategy<Value = Telemetry> {
    let sets = (1..=u8::MAX, any::<u16>(), any::<u16>());
    (sets, any::<(u8, i32, u32, u16, u8, u32)>()).prop_map(|((fix, valid, state), rest)| Telemetry {
        fix: FixType(fix),
        valid: VehicleState(valid),
        state: VehicleState(state),
        satellites: rest.0,
        altitude_dm: rest.1,
        fix_age_ms: rest.2,
        supply_mv: rest.3,
        battery_percent: rest.4,
        odometer_m: rest.5,
        ..Telemetry::default()
    })
}

/// From 1 to 64 points; mostly an even pace, sometimes anything, sometimes an end of the range.
pub(crate) fn any_points() -> impl Strategy<Value = Vec<TrackPoint>> {
    (any_point(), prop::collection::vec(any_move(), 0..64)).prop_map(|(first, moves)| {
        let first = TrackPoint { elapsed_ms: 0, ..first };
        let rest = moves.into_iter().scan(first, |at, next| {
            *at = next.from(at);
            Some(*at)
        });
        std::iter::once(first).chain(rest).collect()
    })
}

/// How a track goes on.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// A little further.
    By { elapsed_ms: u32, lat_e7: i32, lon_e7: i32, speed_cm_s: u16, turn_cdeg: u16 },
    /// Anywhere, at any time that a batch can tell.
    To(TrackPoint),
}

impl Move {
    fn from(self, at: &TrackPoint) -> TrackPoint {
        let (elapsed_ms, lat_e7, lon_e7, speed_cm_s, turn_cdeg) = match self {
            Self::To(point) => return point,
            Self::By { elapsed_ms, lat_e7, lon_e7, speed_cm_s, turn_cdeg } => {
                (elapsed_ms, lat_e7, lon_e7, speed_cm_s, turn_cdeg)
            }
        };
        TrackPoint {
            elapsed_ms: (at.elapsed_ms + elapsed_ms).min(i32::MAX as u32),
            lat_e7: DegreesE7::new(at.lat_e7.get().wrapping_add(lat_e7)),
            lon_e7: DegreesE7::new(at.lon_e7.get().wrapping_add(lon_e7)),
            speed_cm_s,
            heading_cdeg: (at.heading_cdeg + turn_cdeg) % 36_000 + 1,
            accuracy_dm: at.accuracy_dm,
        }
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    let by = (990..1010_u32, -900..900, -900..900, 0..3000_u16, 0..500_u16);
    let by = by.prop_map(|(elapsed_ms, lat_e7, lon_e7, speed_cm_s, turn_cdeg)| Move::By {
        elapsed_ms,
        lat_e7,
        lon_e7,
        speed_cm_s,
        turn_cdeg,
    });
    prop_oneof![3 => by, 1 => any_point().prop_map(Move::To)]
}

fn any_point() -> impl Strategy<Value = TrackPoint> {
    let elapsed = prop_oneof![Just(0_u32), Just(i32::MAX as u32), 0..=i32::MAX as u32];
    let degrees = || prop_oneof![Just(i32::MIN), Just(i32::MAX), Just(-1), Just(0), any::<i32>()];
    let number = || prop_oneof![Just(0), Just(u16::MAX), any::<u16>()];
    let heading = prop_oneof![Just(0_u16), Just(1), Just(35_999), Just(36_000), 0..=36_000_u16];
    (elapsed, degrees(), degrees(), number(), heading, number()).prop_map(
        |(elapsed_ms, lat_e7, lon_e7, speed_cm_s, heading_cdeg, accuracy_dm)| TrackPoint {
            elapsed_ms,
            lat_e7: DegreesE7::new(lat_e7),
            lon_e7: DegreesE7::new(lon_e7),
            speed_cm_s,
            heading_cdeg,
            accuracy_dm,
        },
    )
}
