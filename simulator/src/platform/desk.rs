//! What the case platform remembers: which events it has, which case number each incident got.
//!
//! Pure: no I/O and no clock; the year of the case numbers is given. Rules:
//! - an event is known by (source, id); the first copy is taken in, every later one is a duplicate and gets the
//!   first one's answer;
//! - a later copy with other content is a conflict: it is answered as a duplicate, as a receiver that does not
//!   compare would, and recorded, because a gateway must never produce one;
//! - incidents get case numbers `AJ-2026-000123` in the order of their arrival;
//! - at most [`EVENTS_MAX`] events are remembered (about 200 bytes each); beyond that the platform is full.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// Events remembered before the platform answers that it is full.
pub const EVENTS_MAX: usize = 20_000_000;
/// Incidents whose whole event is kept for [`Desk::event`]; later ones are remembered without their content.
const KEPT_INCIDENTS_MAX: u64 = 100_000;
/// The same for all other events together.
const KEPT_OTHERS_MAX: u64 = 1_000;
/// The type of event that becomes a case.
const INCIDENT_TYPE: &str = "cn.patrol.incident.v1";

/// One CloudEvent as the platform needs it.
#[derive(Debug, Clone)]
pub struct Event {
    /// `{device}/{boot}/{seq}`.
    pub id: String,
    /// `urn:patrol-gateway:{gateway}`.
    pub source: String,
    /// For instance `cn.patrol.incident.v1`.
    pub event_type: String,
    /// The whole event.
    pub whole: Value,
}

impl Event {
    /// Reads one event of a batch; the message says what a CloudEvents 1.0 event needs and this lacks.
    pub fn read(whole: Value) -> Result<Event, String> {
        let text = |name: &str| match whole.get(name).and_then(Value::as_str) {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            _ => Err(format!("`{name}` must be a text that is not empty")),
        };
        if text("specversion")? != "1.0" {
            return Err("`specversion` must be \"1.0\"".to_owned());
        }
        let (id, source, event_type) = (text("id")?, text("source")?, text("type")?);
        Ok(Event { id, source, event_type, whole })
    }

    /// A hash of the content that does not depend on the order of the members; stable within one build.
    fn content_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.whole.hash(&mut hasher);
        hasher.finish()
    }
}

/// An event that was taken in, once.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `{device}/{boot}/{seq}`.
    pub id: Arc<str>,
    /// The gateway it came from.
    pub source: Arc<str>,
    /// For instance `cn.patrol.incident.v1`.
    pub event_type: Arc<str>,
    /// The case number, for incidents.
    pub case: Option<Arc<str>>,
    /// Hash of the content, to recognise the same id with other content.
    pub content: u64,
    /// Number of the request that brought it, counted from 1.
    pub request: u64,
}

/// The platform's answer for one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// Taken in.
    Accepted {
        /// The case number, for incidents.
        #[serde(skip_serializing_if = "Option::is_none")]
        case: Option<Arc<str>>,
    },
    /// Already there: the answer of the first copy.
    Duplicate {
        /// The case number, for incidents.
        #[serde(skip_serializing_if = "Option::is_none")]
        case: Option<Arc<str>>,
    },
    /// Refused for good; the gateway keeps it as a dead letter.
    Rejected {
        /// Why, for a person.
        reason: String,
    },
}

/// Counters of everything that arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests for `/v1/events`, those that met a fault included.
    pub requests: u64,
    /// Events taken in, each (source, id) once.
    pub delivered: u64,
    /// Case numbers given out.
    pub cases: u64,
    /// Copies of events that were already there.
    pub duplicates: u64,
    /// Copies with other content than the first: a gateway must never send one.
    pub conflicts: u64,
    /// Events refused, each time they came.
    pub rejected: u64,
}

/// The platform's memory.
#[derive(Debug)]
pub struct Desk {
    year: i16,
    known: HashMap<(Arc<str>, Arc<str>), usize>,
    arrivals: Vec<Delivery>,
    rejected: Vec<Arc<str>>,
    conflicts: Vec<Arc<str>>,
    kept: HashMap<Arc<str>, Value>,
    names: Vec<Arc<str>>,
    counts: Counts,
}

