//! The body of a block: its records as columns.
//!
//! Each column holds differences (to the record before, or to the sender's last one), so that most of its bytes are equal and a
//! compressor finds the payloads undisturbed by them.

use std::sync::Arc;

use bytes::Bytes;

use super::senders::{Counter, Sender, SenderTable};
use crate::domain::report::{Class, DeviceId, Identity};
use crate::domain::varint;
use crate::store::record::StoredRecord;

/// A record takes a byte in each of four columns at least.
const RECORD_BYTES_MIN: usize = 4;
/// What a buffer may keep for the next block; one large record must not be remembered for ever.
const BUFFER_KEPT_BYTES: usize = 64 * 1024;

/// The records of a block that is being filled.
#[derive(Default)]
pub(super) struct Columns {
    records: u16,
    senders: SenderTable,
    /// Which sender, by its place in the table.
    sender: Vec<u8>,
    identity: Vec<u8>,
    received_at: Vec<u8>,
    payload_len: Vec<u8>,
    payloads: Vec<u8>,
    last_received_at_ms: i64,
    last_payload_len: i64,
}

impl Columns {
    pub(super) fn push(
        &mut self,
        device: &DeviceId,
        gateway: Option<&Arc<str>>,
        identity: Identity,
        received_at_ms: i64,
        payload: &[u8],
    ) {
        let (index, counter) = self.senders.entry(device, gateway);
        counter.put(identity, &mut self.identity);
        varint::put(&mut self.sender, index as u64);
        let waited = received_at_ms.wrapping_sub(self.last_received_at_ms);
        varint::put(&mut self.received_at, varint::zigzag(waited));
        let payload_len = payload.len() as i64;
        varint::put(&mut self.payload_len, varint::zigzag(payload_len - self.last_payload_len));
        self.payloads.extend_from_slice(payload);
        self.last_received_at_ms = received_at_ms;
        self.last_payload_len = payload_len;
        self.records += 1;
    }

    pub(super) fn records(&self) -> u16 {
        self.records
    }

    /// About the bytes that [`Columns::write`] would append.
    pub(super) fn len(&self) -> usize {
        let columns = [&self.sender, &self.identity, &self.received_at, &self.payload_len, &self.payloads];
        self.senders.len() + columns.iter().map(|column| column.len()).sum::<usize>()
    }

    /// Appends the body.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len() + 4);
        self.senders.put(out);
        for column in [&self.sender, &self.identity, &self.received_at, &self.payload_len, &self.payloads] {
            out.extend_from_slice(column);
        }
    }

    /// Begins the next block.
    pub(super) fn clear(&mut self) {
        self.senders.clear();
        for column in [
            &mut self.sender,
            &mut self.identity,
            &mut self.received_at,
            &mut self.payload_len,
            &mut self.payloads,
        ] {
            empty(column);
        }
        (self.records, self.last_received_at_ms, self.last_payload_len) = (0, 0, 0);
    }
}

/// Empties a buffer that is used again.
pub(super) fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(BUFFER_KEPT_BYTES);
}

/// Reads the records of a body; `None` when it is not one of `records` records.
pub(super) fn read(class: Class, records: u16, body: &Bytes) -> Option<Vec<StoredRecord>> {
    let n = usize::from(records);
    if body.len() < n * RECORD_BYTES_MIN {
        return None; // before anything is allocated for them
    }
    let mut input = &body[..];
    let senders = SenderTable::take(&mut input)?;
    let sender = column(n, || usize::try_from(varint::take(&mut input)?).ok())?;
    let mut counters = vec![Counter::default(); senders.len()];
    let identity = sender.iter().map(|&index| counters.get_mut(index)?.take(&mut input));
    let identity = identity.collect::<Option<Vec<_>>>()?;
    let mut last = 0i64;
    let received_at_ms = column(n, || {
        last = last.wrapping_add(varint::unzigzag(varint::take(&mut input)?));
        Some(last)
    })?;
    let mut last = 0i64;
    let payload_len = column(n, || {
        last = last.checked_add(varint::unzigzag(varint::take(&mut input)?))?;
        usize::try_from(last).ok()
    })?;
    let records = (0..n).map(|at| {
        let Sender { gateway, device } = senders.get(sender[at])?.clone();
        let (payload, rest) = input.split_at_checked(payload_len[at])?;
        input = rest;
        Some(StoredRecord {
            device,
            identity: identity[at],
            class,
            received_at_ms: received_at_ms[at],
            payload: body.slice_ref(payload),
            casework: None,
            gateway,
        })
    });
    let records = records.collect::<Option<Vec<_>>>()?;
    input.is_empty().then_some(records)
}

fn column<T>(n: usize, take: impl FnMut() -> Option<T>) -> Option<Vec<T>> {
    std::iter::repeat_with(take).take(n).collect()
}
