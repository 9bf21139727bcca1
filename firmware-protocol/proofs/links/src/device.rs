//! A device's side of the link, with memory, clock and files of the platform and a table of 16 records.

use firmware_protocol::body::{Body, EvidenceMeta, EvidenceWant, Incident, RecordRef, Telemetry, TrackBatch};
use firmware_protocol::device::{
    ChunkError, Clock, Device, Down, Entry, EvidenceSender, Identity, Media, NotMade, NotSealed, NotSent,
    Outgoing, Refused, Settings, StartError, Storage, Transfer, WallTime,
};
use firmware_protocol::{DeviceSecret, DeviceTag, Header, MessageType, Suite};

use crate::{bytes, bytes_mut};

/// What the platform brings: functions that nothing is known of.
#[repr(C)]
pub struct Platform {
    slots: extern "C" fn() -> u16,
    slot_len: extern "C" fn() -> usize,
    read: extern "C" fn(u32, *mut u8, usize) -> isize,
    write: extern "C" fn(u16, *const u8, usize) -> bool,
    erase: extern "C" fn(u16) -> bool,
    uptime_ms: extern "C" fn() -> u64,
    wall: extern "C" fn(&mut WallTime) -> bool,
}

pub struct Failed;

impl Storage for &Platform {
    type Error = Failed;

    fn slots(&self) -> u16 {
        (self.slots)()
    }

    fn slot_len(&self) -> usize {
        (self.slot_len)()
    }

    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Failed> {
        usize::try_from((self.read)(slot.into(), buffer.as_mut_ptr(), buffer.len())).map_err(|_| Failed)
    }

    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Failed> {
        (self.write)(slot, bytes.as_ptr(), bytes.len()).then_some(()).ok_or(Failed)
    }

    fn erase(&mut self, slot: u16) -> Result<(), Failed> {
        (self.erase)(slot).then_some(()).ok_or(Failed)
    }
}

impl Clock for Platform {
    fn uptime_ms(&self) -> u64 {
        (self.uptime_ms)()
    }

    fn wall(&self) -> Option<WallTime> {
        let mut wall = WallTime::default();
        (self.wall)(&mut wall).then_some(wall)
    }
}

impl Media for &Platform {
    type Error = Failed;

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Failed> {
        ((self.read)(offset, buffer.as_mut_ptr(), buffer.len()) >= 0).then_some(()).ok_or(Failed)
    }
}

type Firmware = Device<&'static Platform, &'static Platform, [Entry; 16]>;

#[unsafe(no_mangle)]
extern "C" fn device_start(
    identity: &(DeviceTag, Suite, u8),
    secret: &DeviceSecret,
    platform: &'static Platform,
    settings: &Settings,
    buffer: &mut &mut [u8],
    out: &mut Option<Result<Firmware, StartError<Failed>>>,
) {
    let (device, suite, key_id) = *identity;
    let identity = Identity::new(device, secret, suite, key_id);
    *out = identity.map(|identity| {
        Device::start(identity, platform, platform, [Entry::default(); 16], *settings, buffer)
    });
}

type Report<B> = extern "C" fn(&mut Firmware, &B, &mut &mut [u8], &mut Result<RecordRef, NotMade<Failed>>);

