//! What comes down: checked, recognised when it comes again, and told apart.

use crate::body::{Ack, Config, EvidenceWant, Task, TimeSync};
use crate::error::DecodeError;
use crate::header::{Header, MessageType};
use crate::identity::DeviceTag;
use crate::key::FrameKey;
use crate::seal::{self, Frame};

use super::clock::TimeAnswer;

/// What a gateway says to a device. Times apply at once; everything else is the device's to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down<'a> {
    /// An order; it may be told again in another session: (task, revision) tells.
    Task(Task<'a>),
    /// Settings.
    Config(Config<'a>),
    /// A receipt.
    Ack(Ack<'a>),
    /// Which pieces of evidence the gateway lacks: for [`EvidenceSender::wanted`](super::EvidenceSender::wanted).
    EvidenceWant(EvidenceWant<'a>),
    /// The time; already taken, or not.
    Time(TimeAnswer),
}

/// Why a message from the gateway was not taken. It has no effect; over MQTT acknowledge it all the same, or it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No frame of this device's key, or a body that can't be read.
    Frame(DecodeError),
    /// For another device.
    Device {
        /// The device it is for.
        addressee: DeviceTag,
    },
    /// It came before in this session, or is older than the newest 64.
    Replayed {
        /// The gateway's start number.
        boot: u32,
        /// Number within it.
        seq: u32,
    },
    /// A type this version does not take from a gateway.
    MessageType(MessageType),
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        Self::Frame(error)
    }
}

/// A message before the time in it has been taken.
pub(super) enum Opened<'a> {
    Message(Down<'a>),
    Time(Header, TimeSync),
}

/// What the device remembers of the way down.
#[derive(Debug, Clone, Default)]
pub(super) struct Downlink {
    window: ReplayWindow,
    auth_failures: u32,
}

impl Downlink {
    /// Another link session begins, perhaps with another gateway.
    pub(super) fn start_session(&mut self) {
        self.window = ReplayWindow::default();
    }

    /// Frames whose tag was refused, or that had another key.
    pub(super) const fn auth_failures(&self) -> u32 {
        self.auth_failures
    }

    /// Opens a frame. Nothing of it counts before its tag does.
    pub(super) fn open<'a>(
        &mut self,
        bytes: &'a [u8],
        device: DeviceTag,
        key: &FrameKey,
    ) -> Result<Opened<'a>, Refused> {
        let frame = seal::open(bytes, key).inspect_err(|error| self.count(error))?;
        let Header { device: addressee, boot, seq, .. } = frame.header;
        if addressee != device {
            return Err(Refused::Device { addressee });
        }
        if !self.window.admits(boot, seq) {
            return Err(Refused::Replayed { boot, seq });
        }
        message(&frame)
    }

    fn count(&mut self, error: &DecodeError) {
        if let DecodeError::Tag { .. } | DecodeError::Key { .. } | DecodeError::Suite { .. } = error {
            self.auth_failures = self.auth_failures.saturating_add(1);
        }
    }
}

fn message<'a>(frame: &Frame<'a>) -> Result<Opened<'a>, Refused> {
    let message = match frame.header.message_type {
        MessageType::TASK => Down::Task(frame.decode()?),
        MessageType::CONFIG => Down::Config(frame.decode()?),
        MessageType::ACK => Down::Ack(frame.decode()?),
        MessageType::EVIDENCE_WANT => Down::EvidenceWant(frame.decode()?),
        MessageType::TIME_SYNC => return Ok(Opened::Time(frame.header, frame.decode()?)),
        other => return Err(Refused::MessageType(other)),
    };
    Ok(Opened::Message(message))
}

/// Which numbers came in this session: of the newest gateway start, the newest number and the 63 before it.
#[derive(Debug, Clone, Default)]
struct ReplayWindow {
    boot: u32,
    newest_seq: u32,
    /// Bit n: the number n below the newest one came.
    seen: u64,
}

impl ReplayWindow {
    /// Whether the number is new; it is not any more then.
    fn admits(&mut self, boot: u32, seq: u32) -> bool {
        if boot < self.boot || seq == 0 {
            return false;
        }
        if boot > self.boot {
            *self = Self { boot, newest_seq: seq, seen: 1 };
            return true;
        }
        match seq.checked_sub(self.newest_seq) {
            Some(0) => self.mark(0),
            Some(ahead) => {
                self.newest_seq = seq;
                self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
                self.mark(0)
            }
            None => self.mark(self.newest_seq - seq),
        }
    }

    /// Marks the number so far below the newest one; `false` when it was marked or is too far below.
    fn mark(&mut self, below: u32) -> bool {
        let bit = 1_u64.checked_shl(below).unwrap_or(0);
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}
