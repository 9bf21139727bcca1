//! Pending records: a row each, or many in a segment.

use bytes::Bytes;

use super::{Proof, SegmentRow};
use crate::domain::report::{Class, DeviceId, Identity};
use crate::store::pages::Value;
use crate::store::record::StoredRecord;
use crate::store::segment::{self, RECORDS_MAX, identity_from_parts};
use crate::store::{numbers, rows};

/// How a segment begins, whatever its version.
const SEGMENT: &[u8] = b"PS";

pub(super) fn record(class: Class, id: i64, values: &[Value<'_>], proof: Proof) -> Option<StoredRecord> {
    let [_, _, device, origin, major, minor, received_at, payload, casework, checksum, ..] = values else {
        return None;
    };
    // Rows of three classes look alike; the number says which it is.
    if !numbers::fits(id, class) || proof == Proof::Anywhere && !numbers::is_of(id, class) {
        return None;
    }
    let record = StoredRecord {
        device: DeviceId::parse(device.text()?)?,
        identity: identity(origin, major, minor)?,
        class,
        received_at_ms: received_at.integer()?,
        payload: Bytes::copy_from_slice(payload.blob()?),
        casework: casework.optional_text()?.map(str::to_owned),
        gateway: gateway(values.get(10))?.map(Into::into),
    };
    (checksum.integer()? == i64::from(rows::checksum(&record))).then_some(record)
}

/// What is left of a segment; `None` when its row is not what a segment's row is.
pub(super) fn segment(class: Class, id: i64, values: &[Value<'_>], proof: Proof) -> Option<SegmentRow> {
    let [_, _, n, _, cum_n, _, _, blob] = values else { return None };
    let blob = blob.blob().filter(|blob| blob.starts_with(SEGMENT))?;
    if !numbers::fits(id, class) || proof == Proof::Anywhere && !numbers::is_of(id, class) {
        return None;
    }
    let (n, cum_n) = (u64::try_from(n.integer()?).ok()?, u64::try_from(cum_n.integer()?).ok()?);
    let readable = segment::salvage(class, &Bytes::copy_from_slice(blob));
    let had = readable.expected.map_or(n.min(RECORDS_MAX.into()), u64::from);
    let records = readable.records.into_iter().map(|(_, record)| record).collect();
    Some(SegmentRow { id, n, cum_n, had, records })
}

/// An identity from the columns origin, major and minor; SQLite's integers are signed.
pub(super) fn identity(origin: &Value<'_>, major: &Value<'_>, minor: &Value<'_>) -> Option<Identity> {
    let (origin, minor) = (u8::try_from(origin.integer()?).ok()?, u32::try_from(minor.integer()?).ok()?);
    identity_from_parts(origin, major.integer()? as u64, minor)
}

/// A column that was added later: rows from before don't have it.
pub(super) fn gateway<'a>(value: Option<&Value<'a>>) -> Option<Option<&'a str>> {
    value.map_or(Some(None), |value| value.optional_text())
}
