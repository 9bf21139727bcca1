//! A photo arrives whole whatever happens to link, device and gateway, and is deleted only when it has.
#![cfg(feature = "hmac-sha256")]
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::collections::BTreeMap;

use firmware_protocol::body::{
    EvidenceChunk, EvidenceMeta, EvidenceWant, RecordRef, TransferState, WANT_CHUNKS_MAX,
};
use firmware_protocol::device::{CHUNKS_IN_FLIGHT_MAX, Down, EvidenceSender, Settings, Transfer};
use firmware_protocol::{Bytes, MessageType};
use proptest::prelude::*;
use support::device::gateway::{Firmware, Sender, heard, started};
use support::device::media::{BUFFER_LEN, File, described, digest};
use support::device::stand_ins::{Memory, Watch};

/// What the gateway has of a file.
#[derive(Debug, Clone, Default)]
struct Custody {
    meta: EvidenceMeta,
    chunks: BTreeMap<u32, Vec<u8>>,
    complete: bool,
}

/// A gateway that does as the protocol says.
#[derive(Debug)]
struct Gateway {
    sender: Sender,
    files: BTreeMap<(u32, u32), Custody>,
    /// It answers *wait*.
    busy: bool,
}

impl Gateway {
    /// Takes a frame: gives the answer, if it has one. The acknowledgement is the link's.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let frame = heard(bytes);
        match frame.header.message_type {
            MessageType::EVIDENCE_META => {
                let meta: EvidenceMeta = frame.decode().unwrap();
                let file = self.files.entry(name(meta.evidence)).or_default();
                file.meta = meta;
                Some(self.answer(meta.evidence))
            }
            MessageType::EVIDENCE_CHUNK => {
                let chunk: EvidenceChunk<'_> = frame.decode().unwrap();
                if let Some(file) = self.files.get_mut(&name(chunk.evidence)) {
                    file.chunks.insert(chunk.index, chunk.data.to_vec());
                }
                None
            }
            other => panic!("{other}"),
        }
    }

    fn answer(&mut self, evidence: RecordRef) -> Vec<u8> {
        let file = self.files.get_mut(&name(evidence)).unwrap();
        let (state, lacking) = file.state();
        let (state, lacking) = if self.busy { (TransferState::WAIT, None) } else { (state, lacking) };
        let base_index = lacking.unwrap_or(0);
        let bitmap = lacking.map_or_else(Vec::new, |base| file.bitmap(base));
        let missing = Bytes::new(&bitmap).unwrap();
        self.sender.say(&EvidenceWant { evidence, state, base_index, missing })
    }
}

impl Custody {
    fn lacks(&self, index: u32) -> bool {
        !self.chunks.contains_key(&index)
    }

    /// How far it is, and the first chunk it lacks.
    fn state(&mut self) -> (TransferState, Option<u32>) {
        if self.complete {
            return (TransferState::COMPLETE, None);
        }
        let lacking = (0..self.meta.chunks().unwrap()).find(|index| self.lacks(*index));
        if lacking.is_some() {
            return (TransferState::WANTED, lacking);
        }
        self.complete = digest(&self.bytes()) == self.meta.sha256;
        if self.complete {
            return (TransferState::COMPLETE, None);
        }
        self.chunks.clear();
        (TransferState::MISMATCH, None)
    }

    fn bytes(&self) -> Vec<u8> {
        self.chunks.values().flatten().copied().collect()
    }

    fn bitmap(&self, base: u32) -> Vec<u8> {
        let end = self.meta.chunks().unwrap().min(base + WANT_CHUNKS_MAX as u32);
        let mut bitmap = vec![0; (end - base).div_ceil(8) as usize];
        for index in (base..end).filter(|index| self.lacks(*index)) {
            let bit = index - base;
            bitmap[bit as usize / 8] |= 1 << (bit % 8);
        }
        bitmap
    }
}

fn name(evidence: RecordRef) -> (u32, u32) {
    (evidence.boot, evidence.seq)
}

