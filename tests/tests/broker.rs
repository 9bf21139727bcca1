//! Reports that devices publish at somebody else's broker reach the store, and what the broker keeps is lost nowhere.

use std::time::Duration;

use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::{Mosquitto, World, reports, wait_until};

/// Deadline for anything that must come.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_gateway_that_is_killed_and_a_broker_that_is_restarted_in_mid_stream_lose_nothing() {
    let world = World::new();
    let mut broker = Mosquitto::start(&world).await;
    let mut gateway = world.gateway().set("broker.url", &broker.url()).start().await;
    let topic = reports::up("car-01", "incident");
    let mut seq = 0;
    wait_until("the gateway has subscribed", SOON, async || {
        let mut device = Connection::connect_at(broker.addr(), Version::V311, "devices").await;
        seq += 1;
        device.report(1, &topic, reports::incident(1, seq)).await;
        gateway.pending().await > 0
    })
    .await;
    // What came before the subscription was nobody's.
    let before = gateway.pending().await;
    let mut published = 0;
    for round in 0..6 {
        let mut device = Connection::connect_at(broker.addr(), Version::V311, "devices").await;
        let seqs = 1000 + published..1000 + published + 100;
        device.report_all(&topic, seqs.map(|seq| reports::incident(1, seq))).await;
        published += 100;
        if round % 2 == 0 {
            gateway.kill9().await;
            gateway.restart().await;
        } else {
            broker.restart().await;
        }
    }
    let all = before + u64::from(published);
    wait_until("all are stored", SOON, async || gateway.pending().await >= all).await;
    assert!(gateway.pending().await <= u64::from(published + seq), "each of them once");
}