impl Desk {
    /// An empty desk whose case numbers carry `year`.
    pub fn new(year: i16) -> Desk {
        Desk {
            year,
            known: HashMap::new(),
            arrivals: Vec::new(),
            rejected: Vec::new(),
            conflicts: Vec::new(),
            kept: HashMap::new(),
            names: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Counts a request and returns its number.
    pub fn begin_request(&mut self) -> u64 {
        self.counts.requests += 1;
        self.counts.requests
    }

    /// Whether `more` events would still fit.
    pub fn has_room(&self, more: usize) -> bool {
        self.arrivals.len() + more <= EVENTS_MAX
    }

    /// Takes one event in and says how.
    pub fn receive(&mut self, event: Event, request: u64) -> Outcome {
        let content = event.content_hash();
        let key = (self.name(&event.source), Arc::<str>::from(event.id));
        if let Some(&first) = self.known.get(&key) {
            return self.duplicate(first, content);
        }
        let case = (event.event_type == INCIDENT_TYPE).then(|| self.next_case());
        let (source, id) = key.clone();
        if self.may_keep(case.is_some()) {
            self.kept.insert(id.clone(), event.whole);
        }
        let event_type = self.name(&event.event_type);
        self.restore(Delivery { id, source, event_type, case: case.clone(), content, request });
        Outcome::Accepted { case }
    }

    /// Puts back a delivery of an earlier run, as its ledger file recorded it.
    pub fn restore(&mut self, delivery: Delivery) {
        self.counts.delivered += 1;
        self.counts.cases += u64::from(delivery.case.is_some());
        self.known.insert((delivery.source.clone(), delivery.id.clone()), self.arrivals.len());
        self.arrivals.push(delivery);
    }

    /// Records that the platform refused an event.
    pub fn reject(&mut self, event: &Event, reason: &str) -> Outcome {
        self.counts.rejected += 1;
        self.rejected.push(event.id.as_str().into());
        Outcome::Rejected { reason: reason.to_owned() }
    }

    /// Whether an event that is not counted yet is among the first of its kind.
    fn may_keep(&self, is_incident: bool) -> bool {
        let Counts { delivered, cases, .. } = self.counts;
        match is_incident {
            true => cases < KEPT_INCIDENTS_MAX,
            false => delivered - cases < KEPT_OTHERS_MAX,
        }
    }

    fn duplicate(&mut self, first: usize, content: u64) -> Outcome {
        self.counts.duplicates += 1;
        let delivery = &self.arrivals[first];
        if delivery.content != content {
            self.counts.conflicts += 1;
            self.conflicts.push(delivery.id.clone());
        }
        Outcome::Duplicate { case: delivery.case.clone() }
    }

    fn next_case(&self) -> Arc<str> {
        format!("AJ-{}-{:06}", self.year, self.counts.cases + 1).into()
    }

    /// One shared copy of the few sources and types that repeat with every event.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| known.as_ref() == name) {
            return known.clone();
        }
        let shared: Arc<str> = name.into();
        if self.names.len() < 64 {
            self.names.push(shared.clone());
        }
        shared
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Everything taken in, in the order of arrival.
    pub fn arrivals(&self) -> &[Delivery] {
        &self.arrivals
    }

    /// Ids of refused events, in order, with repetitions.
    pub fn rejected(&self) -> &[Arc<str>] {
        &self.rejected
    }

    /// Ids that came again with other content, in order, with repetitions.
    pub fn conflicts(&self) -> &[Arc<str>] {
        &self.conflicts
    }

    /// A whole event, if it was among the first of its kind.
    pub fn event(&self, id: &str) -> Option<&Value> {
        self.kept.get(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn incident(id: &str, description: &str) -> Event {
        Event::read(
            json!({"specversion": "1.0", "id": id, "source": "urn:patrol-gateway:t", "type": INCIDENT_TYPE,
            "data": {"description": description}}),
        )
        .unwrap()
    }

    #[test]
    fn an_incident_keeps_its_case_number_however_often_it_comes() {
        let mut desk = Desk::new(2026);
        let case = |number: &str| Some(Arc::<str>::from(number));
        assert_eq!(
            desk.receive(incident("car-01/1/1", "a"), 1),
            Outcome::Accepted { case: case("AJ-2026-000001") }
        );
        assert_eq!(
            desk.receive(incident("car-01/1/2", "b"), 1),
            Outcome::Accepted { case: case("AJ-2026-000002") }
        );
        assert_eq!(
            desk.receive(incident("car-01/1/1", "a"), 2),
            Outcome::Duplicate { case: case("AJ-2026-000001") }
        );
        assert_eq!(desk.counts(), Counts { delivered: 2, cases: 2, duplicates: 1, ..Counts::default() });
    }

    #[test]
    fn the_same_id_with_other_content_is_a_conflict() {
        let mut desk = Desk::new(2026);
        desk.receive(incident("car-01/1/1", "a"), 1);
        desk.receive(incident("car-01/1/1", "changed"), 2);
        assert_eq!(desk.conflicts(), [Arc::from("car-01/1/1")]);
        assert_eq!(desk.counts().delivered, 1);
    }

    #[test]
    fn what_is_not_a_cloudevent_is_named() {
        let error =
            Event::read(json!({"specversion": "1.0", "id": "", "source": "s", "type": "t"})).unwrap_err();
        assert!(error.contains("`id`"), "{error}");
    }
}
