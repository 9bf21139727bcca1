//! A stored record as the platform sees it: a CloudEvents 1.0 event in JSON whose data is a GeoJSON Feature.
//!
//! - `id` is `{device}/{boot}/{seq}` (`{device}/g{run}/{number}` when the gateway minted it) and `source` is
//!   `urn:patrol-gateway:{gateway}`, the gateway that took the report from its device; receivers deduplicate on the pair. An event is a function of the
//!   gateway's id and the stored record alone, and of its boot's anchor when it came without a time, so every
//!   resend has the same bytes as long as neither the anchor is found meanwhile nor the gateway itself
//!   replaced by another version.
//! - `type` is `cn.patrol.{class}.v1`. `time` is when it happened: by the device's clock (`time_from` =
//!   `device`, with its `time_quality`); or by its uptime, when another report of the same boot told the time
//!   (`device` too, `time_quality` = `anchored`, and that report's quality in `anchor_quality`); or else it is
//!   when the gateway received it (`time_from` = `gateway`).
//! - `subject` is the code of the grid an incident is attributed to.
//! - The geometry is a point in WGS-84, a line for a track, or null; what the device left out is left out here.
//! - A payload that this version can't read (stored by another version, for instance), or makes no event of, is
//!   forwarded all the same: type `cn.patrol.{class}.raw.v1`, `datacontenttype` `application/octet-stream`, the payload in
//!   `data_base64`.
//!
//! Events are serialized from borrowed parts straight into the request's buffer: a backlog drains through
//! here.

mod along;
mod base64;
pub mod binary;
pub mod columns;
mod geometry;
mod handling;
mod properties;
mod when;

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use self::base64::Base64;
use self::properties::Feature;
use self::when::When;
use crate::domain::admission;
use crate::domain::anchor::Anchor;
use crate::domain::casework::Casework;
use crate::domain::coordinates::Coordinates;
use crate::domain::report::{Class, DeviceId, Identity, ObservedAt};
use crate::store::record::StoredRecord;

/// The content type of a batch of events.
pub const BATCH_CONTENT_TYPE: &str = "application/cloudevents-batch+json";

/// An event, ready to be serialized; it borrows from its record.
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    id: EventId<'a>,
    source: Source<'a>,
    r#type: &'static str,
    time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Cow<'a, str>>,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Feature<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<Base64<'a>>,
}

/// The event of a stored record; positions on planes are read with `coordinates`; `anchor` is its boot's, which matters when it came without a time.
pub fn event<'a>(
    gateway_id: &'a str,
    coordinates: Coordinates,
    record: &'a StoredRecord,
    anchor: Option<Anchor>,
) -> CloudEvent<'a> {
    let event = raw_event(gateway_id, record);
    let casework = match record.casework.as_deref().map(Casework::from_json) {
        Some(None) => return event, // of another version: the receiver gets what the device sent
        Some(readable) => readable,
        None => None,
    };
    // With casework the place was worked out when it came, whatever the coordinates are by now.
    let coordinates = if casework.is_some() { Coordinates::UNPLACED } else { coordinates };
    let Ok(report) = admission::reread(coordinates, record.class, &record.payload) else { return event };
    let source = record.gateway.as_deref().unwrap_or(gateway_id);
    let when = When::of(&report, anchor, record.received_at_ms);
    let grid = casework.as_ref().and_then(|casework| casework.assignment.grid());
    let grid = grid.map(|grid| grid.grid.clone());
    let Some(feature) = Feature::of((source, record), when, report, casework) else { return event };
    CloudEvent {
        r#type: event_type(record.class),
        time: Moment(when.unix_ms()),
        subject: grid,
        datacontenttype: "application/geo+json",
        data: Some(feature),
        data_base64: None,
        ..event
    }
}

/// Appends the event of a stored record to a buffer, as one JSON object.
pub fn write_event(
    out: &mut Vec<u8>,
    gateway_id: &str,
    coordinates: Coordinates,
    record: &StoredRecord,
    anchor: Option<Anchor>,
) {
    serde_json::to_writer(out, &event(gateway_id, coordinates, record, anchor))
        .expect("a Vec takes every write, and an event has text keys and finite numbers only");
}

/// The event of a payload that is passed on unread.
fn raw_event<'a>(gateway_id: &'a str, record: &'a StoredRecord) -> CloudEvent<'a> {
    CloudEvent {
        specversion: "1.0",
        id: EventId { device: &record.device, identity: record.identity },
        source: Source(record.gateway.as_deref().unwrap_or(gateway_id)),
        r#type: raw_type(record.class),
        time: Moment(record.received_at_ms),
        subject: None,
        datacontenttype: "application/octet-stream",
        data: None,
        data_base64: Some(Base64(&record.payload)),
    }
}

const fn event_type(class: Class) -> &'static str {
    match class {
        Class::Incident => "cn.patrol.incident.v1",
        Class::Task => "cn.patrol.task.v1",
        Class::Evidence => "cn.patrol.evidence.v1",
        Class::Status => "cn.patrol.status.v1",
        Class::Reading => "cn.patrol.reading.v1",
        Class::Telemetry => "cn.patrol.telemetry.v1",
    }
}

const fn raw_type(class: Class) -> &'static str {
    match class {
        Class::Incident => "cn.patrol.incident.raw.v1",
        Class::Task => "cn.patrol.task.raw.v1",
        Class::Evidence => "cn.patrol.evidence.raw.v1",
        Class::Status => "cn.patrol.status.raw.v1",
        Class::Reading => "cn.patrol.reading.raw.v1",
        Class::Telemetry => "cn.patrol.telemetry.raw.v1",
    }
}

/// An event's id, `car-07/7/812`: what the platform's results and receipts name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId<'a> {
    /// The device.
    pub device: &'a DeviceId,
    /// Which of its records.
    pub identity: Identity,
}

impl fmt::Display for EventId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.device, self.identity)
    }
}

impl Serialize for EventId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who forwards it.
#[derive(Debug)]
struct Source<'a>(&'a str);

impl Serialize for Source<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("urn:patrol-gateway:{}", self.0))
    }
}

/// Milliseconds since 1970, written as RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
struct Moment(i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unix_ms = self.0.clamp(*ObservedAt::UNIX_MS.start(), *ObservedAt::UNIX_MS.end());
        // Nothing in that range is refused; should it be, 1970 says at least that the time is wrong.
        let moment = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or_default();
        serializer.collect_str(&format_args!("{moment:.3}"))
    }
}

#[cfg(test)]
mod tests;
