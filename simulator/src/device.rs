//! A device without its wires: what a firmware developer builds on `firmware_protocol::device`, with memory for a storage,
//! settable clocks, frames or JSON, and photos.
//!
//! Sans-io and without clock or randomness: whoever drives it hands in the time, sends what it gives and reports what
//! became of it. Numbers, outbox, resends, times and transfers are the helper's: nothing of that is done here.

mod album;
mod frame;
mod json;
mod memory;
mod message;
mod outcome;
mod photo;
mod watch;

use bytes::Bytes;
use firmware_protocol::Header;
use firmware_protocol::body::RecordRef;
use firmware_protocol::device::{self as firmware, Down, Entry, EvidenceSender, NotSent, Transfer};

use album::Album;
use memory::Memory;
pub use message::{
    CaseKind, Class, Incident, Message, Moment, Position, Reading, Status, TaskAck, Telemetry, Track,
};
pub use outcome::{NotMade, Outgoing, Received, Settled, Unencodable};
pub use photo::Photo;
use watch::Watch;

/// The helper as it is used here.
type Firmware = firmware::Device<Memory, Watch, Box<[Entry]>>;

/// How a device encodes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// firmware-protocol frames.
    Frame,
    /// JSON.
    Json,
}

/// What a device starts with.
#[derive(Debug)]
pub struct DeviceSetup<'a> {
    /// Its id, also its MQTT client id.
    pub name: &'a str,
    /// Frames or JSON.
    pub encoding: Encoding,
    /// Its id in frames, and its keys.
    pub identity: firmware::Identity,
    /// Its boot counter.
    pub boot: u32,
    /// Records it keeps while nobody acknowledges them.
    pub outbox_max: u16,
}

/// One device.
#[derive(Debug)]
pub struct Device {
    name: String,
    encoding: Encoding,
    firmware: Firmware,
    watch: Watch,
    album: Album,
    buffer: Vec<u8>,
}

impl Device {
    /// Starts a device with an empty memory.
    ///
    /// # Panics
    /// When the helper refuses the memory that is made for it here: a fault of this program.
    pub fn start(setup: DeviceSetup<'_>) -> Device {
        let DeviceSetup { name, encoding, identity, boot, outbox_max } = setup;
        let watch = Watch::default();
        let table = vec![Entry::default(); usize::from(outbox_max)].into_boxed_slice();
        let mut buffer = vec![0; Memory::SLOT_LEN.max(EvidenceSender::buffer_len(Photo::CHUNK_LEN))];
        let settings = firmware::Settings { boot_min: boot, ..firmware::Settings::default() };
        let memory = Memory::new(outbox_max);
        let firmware = Firmware::start(identity, memory, watch.clone(), table, settings, &mut buffer);
        let firmware = firmware.expect("the memory has the table's and the buffer's size");
        Device { name: name.to_owned(), encoding, firmware, watch, album: Album::default(), buffer }
    }

    /// The device's id, also its MQTT client id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a record of `message` and puts it into the outbox.
    pub fn make(&mut self, now: Moment, message: &Message<'_>) -> Result<RecordRef, NotMade> {
        self.watch.set(now);
        match self.encoding {
            Encoding::Frame => self.make_frame(now, message),
            Encoding::Json => self.make_json(message),
        }
    }

    fn make_frame(&mut self, now: Moment, message: &Message<'_>) -> Result<RecordRef, NotMade> {
        let Device { firmware, buffer, .. } = self;
        let made = match message {
            Message::Telemetry(telemetry) => firmware.report(&frame::telemetry(telemetry)?, buffer),
            Message::Track(track) => firmware.report(&frame::track(track, now.uptime_ms)?, buffer),
            Message::Incident(incident) => firmware.report(&frame::incident(incident)?, buffer),
            Message::Reading(reading) => firmware.report(&frame::sensor_report(reading), buffer),
            Message::Status(status) => firmware.report(&frame::status(status), buffer),
            Message::TaskAck(ack) => firmware.report(&frame::task_ack(ack), buffer),
        };
        made.map_err(|error| outcome::not_made(error, Unencodable::Frame))
    }

    fn make_json(&mut self, message: &Message<'_>) -> Result<RecordRef, NotMade> {
        let write = |header: &Header, out: &mut [u8]| {
            let text = json::text(header, message)?;
            let place = out.get_mut(..text.len()).ok_or(Unencodable::TooLong(text.len()))?;
            place.copy_from_slice(text.as_bytes());
            Ok(text.len())
        };
        let made = self.firmware.make_with(message.message_type(), &mut self.buffer, write);
        made.map_err(|error| outcome::not_made(error, |unencodable| unencodable))
    }

