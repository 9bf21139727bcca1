//! A device with the firmware's own code ([`firmware_protocol::device`]) on a bare connection: it keeps its records over
//! reboots, asks for the time and sends photos, and everything it hears is checked on the way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use firmware_protocol::body::{EvidenceChunk, EvidenceMeta, Incident, MediaType, RecordRef, TransferState};
use firmware_protocol::device::{
    Clock, Device, Down, Entry, EvidenceSender, Identity, Media, Settings, Storage, TimeAnswer, Transfer,
    WallTime,
};
use firmware_protocol::{DeviceSecret, DeviceTag, Frame, MessageType, Suite};
use sha2::{Digest, Sha256};

use crate::gateway::{Gateway, GatewayPlan};
use crate::packets::{self, Version};
use crate::raw_mqtt::{Connection, Packet};
use crate::reports::{down, up};

/// Records that it sends before their acknowledgements.
const WINDOW: usize = 8;
const SLOTS: u16 = 26;
const SLOT_LEN: usize = 512;

/// The file of device keys in which these devices have theirs.
///
/// # Panics
/// When it can't be written.
pub fn with_keys(plan: GatewayPlan, devices: &[&str]) -> GatewayPlan {
    use std::os::unix::fs::PermissionsExt;
    let path = plan.dir().join("keys.toml");
    let entry = |device: &&str| {
        let secret: String = secret(device).iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "[[device]]\nid = \"{device}\"\nkey_id = 1\nsuite = \"hmac-sha256-128\"\nsecret = \"{secret}\"\n"
        )
    };
    std::fs::write(&path, devices.iter().map(entry).collect::<String>()).expect("a file of keys");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("our own file");
    plan.set("devices.keys", &path.display().to_string())
}

/// What a device and the gateway share.
pub fn secret(device: &str) -> [u8; 32] {
    Sha256::digest(device).into()
}

/// Memory that outlives the device's reboots.
#[derive(Debug, Clone)]
struct Ram(Rc<RefCell<Vec<Vec<u8>>>>);

impl Storage for Ram {
    type Error = Infallible;

    fn slots(&self) -> u16 {
        SLOTS
    }

    fn slot_len(&self) -> usize {
        SLOT_LEN
    }

    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let slots = self.0.borrow();
        let slot = &slots[usize::from(slot)];
        let len = slot.len().min(buffer.len());
        buffer[..len].copy_from_slice(&slot[..len]);
        Ok(len)
    }

    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.borrow_mut()[usize::from(slot)] = bytes.to_vec();
        Ok(())
    }

    fn erase(&mut self, slot: u16) -> Result<(), Infallible> {
        self.0.borrow_mut()[usize::from(slot)].clear();
        Ok(())
    }
}

/// Real time, and what a test adds to it.
#[derive(Debug, Clone)]
struct Uptime(Instant, Rc<Cell<u64>>);

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64 + self.1.get()
    }
}

/// A photo, and a flaw that its memory may have.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Its bytes.
    pub content: Vec<u8>,
    /// The byte at this place reads wrong.
    pub flaw: Option<usize>,
    chunk_size_log2: u8,
}

impl Photo {
    /// A photo of `len` bytes of chance, sent in chunks of this size.
    pub fn new(chance: &mut fastrand::Rng, len: usize, chunk_size_log2: u8) -> Photo {
        let content = std::iter::repeat_with(|| chance.u8(..)).take(len).collect();
        Photo { content, flaw: None, chunk_size_log2 }
    }

    /// The same on a device where the byte at this place reads wrong.
    #[must_use]
    pub fn with_flaw(self, at: usize) -> Photo {
        Photo { flaw: Some(at), ..self }
    }

    /// Its pieces.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.content.chunks(1 << self.chunk_size_log2)
    }

    /// A description of it as the first record of its own name; `named` when it already has one.
    pub fn meta(&self, named: RecordRef) -> EvidenceMeta {
        EvidenceMeta {
            evidence: named,
            media: MediaType::JPEG,
            size_bytes: self.content.len() as u32,
            chunk_size_log2: self.chunk_size_log2,
            sha256: Sha256::digest(&self.content).into(),
            ..EvidenceMeta::default()
        }
    }
}

impl Media for Photo {
    type Error = Infallible;

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Infallible> {
        let from = offset as usize;
        buffer.copy_from_slice(&self.content[from..from + buffer.len()]);
        if let Some(place) = self.flaw.and_then(|at| buffer.get_mut(at.checked_sub(from)?)) {
            *place ^= 1;
        }
        Ok(())
    }
}

/// What a device has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An acknowledgement.
    Ack,
    /// How its transfer stands.
    Told(Transfer),
    /// The time, and the time the device has now.
    Time(TimeAnswer, WallTime),
    /// The gateway has closed the connection.
    Closed,
}

