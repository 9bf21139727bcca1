//! A device that asks is told the time: at once, only it, and so that it can tell which question is answered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firmware_protocol::body::{Telemetry, TimeSync};
use firmware_protocol::device::TimeAnswer;
use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Header, Suite, TimeSource, open};
use patrol_tests::firmware::{Firmware, Heard, secret, with_keys};
use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{down, sealed_as, telemetry, up};
use patrol_tests::{World, wait_until};

const SOON: Duration = Duration::from_secs(30);

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("this machine's clock is set").as_millis() as u64
}

/// A question of `car-07`, sealed with `key`.
fn question(seq: u32, asked_uptime_ms: u64, key: &FrameKey) -> Vec<u8> {
    let header = Header {
        device: DeviceTag::of("car-07"),
        boot: 7,
        seq,
        uptime_ms: asked_uptime_ms,
        ..Header::of::<TimeSync>()
    };
    sealed_as(&header, &TimeSync { asked_boot: 7, asked_uptime_ms, ..TimeSync::default() }, key)
}

fn key(device: &str, direction: Direction) -> FrameKey {
    let secret = DeviceSecret::new(secret(device));
    secret
        .frame_key(Suite::HMAC_SHA256_128, 1, direction, DeviceTag::of(device))
        .expect("a suite of this build")
}

/// The answer in the next packet, and the header of its frame.
async fn answer(device: &mut Connection, key: &FrameKey) -> (Header, TimeSync) {
    match device.packet().await {
        Packet::Publish { id: 0, topic, payload } => {
            assert_eq!(topic, down("car-07", "time"));
            let frame = open(&payload, key).expect("sealed with the device's key");
            (frame.header, frame.decode().expect("an answer"))
        }
        other => panic!("{other:?} is no answer"),
    }
}

#[tokio::test]
async fn the_answer_repeats_the_question_and_its_times_are_the_gateways() {
    let world = World::new();
    let mut gateway = with_keys(world.gateway(), &["car-07"]).start().await;
    let (up_key, down_key) = (key("car-07", Direction::Up), key("car-07", Direction::Down));
    let mut numbers = Vec::new();
    for version in [Version::V311, Version::V5, Version::V5] {
        let mut device = Connection::connect(&gateway, version, "car-07").await;
        device.subscribe(&down("car-07", "time")).await;
        for seq in 1..4 {
            let asked_uptime_ms = u64::from(seq) << 33;
            let before = now_ms();
            device
                .send(&packets::publish_qos0(
                    version,
                    &up("car-07", "status"),
                    question(seq, asked_uptime_ms, &up_key),
                ))
                .await;
            let (header, told) = answer(&mut device, &down_key).await;
            let after = now_ms();
            assert_eq!((told.asked_boot, told.asked_uptime_ms), (7, asked_uptime_ms));
            let times = [before, told.received_unix_ms, told.sent_unix_ms, header.unix_ms, after];
            assert!(times.is_sorted(), "{times:?}");
            assert_eq!(
                (header.device, header.time_quality.source),
                (DeviceTag::of("car-07"), TimeSource::RTC)
            );
            numbers.push((header.boot, header.seq));
        }
        gateway.kill9().await;
        gateway.restart().await;
    }
    assert!(numbers.is_sorted_by(|one, next| one < next), "no number is given twice: {numbers:?}");
    assert!(numbers[3].0 > numbers[0].0, "each start has its own: {numbers:?}");
    let told = gateway.status().await;
    assert_eq!(
        (&told["pending_total"], &told["quarantined"]),
        (&0.into(), &0.into()),
        "nothing is kept of it"
    );
}

#[tokio::test]
async fn a_question_is_acknowledged_in_its_turn_and_answered_only_to_who_listens() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut device = Connection::connect(&gateway, Version::V311, "car-07").await;
    let (status, telemetries) = (up("car-07", "status"), up("car-07", "telemetry"));
    let publish = |id, topic: &str, payload: &[u8]| packets::publish(Version::V311, id, topic, payload);
    let ask = |id| publish(id, &status, &question(u32::from(id), 5_000, &FrameKey::CRC32C));
    // Nobody listens yet.
    let packets = [publish(1, &telemetries, telemetry(1, 1).as_bytes()), ask(2), ask(3)];
    device.send(&packets.concat()).await;
    for id in 1..=3 {
        assert_eq!(device.packet().await, Packet::ack(id));
    }
    let dropped = "patrol_down_answers_dropped_total";
    assert_eq!(gateway.metrics().await.get(dropped), Some(2.0));
    device.subscribe(&down("car-07", "+")).await;
    device.send(&ask(4)).await;
    let (mut acks, mut answers) = (0, 0);
    for _ in 0..2 {
        match device.packet().await {
            Packet::PubAck { id: 4, code: 0 } => acks += 1,
            Packet::Publish { id: 0, payload, .. } => {
                open(&payload, &FrameKey::CRC32C).expect("a device without a key is answered without one");
                answers += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((acks, answers), (1, 1));
    let told = gateway.status().await;
    assert_eq!((&told["pending"]["telemetry"], &told["pending"]["status"]), (&1.into(), &0.into()));
    assert_eq!(gateway.metrics().await.get(dropped), Some(2.0));
}

#[tokio::test]
async fn only_a_question_with_the_devices_key_is_answered() {
    let world = World::new();
    let gateway = with_keys(world.gateway(), &["car-07", "car-08"]).start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    device.subscribe(&down("car-07", "time")).await;
    let forged = [key("car-08", Direction::Up), key("car-07", Direction::Down), FrameKey::CRC32C];
    for (id, key) in (1..).zip(&forged) {
        let question = question(u32::from(id), 5_000, key);
        device.report(id, &up("car-07", "status"), question).await;
    }
    wait_until("they are refused", SOON, async || gateway.status().await["counters"]["quarantined"] == 3)
        .await;
    assert!(device.is_silent(), "and not answered");
    // Something else of the device goes on.
    let header = Header { device: DeviceTag::of("car-07"), boot: 7, seq: 9, ..Header::of::<Telemetry>() };
    let report = sealed_as(&header, &Telemetry::default(), &key("car-07", Direction::Up));
    device.report(9, &up("car-07", "telemetry"), report).await;
}

#[tokio::test]
async fn a_device_with_the_firmwares_own_code_sets_its_clock_by_it() {
    let world = World::new();
    let gateway = with_keys(world.gateway(), &["cam-1"]).start().await;
    let mut device = Firmware::new("cam-1");
    device.connect(&gateway).await;
    let before = now_ms();
    device.ask_time().await;
    let Heard::Time(TimeAnswer::Taken, time) = device.hear().await else { panic!("the time") };
    let after = now_ms();
    // Half the round trip off at most, which lies within; whole milliseconds are told.
    assert!((before.saturating_sub(4)..=after + 4).contains(&time.unix_ms), "{before} {time:?} {after}");
    assert_eq!(time.quality.source, TimeSource::GATEWAY_SYNC);
}
