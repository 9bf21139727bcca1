//! Messages of one connection on their way to their commit, and the acknowledgements that wait for it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;
use crate::mqtt_client::Ack;
use crate::store::line::DeviceLine;
use crate::store::submission::{Batch, Item};

use super::WAITING_BYTES_MAX;

/// Messages that one batch has at most.
const BATCH_ITEMS_MAX: usize = 256;

/// What waits for its commit.
struct Pending {
    mark: u64,
    ack: Option<Ack>,
    from: Option<DeviceId>,
    enquiry: Option<(DeviceId, Box<Enquiry>)>,
}

/// A message that is durable.
pub(super) struct Durable {
    pub(super) ack: Option<Ack>,
    /// The device that the store has taken something of.
    pub(super) from: Option<DeviceId>,
    pub(super) enquiry: Option<(DeviceId, Box<Enquiry>)>,
}

/// Items of one device in a row; of another system's message also the topic and payload that a rule has made its one item of.
pub(super) struct Handover {
    pub(super) batch: Batch,
    pub(super) mapped: Option<(Box<str>, Bytes)>,
}

/// What one connection has taken. Marks number what the store is handed, from 1.
pub(super) struct Custody {
    line: Arc<DeviceLine>,
    last_mark: u64,
    pending: VecDeque<Pending>,
    handovers: VecDeque<Handover>,
    waiting_bytes: usize,
}

impl Custody {
    pub(super) fn new() -> Custody {
        Custody {
            line: Arc::default(),
            last_mark: 0,
            pending: VecDeque::new(),
            handovers: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    /// Where the store says how far it got.
    pub(super) fn line(&self) -> &Arc<DeviceLine> {
        &self.line
    }

    /// True while there is room for what the broker sends.
    pub(super) fn has_room(&self) -> bool {
        self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Takes a message for the store.
    pub(super) fn take(&mut self, device: DeviceId, item: Item, mapped: Option<(Box<str>, Bytes)>) {
        self.last_mark += 1;
        self.waiting_bytes += item.payload.len();
        let fits = |last: &&mut Handover| {
            let batch = &last.batch;
            mapped.is_none()
                && last.mapped.is_none()
                && batch.device == device
                && batch.items.len() < BATCH_ITEMS_MAX
        };
        if let Some(last) = self.handovers.back_mut().filter(fits) {
            last.batch.items.push(item);
            return;
        }
        let (line, first_mark) = (self.line.clone(), self.last_mark);
        let batch = Batch { device, line, first_mark, items: vec![item] };
        self.handovers.push_back(Handover { batch, mapped });
    }

    /// An acknowledgement, and what else is to be done, when everything that was taken so far is durable.
    pub(super) fn wait(
        &mut self,
        ack: Option<Ack>,
        from: Option<DeviceId>,
        enquiry: Option<(DeviceId, Box<Enquiry>)>,
    ) {
        if ack.is_some() || from.is_some() || enquiry.is_some() {
            self.pending.push_back(Pending { mark: self.last_mark, ack, from, enquiry });
        }
    }

    /// The next that the store is to be handed.
    pub(super) fn hand_over(&mut self) -> Option<Handover> {
        let handover = self.handovers.pop_front()?;
        let bytes: usize = handover.batch.items.iter().map(|item| item.payload.len()).sum();
        self.waiting_bytes -= bytes;
        Some(handover)
    }

    /// The next message that is durable, and has not been told yet.
    pub(super) fn next_durable(&mut self) -> Option<Durable> {
        let durable = self.line.durable();
        self.pending.front().filter(|front| front.mark <= durable)?;
        self.pending.pop_front().map(|Pending { ack, from, enquiry, .. }| Durable { ack, from, enquiry })
    }

    /// An acknowledgement for which the client had no room: it is the next one again.
    pub(super) fn put_back(&mut self, ack: Ack) {
        self.pending.push_front(Pending { mark: 0, ack: Some(ack), from: None, enquiry: None });
    }

    /// True when everything that came is durable and acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.handovers.is_empty()
    }
}
