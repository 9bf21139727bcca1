//! Messages on their way into the store.

use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;

use super::journal;
use super::line::DeviceLine;
use super::record::StoredRecord;
use crate::domain::access::ClientKey;
use crate::domain::anchor::Anchor;
use crate::domain::case_file::CaseFile;
use crate::domain::disposal::Photo;
use crate::domain::evidence::File;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::publication::Publication;
use crate::domain::report::{Body, Class, DeviceId, EvidenceChunk, Identity, RecordRef};

/// Messages of one session, in the order in which they came.
#[derive(Debug)]
pub struct Batch {
    /// The session's device.
    pub device: DeviceId,
    /// Where the writer says how far it got.
    pub line: Arc<DeviceLine>,
    /// The mark of the first item; the others follow one by one.
    pub first_mark: u64,
    /// The messages.
    pub items: Vec<Item>,
}

/// One message on its way into the store.
#[derive(Debug)]
pub struct Item {
    /// When the gateway received it, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The payload as it came.
    pub payload: Bytes,
    /// Nobody waits for its acknowledgement (QoS 0): when there is no room it is dropped, and counted.
    pub best_effort: bool,
    /// What admission made of it.
    pub content: Content,
    /// What goes with it in the same transaction.
    pub beside: Option<Box<Beside>>,
}

/// What is committed together with a message.
#[derive(Debug)]
pub struct Beside {
    /// The session that it came by.
    pub client: ClientKey,
    /// The message as others may have subscribed to it.
    pub publication: Option<Arc<Publication>>,
    /// The packet id that it came under at QoS 2, which its client may send again until it releases it.
    pub received: Option<NonZeroU16>,
}

impl Batch {
    /// True when some message has a number of its device's own.
    pub(super) fn has_claims(&self) -> bool {
        self.items.iter().any(|item| item.content.claimed().is_some())
    }
}

impl Item {
    /// Bytes that it takes in the store, but for what every row takes.
    pub(super) fn stored_bytes(&self) -> usize {
        let beside = match &self.content {
            Content::Report { case, .. } => {
                case.as_deref().map_or(0, |case| case.casework.len() + journal::ENTRY_BYTES)
            }
            Content::Evidence { .. } => 0,
            Content::Quarantine { topic, detail, .. } => topic.len() + detail.len(),
            Content::Publication | Content::Released { .. } | Content::Taken { .. } => return 0,
        };
        self.payload.len() + beside
    }

    /// The record that is stored of it.
    pub(super) fn record(
        &self,
        device: &DeviceId,
        class: Class,
        identity: Identity,
        casework: Option<&str>,
    ) -> StoredRecord {
        StoredRecord {
            device: device.clone(),
            identity,
            class,
            received_at_ms: self.received_at_ms,
            payload: self.payload.clone(),
            casework: casework.map(str::to_owned),
            gateway: None,
        }
    }

    /// What is told when there is no room for it: that it is gone, or that its device keeps it.
    pub(super) fn refusal(&self, device: &DeviceId) -> Loss {
        let reason = if self.best_effort { LossReason::NoRoom } else { LossReason::Withheld };
        let identity = self.content.claimed().map(Identity::from);
        Loss::of(device, identity, self.content.class(), reason, self.received_at_ms)
    }

    /// An incident that would be recognised, were it sent again.
    pub(super) fn is_claimed_incident(&self) -> bool {
        self.content.class() == Some(Class::Incident) && self.content.claimed().is_some()
    }
}

/// What admission made of a payload.
#[derive(Debug)]
pub enum Content {
    /// It was understood.
    Report {
        /// Its class.
        class: Class,
        /// The device's own number for it.
        claimed: Option<RecordRef>,
        /// For incidents: what admission found out.
        case: Option<Box<CaseFile>>,
        /// When the device's boot was, if it knew the time.
        anchor: Option<Anchor>,
    },
    /// It was understood, and is part of a photo or clip.
    Evidence {
        /// The device's own number for it.
        claimed: RecordRef,
        /// When the device's boot was, if it knew the time.
        anchor: Option<Anchor>,
        /// Which part.
        part: Box<Part>,
        /// When it describes a photo of before or after: that one.
        photo: Option<Box<Photo>>,
    },
    /// It was not; it is kept for a person to look at.
    Quarantine {
        /// The topic it came on.
        topic: Box<str>,
        /// Label of the reason.
        reason: &'static str,
        /// The reason in words.
        detail: Box<str>,
    },
    /// Nothing of it is to be kept: it is for those who have subscribed to it.
    Publication,
    /// A client will not send the message again that came under this packet id at QoS 2.
    Released {
        /// The client's session.
        client: ClientKey,
        /// The packet id.
        packet_id: NonZeroU16,
    },
    /// A client has a message at QoS 2 that waited for it.
    Taken {
        /// The client's session.
        client: ClientKey,
        /// The message's number.
        id: i64,
    },
}

impl Content {
    /// The class of what was understood.
    pub(super) fn class(&self) -> Option<Class> {
        match self {
            Content::Report { class, .. } => Some(*class),
            Content::Evidence { .. } => Some(Class::Evidence),
            _ => None,
        }
    }

    /// True when the store keeps it for the platform or for a person; the rest is a matter of sessions.
    pub fn is_kept(&self) -> bool {
        matches!(self, Content::Report { .. } | Content::Evidence { .. } | Content::Quarantine { .. })
    }

    /// The device's own number for it.
    fn claimed(&self) -> Option<RecordRef> {
        match self {
            Content::Report { claimed, .. } => *claimed,
            Content::Evidence { claimed, .. } => Some(*claimed),
            _ => None,
        }
    }
}

/// A part of a photo or clip.
#[derive(Debug, Clone)]
pub enum Part {
    /// Its description.
    Meta(File),
    /// A piece.
    Chunk(ChunkPlace),
}

impl Part {
    /// The part that a body is, if it is one; `payload` is what the body was read from.
    pub fn of(body: &Body<'_>, payload: &[u8]) -> Option<Part> {
        match body {
            Body::EvidenceMeta(meta) => Some(Part::Meta(File::of(meta))),
            Body::EvidenceChunk(chunk) => Some(Part::Chunk(ChunkPlace::of(chunk, payload))),
            _ => None,
        }
    }
}

/// A piece on its way in: where the bytes of the file are in its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkPlace {
    /// The file.
    pub evidence: RecordRef,
    /// Which piece, from 0.
    pub index: u32,
    /// Where its bytes begin in the payload.
    pub data_at: u32,
    /// How many they are.
    pub data_len: u32,
}

impl ChunkPlace {
    /// Where the bytes of a piece are in the payload that it was read from.
    fn of(chunk: &EvidenceChunk<'_>, payload: &[u8]) -> ChunkPlace {
        let EvidenceChunk { evidence, index, data } = *chunk;
        let data_at = (data.as_ptr() as usize).saturating_sub(payload.as_ptr() as usize) as u32;
        ChunkPlace { evidence, index, data_at, data_len: data.len() as u32 }
    }
}
