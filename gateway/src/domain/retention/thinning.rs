//! Thinning a track: every second point goes, and the track still tells where the vehicle was.
//!
//! Kept are both ends of every run (a run ends where its device's numbering begins anew, or where nothing came for
//! [`GAP_MS`]), every point at which the state changed (ignition, panic), whole tracks in one message (they are
//! ten times denser already, and sealed as one), and what can't be read. Thinning what is thinned leaves every
//! fourth point.

use std::collections::HashMap;

use crate::domain::admission;
use crate::domain::coordinates::Coordinates;
use crate::domain::loss::Stream;
use crate::domain::report::{Body, Class, DeviceId, Identity};

/// Silence after which a new run begins, in milliseconds of the gateway's clock.
const GAP_MS: u64 = 5 * 60 * 1000;

/// A telemetry message as far as thinning looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Whose, and by whose numbering.
    track: (DeviceId, Stream),
    received_at_ms: i64,
    /// Ignition and panic; `None` for what stays whole.
    state: Option<(Option<bool>, Option<bool>)>,
}

impl Point {
    /// Reads what thinning must know of a stored message.
    pub fn of(device: &DeviceId, identity: Identity, received_at_ms: i64, payload: &[u8]) -> Point {
        let stream = match identity {
            Identity::Device { boot, .. } => Stream::Boot(boot),
            Identity::Minted { run, .. } => Stream::Run(run),
        };
        let state = match admission::reread(Coordinates::UNPLACED, Class::Telemetry, payload)
            .map(|report| report.body)
        {
            Ok(Body::Telemetry(telemetry)) => Some((telemetry.ignition, telemetry.panic)),
            _ => None,
        };
        Point { track: (device.clone(), stream), received_at_ms, state }
    }
}

/// Which of these messages stay, in the order in which they came.
pub fn thin(points: &[Point]) -> Vec<bool> {
    let mut keep = vec![true; points.len()];
    let mut runs: HashMap<&(DeviceId, Stream), Run> = HashMap::new();
    for (at, point) in points.iter().enumerate() {
        let run = runs.entry(&point.track).or_default();
        if run.is_continued_by(point) {
            // The one before is no end: it goes when it is every second one.
            if run.last_may_go {
                keep[run.last_at] = false;
            }
            run.last_may_go = !run.last_may_go && run.state == point.state;
        } else {
            run.last_may_go = false;
        }
        (run.last_at, run.last_received_at_ms, run.state) = (at, Some(point.received_at_ms), point.state);
    }
    keep
}

/// The end of a run so far.
#[derive(Debug, Default)]
struct Run {
    last_at: usize,
    last_received_at_ms: Option<i64>,
    state: Option<(Option<bool>, Option<bool>)>,
    /// The last point goes, unless it stays the last.
    last_may_go: bool,
}

impl Run {
    fn is_continued_by(&self, point: &Point) -> bool {
        let gap_ms = self.last_received_at_ms.map(|last| last.abs_diff(point.received_at_ms));
        point.state.is_some() && self.state.is_some() && gap_ms.is_some_and(|gap_ms| gap_ms < GAP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(device: &str, received_at_ms: i64, ignition: bool) -> Point {
        let payload = format!("{{\"boot\":1,\"seq\":1,\"ignition\":{ignition}}}");
        let identity = Identity::Device { boot: 1, seq: 1 };
        Point::of(&DeviceId::parse(device).unwrap(), identity, received_at_ms, payload.as_bytes())
    }

    fn kept(points: &[Point]) -> String {
        thin(points).iter().map(|&keep| if keep { 'x' } else { '.' }).collect()
    }

    #[test]
    fn every_second_point_goes_and_both_ends_stay() {
        let drive: Vec<_> = (0..9).map(|at| point("car-01", at * 1000, true)).collect();
        assert_eq!(kept(&drive), "x.x.x.x.x");
        assert_eq!(kept(&drive[..8]), "x.x.x.xx");
        let thinned: Vec<_> = drive.iter().step_by(2).cloned().collect();
        assert_eq!(kept(&thinned), "x.x.x");
        assert_eq!(kept(&drive[..2]), "xx");
    }

    #[test]
    fn a_change_of_state_and_what_is_no_single_point_stay() {
        let mut drive: Vec<_> = (0..7).map(|at| point("car-01", at * 1000, at < 3)).collect();
        assert_eq!(kept(&drive), "x.xx.xx", "the ignition went off at the fourth");
        drive[1].state = None;
        assert_eq!(kept(&drive[..3]), "xxx");
    }

    #[test]
    fn a_pause_ends_a_run() {
        let times = [0, 1000, 2000, 400_000, 401_000, 402_000];
        let drive: Vec<_> = times.into_iter().map(|at| point("car-01", at, true)).collect();
        assert_eq!(kept(&drive), "x.xx.x");
    }

    proptest! {
        #[test]
        fn of_each_device_never_two_neighbours_go_and_the_ends_stay(
            cars in proptest::collection::vec((0usize..3, any::<bool>(), 0i64..400_000), 1..60),
        ) {
            let names = ["car-01", "car-02", "car-03"];
            let points: Vec<_> = cars.iter().map(|(car, on, at)| point(names[*car], *at, *on)).collect();
            let keep = thin(&points);
            for car in 0..names.len() {
                let of_car: Vec<bool> =
                    cars.iter().zip(&keep).filter(|(point, _)| point.0 == car).map(|(_, keep)| *keep).collect();
                prop_assert!(of_car.first() != Some(&false) && of_car.last() != Some(&false));
                prop_assert!(of_car.windows(2).all(|pair| pair[0] || pair[1]));
            }
        }
    }
}
