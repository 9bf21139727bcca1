//! Records: made, stored, sent, forgotten.

use super::{Clock, Device, Entry, NotMade, NotSealed, NotSent, Outgoing, Storage, Table, slot};
use crate::body::{Body, EvidenceMeta, RecordRef};
use crate::error::EncodeError;
use crate::header::{Header, MessageType};
use crate::key::FrameKey;
use crate::seal::{Frame, seal};

impl<S: Storage, C: Clock, T: Table> Device<S, C, T> {
    /// Makes a record of `body` and stores it; gives its number. `buffer` has as many bytes as a slot.
    pub fn report<B: Body>(&mut self, body: &B, buffer: &mut [u8]) -> Result<RecordRef, NotMade<S::Error>> {
        self.make(B::MESSAGE_TYPE, B::REVISION, buffer, |header, key, out| seal(header, body, key, out))
    }

    /// Makes the record that describes a photo or clip. A description without a name for the file gets its own number as
    /// the name. It stays in the outbox when it is acknowledged, until it is [forgotten](Self::forget):
    /// [`EvidenceSender`](super::EvidenceSender) does the rest.
    pub fn report_evidence(
        &mut self,
        meta: &EvidenceMeta,
        buffer: &mut [u8],
    ) -> Result<RecordRef, NotMade<S::Error>> {
        let own = |header: &Header| RecordRef { boot: header.boot, seq: header.seq };
        let named = |header: &Header| match meta.evidence {
            RecordRef { boot: 0, seq: 0 } => EvidenceMeta { evidence: own(header), ..*meta },
            _ => *meta,
        };
        let (message_type, revision) = (EvidenceMeta::MESSAGE_TYPE, EvidenceMeta::REVISION);
        self.make(message_type, revision, buffer, |header, key, out| seal(header, &named(header), key, out))
    }

    /// Makes a record whose bytes the caller writes, for instance as JSON: with the same numbers, times and outbox.
    ///
    /// `write` gets the record's header (device, boot, seq, uptime, time; the revision is the caller's) and the place for
    /// the bytes, and gives their number.
    pub fn make_with<E>(
        &mut self,
        message_type: MessageType,
        buffer: &mut [u8],
        write: impl FnOnce(&Header, &mut [u8]) -> Result<usize, E>,
    ) -> Result<RecordRef, NotMade<S::Error, E>> {
        self.make(message_type, 0, buffer, |header, _, out| write(header, out))
    }

    fn make<E>(
        &mut self,
        message_type: MessageType,
        revision: u8,
        buffer: &mut [u8],
        write: impl FnOnce(&Header, &FrameKey, &mut [u8]) -> Result<usize, E>,
    ) -> Result<RecordRef, NotMade<S::Error, E>> {
        let slot = self.outbox.free_slot().ok_or(NotMade::Full)?;
        let header = self.header(message_type, revision).ok_or(NotMade::Exhausted)?;
        let record = RecordRef { boot: header.boot, seq: header.seq };
        let needed = self.storage.slot_len();
        let place = slot::place_for_bytes(buffer, needed).ok_or(NotMade::Buffer { needed })?;
        let room = place.len();
        let len = write(&header, &self.identity.up, place).map_err(NotMade::Content)?;
        let needed = len.saturating_add(slot::SLOT_HEAD_LEN);
        let content = slot::with_head(buffer, record, message_type, len);
        let content = content.filter(|_| len <= room).ok_or(NotMade::Buffer { needed })?;
        // From here on the number is used: a storage that reports an error may hold the record all the same.
        self.counter.advance();
        if let Err(error) = self.storage.write(slot, content) {
            self.outbox.pass_over_free_slot();
            return Err(NotMade::Storage(error));
        }
        self.outbox.push(record, message_type);
        Ok(record)
    }

