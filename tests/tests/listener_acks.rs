//! Acknowledgements: in the order of the reports, for any number in one write, and for everybody else while one device
//! holds up its own connection.

use patrol_tests::World;
use patrol_tests::packets::{self, PINGREQ, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};

/// Round trips of another device while one is stuck.
const ROUND_TRIPS: u16 = 1_000;
/// Bytes that a stuck device may get rid of at most before its connection is held up: what the buffers of the kernel hold,
/// and very little besides.
const HELD_UP_AFTER_BYTES: usize = 64 << 20;

/// Publishes of telemetry with these packet ids, one after the other.
fn publishes(version: Version, device: &str, boot: u32, ids: impl Iterator<Item = u16>) -> Vec<u8> {
    let topic = up(device, "telemetry");
    ids.flat_map(|id| packets::publish(version, id, &topic, telemetry(boot, id.into()))).collect()
}

/// Packet ids in an order that is not theirs: 1, 8, 15, ... each once.
fn shuffled(count: u16) -> impl Iterator<Item = u16> {
    assert!(!count.is_multiple_of(7), "7 has to be a step that reaches all");
    (0..u32::from(count)).map(move |place| (place * 7 % u32::from(count) + 1) as u16)
}

#[tokio::test]
async fn pubacks_come_in_the_order_of_the_publishes_with_hundreds_in_flight() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for version in Version::BOTH {
        let mut device = Connection::connect(&gateway, version, "car-01").await;
        for round in 1..=3 {
            device.send(&publishes(version, "car-01", round + 10 * version as u32, shuffled(900))).await;
            for (place, id) in shuffled(900).enumerate() {
                assert_eq!(device.packet().await, Packet::ack(id), "{version:?}, place {place}");
            }
        }
    }
    assert_eq!(gateway.pending().await, 2 * 3 * 900, "each of them is stored");
}

#[tokio::test]
async fn what_comes_at_qos_2_is_taken_once_however_often_it_is_sent() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for (version, unknown) in [(Version::V311, 0), (Version::V5, 0x92)] {
        let id = format!("car-{}", version as u8);
        let none: &[u8] = if version == Version::V5 { &[0] } else { &[] };
        let mut device = Connection::connect(&gateway, version, &id).await;
        // Without a number of the device's own, only the packet id tells that it is the same.
        let publish = |first| packets::publish_with(first, none, 7, &up(&id, "telemetry"), "{}");
        device.send(&publish(0x34)).await;
        assert_eq!(device.packet().await, Packet::PubRec { id: 7, code: 0 });
        device.send(&publish(0x3C)).await;
        assert_eq!(device.packet().await, Packet::PubRec { id: 7, code: 0 });
        device.send(&packets::packet(0x62, [0, 7])).await;
        assert_eq!(device.packet().await, Packet::PubComp { id: 7, code: 0 });
        device.send(&packets::packet(0x62, [0, 7])).await;
        assert_eq!(device.packet().await, Packet::PubComp { id: 7, code: unknown });
        device.send(&packets::packet(0x50, [0, 9])).await;
        assert_eq!(device.packet().await, Packet::PubRel { id: 9, code: unknown });
        // Released, the packet id stands for another message.
        device.send(&publish(0x34)).await;
        assert_eq!(device.packet().await, Packet::PubRec { id: 7, code: 0 });
    }
    assert_eq!(gateway.status().await["pending_total"], 4);
}

#[tokio::test]
async fn a_refusal_keeps_its_place_among_the_acknowledgements() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    let (own, foreign) = (up("car-01", "telemetry"), up("car-02", "telemetry"));
    let topic = |id: u16| if id.is_multiple_of(5) { &foreign } else { &own };
    let publish = |id| packets::publish(Version::V5, id, topic(id), telemetry(1, id.into()));
    device.send(&(1..=300).flat_map(publish).collect::<Vec<_>>()).await;
    for id in 1..=300 {
        let code = if id % 5 == 0 { 0x87 } else { 0 };
        assert_eq!(device.packet().await, Packet::PubAck { id, code });
    }
}

