//! The platform by HTTPS as a carrier: a batch is one request, and its answer has a result for each event.
//!
//! Telemetry goes as [columns] once the platform has said that it reads them, except for batches of which most events would
//! stand in such a body whole.

use std::collections::HashMap;

use super::Platform;
use crate::domain::coordinates::Coordinates;
use crate::domain::report::Class;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};
use crate::uplink::cloudevent::columns::Columns;
use crate::uplink::cloudevent::{self, EventId};

/// About what a request and its answer have beside the body, in bytes: their headers, with HTTP/1.1. Results come on top.
const HEADERS_BYTES: usize = 400;

/// Carries events to the platform.
pub struct EventCarrier {
    platform: Platform,
    gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
}

/// A batch: the body of a request, and which events are in it.
pub struct EventBatch {
    body: Body,
    ids: Vec<String>,
}

enum Body {
    /// A JSON array of events.
    Json(Vec<u8>),
    /// Telemetry as columns.
    Columns(Vec<u8>),
}

impl EventCarrier {
    /// Carries the events of `gateway_id` to `platform`; devices send positions in the systems of `coordinates`.
    pub fn new(platform: Platform, gateway_id: String, coordinates: Coordinates) -> EventCarrier {
        EventCarrier { platform, gateway_id, coordinates }
    }

    /// The first records as a JSON array.
    fn json(&self, records: &[&Pending], room: Room) -> (Vec<u8>, Vec<String>) {
        let (mut body, mut ids) = (vec![b'['], Vec::new());
        for Pending { record, anchor, .. } in records.iter().take(room.records) {
            let before = body.len();
            if !ids.is_empty() {
                body.push(b',');
            }
            cloudevent::write_event(&mut body, &self.gateway_id, self.coordinates, record, *anchor);
            if !ids.is_empty() && body.len() >= room.bytes {
                body.truncate(before);
                break;
            }
            ids.push(id(record));
        }
        body.push(b']');
        (body, ids)
    }

    /// The first records as columns; `None` when that is not worth it.
    fn columns(&self, records: &[&Pending], room: Room) -> Option<(Vec<u8>, Vec<String>)> {
        let (mut columns, mut ids, mut whole_bytes) = (Columns::default(), Vec::new(), 0);
        for Pending { record, anchor, .. } in records.iter().take(room.records) {
            if whole_bytes >= room.bytes {
                break;
            }
            let event = cloudevent::event(&self.gateway_id, self.coordinates, record, *anchor);
            whole_bytes += columns.push(serde_json::to_value(event).ok()?);
            ids.push(id(record));
        }
        let is_worth_it = 2 * columns.whole() <= columns.records();
        is_worth_it.then(|| (columns.into_body(), ids))
    }
}

impl Carrier for EventCarrier {
    type Parcel = EventBatch;

    fn pack(&self, records: &[&Pending], room: Room) -> Packed<EventBatch> {
        let is_telemetry = records.first().is_some_and(|first| first.record.class == Class::Telemetry);
        let columns =
            if is_telemetry && self.platform.reads_columns() { self.columns(records, room) } else { None };
        let (body, ids) = match columns {
            Some((body, ids)) => (Body::Columns(body), ids),
            None => {
                let (body, ids) = self.json(records, room);
                (Body::Json(body), ids)
            }
        };
        let (Body::Json(bytes) | Body::Columns(bytes)) = &body;
        Packed {
            records: ids.len(),
            wire_bytes: bytes.len() + HEADERS_BYTES,
            parcel: EventBatch { body, ids },
        }
    }

    async fn send(&self, EventBatch { body, ids }: EventBatch) -> Result<Answer, Trouble> {
        let (decisions, sent_bytes) = match body {
            Body::Json(body) => self.send_json(body, &ids).await?,
            Body::Columns(body) => self.send_columns(body, &ids).await?,
        };
        Ok(Answer { decisions, wire_bytes: sent_bytes + HEADERS_BYTES })
    }
}

impl EventCarrier {
    async fn send_json(
        &self,
        body: Vec<u8>,
        ids: &[String],
    ) -> Result<(Vec<Option<Decision>>, usize), Trouble> {
        let (verdicts, sent_bytes) = self.platform.post_events(body).await?;
        let mut decisions: HashMap<String, Decision> = HashMap::with_capacity(verdicts.len());
        for verdict in verdicts {
            decisions.entry(verdict.id).or_insert(verdict.decision);
        }
        Ok((ids.iter().map(|id| decisions.remove(id)).collect(), sent_bytes))
    }

    async fn send_columns(
        &self,
        body: Vec<u8>,
        ids: &[String],
    ) -> Result<(Vec<Option<Decision>>, usize), Trouble> {
        let (exceptions, sent_bytes) = self.platform.post_columns(body, ids.len()).await?;
        let mut told: HashMap<String, Option<Decision>> = HashMap::with_capacity(exceptions.len());
        for exception in exceptions {
            if told.insert(exception.id, exception.decision).is_some() {
                return Err(Trouble::Garbled("two results for one event".to_owned()));
            }
        }
        let accepted = || Some(Decision::Accepted { case_number: None });
        let decisions = ids.iter().map(|id| told.remove(id).unwrap_or_else(accepted)).collect();
        match told.into_keys().next() {
            // What it has accepted would be a guess then.
            Some(stranger) => Err(Trouble::Garbled(format!("a result for {stranger:?}, which was not sent"))),
            None => Ok((decisions, sent_bytes)),
        }
    }
}

fn id(record: &crate::store::record::StoredRecord) -> String {
    EventId { device: &record.device, identity: record.identity }.to_string()
}
