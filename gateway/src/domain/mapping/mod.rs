//! Third-party devices: another system's JSON on a topic of its own becomes a report in our JSON.
//!
//! ```text
//! topic, payload ──rule──▶ device, class, our JSON ──▶ domain::admission, as from any device
//! ```
//!
//! - Rules are data. The first rule whose topic selects the message and whose `when` holds makes the report. The result is
//!   [our JSON](super::json), so what a value may be is decided in one place, there.
//! - What a rule can't map is a rejection with the field, the pointer and what stood there; the payload is kept as it came.
//! - What no rule names is not carried over; a rule that finds nothing at all is the wrong one, and the payload is refused.
//! - Bounds: [`RULES_MAX`] rules of [`FIELDS_MAX`] fields, pointers of [`pointer::DEPTH_MAX`] levels; payloads are bounded
//!   by the listener, and the reader of JSON goes 128 levels deep.

pub mod body;
pub mod condition;
pub mod device;
pub mod field;
pub mod pointer;
pub mod readings;
mod rule;
pub mod senml;
pub mod table;
pub mod time;

use serde_json::Value;

pub use rule::{Rule, Step, lacks_crs};

use self::table::Table;
use super::admission::{Reason, Rejection};
use super::camera::CameraEvents;
use super::report::{Class, DeviceId};

/// Rules of one gateway.
pub const RULES_MAX: usize = 64;
/// Fields and readings of one rule.
pub const FIELDS_MAX: usize = 64;

/// The rules in effect, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(Vec<Rule>);

/// What the rules made of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// Which rule, from 0: the one that took it, or else the first on its topic.
    pub rule: usize,
    /// The class of that rule.
    pub class: Class,
    /// Whose it is, if that could be told.
    pub device: Option<DeviceId>,
    /// The report in our JSON, or why there is none.
    pub report: Result<Vec<u8>, Rejection>,
}

impl Rules {
    /// These rules; the configuration sees to their bounds.
    pub fn new(rules: Vec<Rule>) -> Rules {
        Rules(rules)
    }

    /// The same, with the city's table of camera events. Without it no event number is known.
    pub fn with_camera_events(mut self, events: &CameraEvents) -> Rules {
        for (name, source) in self.0.iter_mut().flat_map(|rule| &mut rule.fields) {
            if source.table == Some(Table::CameraEvents) {
                source.map = table::camera(events, name);
            }
        }
        self
    }

    /// The rules in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a message becomes; `None` when no rule is for its topic.
    pub fn map(&self, publisher: &str, topic: &str, payload: &[u8], now_ms: i64) -> Option<Mapped> {
        self.watched(publisher, topic, payload, now_ms, &mut |_| {})
    }

    /// As [`Rules::map`], and tells `watch` each field on the way.
    pub fn watched(
        &self,
        publisher: &str,
        topic: &str,
        payload: &[u8],
        now_ms: i64,
        watch: &mut dyn FnMut(Step<'_>),
    ) -> Option<Mapped> {
        let on_topic = || self.0.iter().enumerate().filter(|(_, rule)| rule.topic.matches(topic));
        let (first, rule) = on_topic().next()?;
        let refused = |payload: Option<&Value>, rejection| Mapped {
            rule: first,
            class: rule.class,
            device: rule.device.device(publisher, topic, payload).ok(),
            report: Err(rejection),
        };
        let document: Value = match serde_json::from_slice(payload) {
            Ok(document) => document,
            Err(error) => {
                return Some(refused(None, Rejection::new(Reason::MalformedJson, error.to_string())));
            }
        };
        let taken = on_topic().find(|(_, rule)| rule.when.as_ref().is_none_or(|when| when.holds(&document)));
        let Some((number, rule)) = taken else {
            return Some(refused(Some(&document), failed(rule.unwanted(&document))));
        };
        let device = rule.device.device(publisher, topic, Some(&document));
        let report = match &device {
            Ok(_) => rule.report(&document, now_ms, watch),
            Err(why) => Err(why.clone()),
        };
        let report = report.map(|report| report.to_string().into_bytes()).map_err(failed);
        Some(Mapped { rule: number, class: rule.class, device: device.ok(), report })
    }
}

fn failed(why: String) -> Rejection {
    Rejection::new(Reason::MappingFailed, why)
}
