//! Connections: who may have one, how long it may stay silent, and that breaking them breaks nothing else.

use std::pin::pin;
use std::time::Duration;

use patrol_tests::packets::{self, DISCONNECT, PINGREQ, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};
use patrol_tests::{Gateway, World, wait_until};
use tokio::time::{Instant, interval};

const SOON: Duration = Duration::from_secs(30);

/// How often connections were refused for this reason.
async fn refusals(gateway: &Gateway, reason: &str) -> f64 {
    let name = format!("patrol_mqtt_refusals_total{{reason=\"{reason}\"}}");
    gateway.metrics().await.get(&name).unwrap_or(0.0)
}

#[tokio::test]
async fn a_connect_that_is_not_finished_in_time_is_closed_even_when_bytes_keep_dripping() {
    let world = World::new();
    let gateway = world.gateway().set("listener.connect_timeout", "1s").start().await;
    for version in Version::BOTH {
        let mut silent = Connection::open(&gateway, version).await;
        let mut halfway = Connection::open(&gateway, version).await;
        let connect = packets::connect(version, "car-01", 60);
        halfway.send(&connect[..connect.len() / 2]).await;
        let mut dripping = Connection::open(&gateway, version).await;
        // A CONNECT that would take an hour at this pace.
        let endless = packets::connect(version, &"a".repeat(60_000), 60);
        let (mut bytes, mut pace) = (endless.chunks(1), interval(Duration::from_millis(50)));
        let refused = refusals(&gateway, "connect_timeout").await + 3.0;
        let mut all_closed = pin!(wait_until("all three are closed", SOON, async || {
            refusals(&gateway, "connect_timeout").await == refused
        }));
        loop {
            tokio::select! {
                _ = &mut all_closed => break,
                _ = pace.tick() => dripping.throw(bytes.next().expect("an hour has not passed")).await,
            }
        }
        assert_eq!(silent.until_closed().await, [], "there is nothing to say to somebody who said nothing");
        halfway.until_closed().await;
        dripping.until_closed().await;
    }
    let mut good = Connection::connect(&gateway, Version::V5, "car-02").await;
    good.report(1, &up("car-02", "telemetry"), telemetry(1, 1)).await;
}

#[tokio::test]
async fn a_device_silent_beyond_its_keep_alive_is_closed_and_not_before() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let be_silent = async |version: Version| {
        let mut device = Connection::open(&gateway, version).await;
        device.greet(&packets::connect(version, &format!("car-{}", version as u8), 1)).await;
        let last_word = Instant::now();
        device.send(&PINGREQ).await;
        assert_eq!(device.packet().await, Packet::PingResp);
        let goodbye = device.until_closed().await;
        // The standard gives one and a half times the keep-alive.
        let silence = last_word.elapsed();
        assert!(silence >= Duration::from_millis(1_500), "{version:?} was closed after {silence:?}");
        goodbye
    };
    let (old, new) = tokio::join!(be_silent(Version::V311), be_silent(Version::V5));
    assert_eq!((old, new), (vec![], vec![Packet::Disconnect { code: 0x8D }]));
}

#[tokio::test]
async fn the_same_client_id_takes_over_and_the_earlier_connection_is_told() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let topic = up("car-01", "telemetry");
    for (earlier_version, told) in
        [(Version::V5, vec![Packet::Disconnect { code: 0x8E }]), (Version::V311, vec![])]
    {
        let mut earlier = Connection::connect(&gateway, earlier_version, "car-01").await;
        earlier.report(1, &topic, telemetry(earlier_version as u32, 1)).await;
        for later_version in Version::BOTH {
            let mut later = Connection::connect(&gateway, later_version, "car-01").await;
            assert_eq!(earlier.until_closed().await, told, "{earlier_version:?} by {later_version:?}");
            drop(earlier);
            wait_until("one is left", SOON, async || gateway.status().await["devices_connected"] == 1).await;
            later.report(1, &topic, telemetry(earlier_version as u32, 2 + later_version as u32)).await;
            later.send(&DISCONNECT).await;
            assert_eq!(later.until_closed().await, []);
            earlier = Connection::connect(&gateway, earlier_version, "car-01").await;
        }
    }
}

#[tokio::test]
async fn a_client_id_that_is_no_device_id_is_refused() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let long = "a".repeat(33);
    let ids =
        ["", "Car-01", "-car", "car 01", "car/01", "car+", "#", "car_01", "汽车", "car-01\u{7f}", &long];
    for id in ids {
        for (version, code) in [(Version::V311, 2), (Version::V5, 0x85)] {
            let mut device = Connection::open(&gateway, version).await;
            device.send(&packets::connect(version, id, 60)).await;
            assert_eq!(device.until_closed().await, [Packet::ConnAck { code }], "{id:?}, {version:?}");
        }
    }
    let counted = async || refusals(&gateway, "client_id").await == 2.0 * ids.len() as f64;
    wait_until("each refusal is counted", SOON, counted).await;
    for id in ["0", &"a".repeat(32), "car-01-", "7--7"] {
        Connection::connect(&gateway, Version::V5, id).await;
    }
}

#[tokio::test]
async fn when_all_places_are_taken_the_next_one_waits_and_is_served_when_one_leaves() {
    let world = World::new();
    let plan = world.gateway().set("listener.max_connections", "3").set("listener.connect_timeout", "1s");
    let gateway = plan.start().await;
    let mut good = Connection::connect(&gateway, Version::V5, "car-01").await;
    let leaving = Connection::connect(&gateway, Version::V5, "car-02").await;
    let _staying = Connection::connect(&gateway, Version::V311, "car-03").await;
    let mut waiting = Connection::open(&gateway, Version::V5).await;
    waiting.send(&packets::connect(Version::V5, "car-04", 60)).await;
    // Longer than the connect timeout, which begins when it is its turn.
    let start = Instant::now();
    let mut seq = 0;
    while seq < 200 || start.elapsed() < Duration::from_millis(1_500) {
        seq += 1;
        good.report(1, &up("car-01", "telemetry"), telemetry(1, seq)).await;
    }
    assert!(waiting.is_silent(), "there is no place for it yet");
    drop(leaving);
    assert_eq!(waiting.packet().await, Packet::ConnAck { code: 0 });
    waiting.report(1, &up("car-04", "telemetry"), telemetry(1, 1)).await;
    good.report(2, &up("car-01", "telemetry"), telemetry(1, seq + 1)).await;
}

#[tokio::test]
async fn two_hundred_connections_reset_in_mid_flight_leave_it_serving() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    let mut good = Connection::connect(&gateway, Version::V5, "car-good").await;
    for round in 0..200 {
        let version = Version::BOTH[round % 2];
        let mut device = Connection::open(&gateway, version).await;
        let connect = packets::connect(version, &format!("car-{}", round % 5), 60);
        // Before, in the middle of, right after and well after its CONNECT.
        match round % 4 {
            0 => {}
            1 => device.throw(&connect[..7]).await,
            2 => device.throw(&connect).await,
            _ => {
                device.throw(&connect).await;
                device.throw(&packets::publish(version, 1, &up("car-3", "status"), "{}")).await;
            }
        }
        device.reset();
        good.report(1, &up("car-good", "telemetry"), telemetry(1, round as u32)).await;
    }
    for round in 0..5 {
        let device = format!("car-{round}");
        let mut device_again = Connection::connect(&gateway, Version::V311, &device).await;
        device_again.report(1, &up(&device, "telemetry"), telemetry(1, 1)).await;
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.get(r#"patrol_mqtt_disconnects_total{reason="panic"}"#), None);
}
