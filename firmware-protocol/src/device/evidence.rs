//! Sending one photo or clip: its description, what the gateway lacks, those chunks, the description again, until it is
//! complete.
//!
//! | state | until |
//! |---|---|
//! | asking: the description is in the outbox or sent | an answer comes, or is late: asked again, ever more rarely |
//! | sending: the chunks of one answer, at most [`CHUNKS_IN_FLIGHT_MAX`] unacknowledged | all are acknowledged, or none is for long: asked again |
//! | over: complete or refused | |
//!
//! Only the description is stored, in the outbox, until the device forgets it. So after a reboot, or with another
//! gateway, a transfer goes on where it was, and a chunk that is lost is simply wanted again.

mod chunks;
mod round;

pub use round::CHUNKS_IN_FLIGHT_MAX;

#[cfg(doc)]
use super::Device;
use crate::body::{CHUNK_LEN_MAX, EvidenceChunk, EvidenceMeta, EvidenceWant, RecordRef, TransferState};
use crate::header::Suite;
use crate::seal::frame_len_max;
use round::{InFlight, Round};

/// How long the first answer may take unless told otherwise.
const PATIENCE_MS: u32 = 10_000;

/// The longest pause is the first one times 2 to the power of this.
const DOUBLINGS_MAX: u32 = 6;

/// A file to be sent, as the device's maker brings it.
pub trait Media {
    /// Why it can't be read; passed on as it is.
    type Error;

    /// Fills `buffer` with the bytes from `offset` on; never asked for more than the file has.
    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Self::Error>;
}

/// What an answer of the gateway means for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// It is about another file, or this one's transfer is over.
    NotMine,
    /// Chunks are wanted.
    Sending,
    /// Later.
    Waiting,
    /// What was sent is not what was described; all of it is sent again, later.
    StartsOver,
    /// Everything is safe: delete the file, then [`forget`](Device::forget) its description.
    Complete,
    /// Never: keep the file, tell somebody, [`forget`](Device::forget) its description.
    Refused,
}

/// Sends one file. Sans-io like the [`Device`] it belongs to; only while that is connected, ask it for chunks.
#[derive(Debug, Clone)]
pub struct EvidenceSender {
    /// The description in the outbox.
    description: RecordRef,
    evidence: RecordRef,
    size_bytes: u32,
    chunk_len: u32,
    patience_ms: u32,
    /// Questions in a row without an answer.
    unanswered: u32,
    /// How often all had to be sent again.
    mismatches: u32,
    in_flight: InFlight,
    /// When what is in flight counts as lost.
    lost_uptime_ms: u64,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// The description goes out again at this uptime.
    Asking {
        again_uptime_ms: u64,
    },
    Sending(Round),
    Over,
}

impl EvidenceSender {
    /// Sends the file that `meta` describes, the record `description` in the outbox, which is newly made or is from
    /// before a reboot; `None` for a description that can't be: no bytes, or a chunk size that is not allowed.
    pub fn new(description: RecordRef, meta: &EvidenceMeta, uptime_ms: u64) -> Option<Self> {
        let chunk_len = meta.chunk_len().filter(|_| meta.size_bytes != 0)?;
        let state = State::Asking { again_uptime_ms: uptime_ms.saturating_add(PATIENCE_MS.into()) };
        Some(Self {
            description,
            evidence: meta.evidence,
            size_bytes: meta.size_bytes,
            chunk_len,
            patience_ms: PATIENCE_MS,
            unanswered: 0,
            mismatches: 0,
            in_flight: InFlight::default(),
            lost_uptime_ms: 0,
            state,
        })
    }

    /// How long an answer may take at first, for links that are slower or quicker than usual. Each pause is twice the
    /// one before, up to 64 times this.
    #[must_use]
    pub const fn with_patience_ms(self, patience_ms: u32) -> Self {
        Self { patience_ms, ..self }
    }