/// One a kind of body; what differs between the others is in `bodies`.
#[unsafe(no_mangle)]
pub static REPORTS: (Report<Telemetry>, Report<Incident<'static>>, Report<TrackBatch>, Report<EvidenceMeta>) =
    (report, report, report, report_evidence);

extern "C" fn report<B: Body>(
    device: &mut Firmware,
    body: &B,
    buffer: &mut &mut [u8],
    out: &mut Result<RecordRef, NotMade<Failed>>,
) {
    *out = device.report(body, buffer);
}

extern "C" fn report_evidence(
    device: &mut Firmware,
    meta: &EvidenceMeta,
    buffer: &mut &mut [u8],
    out: &mut Result<RecordRef, NotMade<Failed>>,
) {
    *out = device.report_evidence(meta, buffer);
}

#[unsafe(no_mangle)]
extern "C" fn device_make_with(
    device: &mut Firmware,
    message_type: &MessageType,
    buffer: &mut &mut [u8],
    write: extern "C" fn(&Header, *mut u8, usize) -> isize,
    out: &mut Result<RecordRef, NotMade<Failed, Failed>>,
) {
    *out = device.make_with(*message_type, buffer, |header, place| {
        usize::try_from(write(header, place.as_mut_ptr(), place.len())).map_err(|_| Failed)
    });
}

#[unsafe(no_mangle)]
extern "C" fn device_time_question(
    device: &mut Firmware,
    buffer: &'static mut [u8; 128],
    out: &mut Result<Outgoing<'static>, NotSealed>,
) {
    *out = device.time_question(buffer);
}

/// # Safety
///
/// There are `len` bytes at `buffer` that nobody else uses.
#[unsafe(no_mangle)]
unsafe extern "C" fn device_next_to_send(
    device: &mut Firmware,
    window: usize,
    buffer: *mut u8,
    len: usize,
    out: &mut Result<Option<Outgoing<'static>>, NotSent<Failed>>,
) {
    // SAFETY: as the caller says.
    *out = device.next_to_send(window, unsafe { bytes_mut(buffer, len) });
}

#[unsafe(no_mangle)]
extern "C" fn device_settle(device: &mut Firmware, record: &RecordRef, how: u8) -> bool {
    match how {
        0 => device.acknowledged(*record).unwrap_or_default(),
        1 => device.forget(*record).unwrap_or_default(),
        2 => device.send_again(*record),
        3 => {
            device.unacknowledged(*record);
            device.records().len() < device.capacity()
        }
        _ => {
            device.disconnected();
            device.auth_failures() == 0
        }
    }
}

/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
#[unsafe(no_mangle)]
unsafe extern "C" fn device_receive(
    device: &mut Firmware,
    start: *const u8,
    len: usize,
    out: &mut Result<Down<'static>, Refused>,
) {
    // SAFETY: as the caller says.
    *out = device.receive(unsafe { bytes(start, len) });
}

#[unsafe(no_mangle)]
extern "C" fn evidence_resume(
    device: &mut Firmware,
    description: &RecordRef,
    buffer: &mut &mut [u8],
    out: &mut Option<EvidenceSender>,
) {
    if let Ok(Some(meta)) = device.evidence_meta(*description, buffer) {
        *out = EvidenceSender::new(*description, &meta, device.uptime_ms());
    }
}

#[unsafe(no_mangle)]
extern "C" fn evidence_wanted(
    sender: &mut EvidenceSender,
    want: &EvidenceWant<'static>,
    uptime_ms: u64,
    out: &mut Transfer,
) {
    *out = sender.wanted(want, uptime_ms);
}

/// # Safety
///
/// There are `len` bytes at `buffer` that nobody else uses.
#[unsafe(no_mangle)]
unsafe extern "C" fn evidence_next_chunk(
    sender: &mut EvidenceSender,
    device: &mut Firmware,
    media: &mut &'static Platform,
    buffer: *mut u8,
    len: usize,
    out: &mut Result<Option<Outgoing<'static>>, ChunkError<Failed>>,
) {
    // SAFETY: as the caller says.
    *out = sender.next_chunk(device, media, unsafe { bytes_mut(buffer, len) });
}

#[unsafe(no_mangle)]
extern "C" fn evidence_settle(sender: &mut EvidenceSender, chunk: Option<&RecordRef>, uptime_ms: u64) -> u64 {
    match chunk {
        Some(chunk) => u64::from(sender.acknowledged(*chunk, uptime_ms)),
        None => {
            sender.disconnected();
            sender.due_uptime_ms().unwrap_or_default()
        }
    }
}
