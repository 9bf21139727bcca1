//! The platform behind an MQTT broker gets everything, also when the broker is killed in mid-stream.

use std::collections::BTreeSet;
use std::time::Duration;

use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::{Mosquitto, Subscriber, World, reports, wait_until};
use serde_json::Value;

/// Deadline for anything that must come.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn reports_reach_a_platform_behind_a_broker_that_is_restarted_in_mid_stream() {
    let world = World::new();
    let mut broker = Mosquitto::start(&world).await;
    let session = ["-V", "5", "-q", "1", "-c", "-x", "3600", "-i", "platform", "-t", "city/+/up/incident"];
    let mut platform = Subscriber::start_at(broker.addr(), &session).await;
    let plan = world.gateway().set("uplink.kind", "mqtt").set("uplink.url", &broker.url());
    let gateway = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms").start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    for round in 0..3 {
        let seqs = round * 200..(round + 1) * 200;
        device
            .report_all(&reports::up("car-01", "incident"), seqs.map(|seq| reports::incident(1, seq)))
            .await;
        broker.restart().await;
    }
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    let mut came = BTreeSet::new();
    while came.len() < 600 {
        let event: Value = serde_json::from_str(&platform.message(SOON).await).expect("an event's data");
        came.insert(event["properties"]["seq"].as_u64().expect("a number"));
    }
    assert_eq!(came, (0..600).collect());
}
