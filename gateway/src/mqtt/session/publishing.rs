//! Messages that the client publishes: which topic, may it, what becomes of it.

use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use super::inbox::Answer;
use super::{Now, Owner, Session};
use crate::audit::Action;
use crate::domain::access::{Principal, up_class};
use crate::domain::admission::TimeQuestion;
use crate::domain::evidence::Enquiry;
use crate::domain::publication::{Publication, Qos};
use crate::domain::report::{Class, DeviceId};
use crate::domain::topic::check_name;
use crate::intake::{Intake, Taken};
use crate::mqtt::end::End;
use crate::mqtt::packet::{Publish, Will};
use crate::store::submission::{Beside, Content, Item};

/// Topics that go by a number: the client's, and ours.
pub(super) struct Aliases {
    /// By alias, from 1.
    theirs: Vec<Option<ByteString>>,
    ours: Vec<Box<str>>,
    ours_max: usize,
}

/// Topics that we give a number at most.
const OURS_MAX: u16 = 16;

impl Aliases {
    pub(super) fn new(theirs_max: u16, ours_max: u16) -> Aliases {
        Aliases {
            theirs: vec![None; usize::from(theirs_max)],
            ours: Vec::new(),
            ours_max: usize::from(ours_max.min(OURS_MAX)),
        }
    }

    /// The topic of a message; notes the alias that comes with it.
    fn resolve(&mut self, topic: ByteString, alias: Option<NonZeroU16>) -> Result<ByteString, End> {
        let Some(alias) = alias else {
            return if topic.is_empty() { Err(End::TopicName) } else { Ok(topic) };
        };
        let slot = self.theirs.get_mut(usize::from(alias.get()) - 1).ok_or(End::TopicAlias)?;
        if topic.is_empty() {
            return slot.clone().ok_or(End::Protocol);
        }
        *slot = Some(topic.clone());
        Ok(topic)
    }

    /// The number of a topic that we send to, and whether the client knows it already.
    pub(super) fn number(&mut self, topic: &str) -> Option<(NonZeroU16, bool)> {
        let place = self.ours.iter().position(|known| **known == *topic);
        let (place, known) = match place {
            Some(place) => (place, true),
            None if self.ours.len() < self.ours_max => {
                self.ours.push(topic.into());
                (self.ours.len() - 1, false)
            }
            None => return None,
        };
        Some((NonZeroU16::new(place as u16 + 1)?, known))
    }
}

impl Session {
    pub(super) fn publish(&mut self, publish: Publish, now: Now) -> Result<(), End> {
        let topic = self.aliases.resolve(publish.topic.clone(), publish.topic_alias)?;
        check_name(&topic, self.bounds.topics).map_err(|_| End::TopicName)?;
        let answer = match (publish.qos, publish.packet_id) {
            (Qos::AtMostOnce, _) => {
                self.intake.note_qos0();
                Answer::None
            }
            (Qos::AtLeastOnce, Some(packet_id)) => Answer::PubAck(packet_id),
            (Qos::ExactlyOnce, Some(packet_id)) => Answer::PubRec(packet_id),
            (_, None) => return Err(End::Malformed),
        };
        if self.wire.is_v5() && answer != Answer::None && self.is_beyond_receive_maximum(answer) {
            return Err(End::ReceiveMaximum);
        }
        if !self.owner.principal.may_publish(&topic) {
            self.denied.push((Action::Publish, (&*topic).into()));
            return self.refuse_topic(publish.qos, publish.packet_id);
        }
        if let Answer::PubRec(packet_id) = answer
            && !self.inbox.receive(packet_id)
        {
            // It is here already: said again, when it is durable.
            self.inbox.wait(answer, 0, None);
            return Ok(());
        }
        self.take(publish, &topic, answer, now);
        Ok(())
    }

    /// A message that is sent again at QoS 2 has its place already.
    fn is_beyond_receive_maximum(&self, answer: Answer) -> bool {
        let is_again = matches!(answer, Answer::PubRec(packet_id) if self.inbox.has_received(packet_id));
        !is_again && self.inbox.is_full()
    }

