//! The real gateway and a real nats-server: reports come out in the stream, each once, also when the server is killed and comes back.

use patrol_tests::nats::{Servers, message_ids};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{incident, telemetry, up};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{World, wait_until};

#[tokio::test]
async fn reports_come_out_in_the_stream_each_once_over_a_kill_of_the_server() {
    let world = World::new();
    let mut servers = Servers::alone("").await;
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| ()).await;
    let uplink = format!(
        "[[uplink]]\nname = \"stream\"\nkind = \"nats\"\nurl = \"{}\"\nretry_min = \"10ms\"\nretry_max = \"200ms\"\n",
        servers.url(0)
    );
    let gateway = world.gateway().entries(&uplink).start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    device.report_all(&up("car-01", "incident"), (0..20).map(|seq| incident(1, seq))).await;
    device.report_all(&up("car-01", "telemetry"), (0..20).map(|seq| telemetry(2, seq))).await;
    wait_until("the stream has everything", SOON, async || gateway.pending().await == 0).await;

    servers.kill9(0).await;
    device.report_all(&up("car-01", "incident"), (20..30).map(|seq| incident(1, seq))).await;
    assert_eq!(gateway.pending().await, 10, "they are kept while the server is away");
    servers.restart(0).await;
    wait_until("the stream has the rest", SOON, async || gateway.pending().await == 0).await;

    let ids = message_ids(&stream).await;
    assert_eq!(ids.len(), 50, "{ids:?}");
    assert!(ids.values().all(|times| *times == 1), "each once: {ids:?}");
    assert!(ids.contains_key("urn:patrol-gateway:box-demo car-01/1/29"), "{ids:?}");
    let status = gateway.status().await;
    assert_eq!(
        (&status["uplinks"][0]["kind"], &status["uplinks"][0]["accepted_total"]),
        (&"nats".into(), &50.into())
    );
}
