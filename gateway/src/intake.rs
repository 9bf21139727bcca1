//! The one way in, whichever transport a payload came by: admission, casework, and what the store shall keep.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::admission::{self, Admission, Reason, Rejection, TimeQuestion};
use crate::domain::evidence::{Enquiry, File};
use crate::domain::geography::Geography;
use crate::domain::keyring::Keyring;
use crate::domain::mapping::{Rules, device};
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

/// What a message of another system comes to.
#[derive(Debug)]
pub struct Mapped {
    /// Whose it is: what the rule says, or the publisher when it says nobody.
    pub device: DeviceId,
    /// For the store.
    pub taken: Taken,
    /// What the store shall keep: the report in our JSON, or the payload as it came when it is quarantined.
    pub payload: Bytes,
}

/// What admission needs: the keys of the devices, and the city. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    keyring: Arc<Keyring>,
    geography: Arc<Geography>,
    mapping: Arc<Rules>,
    metrics: Arc<Metrics>,
}

impl Intake {
    /// An intake for these devices and this city.
    pub fn new(keyring: Arc<Keyring>, geography: Arc<Geography>, metrics: Arc<Metrics>) -> Intake {
        Intake { keyring, geography, mapping: Arc::default(), metrics }
    }

    /// The same, and messages of other systems by these rules.
    pub fn with_mapping(self, mapping: Arc<Rules>) -> Intake {
        Intake { mapping, ..self }
    }

    /// Reads a payload that `publisher` sent on a topic outside the devices' own; `None` when no rule is for that topic. The
    /// report is admitted like any payload of the device that it is of: an unlisted one may be refused, and from one that has
    /// a key nothing is taken that carries no tag.
    pub fn take_mapped(&self, publisher: &str, topic: &str, payload: &Bytes, now_ms: i64) -> Option<Mapped> {
        let mapped = self.mapping.map(publisher, topic, payload, now_ms)?;
        let device = mapped.device.unwrap_or_else(|| nobodys(publisher));
        match mapped.report {
            Ok(report) => {
                let taken = self.take(&device, mapped.class, topic, &report);
                let quarantined = matches!(&taken, Taken::Message(Content::Quarantine { .. }));
                let payload = if quarantined { payload.clone() } else { report.into() };
                Some(Mapped { device, taken, payload })
            }
            Err(rejection) => {
                self.metrics.received_messages[mapped.class].inc();
                self.metrics.received_bytes[mapped.class].inc_by(payload.len() as u64);
                let taken = Taken::Message(self.quarantine(topic, rejection));
                Some(Mapped { device, taken, payload: payload.clone() })
            }
        }
    }

    /// Reads a payload that `device` sent as `class`. Whatever it is, the store gets something to keep, unless it is a
    /// question that is answered at once.
    pub fn take(&self, device: &DeviceId, class: Class, topic: &str, payload: &[u8]) -> Taken {
        self.metrics.received_messages[class].inc();
        self.metrics.received_bytes[class].inc_by(payload.len() as u64);
        match admission::admit(&self.keyring, self.geography.coordinates(), class, device, payload) {
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

/// Whom a payload is filed under that names no device: its publisher.
fn nobodys(publisher: &str) -> DeviceId {
    let unknown = || DeviceId::parse("unknown").expect("it has the form of a device id");
    device::normalised("", publisher).unwrap_or_else(unknown)
}
