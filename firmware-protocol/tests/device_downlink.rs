//! What comes down counts with the right key, for this device, and once a session.
#![cfg(feature = "hmac-sha256")]
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::collections::BTreeSet;

use firmware_protocol::body::{Ack, Config, EvidenceWant, RecordRef, Task, Telemetry, TimeSync};
use firmware_protocol::device::{Device, Down, Entry, Identity, Refused, Settings, TimeAnswer};
use firmware_protocol::{
    DecodeError, DeviceSecret, DeviceTag, Direction, FrameKey, Header, MessageType, Text,
};
use proptest::prelude::*;
use support::device::gateway::{SUITE, Sender, car, frame, key, started};
use support::device::stand_ins::{Memory, Watch};

fn ack(seq: u32) -> Ack<'static> {
    Ack { record: RecordRef { boot: 1, seq }, ..Ack::default() }
}

#[test]
fn each_kind_of_message_comes_out_as_it_was_meant() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, Settings::default());
    let mut gateway = Sender::new(3);
    let task = Task { task: 9, title: Text::truncated("占道经营"), ..Task::default() };
    let config = Config { config_id: 5, ..Config::default() };
    let want = EvidenceWant { base_index: 8, ..EvidenceWant::default() };
    assert_eq!(device.receive(&gateway.say(&task)), Ok(Down::Task(task)));
    assert_eq!(device.receive(&gateway.say(&config)), Ok(Down::Config(config)));
    assert_eq!(device.receive(&gateway.say(&ack(7))), Ok(Down::Ack(ack(7))));
    assert_eq!(device.receive(&gateway.say(&want)), Ok(Down::EvidenceWant(want)));
    let time = gateway.say(&TimeSync::default());
    assert_eq!(device.receive(&time), Ok(Down::Time(TimeAnswer::NotAsked)));
    let upward = gateway.say(&Telemetry::default());
    assert_eq!(device.receive(&upward), Err(Refused::MessageType(MessageType::TELEMETRY)));
    assert_eq!(device.auth_failures(), 0);
}

#[test]
fn frames_for_others_of_others_and_thrown_back_are_refused_and_counted() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, Settings::default());
    let header = Header { device: car(), boot: 1, seq: 1, ..Header::of::<Ack<'_>>() };
    let stranger = DeviceSecret::new([9; 32]).frame_key(SUITE, 1, Direction::Down, car()).unwrap();
    let not_authentic = [
        ("another secret", frame(&header, &ack(1), &stranger)),
        ("thrown back", frame(&header, &ack(1), &key(Direction::Up, car()))),
        ("another device's key", frame(&header, &ack(1), &key(Direction::Down, DeviceTag::of("car-08")))),
        ("no key", frame(&header, &ack(1), &FrameKey::CRC32C)),
    ];
    for (what, bytes) in &not_authentic {
        let refused = device.receive(bytes);
        let tag_or_key =
            matches!(refused, Err(Refused::Frame(DecodeError::Tag { .. } | DecodeError::Key { .. })));
        assert!(tag_or_key, "{what}: {refused:?}");
    }
    assert_eq!(device.auth_failures(), not_authentic.len() as u32);

    let addressee = DeviceTag::of("car-08");
    let other = frame(&Header { device: addressee, ..header }, &ack(1), &key(Direction::Down, car()));
    assert_eq!(device.receive(&other), Err(Refused::Device { addressee }));
    // None of them used the number up.
    let right = frame(&header, &ack(1), &key(Direction::Down, car()));
    assert_eq!(device.receive(&right), Ok(Down::Ack(ack(1))));
}

#[test]
fn a_question_thrown_back_sets_no_clock_even_without_a_key() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let identity = Identity::without_key(car());
    let table = [Entry::default(); 6];
    let mut buffer = [0; Memory::SLOT_LEN];
    let device = Device::start(identity, &memory, &watch, table, Settings::default(), &mut buffer);
    let mut device = device.unwrap();
    let question = device.time_question(&mut buffer).unwrap().bytes.to_vec();
    assert_eq!(device.receive(&question), Ok(Down::Time(TimeAnswer::Unknown)));
    assert_eq!(device.time().unix_ms, 0);
}

#[test]
fn a_gateway_that_is_met_again_begins_a_new_session() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, Settings::default());
    let newer = Sender::new(9).say(&ack(1));
    let older = Sender::new(8).say(&ack(2));
    assert!(device.receive(&newer).is_ok());
    assert_eq!(device.receive(&older), Err(Refused::Replayed { boot: 8, seq: 1 }));
    device.disconnected();
    assert!(device.receive(&older).is_ok());
    assert!(device.receive(&newer).is_ok(), "the gateway started anew");
    assert_eq!(device.receive(&newer), Err(Refused::Replayed { boot: 9, seq: 1 }));
}

proptest! {
    /// In whatever order and however often frames arrive: each counts at most once, and one that is new and among the newest
    /// 64 counts.
    #[test]
    fn a_frame_counts_once_in_a_session_in_whatever_order_they_come(
        arrivals in prop::collection::vec((1..4_u32, prop_oneof![1..100_u32, 1..1000_u32, Just(u32::MAX)]), 1..200),
    ) {
        let (memory, watch) = (Memory::new(8, 0), Watch::default());
        let mut device = started(&memory, &watch, Settings::default());
        let mut came = BTreeSet::new();
        for (boot, seq) in arrivals {
            let bytes = Sender { boot, seq: seq - 1 }.say(&ack(seq));
            let taken = device.receive(&bytes);
            let newest = came.last().copied().unwrap_or((0, 0));
            let within = (boot, seq) > newest || (boot == newest.0 && newest.1 - seq < 64);
            if within && came.insert((boot, seq)) {
                prop_assert_eq!(taken, Ok(Down::Ack(ack(seq))));
            } else {
                prop_assert_eq!(taken, Err(Refused::Replayed { boot, seq }));
            }
        }
    }
}