    fn take(&mut self, publish: Publish, topic: &str, answer: Answer, now: Now) {
        let Publish { qos, retain, packet_id, payload, packet_bytes, properties, .. } = publish;
        let (kept, mapped) = self.understand(topic, &payload, now);
        let received = packet_id.filter(|_| qos == Qos::ExactlyOnce && self.is_stored);
        let is_wanted = retain || now.has_subscribers;
        let (content, enquiry) = match kept {
            Kept::Content(content, enquiry) => (content, enquiry),
            Kept::Question(question) => {
                self.questions.push(question);
                (Content::Publication, None)
            }
            Kept::Nothing => (Content::Publication, None),
        };
        if matches!(content, Content::Publication) && !is_wanted && received.is_none() {
            // Nothing of it becomes durable: its acknowledgement waits only for its turn.
            return self.inbox.wait(answer, 0, None);
        }
        // A payload keeps its whole packet in memory; a small one in a large packet is better copied out.
        let payload =
            if payload.len() < packet_bytes / 2 { Bytes::copy_from_slice(&payload) } else { payload };
        let publication = is_wanted.then(|| {
            let properties = properties.map_or_else(Default::default, |properties| *properties);
            Arc::new(Publication { topic: topic.into(), payload: payload.clone(), qos, retain, properties })
        });
        let client = || self.owner.client.clone();
        let beside = (publication.is_some() || received.is_some())
            .then(|| Box::new(Beside { client: client(), publication, received }));
        let (received_at_ms, best_effort) = (now.unix_ms, qos == Qos::AtMostOnce);
        match mapped {
            None => {
                let item = Item { received_at_ms, payload, best_effort, content, beside };
                self.inbox.hand_over(&self.owner.device, item);
            }
            Some((device, report)) => {
                let item = Item { received_at_ms, payload: report, best_effort, content, beside };
                self.inbox.hand_over_mapped(device, topic, payload, item);
            }
        }
        self.inbox.wait(answer, packet_bytes, enquiry);
    }

    /// What the store is to keep of a message; and of a third party's, which device it is of and what a rule has made of it.
    fn understand(&self, topic: &str, payload: &Bytes, now: Now) -> (Kept, Option<(DeviceId, Bytes)>) {
        if let Principal::Application(application) = &self.owner.principal {
            let publisher = application.name.as_str();
            let mapped = self.intake.take_mapped(publisher, topic, payload, now.unix_ms);
            return mapped.map_or((Kept::Nothing, None), |mapped| {
                (Kept::from(mapped.taken), Some((mapped.device, mapped.payload)))
            });
        }
        (content(&self.owner.principal, &self.intake, topic, payload, now), None)
    }

    /// MQTT 5 can say no to one message; MQTT 3.1.1 can only acknowledge or close.
    fn refuse_topic(&mut self, qos: Qos, packet_id: Option<NonZeroU16>) -> Result<(), End> {
        match packet_id {
            Some(packet_id) if self.wire.is_v5() => {
                self.inbox.wait(Answer::NotAuthorized { packet_id, qos }, 0, None);
                Ok(())
            }
            _ => Err(End::ForeignTopic),
        }
    }
}

/// A will as the store takes it: as if its client published it now.
pub(in crate::mqtt) fn item_of_will(owner: &Owner, intake: &Intake, will: Will, now: Now) -> Item {
    let publication = will.publication;
    let content = match content(&owner.principal, intake, &publication.topic, &publication.payload, now) {
        Kept::Content(content, _) => content,
        Kept::Question(_) | Kept::Nothing => Content::Publication,
    };
    let payload = publication.payload.clone();
    let is_wanted = publication.retain || now.has_subscribers;
    let beside = is_wanted.then(|| {
        Box::new(Beside {
            client: owner.client.clone(),
            publication: Some(Arc::new(publication)),
            received: None,
        })
    });
    Item { received_at_ms: now.unix_ms, payload, best_effort: true, content, beside }
}

/// What the store is to keep of a message, whoever has subscribed to it.
fn content(principal: &Principal, intake: &Intake, topic: &str, payload: &[u8], now: Now) -> Kept {
    let Principal::Device(device) = principal else { return Kept::Nothing };
    let Some(class) = up_class(device, topic) else { return Kept::Nothing };
    match Class::from_name(class) {
        Some(class) => intake.take(device, class, topic, payload, now.unix_ms).into(),
        None => Taken::Message(intake.unknown_class(topic)).into(),
    }
}

/// What the store is to keep of a message.
enum Kept {
    Content(Content, Option<Box<Enquiry>>),
    /// It is answered at once.
    Question(TimeQuestion),
    /// Nothing, unless somebody has subscribed to it.
    Nothing,
}

impl From<Taken> for Kept {
    fn from(taken: Taken) -> Kept {
        match taken {
            Taken::Message(content) => Kept::Content(content, None),
            Taken::Described(content, enquiry) => Kept::Content(content, Some(Box::new(enquiry))),
            Taken::Question(question) => Kept::Question(question),
        }
    }
}