/// A device that sends one photo at a time.
#[derive(Debug)]
pub struct Firmware {
    name: String,
    ram: Ram,
    uptime: Uptime,
    device: Device<Ram, Uptime, [Entry; SLOTS as usize - 2]>,
    connection: Option<Connection>,
    /// What was published on this connection and not acknowledged: packet id and record.
    in_flight: HashMap<u16, RecordRef>,
    last_packet_id: u16,
    transfer: Option<(EvidenceSender, Photo)>,
    /// Pieces by the record that carried them.
    pieces: HashMap<RecordRef, u32>,
    /// Pieces of this transfer that were published, and those that were acknowledged.
    pub sent: BTreeSet<u32>,
    /// See `sent`.
    pub acknowledged: BTreeSet<u32>,
}

impl Firmware {
    /// A device that was just made, switched on.
    ///
    /// # Panics
    /// When it does not start; so do all methods whose failure would be a fault of the device.
    pub fn new(name: &str) -> Firmware {
        let ram = Ram(Rc::new(RefCell::new(vec![Vec::new(); usize::from(SLOTS)])));
        let uptime = Uptime(Instant::now(), Rc::default());
        let device = started(name, &ram, &uptime);
        Firmware {
            name: name.to_owned(),
            ram,
            uptime,
            device,
            connection: None,
            in_flight: HashMap::new(),
            last_packet_id: 1,
            transfer: None,
            pieces: HashMap::new(),
            sent: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
        }
    }

    /// Switches it off and on again in the middle of whatever it does; it goes on with what it has stored.
    pub fn reboot(&mut self) {
        self.cut();
        self.uptime = Uptime(Instant::now(), Rc::default());
        self.device = started(&self.name, &self.ram, &self.uptime);
        let Some((_, photo)) = self.transfer.take() else { return };
        let is_meta = |entry: &&Entry| entry.message_type() == MessageType::EVIDENCE_META;
        let description =
            self.device.records().iter().find(is_meta).expect("its description was stored").record();
        self.begin(description, photo);
    }

    /// Its time passes.
    pub fn pass_ms(&self, ms: u64) {
        self.uptime.1.set(self.uptime.1.get() + ms);
    }

    /// Connects and listens for answers, as MQTT 3.1.1.
    pub async fn connect(&mut self, gateway: &Gateway) {
        self.cut();
        let mut connection = Connection::connect(gateway, Version::V311, &self.name).await;
        for kind in ["evidence", "time"] {
            connection.subscribe(&down(&self.name, kind)).await;
        }
        self.connection = Some(connection);
    }

