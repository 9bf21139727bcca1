//! From an offered batch to one that is under way.

use std::hash::Hash;
use std::time::Duration;

use super::batch::Phase;
use super::{Dispatch, Ticket};

impl<K: Copy + Eq + Hash> Dispatch<K> {
    /// The carrier packed the first `records` of the batch, about `wire_bytes` with headers and compression. The rest goes back
    /// to where it was taken from. False: it does not go after all, for want of budget; drop the parcel.
    #[must_use]
    pub fn packed(&mut self, now: Duration, ticket: Ticket, records: usize, wire_bytes: u64) -> bool {
        let is_offered = |batch: &super::Batch<K>| batch.ticket == ticket && batch.phase == Phase::Offered;
        let Some(index) = self.batches.iter().position(is_offered) else { return false };
        let bytes_ahead = self.sent().map(|batch| batch.wire_bytes).sum();
        let batch = &mut self.batches[index];
        let (stream, offered) = (batch.stream, batch.items.len());
        let records = records.clamp(1, offered);
        let goes =
            self.scheduler.packed(batch.link, stream, batch.room, (offered, records), wire_bytes.max(1));
        let rest = batch.items.split_off(if goes { records } else { 0 });
        let is_suspect = batch.is_suspect;
        if goes {
            batch.phase = Phase::Sent;
            (batch.sent_at, batch.wire_bytes, batch.bytes_ahead) = (now, wire_bytes.max(1), bytes_ahead);
            self.figures.wire_bytes.add(now, wire_bytes);
        } else {
            self.batches.remove(index);
        }
        if is_suspect {
            self.queue(stream).suspect(rest, false);
        } else {
            self.put_back(stream, rest);
        }
        goes
    }
}
