//! What a device does in a transfer, and when.
#![cfg(feature = "hmac-sha256")]
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::Bytes;
use firmware_protocol::body::{EvidenceChunk, EvidenceMeta, EvidenceWant, RecordRef, TransferState};
use firmware_protocol::device::{CHUNKS_IN_FLIGHT_MAX, ChunkError, EvidenceSender, Settings, Transfer};
use support::device::gateway::{Firmware, heard, started};
use support::device::media::{BUFFER_LEN, File, described};
use support::device::stand_ins::{Memory, Watch};

/// A sender of a described file, and its device.
struct Stage<'a> {
    device: Firmware<'a>,
    sender: EvidenceSender,
    file: File,
    watch: &'a Watch,
}

impl<'a> Stage<'a> {
    fn new(memory: &'a Memory, watch: &'a Watch, file_len: usize) -> Self {
        let file = File::new(file_len);
        let mut device = started(memory, watch, Settings::default());
        let mut buffer = [0; Memory::SLOT_LEN];
        let meta = described(file.0.as_ref().unwrap());
        let description = device.report_evidence(&meta, &mut buffer).unwrap();
        let meta = device.evidence_meta(description, &mut buffer).unwrap().unwrap();
        let sender = EvidenceSender::new(description, &meta, 0).unwrap();
        Self { device, sender, file, watch }
    }

    /// Sends the description, if it is due, and has it acknowledged: its bytes.
    fn description(&mut self) -> Option<Vec<u8>> {
        assert_eq!(self.chunk(), None);
        let mut buffer = [0; Memory::SLOT_LEN];
        let outgoing = self.device.next_to_send(1, &mut buffer).unwrap()?;
        let bytes = outgoing.bytes.to_vec();
        self.device.acknowledged(outgoing.record).unwrap();
        Some(bytes)
    }

    fn chunk(&mut self) -> Option<(RecordRef, u32)> {
        let mut buffer = [0; BUFFER_LEN];
        let chunk = self.sender.next_chunk(&mut self.device, &mut self.file, &mut buffer).unwrap()?;
        Some((chunk.record, heard(chunk.bytes).decode::<EvidenceChunk<'_>>().unwrap().index))
    }

    fn want(&mut self, state: TransferState, base_index: u32, missing: &[u8]) -> Transfer {
        let missing = Bytes::new(missing).unwrap();
        let want = EvidenceWant { evidence: self.sender.evidence(), state, base_index, missing };
        self.sender.wanted(&want, self.watch.uptime_ms.get())
    }

    fn wait(&mut self, ms: u64) {
        self.watch.uptime_ms.set(self.watch.uptime_ms.get() + ms);
    }
}

#[test]
fn the_wanted_chunks_are_sent_eight_at_a_time_and_then_the_same_description_again() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 64 * 20);
    let description = stage.description().unwrap();
    // Chunks 3, 4 ... 15; the file has 20.
    assert_eq!(stage.want(TransferState::WANTED, 3, &[0xFF, 0x1F]), Transfer::Sending);
    let first: Vec<_> = std::iter::from_fn(|| stage.chunk()).collect();
    assert_eq!(first.iter().map(|(_, index)| *index).collect::<Vec<_>>(), (3..11).collect::<Vec<_>>());
    assert!(stage.sender.acknowledged(first[4].0, 0));
    let (last, index) = stage.chunk().unwrap();
    assert_eq!((index, stage.chunk()), (11, None));
    for (record, _) in &first {
        stage.sender.acknowledged(*record, 0);
    }
    stage.sender.acknowledged(last, 0);
    let rest: Vec<_> = std::iter::from_fn(|| stage.chunk()).collect();
    assert_eq!(rest.iter().map(|(_, index)| *index).collect::<Vec<_>>(), (12..16).collect::<Vec<_>>());
    assert_eq!(stage.description(), None, "not before all are acknowledged");
    rest.iter().for_each(|(record, _)| assert!(stage.sender.acknowledged(*record, 0)));
    assert_eq!(stage.description(), Some(description));
}

#[test]
fn a_gateway_that_does_not_answer_is_asked_ever_more_rarely_and_never_given_up() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 100);
    let mut asked_at = Vec::new();
    for second in 0..3_000 {
        watch.uptime_ms.set(second * 1000);
        asked_at.extend(stage.description().map(|_| second));
    }
    assert_eq!(asked_at, [0, 10, 20, 40, 80, 160, 320, 640, 1280, 1920, 2560]);
    assert_eq!(stage.sender.unanswered(), 10);
    stage.device.disconnected();
    stage.sender.disconnected();
    assert!(stage.description().is_some(), "asked at once when it connects again");
}

