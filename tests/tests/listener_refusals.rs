//! What a device may not do is refused in the standard's words, nothing of it is stored, and everybody else goes on.

use patrol_tests::packets::{self, Version, field};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{incident, telemetry, up};
use patrol_tests::{Gateway, World};

/// Topics that are not car-01's to publish to.
const FOREIGN_TOPICS: [&str; 9] = [
    "patrol/v1/up/car-02/incident",
    "patrol/v1/up/car-011/incident",
    "patrol/v1/up/car-0/incident",
    "patrol/v1/up/car-01",
    "patrol/v1/down/car-01/receipt",
    "patrol/v2/up/car-01/incident",
    "/patrol/v1/up/car-01/incident",
    "$SYS/patrol/v1/up/car-01/incident",
    "incident",
];

/// Filters that are not car-01's to subscribe to.
const FOREIGN_FILTERS: [&str; 10] = [
    "#",
    "+/+/+/+/+",
    "patrol/v1/down/+/receipt",
    "patrol/v1/down/#",
    "patrol/v1/down/car-02/receipt",
    "patrol/v1/down/car-011/receipt",
    "patrol/v1/down/car-01/receipt/more",
    "patrol/v1/up/car-01/incident",
    "$share/all/patrol/v1/down/car-01/receipt",
    "$SYS/#",
];

/// Nothing is stored but `telemetry` reports of those who may.
async fn assert_stored(gateway: &Gateway, telemetry: u64) {
    let status = gateway.status().await;
    assert_eq!(
        (&status["pending_total"], &status["quarantined"]),
        (&telemetry.into(), &0.into()),
        "{status:#}"
    );
}

#[tokio::test]
async fn a_foreign_topic_gets_a_refusing_puback_in_mqtt_5_and_the_connection_lives() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    for (id, topic) in (1..).zip(FOREIGN_TOPICS) {
        device.send(&packets::publish(Version::V5, id, topic, incident(1, 1))).await;
        assert_eq!(device.packet().await, Packet::PubAck { id, code: 0x87 }, "{topic}");
        device.report(100 + id, &up("car-01", "telemetry"), telemetry(1, id.into())).await;
    }
    assert_stored(&gateway, FOREIGN_TOPICS.len() as u64).await;
    // At QoS 0 there is no acknowledgement that could say it.
    device.send(&packets::publish_qos0(Version::V5, FOREIGN_TOPICS[0], incident(1, 1))).await;
    assert_eq!(device.until_closed().await, [Packet::Disconnect { code: 0x87 }]);
    assert_stored(&gateway, FOREIGN_TOPICS.len() as u64).await;
}

#[tokio::test]
async fn a_foreign_topic_closes_the_connection_in_mqtt_3_1_1_after_what_came_before_it() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for (seq, topic) in (1..).zip(FOREIGN_TOPICS) {
        let mut device = Connection::connect(&gateway, Version::V311, "car-01").await;
        device.report(1, &up("car-01", "telemetry"), telemetry(1, seq)).await;
        device.send(&packets::publish(Version::V311, 2, topic, incident(1, 1))).await;
        assert_eq!(device.until_closed().await, [], "{topic}");
    }
    assert_stored(&gateway, FOREIGN_TOPICS.len() as u64).await;
}

#[tokio::test]
async fn subscriptions_beyond_the_devices_own_are_refused_one_by_one() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    for (version, refused) in [(Version::V311, 0x80), (Version::V5, 0x87)] {
        let mut device = Connection::connect(&gateway, version, "car-01").await;
        for (id, filter) in (1..).zip(FOREIGN_FILTERS) {
            device.send(&packets::subscribe(version, id, &[filter, "patrol/v1/down/car-01/receipt"])).await;
            assert_eq!(device.packet().await, Packet::SubAck { id, codes: vec![refused, 1] }, "{filter}");
        }
        device
            .send(&packets::subscribe(version, 99, &["patrol/v1/down/car-01/#", "patrol/v1/down/car-01/+"]))
            .await;
        assert_eq!(device.packet().await, Packet::SubAck { id: 99, codes: vec![1, 1] });
    }
}