    /// Bytes of the buffer for chunks of `chunk_len` bytes: one holds what is read, one what is sent.
    pub const fn buffer_len(chunk_len: usize) -> usize {
        frame_len_max::<EvidenceChunk<'_>>(Suite::ED25519) - CHUNK_LEN_MAX + 2 * chunk_len
    }

    /// The file, as its description names it.
    pub const fn evidence(&self) -> RecordRef {
        self.evidence
    }

    /// The description's record in the outbox.
    pub const fn description(&self) -> RecordRef {
        self.description
    }

    /// How often in a row the gateway was asked and did not answer; a device with better things to do may give up.
    pub const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// How often everything arrived and was not what was described. A device that sees this grow has a damaged file.
    pub const fn mismatches(&self) -> u32 {
        self.mismatches
    }

    /// What a gateway wants.
    pub fn wanted(&mut self, want: &EvidenceWant<'_>, uptime_ms: u64) -> Transfer {
        if want.evidence != self.evidence || matches!(self.state, State::Over) {
            return Transfer::NotMine;
        }
        match want.state {
            TransferState::COMPLETE => self.over(Transfer::Complete),
            TransferState::REFUSED => self.over(Transfer::Refused),
            TransferState::MISMATCH => {
                self.rest(uptime_ms, self.mismatches);
                self.mismatches = self.mismatches.saturating_add(1);
                Transfer::StartsOver
            }
            TransferState::WANTED => self.send(want, uptime_ms),
            _ => {
                self.rest(uptime_ms, self.unanswered);
                Transfer::Waiting
            }
        }
    }

    fn over(&mut self, how: Transfer) -> Transfer {
        self.state = State::Over;
        how
    }

    fn send(&mut self, want: &EvidenceWant<'_>, uptime_ms: u64) -> Transfer {
        // What is being sent is finished first: this may be an earlier answer that was long on its way.
        if !matches!(self.state, State::Sending(_)) {
            let Some(round) = Round::new(want, self.chunks()) else {
                // Nothing that the file has: asking again at once would go on for ever.
                self.rest(uptime_ms, self.unanswered);
                return Transfer::Waiting;
            };
            self.unanswered = 0;
            self.lost_uptime_ms = self.after(uptime_ms, 0);
            self.state = State::Sending(round);
        }
        Transfer::Sending
    }

    /// The chunk was acknowledged; also to be called when nobody knows what became of it, or when it was refused: what
    /// is lacking is wanted again. `false` when it is not one of this transfer.
    pub fn acknowledged(&mut self, chunk: RecordRef, uptime_ms: u64) -> bool {
        let mine = self.in_flight.remove(chunk);
        if mine {
            self.lost_uptime_ms = self.after(uptime_ms, 0);
        }
        mine
    }

    /// The connection or its session is lost: with the next one the gateway is asked at once.
    pub fn disconnected(&mut self) {
        self.in_flight = InFlight::default();
        if !matches!(self.state, State::Over) {
            self.state = State::Asking { again_uptime_ms: 0 };
        }
    }

    /// At which uptime [`next_chunk`](Self::next_chunk) has something to do although nothing came; `None` when it is over.
    pub fn due_uptime_ms(&self) -> Option<u64> {
        match &self.state {
            State::Asking { again_uptime_ms } => Some(*again_uptime_ms),
            State::Sending(_) if self.in_flight.is_empty() || self.next_index().is_some() => Some(0),
            State::Sending(_) => Some(self.lost_uptime_ms),
            State::Over => None,
        }
    }

    /// Asks again after a pause of the `level`-th length.
    fn rest(&mut self, uptime_ms: u64, level: u32) {
        self.state = State::Asking { again_uptime_ms: self.after(uptime_ms, level) };
    }

    fn after(&self, uptime_ms: u64, level: u32) -> u64 {
        uptime_ms.saturating_add(u64::from(self.patience_ms) << level.min(DOUBLINGS_MAX))
    }

    fn chunks(&self) -> u32 {
        self.size_bytes.div_ceil(self.chunk_len.max(1))
    }
}
