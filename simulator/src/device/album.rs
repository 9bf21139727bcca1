//! The photos on a device, until the gateway has them: one transfer at a time, the oldest first.
//!
//! A gateway that does not answer is asked [`UNANSWERED_MAX`] times a connection. A real device would go on, ever more
//! rarely; here the fleet must come to an end.

use std::collections::BTreeMap;
use std::convert::Infallible;

use firmware_protocol::body::{EvidenceMeta, EvidenceWant, RecordRef};
use firmware_protocol::device::{EvidenceSender, Media, Outgoing, Transfer};

use super::{Firmware, Photo};

/// Photos a device keeps at most; beyond that it takes none.
pub(super) const PHOTOS_MAX: usize = 8;
/// Questions without an answer before the device leaves it for this connection.
const UNANSWERED_MAX: u32 = 3;
/// Transfers that began anew before a photo is given up.
const MISMATCHES_MAX: u32 = 3;
/// How long the first answer may take.
const PATIENCE_MS: u32 = 2_000;

/// Photos by the record that describes them, which is also their name.
#[derive(Debug, Default)]
pub(super) struct Album {
    photos: BTreeMap<(u32, u32), Stored>,
    sender: Option<EvidenceSender>,
}

#[derive(Debug)]
struct Stored {
    photo: Photo,
    /// Whether its description was acknowledged.
    described: bool,
}

impl Album {
    pub(super) fn is_full(&self) -> bool {
        self.photos.len() >= PHOTOS_MAX
    }

    /// Photos that the gateway is to have on this connection.
    pub(super) fn open(&self) -> usize {
        let given_up = self.sender.as_ref().is_some_and(is_given_up);
        if given_up { 0 } else { self.photos.len() }
    }

    /// Keeps a photo that was described under this number.
    pub(super) fn add(&mut self, description: RecordRef, photo: Photo) {
        self.photos.insert(name(description), Stored { photo, described: false });
    }

    /// A description was acknowledged; whether for the first time, `None` when it is none of these.
    pub(super) fn described(&mut self, description: RecordRef) -> Option<bool> {
        let stored = self.photos.get_mut(&name(description))?;
        Some(!std::mem::replace(&mut stored.described, true))
    }

    /// A photo whose description was refused.
    pub(super) fn remove(&mut self, description: RecordRef) {
        self.photos.remove(&name(description));
        self.sender = None;
    }

    /// With a new connection the gateway is asked again.
    pub(super) fn reconnected(&mut self) {
        self.sender = None;
    }

    /// The next chunk, if one may be sent now; else the description is sent again when its time has come.
    pub(super) fn next_chunk<'b>(
        &mut self,
        firmware: &mut Firmware,
        buffer: &'b mut [u8],
    ) -> Option<Outgoing<'b>> {
        if self.sender.is_none() {
            self.sender = self.oldest(firmware.uptime_ms());
        }
        let sender = self.sender.as_mut().filter(|sender| !is_given_up(sender))?;
        let stored = self.photos.get_mut(&name(sender.description()))?;
        // The file is in memory and the buffer is long enough, so only a number that this boot lacks ends it here.
        sender.next_chunk(firmware, &mut stored.photo, buffer).ok().flatten()
    }

    fn oldest(&self, uptime_ms: u64) -> Option<EvidenceSender> {
        let (&(boot, seq), stored) = self.photos.first_key_value()?;
        let description = RecordRef { boot, seq };
        let meta = EvidenceMeta { evidence: description, ..stored.photo.meta };
        let mut sender = EvidenceSender::new(description, &meta, uptime_ms)?.with_patience_ms(PATIENCE_MS);
        sender.disconnected(); // the first question goes out at once
        Some(sender)
    }

    /// When [`next_chunk`](Self::next_chunk) has something to do although nothing came.
    pub(super) fn due_uptime_ms(&self) -> Option<u64> {
        match &self.sender {
            Some(sender) if is_given_up(sender) => None,
            Some(sender) => sender.due_uptime_ms(),
            None => self.photos.first_key_value().map(|_| 0),
        }
    }

    /// Whether this was a chunk.
    pub(super) fn acknowledged(&mut self, chunk: RecordRef, uptime_ms: u64) -> bool {
        self.sender.as_mut().is_some_and(|sender| sender.acknowledged(chunk, uptime_ms))
    }

    /// What a gateway wants: the photo's name, and what that means for it. One whose transfer is over is gone.
    pub(super) fn wanted(
        &mut self,
        want: &EvidenceWant<'_>,
        uptime_ms: u64,
    ) -> Option<(RecordRef, Transfer)> {
        let sender = self.sender.as_mut()?;
        let transfer = match sender.wanted(want, uptime_ms) {
            Transfer::StartsOver if sender.mismatches() >= MISMATCHES_MAX => Transfer::Refused,
            transfer => transfer,
        };
        let description = sender.description();
        if let Transfer::Complete | Transfer::Refused = transfer {
            self.photos.remove(&name(description));
            self.sender = None;
        }
        Some((description, transfer))
    }
}

fn name(record: RecordRef) -> (u32, u32) {
    (record.boot, record.seq)
}

fn is_given_up(sender: &EvidenceSender) -> bool {
    sender.unanswered() >= UNANSWERED_MAX
}

impl Media for Photo {
    type Error = Infallible;

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Infallible> {
        let bytes = self.bytes.iter().skip(offset as usize);
        buffer.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        Ok(())
    }
}
