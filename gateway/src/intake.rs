//! The one way in, whichever transport a payload came by: admission, casework, and what the store shall keep.

use std::sync::Arc;

use crate::domain::admission::{self, Rejection};
use crate::domain::geography::Geography;
use crate::domain::report::{Body, Class, DeviceId};
use crate::metrics::Metrics;
use crate::store::submission::Content;

/// Bytes of a topic that are kept with a quarantined payload; the longest that means anything has 60.
const TOPIC_BYTES_MAX: usize = 128;

/// What admission needs: the city. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    geography: Arc<Geography>,
    metrics: Arc<Metrics>,
}

impl Intake {
    /// An intake for this city.
    pub fn new(geography: Arc<Geography>, metrics: Arc<Metrics>) -> Intake {
        Intake { geography, metrics }
    }

    /// Reads a payload that `device` sent as `class`. Whatever it is, the store gets something to keep.
    pub fn take(&self, device: &DeviceId, class: Class, topic: &str, payload: &[u8]) -> Content {
        self.metrics.received_messages[class].inc();
        self.metrics.received_bytes[class].inc_by(payload.len() as u64);
        match admission::admit(class, device, payload) {
            Ok(report) => {
                let casework = match &report.body {
                    Body::Incident(incident) => {
                        Some(self.geography.attribute(incident).to_json().into_boxed_str())
                    }
                    _ => None,
                };
                Content::Report { class, claimed: report.claimed, casework, anchor: report.anchor() }
            }
            Err(rejection) => self.quarantine(topic, rejection),
        }
    }

    /// A message came without a wish for an acknowledgement.
    pub fn note_qos0(&self) {
        self.metrics.received_qos0_messages.inc();
    }

    /// A topic in the device's own tree whose class is not known.
    pub fn unknown_class(&self, topic: &str) -> Content {
        let detail = "the topic's last level is none of telemetry, reading, incident, evidence, status, task";
        self.quarantine(topic, Rejection::new(admission::Reason::UnknownClass, detail))
    }

    fn quarantine(&self, topic: &str, rejection: Rejection) -> Content {
        let reason = rejection.reason.as_str();
        self.metrics.quarantined.add(reason, 1);
        let topic = topic.get(..topic.floor_char_boundary(TOPIC_BYTES_MAX)).unwrap_or_default();
        Content::Quarantine { topic: topic.into(), reason, detail: rejection.detail.into() }
    }
}
