use firmware_protocol::body::TimeSync;
use proptest::prelude::*;

use super::Sample;
use crate::support::vectors;

impl Sample for TimeSync {
    const VECTORS: &'static str = vectors::TIME_SYNC;

    /// An answer, made within 2 ms.
    fn typical() -> Self {
        Self {
            asked_boot: 7,
            asked_uptime_ms: 3_605_000,
            received_unix_ms: 1_795_396_369_131,
            sent_unix_ms: 1_795_396_369_133,
        }
    }

    fn maximum() -> Self {
        Self {
            asked_boot: u32::MAX,
            asked_uptime_ms: u64::MAX,
            received_unix_ms: u64::MAX,
            sent_unix_ms: u64::MAX,
        }
    }

    fn any() -> BoxedStrategy<Self> {
        any::<(u32, u64, u64, u64)>()
            .prop_map(|(asked_boot, asked_uptime_ms, received_unix_ms, sent_unix_ms)| Self {
                asked_boot,
                asked_uptime_ms,
                received_unix_ms,
                sent_unix_ms,
            })
            .boxed()
    }
}
