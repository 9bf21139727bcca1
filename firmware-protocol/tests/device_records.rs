//! How a device uses its storage and its numbers.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use firmware_protocol::body::{RecordRef, Telemetry};
use firmware_protocol::device::{Device, Entry, Identity, NotSent, Settings, StartError};
use firmware_protocol::{DeviceTag, FrameKey, open};
use support::device::stand_ins::{Memory, MemoryError, Watch};

const RECORDS: usize = 6;

type Firmware<'a> = Device<&'a Memory, &'a Watch, [Entry; RECORDS]>;

fn start<'a>(
    memory: &'a Memory,
    watch: &'a Watch,
    settings: Settings,
) -> Result<Firmware<'a>, StartError<MemoryError>> {
    let identity = Identity::without_key(DeviceTag::of("car-07"));
    let mut buffer = [0; Memory::SLOT_LEN];
    Device::start(identity, memory, watch, [Entry::default(); RECORDS], settings, &mut buffer)
}

fn started<'a>(memory: &'a Memory, watch: &'a Watch) -> Firmware<'a> {
    start(memory, watch, Settings::default()).unwrap()
}

#[test]
fn free_slots_are_used_in_turn() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let mut device = started(&memory, &watch);
    let mut buffer = [0; Memory::SLOT_LEN];
    for _ in 0..100 * RECORDS {
        let made = device.report(&Telemetry::default(), &mut buffer).unwrap();
        device.acknowledged(made).unwrap();
    }
    assert_eq!(memory.writes()[2..], [200; RECORDS], "100 records and 100 erasures each");
}

#[test]
fn a_slot_that_is_broken_is_passed_over() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let mut device = started(&memory, &watch);
    memory.break_slot(4);
    let mut buffer = [0; Memory::SLOT_LEN];
    let made: Vec<_> =
        (0..2 * RECORDS).map(|_| device.report(&Telemetry::default(), &mut buffer).ok()).collect();
    assert_eq!(made.iter().flatten().count(), RECORDS - 1);
    let seqs: Vec<_> = made.iter().flatten().map(|record| record.seq).collect();
    assert_eq!(seqs, [1, 2, 4, 5, 6], "the number that failed is not given again");
}

#[test]
fn a_device_that_restarts_for_each_record_wears_no_slot_out_before_the_others() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let mut buffer = [0; Memory::SLOT_LEN];
    for _ in 0..100 * RECORDS {
        let mut device = started(&memory, &watch);
        let made = device.report(&Telemetry::default(), &mut buffer).unwrap();
        device.acknowledged(made).unwrap();
    }
    let writes = memory.writes();
    assert_eq!(writes[2..], [200; RECORDS]);
    assert_eq!(writes[..2], [300, 300], "the counter");
}

#[test]
fn a_record_that_is_damaged_in_the_storage_is_told_and_holds_up_no_other() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let mut buffer = [0; Memory::SLOT_LEN];
    for (at, while_running) in (0..16 + 36).flat_map(|at| [(at, true), (at, false)]) {
        let mut device = started(&memory, &watch);
        let made = [(); 2].map(|()| device.report(&Telemetry::default(), &mut buffer).unwrap());
        memory.flip(slot_of(&memory, made[0]), at);
        match while_running {
            true => {
                assert_eq!(device.next_to_send(8, &mut buffer), Err(NotSent::Damaged(made[0])), "byte {at}")
            }
            false => device = started(&memory, &watch),
        }
        let sent = device.next_to_send(8, &mut buffer).unwrap().map(|outgoing| outgoing.record);
        assert_eq!(sent, Some(made[1]), "byte {at}");
        assert_eq!(device.next_to_send(8, &mut buffer), Ok(None));
        assert_eq!(device.acknowledged(made[1]), Ok(true));
    }
}

#[test]
fn a_slot_that_holds_another_record_than_it_should_is_damaged_too() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let mut device = started(&memory, &watch);
    let mut buffer = [0; Memory::SLOT_LEN];
    let made = [(); 2].map(|()| device.report(&Telemetry::default(), &mut buffer).unwrap());
    memory.copy(slot_of(&memory, made[1]), slot_of(&memory, made[0]));
    assert_eq!(device.next_to_send(8, &mut buffer), Err(NotSent::Damaged(made[0])));
}

fn slot_of(memory: &Memory, record: RecordRef) -> u16 {
    (2..RECORDS as u16 + 2).find(|slot| held(memory, *slot) == Some(record)).unwrap()
}

/// Which record a slot holds, by the layout that the device documents.
fn held(memory: &Memory, slot: u16) -> Option<RecordRef> {
    let bytes = memory.content(slot);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let len = usize::from(u16::from_le_bytes([bytes[12], bytes[13]]));
    let whole = bytes.get(4..16 + len)?;
    (crc32c::crc32c(whole) == word(0)).then(|| RecordRef { boot: word(4), seq: word(8) })
}

#[test]
fn a_lost_boot_counter_is_found_again_in_the_records_that_wait() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    for _ in 0..4 {
        started(&memory, &watch);
    }
    let made = started(&memory, &watch).report(&Telemetry::default(), &mut [0; Memory::SLOT_LEN]).unwrap();
    assert_eq!(made, RecordRef { boot: 5, seq: 1 });
    memory.flip(0, 1);
    memory.flip(1, 1);
    assert_eq!(started(&memory, &watch).boot(), 6);
}

#[test]
fn counters_end_in_an_error_and_never_begin_again() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    let last = Settings { boot_min: u32::MAX, ..Settings::default() };
    assert_eq!(start(&memory, &watch, last).unwrap().boot(), u32::MAX);
    let refused = start(&memory, &watch, Settings::default());
    assert!(matches!(refused, Err(StartError::Exhausted)), "{refused:?}");
}

#[test]
fn a_program_that_brings_too_little_memory_is_told_at_the_start() {
    let memory = Memory::new(RECORDS + 3, 0);
    let watch = Watch::default();
    let refused = start(&memory, &watch, Settings::default());
    assert!(matches!(refused, Err(StartError::Table { entries: RECORDS })), "{refused:?}");
    let identity = Identity::without_key(DeviceTag::of("car-07"));
    let table = [Entry::default(); RECORDS + 1];
    let refused = Device::start(identity, &memory, &watch, table, Settings::default(), &mut [0; 255]);
    assert!(matches!(refused, Err(StartError::Buffer { needed: 256 })), "{refused:?}");
}

#[test]
fn a_report_is_a_frame_of_the_device_with_its_clocks() {
    let memory = Memory::new(RECORDS + 2, 0);
    let watch = Watch::default();
    watch.uptime_ms.set(77);
    let mut device = started(&memory, &watch);
    let mut buffer = [0; Memory::SLOT_LEN];
    device.report(&Telemetry { odometer_m: 5, ..Telemetry::default() }, &mut buffer).unwrap();
    let bytes = device.next_to_send(1, &mut buffer).unwrap().unwrap().bytes.to_vec();
    let frame = open(&bytes, &FrameKey::CRC32C).unwrap();
    assert_eq!((frame.header.device, frame.header.boot, frame.header.seq), (DeviceTag::of("car-07"), 1, 1));
    assert_eq!((frame.header.uptime_ms, frame.header.unix_ms), (77, 0));
    assert_eq!(frame.decode::<Telemetry>().unwrap().odometer_m, 5);
}
