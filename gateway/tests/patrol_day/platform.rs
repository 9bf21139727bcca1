//! The platform's end of the uplink: the events that came, each once, in the order in which they first came.

use std::collections::BTreeMap;

use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::store::settlement::Pending;
use patrol_gateway::uplink::cloudevent::write_event;
use serde_json::Value;

/// What the platform has.
#[derive(Default)]
pub(crate) struct Platform {
    pub(crate) events: Vec<Event>,
    /// Where each event stands in the list, by its id.
    places: BTreeMap<String, usize>,
    /// Events that came once more.
    pub(crate) repeated: usize,
}

/// An event as it came.
pub(crate) struct Event {
    bytes: Vec<u8>,
    json: Value,
}

impl Platform {
    pub(crate) fn take(&mut self, batch: &[Pending]) {
        for pending in batch {
            let mut bytes = Vec::new();
            write_event(&mut bytes, "gw-donghu-01", Coordinates::default(), &pending.record, pending.anchor);
            let json: Value = serde_json::from_slice(&bytes).unwrap();
            let event = Event { bytes, json };
            match self.places.get(event.id()) {
                Some(place) => {
                    assert_eq!(
                        self.events[*place].bytes, event.bytes,
                        "what comes again is the same to the byte"
                    );
                    self.repeated += 1;
                }
                None => {
                    self.places.insert(event.id().to_owned(), self.events.len());
                    self.events.push(event);
                }
            }
        }
    }

    /// The event of this id.
    pub(crate) fn event(&self, id: &str) -> Option<&Event> {
        self.places.get(id).map(|place| &self.events[*place])
    }

    /// The lists of the owners: the ids of their events.
    pub(crate) fn lists(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in &self.events {
            lists.entry(event.owner()).or_default().push(event.id());
        }
        lists
    }

    /// How many events have each value of a property, by its path in `properties`.
    pub(crate) fn count(&self, path: &str) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for value in
            self.events.iter().filter_map(|event| event.json["data"]["properties"].pointer(path)?.as_str())
        {
            *counts.entry(value).or_default() += 1;
        }
        counts
    }
}

impl Event {
    pub(crate) fn id(&self) -> &str {
        self.json["id"].as_str().unwrap()
    }

    /// The one unit whose case it is.
    pub(crate) fn owner(&self) -> &str {
        self.json["data"]["properties"]["owner"].as_str().unwrap()
    }

    /// The code of its grid.
    pub(crate) fn grid(&self) -> Option<&str> {
        self.json.get("subject").and_then(Value::as_str)
    }

    pub(crate) fn is_urgent(&self) -> bool {
        self.json["data"]["properties"]["urgent"] == true
    }

    /// When it happened, in milliseconds since 1970.
    pub(crate) fn at_ms(&self) -> i64 {
        let time: jiff::Timestamp = self.json["time"].as_str().unwrap().parse().unwrap();
        time.as_millisecond()
    }
}
