//! What comes of what a device does.

use std::convert::Infallible;

use bytes::Bytes;
use firmware_protocol::EncodeError;
use firmware_protocol::body::RecordRef;
use firmware_protocol::device::{self as firmware, Refused, TimeAnswer, Transfer};

use super::Class;

/// The message has no form in the device's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unencodable {
    /// A track in JSON, or points that belong into no track.
    #[error("no such track in this encoding")]
    Track,
    /// A position outside the earth.
    #[error("the position is outside -180..=180 degrees")]
    Position,
    /// The frame could not be made.
    #[error("no frame: {0}")]
    Frame(EncodeError),
    /// Longer than any record may be.
    #[error("{0} bytes are more than a record may have")]
    TooLong(usize),
    /// Every number of this boot is used.
    #[error("the boot has no number left")]
    Exhausted,
}

/// Why no record was made. The number is not used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The outbox, or the album, is full; the caller counts the loss.
    #[error("the outbox is full")]
    Full,
    /// The message has no form in the device's encoding.
    #[error(transparent)]
    Unencodable(#[from] Unencodable),
}

/// A record, or a piece of a photo, to be published now at QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number.
    pub record: RecordRef,
    /// Its class, which names the topic.
    pub class: Class,
    /// The bytes, the same each time.
    pub payload: Bytes,
    /// Whether it was given out before.
    pub resend: bool,
}

/// What an acknowledgement was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// A record; it is forgotten.
    Record,
    /// The description of a photo. It stays until the photo's transfer is over.
    Description {
        /// Whether it was acknowledged for the first time.
        first: bool,
    },
    /// A piece of a photo.
    Chunk,
    /// Nothing that the device still has.
    Nothing,
}

/// What a frame from the gateway did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// An answer about the time.
    Time(TimeAnswer),
    /// How far the transfer of this photo is; one that is complete is deleted by now.
    Photo(RecordRef, Transfer),
    /// Something the simulator's devices do nothing about.
    Nothing,
    /// It does not count.
    Refused(Refused),
}

pub(super) fn not_made<E>(
    error: firmware::NotMade<Infallible, E>,
    unencodable: impl FnOnce(E) -> Unencodable,
) -> NotMade {
    match error {
        firmware::NotMade::Full => NotMade::Full,
        firmware::NotMade::Exhausted => Unencodable::Exhausted.into(),
        firmware::NotMade::Buffer { needed } => Unencodable::TooLong(needed).into(),
        firmware::NotMade::Content(error) => unencodable(error).into(),
        firmware::NotMade::Storage(never) => match never {},
    }
}

impl From<firmware::Outgoing<'_>> for Outgoing {
    fn from(outgoing: firmware::Outgoing<'_>) -> Outgoing {
        Outgoing {
            record: outgoing.record,
            class: Class::of(outgoing.message_type),
            payload: Bytes::copy_from_slice(outgoing.bytes),
            resend: outgoing.resend,
        }
    }
}