    /// Breaks the connection, if there is one, with a TCP reset.
    pub fn cut(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.reset();
        }
        self.in_flight.clear();
        self.device.disconnected();
        if let Some((sender, _)) = &mut self.transfer {
            sender.disconnected();
        }
    }

    /// Makes an incident's record.
    pub fn find_something(&mut self) -> RecordRef {
        let incident =
            Incident { category: 501, kind: firmware_protocol::body::CaseKind::EVENT, ..Incident::default() };
        self.device.report(&incident, &mut [0; SLOT_LEN]).expect("there is room")
    }

    /// Begins to send a photo; the one before is forgotten.
    pub fn take_photo(&mut self, photo: Photo) {
        if let Some((sender, _)) = self.transfer.take() {
            self.device.forget(sender.description()).expect("memory has no errors");
        }
        let meta = photo.meta(RecordRef::default());
        let description = self.device.report_evidence(&meta, &mut [0; SLOT_LEN]).expect("there is room");
        self.begin(description, photo);
    }

    fn begin(&mut self, description: RecordRef, photo: Photo) {
        let meta = self.device.evidence_meta(description, &mut [0; SLOT_LEN]).expect("memory has no errors");
        let meta = meta.expect("the description is there");
        let sender = EvidenceSender::new(description, &meta, self.device.uptime_ms()).expect("a photo");
        self.transfer = Some((sender, photo));
        self.sent.clear();
        self.acknowledged.clear();
    }

    /// The photo that is being sent.
    pub fn photo(&mut self) -> &mut Photo {
        &mut self.transfer.as_mut().expect("it has taken a photo").1
    }

    /// Sends everything that is due: records, pieces, descriptions.
    pub async fn send_due(&mut self) {
        if let Some((sender, photo)) = &mut self.transfer {
            let mut buffer = vec![0; 128 * 1024];
            let mut frames = Vec::new();
            while let Some(chunk) = sender.next_chunk(&mut self.device, photo, &mut buffer).expect("a chunk")
            {
                frames.push((chunk.record, chunk.bytes.to_vec()));
            }
            for (record, bytes) in frames {
                let frame = Frame::unchecked(&bytes).expect("its own frame");
                let chunk: EvidenceChunk<'_> = frame.decode().expect("a chunk");
                self.pieces.insert(record, chunk.index);
                self.sent.insert(chunk.index);
                self.publish(record, "evidence", &bytes).await;
            }
        }
        let mut buffer = [0; SLOT_LEN];
        while let Some(outgoing) =
            self.device.next_to_send(WINDOW, &mut buffer).expect("memory has no errors")
        {
            let class = match outgoing.message_type {
                MessageType::EVIDENCE_META => "evidence",
                _ => "incident",
            };
            let (record, bytes) = (outgoing.record, outgoing.bytes.to_vec());
            self.publish(record, class, &bytes).await;
        }
    }

    /// Asks what time it is.
    pub async fn ask_time(&mut self) {
        let mut buffer = [0; SLOT_LEN];
        let question = self.device.time_question(&mut buffer).expect("a question").bytes;
        let packet = packets::publish_qos0(Version::V311, &up(&self.name, "status"), question);
        self.connection.as_mut().expect("it is connected").send(&packet).await;
    }

    async fn publish(&mut self, record: RecordRef, class: &str, bytes: &[u8]) {
        self.last_packet_id = self.last_packet_id % u16::MAX + 1;
        self.in_flight.insert(self.last_packet_id, record);
        let packet = packets::publish(Version::V311, self.last_packet_id, &up(&self.name, class), bytes);
        // A connection that breaks shows when something is to be heard.
        self.connection.as_mut().expect("it is connected").throw(&packet).await;
    }

    /// Waits for the next word of the gateway and does what firmware does with it.
    ///
    /// # Panics
    /// When it is no word that a device may hear: with another key, for another device, at another time, or one that wants a
    /// piece again that it has acknowledged.
    pub async fn hear(&mut self) -> Heard {
        let connection = self.connection.as_mut().expect("it is connected");
        match connection.next().await {
            None => Heard::Closed,
            Some(Packet::PubAck { id, code: 0 }) => {
                let record = self.in_flight.remove(&id).expect("what is acknowledged was published");
                self.is_acknowledged(record);
                Heard::Ack
            }
            Some(Packet::Publish { id: 0, topic, payload }) => self.is_told(&topic, &payload),
            Some(other) => panic!("{}: {other:?}", self.name),
        }
    }

    fn is_acknowledged(&mut self, record: RecordRef) {
        let uptime_ms = self.device.uptime_ms();
        match (self.pieces.get(&record), &mut self.transfer) {
            (Some(index), Some((sender, _))) => {
                if sender.acknowledged(record, uptime_ms) {
                    self.acknowledged.insert(*index);
                }
            }
            _ => _ = self.device.acknowledged(record).expect("memory has no errors"),
        }
    }

    fn is_told(&mut self, topic: &str, payload: &[u8]) -> Heard {
        let told = self.device.receive(payload).expect("a frame of this device's key, not heard before");
        match told {
            Down::Time(answer) => {
                assert_eq!(topic, down(&self.name, "time"));
                Heard::Time(answer, self.device.time())
            }
            Down::EvidenceWant(want) => {
                assert_eq!(topic, down(&self.name, "evidence"));
                let (sender, _) = self.transfer.as_mut().expect("it has asked");
                if want.state == TransferState::WANTED && want.evidence == sender.evidence() {
                    let again: Vec<u32> =
                        want.missing_chunks().filter(|index| self.acknowledged.contains(index)).collect();
                    assert!(again.is_empty(), "acknowledged, and wanted again: {again:?}");
                }
                let transfer = sender.wanted(&want, self.device.uptime_ms());
                if transfer == Transfer::StartsOver {
                    self.acknowledged.clear();
                }
                Heard::Told(transfer)
            }
            other => panic!("{}: {other:?}", self.name),
        }
    }

    /// Sends and hears until the gateway has told how the transfer stands, pieces that it wants not counted.
    pub async fn until_told(&mut self) -> Transfer {
        loop {
            self.send_due().await;
            match self.hear().await {
                Heard::Told(Transfer::Sending) | Heard::Ack => {}
                Heard::Told(transfer) => return transfer,
                other => panic!("{}: {other:?}", self.name),
            }
        }
    }

    /// Whether all that was published is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.in_flight.is_empty()
    }
}

fn started(name: &str, ram: &Ram, uptime: &Uptime) -> Device<Ram, Uptime, [Entry; SLOTS as usize - 2]> {
    let secret = DeviceSecret::new(secret(name));
    let identity = Identity::new(DeviceTag::of(name), &secret, Suite::HMAC_SHA256_128, 1)
        .expect("a suite of this build");
    let entries = [Entry::default(); SLOTS as usize - 2];
    Device::start(identity, ram.clone(), uptime.clone(), entries, Settings::default(), &mut [0; SLOT_LEN])
        .expect("a device that starts")
}
