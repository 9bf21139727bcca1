//! What takes records to one platform, whatever it speaks: the lane decides what goes when, the carrier how.
//!
//! - A carrier packs a batch without waiting, so that the lane knows how much it is before it goes, and sends it until the
//!   platform has said its word on it, or why not.
//! - It keeps nothing that the store does not have: what it forgets is sent again under the same (source, id).
//! - Several batches may be under way at the same time; a device's records are never in two of them.

use std::time::Duration;

use crate::domain::schedule::Reply;
pub use crate::domain::schedule::Room;
use crate::store::settlement::{Decision, Pending};

/// A batch that is ready to go.
#[derive(Debug)]
pub struct Packed<P> {
    /// What the carrier sends.
    pub parcel: P,
    /// How many of the records it was given are in it: the first ones, at least one.
    pub records: usize,
    /// About how many bytes go over the link for it, headers included.
    pub wire_bytes: usize,
}

/// What the platform said on a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its word on each record, in the order of the batch; `None` where it said nothing: that record stays.
    pub decisions: Vec<Option<Decision>>,
    /// Bytes that went over the link for it, headers included, as far as the carrier knows.
    pub wire_bytes: usize,
}

/// A way to one platform.
pub trait Carrier: Send + Sync + 'static {
    /// A batch in the form in which it goes.
    type Parcel: Send + 'static;

    /// Packs the first of `records`, of one class, at least one and at most `room`.
    fn pack(&self, records: &[&Pending], room: Room) -> Packed<Self::Parcel>;

    /// Sends a batch, and waits for the platform's word on it, within the uplink's time-out. Dropping the future gives the batch
    /// up; whether the platform has it then, nobody knows.
    ///
    /// # Errors
    /// [`Trouble`]: nothing of it is released.
    fn send(&self, parcel: Self::Parcel) -> impl Future<Output = Result<Answer, Trouble>> + Send;
}

/// Why a batch has no word of the platform. Nothing of it is released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing went: there is no connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// No answer: the connection was cut.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// No complete answer before the total deadline.
    #[error("no answer: deadline passed")]
    Deadline,
    /// The platform asks to come back later (429, 503) or has failed (5xx).
    #[error("platform answers {status}")]
    Unavailable {
        /// The status.
        status: u16,
        /// The wait it asked for.
        retry_after: Option<Duration>,
    },
    /// It does not know us, or there is no such address (401, 403, 404 and the like): a person is needed.
    #[error("platform answers {status}: check url and token")]
    Denied {
        /// The status.
        status: u16,
    },
    /// The platform is there, and not set up for us: a person is needed, whom this tells what to look at.
    #[error("{0}")]
    Setup(String),
    /// It does not take this batch as it is (400, 413, 422): some event in it is to blame, or its size.
    #[error("platform refuses the batch with {status}: {reason}")]
    BatchRefused {
        /// The status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// An answer, but none that can be read.
    #[error("answer not understood: {0}")]
    Garbled(String),
}

impl Trouble {
    /// Its name in the metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Trouble::Unreachable(_) | Trouble::NoAnswer(_) => "no_answer",
            Trouble::Deadline => "deadline",
            Trouble::Unavailable { .. } => "unavailable",
            Trouble::Denied { .. } | Trouble::Setup(_) => "denied",
            Trouble::BatchRefused { .. } => "refused",
            Trouble::Garbled(_) => "garbled",
        }
    }

    /// What it means to the schedule.
    pub fn reply(&self) -> Reply {
        match self {
            Trouble::Unreachable(_) | Trouble::NoAnswer(_) => Reply::NoAnswer,
            Trouble::Deadline => Reply::Deadline,
            Trouble::Unavailable { retry_after, .. } => Reply::Unavailable { retry_after: *retry_after },
            Trouble::Denied { .. } | Trouble::Setup(_) => Reply::Denied,
            Trouble::BatchRefused { .. } => Reply::Refused,
            Trouble::Garbled(_) => Reply::Garbled,
        }
    }

    /// Bytes that went over the link all the same, where that is known.
    pub fn wire_bytes(&self) -> Option<u64> {
        matches!(self, Trouble::Unreachable(_)).then_some(0)
    }

    /// The wait that the platform asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Trouble::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
