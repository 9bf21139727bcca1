//! The uplink speaks TLS to the platform it was told to trust, and to nobody else.

use patrol_simulator::platform::Platform;
use patrol_tests::tls_front::{Authority, TlsFront};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{Gateway, World, wait_until};
use patrol_tests::{packets::Version, raw_mqtt::Connection, reports};

/// A gateway that trusts `trusted` and sends to `front` under the name of `host`, with ten incidents.
async fn gateway(world: &World, trusted: &Authority, front: &TlsFront, host: &str) -> Gateway {
    let authority = trusted.file(world.dir());
    let plan = world.gateway().uplink(&front.url(host)).set("uplink.ca_file", &authority.to_string_lossy());
    let gateway = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms").start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-01").await;
    device.report_all(&reports::up("car-01", "incident"), (0..10).map(|seq| reports::incident(1, seq))).await;
    gateway
}

/// Several attempts were made, none got through, and everything is still there.
async fn is_refused(gateway: &Gateway, platform: &Platform) {
    let attempts = "patrol_uplink_requests_total{result=\"no_answer\"}";
    let tried = async || gateway.metrics().await.get(attempts).is_some_and(|tried| tried >= 3.0);
    wait_until("it tries several times", SOON, tried).await;
    assert_eq!(platform.counts().requests, 0, "nothing may reach a platform that is not proven");
    assert_eq!(gateway.pending().await, 10);
    let told = gateway.status().await;
    let error = told["uplink"]["last_error"].as_str().unwrap_or_default();
    assert!(error.contains("certificate"), "the technician is told why: {error}");
}

#[tokio::test]
async fn reports_reach_a_platform_whose_certificate_the_configured_authority_has_signed() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = authority.front("localhost", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    assert_eq!(platform.counts().delivered, 10);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = Authority::new().front("localhost", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = authority.front("elsewhere.example", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform).await;
}
