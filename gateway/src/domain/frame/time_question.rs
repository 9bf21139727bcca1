//! Message type 10, on its way up: a device asks for the time.

use firmware_protocol::body::TimeSync;

use super::values::within;
use crate::domain::admission::{Rejection, TimeQuestion};

pub(super) fn read(wire: &TimeSync) -> Result<TimeQuestion, Rejection> {
    // With a time in it, it would be an answer.
    within("received_unix_ms", wire.received_unix_ms, 0..=0)?;
    within("sent_unix_ms", wire.sent_unix_ms, 0..=0)?;
    Ok(TimeQuestion { asked_boot: wire.asked_boot, asked_uptime_ms: wire.asked_uptime_ms })
}
