//! Message type 7: a device's own health.

use firmware_protocol::body;

use super::values::{battery_percent, present, supply_v, text};
use crate::domain::admission::Rejection;
use crate::domain::report::Status;

pub(super) fn read<'a>(wire: &body::Status<'a>) -> Result<Status<'a>, Rejection> {
    Ok(Status {
        firmware: text(wire.firmware.as_str()),
        battery_percent: battery_percent(wire.battery_percent)?,
        supply_v: supply_v(wire.supply_mv),
        temperature_c: present(wire.temperature_deci_c).map(|deci_c| f64::from(deci_c) / 10.0),
        signal_dbm: present(wire.signal_dbm),
        storage_free_kib: present(wire.storage_free_kib).map(u64::from),
        queued: present(wire.queued),
        dropped: present(wire.dropped),
    })
}