#[tokio::test]
async fn everything_in_one_write_is_handled_however_much_it_is() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for version in Version::BOTH {
        let mut device = Connection::connect(&gateway, version, "car-01").await;
        device.send(&PINGREQ.repeat(300)).await;
        for _ in 0..300 {
            assert_eq!(device.packet().await, Packet::PingResp);
        }
        let filter = "patrol/v1/down/car-01/receipt";
        device
            .send(&(1..=300).flat_map(|id| packets::subscribe(version, id, &[filter])).collect::<Vec<_>>())
            .await;
        for id in 1..=300 {
            assert_eq!(device.packet().await, Packet::SubAck { id, codes: vec![1] });
        }
        // What is left over after the last full batch must not wait for the device to send more, not even when
        // nothing before it had an effect.
        device.send(&[packets::puback(9).repeat(1_000), PINGREQ.to_vec()].concat()).await;
        assert_eq!(device.packet().await, Packet::PingResp);
        for count in [256, 257, 300, 512, 513, 800] {
            let boot = u32::from(count) + 10_000 * version as u32;
            device.send(&publishes(version, "car-01", boot, 1..=count)).await;
            for id in 1..=count {
                assert_eq!(device.packet().await, Packet::ack(id), "{count} in one write");
            }
        }
    }
    // MQTT 3.1.1 has no receive maximum: more than the gateway takes at once waits in the socket.
    let mut device = Connection::connect(&gateway, Version::V311, "car-02").await;
    let flood = publishes(Version::V311, "car-02", 1, 1..=5_000);
    let (mut sent, mut acks) = (0, 0);
    while acks < 5_000 {
        sent += device.send_some(&flood[sent..]);
        acks += 1;
        assert_eq!(device.packet().await, Packet::ack(acks));
    }
}

#[tokio::test]
async fn a_device_that_reads_none_of_its_acknowledgements_delays_no_other() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut stuck = Connection::open_unread(&gateway, Version::V311).await;
    stuck.greet(&packets::connect(Version::V311, "car-stuck", 0)).await;
    let mut other = Connection::connect(&gateway, Version::V5, "car-good").await;
    // Its answers fill everything between the gateway and it, until the gateway reads no more of what it asks.
    let flood = PINGREQ.repeat(32 * 1024);
    let (mut sent, mut seq, mut held_up_for) = (0, 0, 0);
    while held_up_for < ROUND_TRIPS {
        // A write may end within a packet; the next one goes on from there.
        let count = stuck.send_some(&flood[sent % PINGREQ.len()..]);
        sent += count;
        held_up_for = if count == 0 { held_up_for + 1 } else { 0 };
        assert!(sent < HELD_UP_AFTER_BYTES, "the gateway reads for ever from a device that does not read");
        seq += 1;
        other.report(1, &up("car-good", "telemetry"), telemetry(1, seq)).await;
    }
    assert_eq!(gateway.status().await["devices_connected"], 2, "it is slow and nothing else");
}

#[tokio::test]
async fn a_device_that_stops_within_a_packet_delays_no_other() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for version in Version::BOTH {
        let mut stuck = Connection::connect(&gateway, version, "car-stuck").await;
        let mut other = Connection::connect(&gateway, version, "car-good").await;
        let unfinished = packets::publish(version, 2, &up("car-stuck", "telemetry"), telemetry(1, 2));
        stuck.report(1, &up("car-stuck", "telemetry"), telemetry(1, 1)).await;
        stuck.send(&unfinished[..unfinished.len() - 1]).await;
        for seq in 1..=ROUND_TRIPS {
            other.report(seq, &up("car-good", "telemetry"), telemetry(version as u32, seq.into())).await;
        }
        assert!(stuck.is_silent(), "what is not complete is not acknowledged");
        stuck.send(&unfinished[unfinished.len() - 1..]).await;
        assert_eq!(stuck.packet().await, Packet::ack(2));
    }
}
