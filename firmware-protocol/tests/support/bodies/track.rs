use firmware_protocol::List;
use firmware_protocol::body::{HEADING_LOST, Telemetry, TrackBatch, TrackStep};
use proptest::prelude::*;

use super::{Sample, any_list, any_telemetry, typical_telemetry};
use crate::support::vectors;

fn step([interval, lat, lon, speed, heading, accuracy]: [i32; 6]) -> TrackStep {
    TrackStep {
        interval_change_ms: interval,
        lat_step_change_e7: lat,
        lon_step_change_e7: lon,
        speed_change_cm_s: speed,
        heading_change_cdeg: heading,
        accuracy_change_dm: accuracy,
    }
}

impl Sample for TrackBatch {
    const VECTORS: &'static str = vectors::TRACK_BATCH;

    /// Six seconds of the typical car; the course turns through north and is lost.
    fn typical() -> Self {
        let steps = [
            [1000, -28, 681, 4, -12, 0],
            [3, 1, -2, -6, 5, 1],
            [-5, 0, 3, 0, 40, -1],
            [2, -3, 1, 12, -8900, 0],
            [0, 0, 0, 0, HEADING_LOST, 20],
            [0, 0, 0, 0, 0, 0],
        ];
        let steps = List::from_slice(&steps.map(step)).unwrap();
        Self { age_ms: 6100, first: typical_telemetry(), steps }
    }

    fn maximum() -> Self {
        let steps = List::from_slice(&[step([i32::MIN; 6]); 63]).unwrap();
        Self { age_ms: u32::MAX, first: Telemetry::maximum(), steps }
    }

    fn any() -> BoxedStrategy<Self> {
        (any::<u32>(), any_telemetry(), any_list(any::<[i32; 6]>().prop_map(step)))
            .prop_map(|(age_ms, first, steps)| Self { age_ms, first, steps })
            .boxed()
    }
}