#[test]
fn a_gateway_that_wants_nothing_the_file_has_is_not_asked_in_a_circle() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 64 * 3);
    stage.description();
    for (base_index, missing) in [(0, &[0, 0][..]), (0, &[0xF8]), (3, &[0xFF]), (u32::MAX, &[0xFF]), (0, &[])]
    {
        assert_eq!(stage.want(TransferState::WANTED, base_index, missing), Transfer::Waiting);
        assert_eq!((stage.chunk(), stage.description()), (None, None));
    }
    assert_eq!(stage.want(TransferState::WANTED, 2, &[0xFF]), Transfer::Sending);
    assert_eq!(stage.chunk().map(|(_, index)| index), Some(2));
}

#[test]
fn wait_and_unknown_states_put_the_transfer_off_and_mismatch_begins_it_again() {
    for (state, expected) in [
        (TransferState::WAIT, Transfer::Waiting),
        (TransferState::UNKNOWN, Transfer::Waiting),
        (TransferState(99), Transfer::Waiting),
        (TransferState::MISMATCH, Transfer::StartsOver),
    ] {
        let (memory, watch) = (Memory::new(8, 0), Watch::default());
        let mut stage = Stage::new(&memory, &watch, 100);
        stage.description();
        stage.want(TransferState::WANTED, 0, &[0b11]);
        stage.chunk();
        assert_eq!(stage.want(state, 0, &[]), expected);
        assert_eq!((stage.chunk(), stage.description()), (None, None), "{state}: not at once");
        stage.wait(10_000);
        assert!(stage.description().is_some(), "{state}: but later");
        assert_eq!(stage.want(TransferState::WANTED, 0, &[0b11]), Transfer::Sending);
        assert_eq!(stage.chunk().map(|(_, index)| index), Some(0));
    }
}

#[test]
fn a_refused_transfer_ends_and_the_file_is_kept() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 100);
    stage.description();
    assert_eq!(stage.want(TransferState::REFUSED, 0, &[]), Transfer::Refused);
    stage.wait(u64::from(u32::MAX));
    assert_eq!((stage.chunk(), stage.description()), (None, None));
    assert_eq!(stage.want(TransferState::WANTED, 0, &[1]), Transfer::NotMine);
    assert!(stage.file.0.is_some() && stage.sender.due_uptime_ms().is_none());
    assert_eq!(stage.device.forget(stage.sender.description()), Ok(true));
}

#[test]
fn what_another_files_transfer_is_told_means_nothing_to_this_one() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 100);
    let want = EvidenceWant {
        evidence: RecordRef { boot: 1, seq: 99 },
        state: TransferState::COMPLETE,
        ..EvidenceWant::default()
    };
    assert_eq!(stage.sender.wanted(&want, 0), Transfer::NotMine);
    assert_eq!(stage.want(TransferState::WANTED, 0, &[1]), Transfer::Sending);
}

#[test]
fn chunks_that_nobody_answers_are_given_up_and_the_gateway_is_asked_what_it_lacks() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 64 * 20);
    stage.description();
    stage.want(TransferState::WANTED, 0, &[0xFF, 0xFF]);
    assert_eq!(std::iter::from_fn(|| stage.chunk()).count(), CHUNKS_IN_FLIGHT_MAX);
    stage.wait(9_999);
    assert_eq!(stage.description(), None);
    stage.wait(1);
    assert!(stage.description().is_some());
}

#[test]
fn the_last_chunk_is_as_long_as_what_is_left_and_a_short_buffer_is_told() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut stage = Stage::new(&memory, &watch, 65);
    stage.description();
    stage.want(TransferState::WANTED, 1, &[1]);
    let mut short = [0; BUFFER_LEN - 1 - 64];
    let refused = stage.sender.next_chunk(&mut stage.device, &mut stage.file, &mut short[..63]);
    assert_eq!(refused, Err(ChunkError::Buffer { needed: BUFFER_LEN }));
    let mut buffer = [0; BUFFER_LEN];
    let chunk = stage.sender.next_chunk(&mut stage.device, &mut stage.file, &mut buffer).unwrap().unwrap();
    let frame = heard(chunk.bytes);
    let chunk: EvidenceChunk<'_> = frame.decode().unwrap();
    assert_eq!((chunk.index, chunk.data.as_slice()), (1, &stage.file.0.as_ref().unwrap()[64..]));
}

#[test]
fn a_description_that_cannot_be_is_no_transfer() {
    let meta = described(&[7; 100]);
    let record = RecordRef { boot: 1, seq: 1 };
    assert!(EvidenceSender::new(record, &EvidenceMeta { size_bytes: 0, ..meta }, 0).is_none());
    assert!(EvidenceSender::new(record, &EvidenceMeta { chunk_size_log2: 16, ..meta }, 0).is_none());
    assert!(EvidenceSender::new(record, &EvidenceMeta { chunk_size_log2: 5, ..meta }, 0).is_none());
    assert!(EvidenceSender::new(record, &meta, 0).is_some());
}
