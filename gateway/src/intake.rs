//! The one way in, whichever transport a payload came by: admission, casework, and what the store shall keep.

use std::sync::Arc;

use crate::domain::admission::{self, Admission, Reason, Rejection, TimeQuestion};
use crate::domain::evidence::{Enquiry, File};
use crate::domain::geography::Geography;
use crate::domain::keyring::Keyring;
use crate::domain::report::{Body, Class, DeviceId, Report};
use crate::metrics::Metrics;
use crate::store::submission::{Content, Part};

/// Bytes of a topic that are kept with a quarantined payload; the longest that means anything has 60.
const TOPIC_BYTES_MAX: usize = 128;

/// What a payload comes to.
#[derive(Debug)]
pub enum Taken {
    /// Something for the store to keep.
    Message(Content),
    /// The same, and once it is durable its device is to be told how far the transfer of that file is.
    Described(Content, Enquiry),
    /// A question to answer at once; there is nothing to keep.
    Question(TimeQuestion),
}

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

    /// Reads a payload that `device` sent as `class`. Whatever it is, the store gets something to keep, unless it is a
    /// question that is answered at once.
    pub fn take(&self, device: &DeviceId, class: Class, topic: &str, payload: &[u8]) -> Taken {
        self.metrics.received_messages[class].inc();
        self.metrics.received_bytes[class].inc_by(payload.len() as u64);
        match admission::admit(&self.keyring, class, device, payload) {
            Ok(Admission::Report(report)) => self.report(class, &report, payload),
            Ok(Admission::TimeQuestion(question)) => Taken::Question(question),
            Ok(Admission::EvidenceRefused { evidence, rejection }) => {
                Taken::Described(self.quarantine(topic, rejection), Enquiry::Refused(evidence))
            }
            Err(rejection) => Taken::Message(self.quarantine(topic, rejection)),
        }
    }

    fn report(&self, class: Class, report: &Report<'_>, payload: &[u8]) -> Taken {
        let anchor = report.anchor();
        let evidence = || {
            let claimed = report.claimed?; // every frame has one, and only frames carry evidence
            let part = Box::new(Part::of(&report.body, payload)?);
            Some(Content::Evidence { claimed, anchor, part })
        };
        let plain = |casework| Content::Report { class, claimed: report.claimed, casework, anchor };
        match &report.body {
            Body::Incident(incident) => {
                Taken::Message(plain(Some(self.geography.attribute(incident).to_json().into_boxed_str())))
            }
            Body::EvidenceMeta(meta) => {
                let content = evidence().unwrap_or_else(|| plain(None));
                Taken::Described(content, Enquiry::About(File::of(meta)))
            }
            Body::EvidenceChunk(_) => Taken::Message(evidence().unwrap_or_else(|| plain(None))),
            _ => Taken::Message(plain(None)),
        }
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
