//! A device without its wires: numbers, times, an outbox that outlives power cuts, what comes down, evidence.
//!
//! For firmware. Sans-io: whoever drives it moves bytes between it and the link, brings the memory ([`Storage`]) and the
//! clock ([`Clock`]), and reports what became of what was sent. Nothing allocates, nothing waits, everything is bounded.
//! What it sees to:
//!
//! - A record's number is (boot, seq). The boot counter is raised *and saved* before the first record of a boot; seq
//!   counts from 1 over all message types; a number that may have left the device is never given again, nor does one wrap.
//! - A record is written once and stored before its number is told. Every resend has the same bytes.
//! - A record leaves the outbox when it was acknowledged, and not before, whatever reboots come between. When the
//!   outbox is full nothing new is made, and no number is used up.
//! - A time is the clock's, else the gateway's with an honest error bound, else unknown.
//! - What comes down counts only with the right key, for this device, and once a session.
//!
//! # How firmware uses it
//!
//! ```
//! use firmware_protocol::body::{FixType, Telemetry};
//! use firmware_protocol::device::{Clock, Device, Down, Entry, Identity, Settings, Storage};
//! use firmware_protocol::{DeviceSecret, DeviceTag, Suite};
//!
//! /// 34 slots of 512 bytes in memory that keeps its content without power.
//! struct Fram([[u8; 512]; 34]);
//!
//! impl Storage for Fram {
//!     type Error = core::convert::Infallible; // a chip on a bus has errors: pass them on
//!
//!     fn slots(&self) -> u16 {
//!         34
//!     }
//!     fn slot_len(&self) -> usize {
//!         512
//!     }
//!     fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Self::Error> {
//!         let len = buffer.len().min(512);
//!         buffer[..len].copy_from_slice(&self.0[usize::from(slot)][..len]);
//!         Ok(len)
//!     }
//!     fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Self::Error> {
//!         self.0[usize::from(slot)][..bytes.len()].copy_from_slice(bytes);
//!         Ok(())
//!     }
//!     fn erase(&mut self, slot: u16) -> Result<(), Self::Error> {
//!         self.0[usize::from(slot)][..4].fill(0);
//!         Ok(())
//!     }
//! }
//!
//! struct Tick;
//!
//! impl Clock for Tick {
//!     fn uptime_ms(&self) -> u64 {
//!         1_500 // the hardware's timer
//!     }
//! }
//!
//! // At start: who the device is, its memory, and one buffer as long as a slot.
//! let secret = DeviceSecret::new([7; 32]); // from the device's protected memory
//! let identity = Identity::new(DeviceTag::of("car-07"), &secret, Suite::HMAC_SHA256_128, 1)
//!     .ok_or("a build without HMAC-SHA256")?;
//! let mut buffer = [0; 512];
//! let mut device = Device::start(
//!     identity,
//!     Fram([[0; 512]; 34]),
//!     Tick,
//!     [Entry::default(); 32], // one for each slot but the counter's two
//!     Settings::default(),
//!     &mut buffer,
//! )?;
//!
//! // Whenever there is something to say, connected or not: it is safe when `report` has returned.
//! let here = Telemetry { fix: FixType::GNSS_3D, speed_cm_s: 650, ..Telemetry::default() };
//! let record = device.report(&here, &mut buffer)?;
//! assert_eq!((record.boot, record.seq), (1, 1));
//!
//! // While connected: ask about the time now and then (QoS 0, on the status topic) ...
//! let question = device.time_question(&mut buffer)?;
//! assert!(!question.bytes.is_empty()); // publish(status_topic, question.bytes)
//!
//! // ... send what waits, at most eight in flight, at QoS 1 on the topic for `message_type` ...
//! while let Some(outgoing) = device.next_to_send(8, &mut buffer)? {
//!     assert_eq!(outgoing.record, record); // publish(topic, outgoing.bytes); keep record with the packet id
//! }
//!
//! // ... erase what the gateway acknowledged ...
//! assert!(device.acknowledged(record)?);
//!
//! // ... and take what comes down.
//! # let payload = [0; 0];
//! match device.receive(&payload) {
//!     Ok(Down::Task(task)) => { /* show task.title */ }
//!     Ok(_) => {}
//!     Err(refused) => { /* log it */ }
//! }
//!
//! // The connection is lost: what was in flight is sent again with the next one.
//! device.disconnected();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod counter;
mod downlink;
mod error;
mod evidence;
mod identity;
mod outbox;
mod records;
mod slot;
mod storage;

pub use clock::{Clock, TimeAnswer, WallTime};
pub use downlink::{Down, Refused};
pub use error::{ChunkError, NotMade, NotSealed, NotSent, StartError};
pub use evidence::{CHUNKS_IN_FLIGHT_MAX, EvidenceSender, Media, Transfer};
pub use identity::Identity;
pub use outbox::{Entry, Table};
pub use slot::SLOT_HEAD_LEN;
pub use storage::{COUNTER_SLOTS, Storage};

use crate::body::{RecordRef, TimeSync};
use crate::header::{Flags, Header, MessageType, Suite};
use crate::identity::DeviceTag;
use clock::GatewayTime;
use counter::{Counter, SavedBoot};
use downlink::{Downlink, Opened};
use outbox::Outbox;

/// What differs from device to device, besides who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How far the clock of the uptime goes wrong at most, in millionths: the crystal's tolerance over all temperatures.
    pub drift_ppm: u32,
    /// The boot counter is not below this. 1 is enough; a device whose storage was exchanged knows better.
    pub boot_min: u32,
}

impl Default for Settings {
    /// A crystal of 50 ppm.
    fn default() -> Self {
        Self { drift_ppm: 50, boot_min: 1 }
    }
}

