//! The platform by HTTPS as a carrier: a batch is one request, and its answer has a result for each event.

use std::collections::HashMap;

use super::Platform;
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};
use crate::uplink::cloudevent::{self, EventId};

/// Carries events to the platform.
pub struct EventCarrier {
    platform: Platform,
    gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
}

/// A batch: the body of a request, and which events are in it.
pub struct EventBatch {
    body: Vec<u8>,
    ids: Vec<String>,
}

impl EventCarrier {
    /// Carries the events of `gateway_id` to `platform`; devices send positions in the systems of `coordinates`.
    pub fn new(platform: Platform, gateway_id: String, coordinates: Coordinates) -> EventCarrier {
        EventCarrier { platform, gateway_id, coordinates }
    }
}

impl Carrier for EventCarrier {
    type Parcel = EventBatch;

    fn pack(&self, records: &[&Pending], room: Room) -> Packed<EventBatch> {
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
            ids.push(EventId { device: &record.device, identity: record.identity }.to_string());
        }
        body.push(b']');
        Packed { records: ids.len(), wire_bytes: body.len(), parcel: EventBatch { body, ids } }
    }

    async fn send(&self, EventBatch { body, ids }: EventBatch) -> Result<Answer, Trouble> {
        let (verdicts, wire_bytes) = self.platform.post_events(body).await?;
        let mut decisions: HashMap<String, Decision> = HashMap::with_capacity(verdicts.len());
        for verdict in verdicts {
            decisions.entry(verdict.id).or_insert(verdict.decision);
        }
        Ok(Answer { decisions: ids.iter().map(|id| decisions.remove(id)).collect(), wire_bytes })
    }
}
