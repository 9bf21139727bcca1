//! The checksums of what is kept besides pending records.

use super::{Refused, Suspect, columns};
use crate::domain::report::DeviceId;
use crate::store::checksum::Checksum;
use crate::store::record::StoredRecord;

/// Of a case that the platform accepted.
pub(in crate::store) fn case(
    record: &StoredRecord,
    (uplink, case_number): (&str, Option<&str>),
    accepted_at_ms: i64,
) -> u32 {
    let checksum = named(Checksum::of("accepted_case"), record).number(accepted_at_ms).optional(case_number);
    by(checksum, uplink).sum()
}

/// Of a record that the platform refused for good.
pub(in crate::store) fn dead_letter(record: &StoredRecord, refused: &Refused<'_>) -> u32 {
    let Refused { uplink, reason, at_ms } = *refused;
    let checksum = named(Checksum::of("dead_letter"), record).number(at_ms).text(reason);
    by(checksum.text(record.class.as_str()).bytes(&record.payload), uplink).sum()
}

/// Rows from when there was only one uplink name none, and have none in their checksums.
fn by(checksum: Checksum, uplink: &str) -> Checksum {
    if uplink.is_empty() { checksum } else { checksum.text(uplink) }
}

/// Of a payload that was not understood.
pub(in crate::store) fn suspect(suspect: &Suspect<'_>) -> u32 {
    let Suspect { device, topic, reason, detail, received_at_ms, payload } = *suspect;
    let checksum = Checksum::of("quarantine").text(device).text(topic).text(reason).text(detail);
    checksum.number(received_at_ms).bytes(payload).sum()
}

/// Of a message for a device.
pub(in crate::store) fn down(device: &DeviceId, topic: &str, created_at_ms: i64, payload: &[u8]) -> u32 {
    Checksum::of("down").text(device.as_str()).text(topic).number(created_at_ms).bytes(payload).sum()
}

fn named(checksum: Checksum, record: &StoredRecord) -> Checksum {
    let (origin, major, minor) = columns(record.identity);
    let checksum = checksum.text(record.device.as_str()).number(origin.into()).number(major);
    let checksum = checksum.number(minor.into()).number(record.received_at_ms);
    checksum.optional(record.casework.as_deref()).optional(record.gateway.as_deref())
}
