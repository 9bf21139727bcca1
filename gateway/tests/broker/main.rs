//! The other way in: reports come from Debian's mosquitto, or from a scripted broker of our own where it can't be made to do it, and
//! what the broker keeps is lost nowhere.

#[path = "../mqtt_support/mod.rs"]
mod mqtt_support;
mod world;

use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::domain::report::{Class, DeviceId};
use patrol_gateway::mqtt_client::Version;
use patrol_gateway::store::handle::NewDown;

use crate::mqtt_support::mosquitto::{IN_MEMORY, Mosquitto, ON_EVERY_CHANGE};
use crate::mqtt_support::raw::{Hello, Packet, RawBroker};
use crate::world::{Device, Gateway, section};

/// A while in which something that must not happen would have happened.
const A_WHILE: Duration = Duration::from_millis(300);

fn incident(seq: u32) -> String {
    format!(r#"{{"boot": 1, "seq": {seq}, "kind": "event", "code": "0501"}}"#)
}

#[tokio::test]
async fn reports_of_any_device_at_the_broker_reach_the_store_under_the_device_of_their_topic() {
    for version in [Version::V5, Version::V3] {
        let broker = Mosquitto::started(IN_MEMORY);
        let gateway = Gateway::start(&section(broker.addr(), version));
        gateway.subscribed().await;
        let mut device = Device::connect(broker.addr(), version).await;
        device.publish("patrol/v1/up/car-01/incident", &incident(1)).await;
        device.publish("patrol/v1/up/car-02/incident", &incident(1)).await;
        device.publish("patrol/v1/up/car-02/status", r#"{"boot": 1, "seq": 2, "queued": 0}"#).await;
        device.publish("patrol/v1/up/car-02/gossip", "{}").await;
        device.publish("patrol/v1/up/CAR/incident", &incident(1)).await;
        gateway.has(Class::Incident, 2).await;
        gateway.has(Class::Status, 1).await;
        let devices = gateway.senders(Class::Incident).await;
        assert_eq!(devices, ["car-01", "car-02"]);
    }
}

#[tokio::test]
async fn a_report_that_comes_twice_is_stored_once() {
    let broker = Mosquitto::started(IN_MEMORY);
    let gateway = Gateway::start(&section(broker.addr(), Version::V5));
    gateway.subscribed().await;
    let mut device = Device::connect(broker.addr(), Version::V5).await;
    for seq in [1, 1, 2, 2, 1] {
        device.publish("patrol/v1/up/car-01/incident", &incident(seq)).await;
    }
    gateway.has(Class::Incident, 2).await;
}

#[tokio::test]
async fn a_broker_that_is_restarted_in_mid_stream_and_a_gateway_that_is_gone_without_a_word_lose_nothing() {
    let mut broker = Mosquitto::started(ON_EVERY_CHANGE);
    let folder = tempfile::tempdir().expect("a folder");
    let section = section(broker.addr(), Version::V5);
    let mut gateway = Gateway::start_in(&section, folder.path());
    gateway.subscribed().await;
    let mut seq = 0;
    for round in 0..4 {
        let mut device = Device::connect(broker.addr(), Version::V5).await;
        for _ in 0..150 {
            seq += 1;
            device.publish("patrol/v1/up/car-01/incident", &incident(seq)).await;
        }
        if round % 2 == 0 {
            broker.end();
            broker.start();
        } else {
            // As if its process were killed: nothing is told to anybody.
            gateway.drop_dead().await;
            let mut away = Device::connect(broker.addr(), Version::V5).await;
            for _ in 0..50 {
                seq += 1;
                away.publish("patrol/v1/up/car-01/incident", &incident(seq)).await;
            }
            gateway = Gateway::start_in(&section, folder.path());
        }
    }
    gateway.has(Class::Incident, seq as usize).await;
    println!("{seq} messages acknowledged by the broker, all stored");
}

#[tokio::test]
async fn a_broker_that_has_lost_the_session_is_subscribed_to_again() {
    let mut broker = Mosquitto::started(IN_MEMORY);
    let gateway = Gateway::start(&section(broker.addr(), Version::V5));
    gateway.subscribed().await;
    broker.kill();
    broker.start();
    // Nobody is told when the subscription is back: what comes before is the broker's loss.
    let mut device = Device::connect(broker.addr(), Version::V5).await;
    for seq in 1..600 {
        device.publish("patrol/v1/up/car-01/incident", &incident(seq)).await;
        if gateway.count(Class::Incident) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing comes any more");
}

#[tokio::test]
async fn an_acknowledgement_never_reaches_a_message_of_another_connection() {
    let broker = RawBroker::open().await;
    let gateway = Gateway::start(&section(broker.addr(), Version::V5));
    let topic = "patrol/v1/up/car-01/incident";
    for round in 1..=5 {
        // The store waits a little for company: it is committed when the connection is gone, and nobody is there to be told.
        let mut first = broker.accept(Hello { session_present: true, ..Hello::default() }).await;
        assert!(matches!(first.packet().await, Some(Packet::Subscribe(_))));
        first.publish(1, topic, incident(2 * round).as_bytes()).await;
        gateway.handed_over(2 * u64::from(round) - 1).await;
        drop(first);
        gateway.has(Class::Incident, 2 * round as usize - 1).await;
        let mut second = broker.accept(Hello { session_present: true, ..Hello::default() }).await;
        assert!(matches!(second.packet().await, Some(Packet::Subscribe(_))));
        assert!(second.is_quiet_for(A_WHILE).await, "the packet id is nobody's yet");
        second.publish(1, topic, incident(2 * round + 1).as_bytes()).await;
        assert_eq!(second.packet().await, Some(Packet::PubAck(1)));
        assert_eq!(gateway.count(Class::Incident), 2 * round as usize, "acknowledged once it is durable");
    }
}

#[tokio::test]
async fn what_was_taken_is_acknowledged_before_the_gateway_leaves() {
    let broker = RawBroker::open().await;
    let gateway = Gateway::start(&section(broker.addr(), Version::V5));
    let mut link = broker.accept(Hello::default()).await;
    assert!(matches!(link.packet().await, Some(Packet::Subscribe(_))));
    for packet_id in 1..=100 {
        link.publish(packet_id, "patrol/v1/up/car-01/incident", incident(packet_id.into()).as_bytes()).await;
    }
    gateway.some(Class::Incident).await;
    gateway.stopping.cancel();
    let mut acknowledged = 0;
    loop {
        match link.packet().await {
            Some(Packet::PubAck(id)) => {
                acknowledged += 1;
                assert_eq!(id, acknowledged, "in order");
            }
            Some(Packet::Disconnect) | None => break,
            Some(_) => {}
        }
    }
    assert_eq!(usize::from(acknowledged), gateway.count(Class::Incident), "no more and no less");
}

#[tokio::test]
async fn a_receipt_goes_down_by_the_broker_and_waits_for_a_device_that_has_not_subscribed() {
    let broker = Mosquitto::started(IN_MEMORY);
    let gateway = Gateway::start(&section(broker.addr(), Version::V5));
    gateway.subscribed().await;
    let mut device = Device::connect(broker.addr(), Version::V5).await;
    device.subscribe("patrol/v1/down/car-01/#").await;
    device.publish("patrol/v1/up/car-01/incident", &incident(1)).await;
    gateway.has(Class::Incident, 1).await;
    let receipt = |name: &str| NewDown {
        device: DeviceId::parse(name).expect("it is there"),
        kind: "receipt",
        created_at_ms: 0,
        payload: Bytes::from_static(b"{\"case\":\"AJ-1\"}"),
    };
    gateway.store().send_down(receipt("car-01")).await.expect("it is there");
    let (topic, payload) = device.message().await;
    assert_eq!(
        (topic.as_str(), &payload[..]),
        ("patrol/v1/down/car-01/receipt", &b"{\"case\":\"AJ-1\"}"[..])
    );
    // car-02 has sent something, and has subscribed to nothing.
    device.publish("patrol/v1/up/car-02/incident", &incident(1)).await;
    gateway.has(Class::Incident, 2).await;
    gateway.store().send_down(receipt("car-02")).await.expect("it is there");
    tokio::time::sleep(A_WHILE).await;
    let waiting = gateway
        .store()
        .down_after(DeviceId::parse("car-02").expect("a device id"), 0, 10)
        .await
        .expect("it is there");
    assert_eq!(waiting.len(), 1, "it stays in the store");
    let done = gateway
        .store()
        .down_after(DeviceId::parse("car-01").expect("a device id"), 0, 10)
        .await
        .expect("it is there");
    assert_eq!(done.len(), 0, "and what the broker has is done with");
}

/// Not ours to promise: what a broker that was not told to keep anything loses. Its figure stands in docs/operations.md.
#[tokio::test]
async fn a_broker_with_defaults_loses_what_it_acknowledged_and_the_gateway_has_not_taken() {
    for lines in [IN_MEMORY, "persistence true\n"] {
        let mut broker = Mosquitto::started(lines);
        let folder = tempfile::tempdir().expect("a folder");
        let section = section(broker.addr(), Version::V5);
        let mut gateway = Gateway::start_in(&section, folder.path());
        gateway.subscribed().await;
        gateway.drop_dead().await;
        let mut device = Device::connect(broker.addr(), Version::V5).await;
        for seq in 1..=500 {
            device.publish("patrol/v1/up/car-01/incident", &incident(seq)).await;
        }
        broker.kill();
        broker.start();
        let gateway = Gateway::start_in(&section, folder.path());
        gateway.subscribed().await;
        // Whatever the broker still had would come before this one.
        let mut device = Device::connect(broker.addr(), Version::V5).await;
        device.publish("patrol/v1/up/car-01/incident", &incident(501)).await;
        gateway.has(Class::Incident, 1).await;
        assert_eq!(gateway.count(Class::Incident), 1, "{lines:?}: none of the 500 survives kill -9");
    }
}
