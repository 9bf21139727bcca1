//! A name server that says nothing costs the devices no time, and the platform is found once its name is.

use std::net::UdpSocket;
use std::time::Duration;

use patrol_tests::uplink_stage::SOON;
use patrol_tests::{Gateway, World, wait_until};
use patrol_tests::{packets::Version, raw_mqtt::Connection, reports};
use tokio::time::Instant;

/// Acknowledgements that are measured.
const ACKS: u32 = 200;
/// Longer than any scheduler holds a process up, much shorter than a look-up that fails.
const SLACK: Duration = Duration::from_millis(50);

/// The time in which 99 of 100 reports are acknowledged, one after the other.
async fn ack_p99(gateway: &Gateway, boot: u32) -> Duration {
    let mut device = Connection::connect(gateway, Version::V5, "car-01").await;
    let mut times = Vec::new();
    for seq in 0..ACKS {
        let start = Instant::now();
        device.report_all(&reports::up("car-01", "incident"), [reports::incident(boot, seq)]).await;
        times.push(start.elapsed());
    }
    times.sort();
    times[(ACKS * 99 / 100) as usize - 1]
}

#[tokio::test]
async fn a_dead_name_server_holds_no_acknowledgement_up_and_the_name_is_found_when_it_can_be() {
    let world = World::new();
    let platform = world.platform().await;
    // A name server that hears everything and says nothing; where that port can't be had, one that is nowhere.
    let deaf = UdpSocket::bind("127.66.66.66:53");
    let server = if deaf.is_ok() { "127.66.66.66" } else { "192.0.2.1" };
    let resolv = world.file("resolv.conf", format!("nameserver {server}\n"));
    let hosts = world.file("hosts", "127.0.0.1 localhost\n");
    let mount = format!(
        "mount --bind {} /etc/resolv.conf && mount --bind {} /etc/hosts && exec \"$@\"",
        resolv.display(),
        hosts.display()
    );
    let namespace = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let url = format!("http://cases.example.city:{}", platform.addr().port());
    let plan = world.gateway_named("lost").uplink(&url).set("uplink.allow_plain_http", "true");
    let plan =
        plan.set("uplink.timeout", "500ms").set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
    let lost = plan.under(&["unshare", namespace, "sh", "-c", &mount, "sh"]).start().await;
    let healthy = world.gateway_named("healthy").uplink(&platform.url()).start().await;

    // Each warms up with a record, and the lost one is in the middle of its attempts.
    let (usual, meanwhile) = (ack_p99(&healthy, 1).await, ack_p99(&lost, 1).await);
    let failed = async || {
        let metrics = lost.metrics().await;
        let of = |result: &str| {
            metrics.get(&format!("patrol_uplink_requests_total{{result={result:?}}}")).unwrap_or(0.0)
        };
        of("no_answer") + of("deadline") >= 1.0
    };
    wait_until("a look-up fails", SOON, failed).await;
    assert!(meanwhile <= usual * 2 + SLACK, "{meanwhile:?} while no name is found, {usual:?} otherwise");
    assert_eq!(lost.pending().await, u64::from(ACKS), "everything is kept");

    world.file("hosts", "127.0.0.1 localhost cases.example.city\n");
    wait_until("the platform is found", SOON, async || lost.pending().await == 0).await;
    drop(deaf);
}