    /// Makes a frame that is not stored, for what is worth nothing later. It has a number like every record.
    pub fn seal_once<'b, B: Body>(
        &mut self,
        body: &B,
        buffer: &'b mut [u8],
    ) -> Result<Outgoing<'b>, NotSealed> {
        let header = self.header(B::MESSAGE_TYPE, B::REVISION).ok_or(NotMade::Exhausted)?;
        let len = seal(&header, body, &self.identity.up, buffer).map_err(NotMade::Content)?;
        let bytes = buffer.get(..len).ok_or(NotMade::Content(EncodeError::Buffer { len }))?;
        self.counter.advance();
        let record = RecordRef { boot: header.boot, seq: header.seq };
        Ok(Outgoing { record, message_type: B::MESSAGE_TYPE, bytes, resend: false })
    }

    /// The oldest record that is not in flight, if fewer than `window` are; it counts as in flight from now on. `buffer`
    /// has as many bytes as a slot.
    pub fn next_to_send<'b>(
        &mut self,
        window: usize,
        buffer: &'b mut [u8],
    ) -> Result<Option<Outgoing<'b>>, NotSent<S::Error>> {
        let Some(entry) = self.outbox.next_to_send(window) else { return Ok(None) };
        let Some(bytes) = self.stored(&entry, buffer)? else {
            let record = entry.record();
            drop(self.forget(record)); // it can't be read any more, erased or not
            return Err(NotSent::Damaged(record));
        };
        self.outbox.sent(entry.record());
        let (record, message_type, resend) = (entry.record(), entry.message_type(), entry.resend());
        Ok(Some(Outgoing { record, message_type, bytes, resend }))
    }

    /// What is stored of a record; `None` when that is something else.
    fn stored<'b>(
        &mut self,
        entry: &Entry,
        buffer: &'b mut [u8],
    ) -> Result<Option<&'b [u8]>, NotSent<S::Error>> {
        let needed = self.storage.slot_len();
        let buffer = buffer.get_mut(..needed).ok_or(NotSent::Buffer { needed })?;
        let len = self.storage.read(entry.slot(), buffer).map_err(NotSent::Storage)?;
        let content = buffer.get(..len).and_then(slot::content);
        Ok(content.filter(|content| content.record == entry.record()).map(|content| content.bytes))
    }

    /// The gateway has the record: it is erased, unless it describes evidence. `false` when it is not in the outbox, which
    /// is so for frames that are not stored.
    ///
    /// After an error of the storage it is not sent again in this boot, but may be in the next.
    pub fn acknowledged(&mut self, record: RecordRef) -> Result<bool, S::Error> {
        match self.outbox.entry(record).map(Entry::message_type) {
            Some(MessageType::EVIDENCE_META) => {
                self.outbox.keep(record);
                Ok(true)
            }
            Some(_) => self.forget(record),
            None => Ok(false),
        }
    }

    /// Nobody knows what became of the record: it is sent again.
    pub fn unacknowledged(&mut self, record: RecordRef) {
        self.outbox.wait_again(record);
    }

    /// Sends a description of evidence again that was acknowledged; `false` when it is not there, or on its way anyway.
    pub fn send_again(&mut self, description: RecordRef) -> bool {
        self.outbox.send_kept_again(description)
    }

    /// Erases the record, whatever became of it: it was refused for good, its transfer is over, or room is needed.
    pub fn forget(&mut self, record: RecordRef) -> Result<bool, S::Error> {
        match self.outbox.remove(record) {
            Some(slot) => self.storage.erase(slot).map(|()| true),
            None => Ok(false),
        }
    }

    /// The records in the outbox, oldest first. After a start these are the ones from before it; those that
    /// describe evidence tell which files still have to be sent.
    pub fn records(&self) -> &[Entry] {
        self.outbox.records()
    }

    /// How many records fit into the outbox.
    pub const fn capacity(&self) -> usize {
        self.outbox.capacity()
    }

    /// The description of evidence in the outbox under this number; `None` when there is none.
    pub fn evidence_meta(
        &mut self,
        description: RecordRef,
        buffer: &mut [u8],
    ) -> Result<Option<EvidenceMeta>, NotSent<S::Error>> {
        let Some(entry) = self.outbox.entry(description).copied() else { return Ok(None) };
        let Some(bytes) = self.stored(&entry, buffer)? else { return Err(NotSent::Damaged(description)) };
        // What this device stored itself, perhaps with a key that is no longer in use.
        Ok(Frame::unchecked(bytes).and_then(|frame| frame.decode()).ok())
    }
}
