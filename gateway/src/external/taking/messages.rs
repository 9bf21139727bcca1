//! What a message comes to, and who is to be told.

use bytes::Bytes;

use super::Taking;
use crate::clock;
use crate::domain::evidence::Enquiry;
use crate::domain::report::{Class, DeviceId};
use crate::external::custody::Custody;
use crate::external::errands::Errand;
use crate::external::topic;
use crate::intake::Taken;
use crate::mqtt_client::Message;
use crate::store::submission::{Content, Item};

/// Whom messages of other systems are published by, as far as anybody knows.
const PUBLISHER: &str = "broker";

impl Taking {
    /// Takes a message; its acknowledgement leaves with its commit.
    pub(super) fn take(&mut self, message: Message, custody: &mut Custody) {
        let Message { topic, payload, ack } = message;
        let intake = self.uses.intake.clone();
        let (received_at_ms, best_effort) = (clock::unix_ms(), ack.is_none());
        if best_effort {
            intake.note_qos0();
        }
        let item =
            |content, payload: Bytes| Item { received_at_ms, payload, best_effort, content, beside: None };
        if let Some((device, class)) = topic::own(&topic) {
            let taken = match Class::from_name(class) {
                Some(class) => intake.take(&device, class, &topic, &payload, received_at_ms),
                None => Taken::Message(intake.unknown_class(&topic)),
            };
            let (content, enquiry) = self.kept(&device, taken, received_at_ms);
            // Anybody can write any name into a topic: only one whose report can be read is attended to.
            let is_report =
                matches!(&content, Some(content) if !matches!(content, Content::Quarantine { .. }));
            let from = is_report.then(|| device.clone());
            if let Some(content) = content {
                custody.take(device.clone(), item(content, payload), None);
            }
            custody.wait(ack, from, enquiry.map(|enquiry| (device, enquiry)));
        } else if let Some(mapped) = intake.take_mapped(PUBLISHER, &topic, &payload, received_at_ms) {
            let (content, _) = self.kept(&mapped.device, mapped.taken, received_at_ms);
            if let Some(content) = content {
                custody.take(mapped.device, item(content, mapped.payload), Some((topic.into(), payload)));
            }
            custody.wait(ack, None, None);
        } else {
            tracing::debug!(topic, "nothing is known of this topic, nothing is kept");
            custody.wait(ack, None, None);
        }
    }

    /// What the store shall keep, and what the device wants to know when it has; a question is answered at once.
    fn kept(
        &self,
        device: &DeviceId,
        taken: Taken,
        received_at_ms: i64,
    ) -> (Option<Content>, Option<Box<Enquiry>>) {
        match taken {
            Taken::Message(content) => (Some(content), None),
            Taken::Described(content, enquiry) => (Some(content), Some(Box::new(enquiry))),
            Taken::Question(question) => {
                if let Some(payload) = self.uses.answers.time(device, question, received_at_ms) {
                    self.errand(Errand::Send { device: device.clone(), kind: "time", payload });
                }
                (None, None)
            }
        }
    }

    /// Has a device attended to, of which the store has taken something.
    pub(super) fn attend(&mut self, device: DeviceId) {
        if self.attended.touch(&device) {
            return;
        }
        // When the way down has no room for an errand, the device's next message asks again.
        if let Some(idle) = self.attended.in_the_way().cloned() {
            if self.errands.try_send(Errand::Forget(idle.clone())).is_err() {
                return;
            }
            self.attended.remove(&idle);
        }
        if self.errands.try_send(Errand::Attend(device.clone())).is_ok() {
            self.attended.add(device);
        }
    }

    /// Asks the way down; what finds no room is asked for again by the device.
    pub(super) fn errand(&self, errand: Errand) {
        if self.errands.try_send(errand).is_err() {
            self.uses.metrics.down_answers_dropped.inc();
        }
    }
}
