//! What a client sends: messages on their way to their commit, and the acknowledgements that wait for it.
//!
//! Marks number what the store is handed, from 1. `pending` holds everything that is not yet known to be durable, in order;
//! acknowledgements are popped from its front.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU16;

use bytes::Bytes;

use crate::domain::evidence::Enquiry;
use crate::domain::publication::Qos;
use crate::domain::report::DeviceId;
use crate::store::submission::Item;

/// Payload bytes of one session that may wait for their commit.
const PENDING_BYTES_MAX: usize = 1024 * 1024;

/// What waits for its commit.
struct Pending {
    mark: u64,
    bytes: usize,
    answer: Answer,
    /// What its device wants to know once it is durable.
    enquiry: Option<Box<Enquiry>>,
}

/// What is sent once it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// QoS 0: nothing.
    None,
    /// QoS 1.
    PubAck(NonZeroU16),
    /// QoS 2: the message is here.
    PubRec(NonZeroU16),
    /// QoS 2: its packet id is forgotten; or was not known.
    PubComp { packet_id: NonZeroU16, known: bool },
    /// QoS 2 the other way: that the client has the message is noted.
    PubRel(NonZeroU16),
    /// A topic that is not the client's: it waits only for its turn.
    NotAuthorized { packet_id: NonZeroU16, qos: Qos },
}

impl Answer {
    /// True when the client counts it against the receive maximum until it comes.
    fn is_owed(self) -> bool {
        matches!(self, Answer::PubAck(_) | Answer::NotAuthorized { .. })
    }
}

/// Items of one device in a row, and the mark of the first.
#[derive(Debug)]
pub(in crate::mqtt) struct Handover {
    pub(in crate::mqtt) device: DeviceId,
    pub(in crate::mqtt) first_mark: u64,
    pub(in crate::mqtt) items: Vec<Item>,
    /// The topic and payload that a rule has made its one item of.
    pub(in crate::mqtt) mapped: Option<(Box<str>, Bytes)>,
}

/// The way in of one session.
pub(super) struct Inbox {
    pending: VecDeque<Pending>,
    /// Messages of any QoS that may be pending.
    pending_max: usize,
    /// Those of `pending` that the client waits for at QoS 1.
    unacknowledged: usize,
    pending_bytes: usize,
    /// Mark of the last item.
    last_mark: u64,
    /// What the driver has not yet handed to the store.
    handovers: Vec<Handover>,
    /// Packet ids of messages at QoS 2 that the client may send again.
    received: BTreeSet<NonZeroU16>,
}

impl Inbox {
    pub(super) fn new(receive_maximum: NonZeroU16, received: Vec<NonZeroU16>) -> Inbox {
        Inbox {
            pending: VecDeque::new(),
            pending_max: usize::from(receive_maximum.get()),
            unacknowledged: 0,
            pending_bytes: 0,
            last_mark: 0,
            handovers: Vec::new(),
            received: received.into_iter().collect(),
        }
    }

    /// True when the client has used up the receive maximum.
    pub(super) fn is_full(&self) -> bool {
        self.unacknowledged + self.received.len() >= self.pending_max
    }

    /// True while there is room for what the client sends; with one message more when it is to be seen who exceeds the receive
    /// maximum.
    pub(super) fn has_room(&self, one_more: bool) -> bool {
        self.pending.len() < self.pending_max + usize::from(one_more)
            && self.pending_bytes < PENDING_BYTES_MAX
    }

    /// Notes a packet id of a message at QoS 2; false when the message is here already.
    pub(super) fn receive(&mut self, packet_id: NonZeroU16) -> bool {
        self.received.insert(packet_id)
    }

    /// Whether a message at QoS 2 is here under this packet id.
    pub(super) fn has_received(&self, packet_id: NonZeroU16) -> bool {
        self.received.contains(&packet_id)
    }

    /// Forgets a packet id; false when it was not known.
    pub(super) fn release(&mut self, packet_id: NonZeroU16) -> bool {
        self.received.remove(&packet_id)
    }

    /// Takes an item for the store.
    pub(super) fn hand_over(&mut self, device: &DeviceId, item: Item) {
        self.last_mark += 1;
        let fits = |last: &&mut Handover| last.device == *device && last.mapped.is_none();
        match self.handovers.last_mut().filter(fits) {
            Some(last) => last.items.push(item),
            None => self.handovers.push(Handover {
                device: device.clone(),
                first_mark: self.last_mark,
                items: vec![item],
                mapped: None,
            }),
        }
    }

    /// Takes an item that a rule has made of a third party's message.
    pub(super) fn hand_over_mapped(&mut self, device: DeviceId, topic: &str, payload: Bytes, item: Item) {
        self.last_mark += 1;
        let (first_mark, items, mapped) = (self.last_mark, vec![item], Some((topic.into(), payload)));
        self.handovers.push(Handover { device, first_mark, items, mapped });
    }

    /// An answer that leaves when everything that was handed over so far is durable.
    pub(super) fn wait(&mut self, answer: Answer, bytes: usize, enquiry: Option<Box<Enquiry>>) {
        self.unacknowledged += usize::from(answer.is_owed());
        self.pending_bytes += bytes;
        self.pending.push_back(Pending { mark: self.last_mark, bytes, answer, enquiry });
    }

    /// The next answer whose time has come, when everything up to mark `durable` is committed.
    pub(super) fn next_answer(&mut self, durable: u64) -> Option<(Answer, Option<Box<Enquiry>>)> {
        self.pending.front().filter(|front| front.mark <= durable)?;
        let Pending { answer, bytes, enquiry, .. } = self.pending.pop_front()?;
        self.pending_bytes -= bytes;
        self.unacknowledged -= usize::from(answer.is_owed());
        Some((answer, enquiry))
    }

    /// What was taken for the store since the last call.
    pub(super) fn take_handovers(&mut self) -> Vec<Handover> {
        std::mem::take(&mut self.handovers)
    }

    /// True when everything that came is durable and answered.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }
}