#[tokio::test]
async fn a_packet_above_the_limit_is_refused_by_its_length_alone() {
    const LIMIT: usize = 4096;
    let world = World::new();
    let gateway = world.gateway().set("listener.max_packet_bytes", "4KiB").start().await;
    let topic = up("car-01", "telemetry");
    for version in Version::BOTH {
        let mut device = Connection::connect(&gateway, version, "car-01").await;
        // The largest that is taken has exactly the bytes of the limit, fixed header included.
        let fits = |len: usize| {
            packets::publish(version, 1, &topic, telemetry(1, version as u32) + &" ".repeat(len))
        };
        let spare = LIMIT - fits(0).len();
        let largest =
            (0..=spare).rev().map(fits).find(|packet| packet.len() == LIMIT).expect("one fits exactly");
        device.send(&largest).await;
        assert_eq!(device.packet().await, Packet::ack(1));
        for claimed in [LIMIT + 1, 1 << 20, 268_435_455] {
            let mut device = Connection::connect(&gateway, version, "car-01").await;
            device.send(&[&[0x32], packets::length(claimed).as_slice(), &field(&topic)].concat()).await;
            let told = if version == Version::V5 { vec![Packet::Disconnect { code: 0x95 }] } else { vec![] };
            // The code arrives although the device goes on sending.
            device.throw(&[b' '; 300 << 10]).await;
            assert_eq!(device.until_closed().await, told, "{claimed} bytes, {version:?}");
            let mut first = Connection::open(&gateway, version).await;
            first.send(&[&[0x10], packets::length(claimed).as_slice(), &field("MQTT")].concat()).await;
            first.until_closed().await;
        }
    }
    assert_stored(&gateway, 2).await;
}

#[tokio::test]
async fn an_mqtt_5_device_that_exceeds_the_receive_maximum_is_told_and_closed() {
    const MAXIMUM: u16 = 10;
    let world = World::new();
    let gateway = world.gateway().set("listener.max_in_flight", &MAXIMUM.to_string()).start().await;
    let publishes = |count: u16, first_seq: u32| -> Vec<u8> {
        let report = |id: u16| telemetry(1, first_seq + u32::from(id));
        (1..=count)
            .flat_map(|id| packets::publish(Version::V5, id, &up("car-01", "telemetry"), report(id)))
            .collect()
    };
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    for round in 0..20 {
        device.send(&publishes(MAXIMUM, 100 * round)).await;
        for id in 1..=MAXIMUM {
            assert_eq!(
                device.packet().await,
                Packet::ack(id),
                "up to the maximum is allowed, again and again"
            );
        }
    }
    device.send(&publishes(MAXIMUM + 1, 10_000)).await;
    assert_eq!(device.until_closed().await.last(), Some(&Packet::Disconnect { code: 0x93 }));
    // QoS 0 needs no acknowledgement and has no part in the maximum.
    let mut device = Connection::connect(&gateway, Version::V5, "car-02").await;
    let unconfirmed = packets::publish_qos0(Version::V5, &up("car-02", "telemetry"), telemetry(1, 1));
    device.send(&unconfirmed.repeat(50)).await;
    device.report(1, &up("car-02", "telemetry"), telemetry(1, 2)).await;
}

#[tokio::test]
async fn topic_aliases_beyond_the_offer_and_a_second_connect_are_refused() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let topic = up("car-01", "telemetry");
    let alias = |number: u8| [3, 0x23, 0, number];
    let publish = |alias: &[u8], topic| packets::publish_with(0x32, alias, 1, topic, telemetry(1, 1));
    let refused = [
        (Version::V5, publish(&alias(17), &topic), Some(0x94)),
        (Version::V5, publish(&alias(0), &topic), Some(0x81)),
        (Version::V5, publish(&alias(1), ""), Some(0x82)),
        (Version::V5, publish(&[0], ""), Some(0x90)),
        (Version::V311, packets::connect(Version::V311, "car-01", 60), None),
        (Version::V5, packets::connect(Version::V5, "car-01", 60), Some(0x82)),
    ];
    for (version, bytes, code) in refused {
        let mut device = Connection::connect(&gateway, version, "car-01").await;
        device.send(&bytes).await;
        let told: Vec<_> = code.map(|code| Packet::Disconnect { code }).into_iter().collect();
        assert_eq!(device.until_closed().await, told, "{bytes:02x?}");
    }
    assert_stored(&gateway, 0).await;
}
