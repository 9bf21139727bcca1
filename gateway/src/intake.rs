//! The one way in, whichever transport a payload came by: admission, casework, and what the store shall keep.

use std::sync::Arc;

use crate::domain::admission::{self, Admission, Reason, Rejection};
use crate::domain::geography::Geography;
use crate::domain::keyring::Keyring;
use crate::domain::report::{Body, Class, DeviceId, Report};
use crate::metrics::Metrics;
use crate::store::submission::Content;

/// Bytes of a topic that are kept with a quarantined payload; the longest that means anything has 60.
const TOPIC_BYTES_MAX: usize = 128;

/// What admission needs: the keys of the devices, and the city. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    keyring: Arc<Keyring>,
    geography: Arc<Geography>,
    metrics: Arc<Metrics>,
}

impl Intake {
    /// An intake for these devices and this city.
    pub fn new(keyring: Arc<Keyring>, geography: Arc<Geography>, metrics: Arc<Metrics>) -> Intake {
        Intake { keyring, geography, metrics }
    }

    /// Reads a payload that `device` sent as `class`. Whatever it is, the store gets something to keep.
    pub fn take(&self, device: &DeviceId, class: Class, topic: &str, payload: &[u8]) -> Content {
        self.metrics.received_messages[class].inc();
        self.metrics.received_bytes[class].inc_by(payload.len() as u64);
        match admission::admit(&self.keyring, class, device, payload) {
            Ok(Admission::Report(Report { body: Body::EvidenceChunk(_), .. })) => {
                let detail = "pieces of evidence are not put together yet; the payload is kept";
                self.quarantine(topic, Rejection::new(Reason::FrameType, detail))
            }
            Ok(Admission::Report(report)) => self.report(class, &report),
            Ok(Admission::TimeQuestion(_)) => {
                let detail = "questions about the time are not answered yet; the payload is kept";
                self.quarantine(topic, Rejection::new(Reason::FrameType, detail))
            }
            Err(rejection) => self.quarantine(topic, rejection),
        }
    }

    fn report(&self, class: Class, report: &Report<'_>) -> Content {
        let casework = match &report.body {
            Body::Incident(incident) => Some(self.geography.attribute(incident).to_json().into_boxed_str()),
            _ => None,
        };
        Content::Report { class, claimed: report.claimed, casework, anchor: report.anchor() }
    }

    /// A message came without a wish for an acknowledgement.
    pub fn note_qos0(&self) {
        self.metrics.received_qos0_messages.inc();
    }

    /// A topic in the device's own tree whose class is not known.
    pub fn unknown_class(&self, topic: &str) -> Content {
        let detail = "the topic's last level is none of telemetry, reading, incident, evidence, status, task";
        self.quarantine(topic, Rejection::new(Reason::UnknownClass, detail))
    }

    fn quarantine(&self, topic: &str, rejection: Rejection) -> Content {
        let reason = rejection.reason.as_str();
        self.metrics.quarantined.add(reason, 1);
        let topic = topic.get(..topic.floor_char_boundary(TOPIC_BYTES_MAX)).unwrap_or_default();
        Content::Quarantine { topic: topic.into(), reason, detail: rejection.detail.into() }
    }
}