/// What may happen next. Numbers pick among what is on its way.
#[derive(Debug, Clone)]
enum Step {
    /// The device does what is to be done.
    Device,
    /// A message up arrives (the acknowledgement is sent), is lost, or arrives and is still on its way.
    Up(usize, Fate),
    /// A message down or an acknowledgement likewise.
    Down(usize, Fate),
    Acknowledgement(usize, Fate),
    Time(u32),
    /// Connection lost, and back.
    Reconnect,
    DeviceRestarts,
    /// It forgets these of what it took, as one does that is cut off, or another one.
    GatewayRestarts(u64),
    GatewayBusy(bool),
    /// A byte of a chunk it has is not what was sent.
    GatewayDamaged(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Doubled,
}

fn any_step() -> impl Strategy<Value = Step> {
    let fate = || prop_oneof![6 => Just(Fate::Arrives), 2 => Just(Fate::Lost), 1 => Just(Fate::Doubled)];
    let one = any::<usize>;
    prop_oneof![
        30 => Just(Step::Device),
        30 => (one(), fate()).prop_map(|(pick, fate)| Step::Up(pick, fate)),
        10 => (one(), fate()).prop_map(|(pick, fate)| Step::Down(pick, fate)),
        30 => (one(), fate()).prop_map(|(pick, fate)| Step::Acknowledgement(pick, fate)),
        5 => (0..30_000_u32).prop_map(Step::Time),
        1 => Just(Step::Reconnect),
        1 => Just(Step::DeviceRestarts),
        1 => any::<u64>().prop_map(Step::GatewayRestarts),
        1 => any::<bool>().prop_map(Step::GatewayBusy),
        1 => one().prop_map(Step::GatewayDamaged),
    ]
}

/// Messages on their way, in any order.
#[derive(Debug)]
struct Way<M>(Vec<M>);

impl<M: Clone> Way<M> {
    /// One of them arrives, or does not.
    fn next(&mut self, pick: usize, fate: Fate) -> Option<M> {
        if self.0.is_empty() {
            return None;
        }
        let at = pick % self.0.len();
        match fate {
            Fate::Arrives => Some(self.0.remove(at)),
            Fate::Lost => {
                self.0.remove(at);
                None
            }
            Fate::Doubled => Some(self.0[at].clone()),
        }
    }
}

/// Everything between the device's memory and the gateway's.
struct World<'a> {
    memory: &'a Memory,
    watch: &'a Watch,
    gateway: Gateway,
    file: File,
    content: Vec<u8>,
    up: Way<(RecordRef, Vec<u8>)>,
    down: Way<Vec<u8>>,
    acknowledgements: Way<RecordRef>,
    /// Chunks without an acknowledgement, and when they were sent.
    chunks_in_flight: Vec<(RecordRef, u64)>,
}

