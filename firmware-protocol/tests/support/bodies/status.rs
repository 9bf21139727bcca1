use firmware_protocol::body::{Capabilities, ResetReason, Status};
use firmware_protocol::{List, Text};
use proptest::prelude::*;

use super::{Sample, any_list, any_text, letters};
use crate::support::vectors;

impl Sample for Status<'static> {
    const VECTORS: &'static str = vectors::STATUS;

    /// A body camera that speaks telemetry, incidents and status.
    fn typical() -> Self {
        Self {
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

    fn maximum() -> Self {
        Self {
            firmware: letters(b'f'),
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

    fn any() -> BoxedStrategy<Self> {
        let who = (any_text(), any::<(u16, u8, u32)>(), any_list(any::<u8>()));
        (who, any::<(u8, u16, i16, i16)>(), any::<[u32; 5]>())
            .prop_map(|((firmware, hardware, revisions), health, counts)| Self {
                firmware,
                hardware_revision: hardware.0,
                reset_reason: ResetReason(hardware.1),
                capabilities: Capabilities(hardware.2),
                revisions,
                battery_percent: health.0,
                supply_mv: health.1,
                temperature_deci_c: health.2,
                signal_dbm: health.3,
                storage_free_kib: counts[0],
                queued: counts[1],
                dropped: counts[2],
                auth_failures: counts[3],
                config_id: counts[4],
            })
            .boxed()
    }
}