/// Bytes to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'b> {
    /// Its number.
    pub record: RecordRef,
    /// What it is, which names the topic.
    pub message_type: MessageType,
    /// The bytes, the same each time.
    pub bytes: &'b [u8],
    /// Whether it may have been sent before.
    pub resend: bool,
}

/// One device. `S` is its memory, `C` its clock, `T` the table of its outbox.
#[derive(Debug)]
pub struct Device<S, C, T> {
    identity: Identity,
    storage: S,
    clock: C,
    counter: Counter,
    outbox: Outbox<T>,
    gateway_time: GatewayTime,
    downlink: Downlink,
}

impl<S: Storage, C: Clock, T: Table> Device<S, C, T> {
    /// Starts the device: finds the records that were not acknowledged, and saves the boot counter. `table` has an entry
    /// for each slot but the counter's, `buffer` as many bytes as a slot.
    pub fn start(
        identity: Identity,
        mut storage: S,
        clock: C,
        table: T,
        settings: Settings,
        buffer: &mut [u8],
    ) -> Result<Self, StartError<S::Error>> {
        let needed = storage.slot_len();
        let buffer = buffer.get_mut(..needed).ok_or(StartError::Buffer { needed })?;
        let saved = SavedBoot::read(&mut storage).map_err(StartError::Storage)?;
        let outbox = restored(&mut storage, table, saved.boot, buffer)?;
        // A record tells the boot it is from: should the counter be damaged, its numbers are not given again.
        let newest = outbox.records().last().map_or(0, |entry| entry.record().boot);
        let boot = saved.boot.max(newest).max(settings.boot_min.saturating_sub(1));
        let boot = boot.checked_add(1).ok_or(StartError::Exhausted)?;
        saved.replace(&mut storage, boot).map_err(StartError::Storage)?;
        let (counter, downlink) = (Counter::of_boot(boot), Downlink::default());
        let gateway_time = GatewayTime::new(settings.drift_ppm);
        Ok(Self { identity, storage, clock, counter, outbox, gateway_time, downlink })
    }

    /// The device's id as frames carry it.
    pub const fn tag(&self) -> DeviceTag {
        self.identity.device
    }

    /// The boot counter.
    pub const fn boot(&self) -> u32 {
        self.counter.boot()
    }

    /// Milliseconds since the device started.
    pub fn uptime_ms(&self) -> u64 {
        self.clock.uptime_ms()
    }

    /// The time now, as the next record will have it.
    pub fn time(&self) -> WallTime {
        let own = self.clock.wall().and_then(clock::plausible);
        own.unwrap_or_else(|| self.gateway_time.at(self.clock.uptime_ms()))
    }

    /// A question about the time, a frame that is not stored; send it at once, at QoS 0. Only the answer to the last
    /// question counts.
    pub fn time_question<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Outgoing<'b>, NotSealed> {
        let uptime_ms = self.clock.uptime_ms();
        let asked_boot = self.counter.boot();
        let question = TimeSync { asked_boot, asked_uptime_ms: uptime_ms, ..TimeSync::default() };
        let outgoing = self.seal_once(&question, buffer)?;
        self.gateway_time.asked(uptime_ms);
        Ok(outgoing)
    }

    /// Takes a message from the gateway.
    pub fn receive<'a>(&mut self, bytes: &'a [u8]) -> Result<Down<'a>, Refused> {
        let Identity { device, down, .. } = &self.identity;
        match self.downlink.open(bytes, *device, down)? {
            Opened::Message(message) => Ok(message),
            Opened::Time(header, said) => {
                let (boot, uptime_ms) = (self.counter.boot(), self.clock.uptime_ms());
                Ok(Down::Time(self.gateway_time.answered(&header, &said, boot, uptime_ms)))
            }
        }
    }

    /// The connection, or its session, is lost: what was in flight waits again, and the next session begins.
    pub fn disconnected(&mut self) {
        self.outbox.all_wait_again();
        self.gateway_time.give_up_asking();
        self.downlink.start_session();
    }

    /// Frames from the gateway whose tag was refused, since the start.
    pub const fn auth_failures(&self) -> u32 {
        self.downlink.auth_failures()
    }

    /// The header of the next record; `None` when this boot has no number left.
    fn header(&self, message_type: MessageType, revision: u8) -> Option<Header> {
        let RecordRef { boot, seq } = self.counter.next()?;
        let WallTime { unix_ms, quality } = self.time();
        Some(Header {
            flags: Flags::NONE,
            suite: Suite::CRC32C, // suite and key id are the key's
            key_id: 0,
            message_type,
            revision,
            device: self.identity.device,
            boot,
            seq,
            uptime_ms: self.clock.uptime_ms(),
            unix_ms,
            time_quality: quality,
        })
    }
}

/// The outbox as the storage has it. Free slots are taken in turn from a place that moves on with each boot, for the sake
/// of devices that restart for each record.
fn restored<S: Storage, T: Table>(
    storage: &mut S,
    table: T,
    boot: u32,
    buffer: &mut [u8],
) -> Result<Outbox<T>, StartError<S::Error>> {
    let entries = table.as_ref().len();
    let mut outbox = Outbox::new(table);
    let slots = COUNTER_SLOTS..storage.slots();
    let turn = boot.checked_rem(slots.len() as u32).unwrap_or(0) as usize;
    for slot in slots.clone().skip(turn).chain(slots.take(turn)) {
        let len = storage.read(slot, buffer).map_err(StartError::Storage)?;
        let content = buffer.get(..len).and_then(slot::content).filter(|content| content.record.seq != 0);
        if !outbox.take_in(slot, content.map(|content| (content.record, content.message_type))) {
            return Err(StartError::Table { entries });
        }
    }
    Ok(outbox)
}
