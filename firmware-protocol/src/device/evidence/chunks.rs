//! What goes out: the next chunk, or the description again.

use super::round::InFlight;
use super::{EvidenceSender, Media, State};
use crate::body::EvidenceChunk;
use crate::bytes::Bytes;
use crate::device::{ChunkError, Clock, Device, Outgoing, Storage, Table};

impl EvidenceSender {
    /// The next chunk's frame for the topic `patrol/v1/up/{device}/evidence`, at QoS 1; `None` when nothing is to be sent
    /// now. Also sees to it that the description is sent again when its time has come.
    ///
    /// `buffer` has at least [`buffer_len`](Self::buffer_len) bytes.
    pub fn next_chunk<'b, S: Storage, C: Clock, T: Table, M: Media>(
        &mut self,
        device: &mut Device<S, C, T>,
        media: &mut M,
        buffer: &'b mut [u8],
    ) -> Result<Option<Outgoing<'b>>, ChunkError<M::Error>> {
        let Some(index) = self.next_index() else {
            self.ask_when_due(device);
            return Ok(None);
        };
        let outgoing = self.chunk(index, device, media, buffer)?;
        if let State::Sending(round) = &mut self.state {
            round.advance();
        }
        self.in_flight.add(outgoing.record);
        self.lost_uptime_ms = self.after(device.uptime_ms(), 0);
        Ok(Some(outgoing))
    }

    /// The chunk that may be sent now.
    pub(super) fn next_index(&self) -> Option<u32> {
        match &self.state {
            State::Sending(round) if !self.in_flight.is_full() => round.next_index(),
            _ => None,
        }
    }

    fn chunk<'b, S: Storage, C: Clock, T: Table, M: Media>(
        &self,
        index: u32,
        device: &mut Device<S, C, T>,
        media: &mut M,
        buffer: &'b mut [u8],
    ) -> Result<Outgoing<'b>, ChunkError<M::Error>> {
        let chunk_len = self.chunk_len as usize;
        let too_short = || ChunkError::Buffer { needed: Self::buffer_len(chunk_len) };
        let (data, out) = buffer.split_at_mut_checked(chunk_len).ok_or_else(too_short)?;
        let offset = index.saturating_mul(self.chunk_len);
        let len = self.size_bytes.saturating_sub(offset).min(self.chunk_len);
        let data = data.get_mut(..len as usize).ok_or_else(too_short)?;
        media.read_at(offset, data).map_err(ChunkError::Media)?;
        let data = Bytes::new(data).unwrap_or_default(); // a chunk length that is allowed fits
        let chunk = EvidenceChunk { evidence: self.evidence, index, data };
        device.seal_once(&chunk, out).map_err(ChunkError::Frame)
    }

    fn ask_when_due<S: Storage, C: Clock, T: Table>(&mut self, device: &mut Device<S, C, T>) {
        let uptime_ms = device.uptime_ms();
        if self.due_uptime_ms().is_some_and(|due| due <= uptime_ms) {
            if matches!(self.state, State::Sending(_)) {
                self.in_flight = InFlight::default();
            }
            self.rest(uptime_ms, self.unanswered);
            // A description that is still on its way is no new question.
            if device.send_again(self.description) {
                self.unanswered = self.unanswered.saturating_add(1);
            }
        }
    }
}