impl World<'_> {
    /// One boot of the device, until it restarts or there is nothing more to do.
    fn live(&mut self, steps: &mut dyn Iterator<Item = Step>) {
        let mut device = started(self.memory, self.watch, Settings::default());
        self.cut();
        let mut sender = self.resumed(&mut device);
        while let (true, Some(step)) = (sender.is_some(), steps.next()) {
            match step {
                Step::Device => self.device_acts(&mut device, &mut sender),
                Step::Up(pick, fate) => self.arrives_up(pick, fate),
                Step::Down(pick, fate) => self.arrives_down(pick, fate, &mut device, &mut sender),
                Step::Acknowledgement(pick, fate) => {
                    let Some(record) = self.acknowledgements.next(pick, fate) else { continue };
                    self.chunks_in_flight.retain(|(chunk, _)| *chunk != record);
                    let uptime_ms = device.uptime_ms();
                    let is_chunk =
                        sender.as_mut().is_some_and(|sender| sender.acknowledged(record, uptime_ms));
                    assert!(!is_chunk || !device.acknowledged(record).unwrap());
                    device.acknowledged(record).unwrap();
                }
                Step::Time(ms) => self.watch.uptime_ms.set(self.watch.uptime_ms.get() + u64::from(ms)),
                Step::Reconnect => {
                    self.cut();
                    device.disconnected();
                    sender.iter_mut().for_each(EvidenceSender::disconnected);
                }
                Step::DeviceRestarts => return self.watch.uptime_ms.set(0),
                Step::GatewayRestarts(forgotten) => self.gateway_restarts(forgotten),
                Step::GatewayBusy(busy) => self.gateway.busy = busy,
                Step::GatewayDamaged(pick) => self.gateway_is_damaged(pick),
            }
        }
    }

    /// Everything that is on its way is lost.
    fn cut(&mut self) {
        self.up.0.clear();
        self.down.0.clear();
        self.acknowledgements.0.clear();
        self.chunks_in_flight.clear();
    }

    /// A device finds in its outbox what it still has to send.
    fn resumed(&mut self, device: &mut Firmware<'_>) -> Option<EvidenceSender> {
        let description = device.records().first()?.record();
        let meta = device.evidence_meta(description, &mut [0; Memory::SLOT_LEN]).unwrap()?;
        assert_eq!(meta.evidence, description, "its own number is its name");
        EvidenceSender::new(description, &meta, device.uptime_ms())
    }

    fn device_acts(&mut self, device: &mut Firmware<'_>, sender: &mut Option<EvidenceSender>) {
        let mut buffer = [0; BUFFER_LEN];
        let sender = sender.as_mut().unwrap();
        if let Some(chunk) = sender.next_chunk(device, &mut self.file, &mut buffer).unwrap() {
            let uptime_ms = device.uptime_ms();
            self.chunks_in_flight.push((chunk.record, uptime_ms));
            // What has no acknowledgement for so long counts as lost.
            self.chunks_in_flight.retain(|(_, sent_at)| sent_at + 10_000 > uptime_ms);
            assert!(self.chunks_in_flight.len() <= CHUNKS_IN_FLIGHT_MAX, "{:?}", self.chunks_in_flight);
            self.up.0.push((chunk.record, chunk.bytes.to_vec()));
        }
        let mut buffer = [0; Memory::SLOT_LEN];
        if let Some(description) = device.next_to_send(4, &mut buffer).unwrap() {
            self.up.0.push((description.record, description.bytes.to_vec()));
        }
    }

    fn arrives_up(&mut self, pick: usize, fate: Fate) {
        let Some((record, bytes)) = self.up.next(pick, fate) else { return };
        self.down.0.extend(self.gateway.take(&bytes));
        self.acknowledgements.0.push(record);
    }

    fn arrives_down(
        &mut self,
        pick: usize,
        fate: Fate,
        device: &mut Firmware<'_>,
        sender: &mut Option<EvidenceSender>,
    ) {
        let Some(bytes) = self.down.next(pick, fate) else { return };
        let Ok(Down::EvidenceWant(want)) = device.receive(&bytes) else { return };
        let current = sender.as_mut().unwrap();
        if current.wanted(&want, device.uptime_ms()) == Transfer::Complete {
            let custody = &self.gateway.files[&name(want.evidence)];
            assert!(custody.complete && custody.bytes() == self.content, "deleted too early");
            self.file.0 = None;
            assert!(device.forget(current.description()).unwrap());
            *sender = None;
        }
    }

    fn gateway_restarts(&mut self, forgotten: u64) {
        self.gateway.sender = Sender::new(self.gateway.sender.boot + 1);
        for file in self.gateway.files.values_mut().filter(|file| !file.complete) {
            file.chunks.retain(|index, _| forgotten >> (index % 64) & 1 == 0);
        }
    }

    fn gateway_is_damaged(&mut self, pick: usize) {
        let incomplete = self.gateway.files.values_mut().filter(|file| !file.complete);
        let mut chunks: Vec<_> = incomplete.flat_map(|file| file.chunks.values_mut()).collect();
        if !chunks.is_empty() {
            let at = pick % chunks.len();
            chunks[at][0] ^= 0xFF;
        }
    }

    /// From now on everything arrives, and time passes.
    fn goes_well(&mut self) -> impl Iterator<Item = Step> + use<> {
        let all = [
            Step::Device,
            Step::Up(0, Fate::Arrives),
            Step::Down(0, Fate::Arrives),
            Step::Acknowledgement(0, Fate::Arrives),
            Step::Time(10),
        ];
        [Step::GatewayBusy(false)].into_iter().chain(all.into_iter().cycle().take(5 * 200_000))
    }
}

/// Describes a file of so many bytes and sends it through all this, and then without trouble; gives what the gateway has.
fn transferred(file_len: usize, steps: Vec<Step>) -> Custody {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let file = File::new(file_len);
    let content = file.0.clone().unwrap();
    let mut device = started(&memory, &watch, Settings::default());
    device.report_evidence(&described(&content), &mut [0; Memory::SLOT_LEN]).unwrap();
    let gateway = Gateway { sender: Sender::new(1), files: BTreeMap::new(), busy: false };
    let (up, down, acknowledgements) = (Way(Vec::new()), Way(Vec::new()), Way(Vec::new()));
    let mut world = World {
        memory: &memory,
        watch: &watch,
        gateway,
        file,
        content,
        up,
        down,
        acknowledgements,
        chunks_in_flight: Vec::new(),
    };
    let mut steps = steps.into_iter().peekable();
    while world.file.0.is_some() && steps.peek().is_some() {
        world.live(&mut steps);
    }
    if world.file.0.is_some() {
        let mut goes_well = world.goes_well();
        world.live(&mut goes_well);
    }
    assert_eq!(world.file.0, None, "complete, and only then deleted");
    assert!(started(&memory, &watch, Settings::default()).records().is_empty(), "nothing is left to send");
    world.gateway.files.into_values().next().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_transfer_completes_with_the_right_bytes_whatever_is_lost_doubled_reordered_or_restarted(
        file_len in prop_oneof![1..2_000_usize, 16_000..40_000_usize],
        steps in prop::collection::vec(any_step(), 0..600),
    ) {
        let custody = transferred(file_len, steps);
        prop_assert!(custody.complete);
        prop_assert_eq!(Some(custody.bytes()), File::new(file_len).0);
    }
}
