//! What is kept besides pending records.

use bytes::Bytes;

use super::records::{gateway, identity};
use super::{Proof, vouches};
use crate::domain::anchor::Anchor;
use crate::domain::loss::{Loss, LossKey, LossReason, Stream};
use crate::domain::report::{Class, DeviceId, TimeQuality};
use crate::store::losses::LossRow;
use crate::store::pages::Value;
use crate::store::record::StoredRecord;
use crate::store::restore::rest::Rest;
use crate::store::rows::{Refused, Suspect, checksums};
use crate::store::{anchors, losses};

pub(super) fn down(values: &[Value<'_>], proof: Proof) -> Option<Rest> {
    let [_, device, topic, created_at, payload, ..] = values else { return None };
    let device = DeviceId::parse(device.text()?)?;
    let (topic, created_at_ms, payload) = (topic.text()?, created_at.integer()?, payload.blob()?);
    vouches(values.get(5), checksums::down(&device, topic, created_at_ms, payload), proof)?;
    Some(Rest::Down { device, topic: topic.to_owned(), created_at_ms, payload: payload.to_vec() })
}

pub(super) fn accepted_case(values: &[Value<'_>], proof: Proof) -> Option<Rest> {
    let [_, device, origin, major, minor, received_at, accepted_at, number, casework, ..] = values else {
        return None;
    };
    let record = StoredRecord {
        device: DeviceId::parse(device.text()?)?,
        identity: identity(origin, major, minor)?,
        class: Class::Incident,
        received_at_ms: received_at.integer()?,
        payload: Bytes::new(),
        casework: casework.optional_text()?.map(str::to_owned),
        gateway: gateway(values.get(9))?.map(Into::into),
    };
    let (case_number, accepted_at_ms) = (number.optional_text()?, accepted_at.integer()?);
    let uplink = uplink(values.get(11))?;
    vouches(values.get(10), checksums::case(&record, (uplink, case_number), accepted_at_ms), proof)?;
    let (uplink, case_number) = (uplink.to_owned(), case_number.map(str::to_owned));
    Some(Rest::Case { record, uplink, case_number, accepted_at_ms })
}

pub(super) fn dead_letter(values: &[Value<'_>], proof: Proof) -> Option<Rest> {
    let [_, class, device, origin, major, minor, received_at, refused_at, reason, payload, casework, ..] =
        values
    else {
        return None;
    };
    let record = StoredRecord {
        device: DeviceId::parse(device.text()?)?,
        identity: identity(origin, major, minor)?,
        class: Class::from_name(class.text()?)?,
        received_at_ms: received_at.integer()?,
        payload: Bytes::copy_from_slice(payload.blob()?),
        casework: casework.optional_text()?.map(str::to_owned),
        gateway: gateway(values.get(11))?.map(Into::into),
    };
    let refused =
        Refused { uplink: uplink(values.get(13))?, reason: reason.text()?, at_ms: refused_at.integer()? };
    vouches(values.get(12), checksums::dead_letter(&record, &refused), proof)?;
    let Refused { uplink, reason, at_ms } = refused;
    Some(Rest::DeadLetter {
        record,
        uplink: uplink.to_owned(),
        reason: reason.to_owned(),
        refused_at_ms: at_ms,
    })
}

/// The uplink that a row names; rows from when there was only one name none.
fn uplink<'a>(value: Option<&Value<'a>>) -> Option<&'a str> {
    match value {
        None => Some(""),
        Some(value) => value.text(),
    }
}

pub(super) fn quarantined(values: &[Value<'_>], proof: Proof) -> Option<Rest> {
    let [_, device, topic, reason, detail, received_at, payload, ..] = values else { return None };
    let suspect = Suspect {
        device: device.text()?,
        topic: topic.text()?,
        reason: reason.text()?,
        detail: detail.text()?,
        received_at_ms: received_at.integer()?,
        payload: payload.blob()?,
    };
    vouches(values.get(7), checksums::suspect(&suspect), proof)?;
    Some(Rest::Quarantined {
        device: suspect.device.to_owned(),
        topic: suspect.topic.to_owned(),
        reason: suspect.reason.to_owned(),
        detail: suspect.detail.to_owned(),
        received_at_ms: suspect.received_at_ms,
        payload: suspect.payload.to_vec(),
    })
}

pub(super) fn loss(values: &[Value<'_>]) -> Option<Rest> {
    let [_, uid, device, origin, major, first, last, class, reason, n, first_at, last_at, reported_at, sum] =
        values
    else {
        return None;
    };
    let device = match device.optional_text()? {
        Some(name) => Some(DeviceId::parse(name)?),
        None => None,
    };
    let class = match class.optional_text()? {
        Some(name) => Some(Class::from_name(name)?),
        None => None,
    };
    let stream = match (*origin, major.integer()?) {
        (Value::Null, _) => Stream::Unknown,
        (Value::Integer(0), major) => Stream::Boot(u32::try_from(major).ok()?),
        (Value::Integer(_), major) => Stream::Run(major as u64),
        _ => return None,
    };
    let loss = Loss {
        key: LossKey { device, stream, class, reason: LossReason::from_name(reason.text()?)? },
        first: u32::try_from(first.integer()?).ok()?,
        last: u32::try_from(last.integer()?).ok()?,
        count: n.integer()? as u64,
        first_noted_at_ms: first_at.integer()?,
        last_noted_at_ms: last_at.integer()?,
    };
    let uid = uid.integer()? as u64;
    if sum.integer()? != i64::from(losses::checksum(uid, &loss)) {
        return None;
    }
    Some(Rest::Loss(LossRow { id: 0, uid, loss, reported_at_ms: reported_at.integer() }))
}

pub(super) fn anchor(values: &[Value<'_>]) -> Option<Rest> {
    let [device, boot, booted_at, quality, _, checksum] = values else { return None };
    let (name, boot) = (device.text()?, u32::try_from(boot.integer()?).ok()?);
    let (booted_at_ms, rank) = (booted_at.integer()?, u8::try_from(quality.integer()?).ok()?);
    if checksum.integer()? != i64::from(anchors::checksum(name, boot, booted_at_ms, rank)) {
        return None;
    }
    let quality = *TimeQuality::ALL.get(usize::from(rank))?;
    Some(Rest::Anchor { device: DeviceId::parse(name)?, boot, anchor: Anchor { booted_at_ms, quality } })
}