    /// Keeps a photo and makes the record that describes it, which is also its name.
    pub fn describe(&mut self, now: Moment, photo: Photo) -> Result<RecordRef, NotMade> {
        if self.album.is_full() {
            return Err(NotMade::Full);
        }
        self.watch.set(now);
        let made = self.firmware.report_evidence(&photo.meta, &mut self.buffer);
        let description = made.map_err(|error| outcome::not_made(error, Unencodable::Frame))?;
        self.album.add(description, photo);
        Ok(description)
    }

    /// The oldest record that is not in flight, if fewer than `window` are; it counts as in flight from now on.
    pub fn next_to_send(&mut self, window: usize) -> Option<Outgoing> {
        match self.firmware.next_to_send(window, &mut self.buffer) {
            Ok(outgoing) => outgoing.map(Outgoing::from),
            Err(NotSent::Storage(never)) => match never {},
            Err(NotSent::Buffer { .. } | NotSent::Damaged(_)) => {
                unreachable!("the buffer has a slot's length, and this memory keeps what it was given")
            }
        }
    }

    /// The next piece of a photo, if one may be sent now. To be asked again when something was acknowledged or came down,
    /// and at [`photo_due_ms`](Self::photo_due_ms).
    pub fn next_chunk(&mut self, now: Moment) -> Option<Outgoing> {
        self.watch.set(now);
        self.album.next_chunk(&mut self.firmware, &mut self.buffer).map(Outgoing::from)
    }

    /// The uptime at which [`next_chunk`](Self::next_chunk) has something to do although nothing happened.
    pub fn photo_due_ms(&self) -> Option<u64> {
        self.album.due_uptime_ms()
    }

    /// Photos that the gateway is still to have on this connection.
    pub fn open_photos(&self) -> usize {
        self.album.open()
    }

    /// A question about the time, to be published at QoS 0 on the topic of [`Class::Status`]; `None` without a number
    /// left.
    pub fn time_question(&mut self, now: Moment) -> Option<Bytes> {
        self.watch.set(now);
        let question = self.firmware.time_question(&mut self.buffer).ok()?;
        Some(Bytes::copy_from_slice(question.bytes))
    }

    /// The gateway has the record, or the piece of a photo.
    pub fn acknowledged(&mut self, now: Moment, record: RecordRef) -> Settled {
        self.watch.set(now);
        if self.album.acknowledged(record, now.uptime_ms) {
            return Settled::Chunk;
        }
        let Ok(held) = self.firmware.acknowledged(record);
        match (held, self.album.described(record)) {
            (false, _) => Settled::Nothing,
            (true, None) => Settled::Record,
            (true, Some(first)) => Settled::Description { first },
        }
    }

    /// The gateway refuses the record for good: it is forgotten. A piece of a photo is wanted again.
    pub fn refused(&mut self, now: Moment, record: RecordRef) -> Settled {
        let settled = self.acknowledged(now, record);
        if let Settled::Description { .. } = settled {
            let Ok(_) = self.firmware.forget(record);
            self.album.remove(record);
        }
        settled
    }

    /// Nobody knows what became of the record: it is sent again.
    pub fn unacknowledged(&mut self, now: Moment, record: RecordRef) {
        if !self.album.acknowledged(record, now.uptime_ms) {
            self.firmware.unacknowledged(record);
        }
    }

    /// The session is lost: what was in flight waits again.
    pub fn disconnected(&mut self) {
        self.firmware.disconnected();
        self.album.reconnected();
    }

    /// Takes a frame from the gateway.
    pub fn receive(&mut self, now: Moment, payload: &[u8]) -> Received {
        self.watch.set(now);
        let want = match self.firmware.receive(payload) {
            Ok(Down::EvidenceWant(want)) => want,
            Ok(Down::Time(answer)) => return Received::Time(answer),
            Ok(_) => return Received::Nothing,
            Err(refused) => return Received::Refused(refused),
        };
        match self.album.wanted(&want, now.uptime_ms) {
            None | Some((_, Transfer::NotMine)) => Received::Nothing,
            Some((photo, transfer)) => {
                if let Transfer::Complete | Transfer::Refused = transfer {
                    let Ok(_) = self.firmware.forget(photo);
                }
                Received::Photo(photo, transfer)
            }
        }
    }

    /// Records without an acknowledgement, and descriptions of photos that are not handed over.
    pub fn unacknowledged_records(&self) -> usize {
        self.firmware.records().len()
    }

    /// `{device}/{boot}/{seq}`: the id the record has everywhere beyond the device.
    pub fn record_name(&self, record: RecordRef) -> String {
        format!("{}/{}/{}", self.name, record.boot, record.seq)
    }

    /// The topic for records of this class.
    pub fn up_topic(&self, class: Class) -> String {
        format!("patrol/v1/up/{}/{}", self.name, class.as_str())
    }

    /// The topic on which messages of this kind come down; `#` for all of them.
    pub fn down_topic(&self, kind: &str) -> String {
        format!("patrol/v1/down/{}/{kind}", self.name)
    }
}

#[cfg(test)]
mod tests;
