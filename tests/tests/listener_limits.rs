//! The listener under hardship: strangers who say nothing, no descriptors left, one device that sends too much. The others
//! are served all the same.

use std::time::Duration;

use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{telemetry, up};
use patrol_tests::tls_front::Authority;
use patrol_tests::{Gateway, World, run_to_end, wait_until};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls::version::TLS13;

const SOON: Duration = Duration::from_secs(30);

async fn metric(gateway: &Gateway, name: &str) -> f64 {
    gateway.metrics().await.get(name).unwrap_or(0.0)
}

/// Connects, reports once and gives the time until the acknowledgement.
async fn first_ack(gateway: &Gateway, device: &str) -> Duration {
    let start = Instant::now();
    let mut client = Connection::connect(gateway, Version::V5, device).await;
    client.report(1, &up(device, "telemetry"), telemetry(1, 1)).await;
    start.elapsed()
}

#[tokio::test]
async fn three_hundred_connections_that_never_say_who_they_are_keep_nobody_waiting() {
    let (world, authority) = (World::new(), Authority::new());
    let (certificate, key) = authority.issue("localhost", 365).files(world.dir(), "box");
    let plan = world.gateway().set("listener.tls_bind", "127.0.0.1:0").set("listener.ws_bind", "127.0.0.1:0");
    let plan = plan.set("listener.tls_certificate", &certificate.to_string_lossy());
    let gateway = plan.set("listener.tls_key", &key.to_string_lossy()).start().await;
    let doors = [gateway.mqtt(), gateway.address("mqtts"), gateway.address("ws")];
    let mut strangers = Vec::new();
    for number in 0..300 {
        let stream = TcpStream::connect(doors[number % 3]).await.expect("the system takes it");
        // Some say half a word: of a CONNECT, of TLS, of HTTP.
        let half: &[u8] =
            [&b"\x10\x20\0\x04MQ"[..], b"\x16\x03\x01\x02\0", b"GET /mqtt HTTP/1.1\r\n"][number % 3];
        if number % 2 == 0 {
            stream.try_write(half).expect("the system takes it");
        }
        strangers.push(stream);
    }
    for round in 1..=3 {
        let took = first_ack(&gateway, &format!("car-{round:02}")).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    let bridge =
        patrol_tests::bridge::Bridge::tls(gateway.address("mqtts"), authority.client(&[&TLS13], None)).await;
    let start = Instant::now();
    let mut client = Connection::connect_at(bridge.addr(), Version::V5, "car-09").await;
    client.report(1, &up("car-09", "telemetry"), telemetry(1, 1)).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let crowded = "patrol_mqtt_refusals_total{reason=\"crowded\"}";
    wait_until("most were sent away", SOON, async || metric(&gateway, crowded).await >= 236.0).await;
    let told = gateway.log().matches("connection ended by the gateway").count();
    assert!(told <= 30, "a flood fills no log: {told} lines");
}

#[tokio::test]
async fn with_256_descriptors_devices_are_served_up_to_a_reserve_and_more_as_soon_as_some_leave() {
    let world = World::new();
    let gateway = world.gateway().under(&["prlimit", "--nofile=256:256"]).start().await;
    assert!(gateway.log().contains("allows fewer descriptors"), "{}", gateway.log());
    let mut served = Vec::new();
    for number in 0..128 {
        served.push(Connection::connect(&gateway, Version::V5, &format!("car-{number}")).await);
    }
    // These wait in the system's queue: nobody has said no to them. Fewer than may be unauthenticated at a time, as all may be
    // accepted before the first of them is read.
    let mut waiting = Vec::new();
    for number in 128..188 {
        let mut client = Connection::open(&gateway, Version::V5).await;
        client.send(&packets::connect(Version::V5, &format!("car-{number}"), 60)).await;
        waiting.push(client);
    }
    // The store and the API have their descriptors.
    served[0].report(1, &up("car-0", "telemetry"), telemetry(1, 1)).await;
    assert_eq!(gateway.status().await["devices_connected"], 128);
    assert!(waiting.iter_mut().all(Connection::is_silent));
    served.truncate(40);
    let recovery = async {
        for client in &mut waiting {
            client.packet().await;
        }
    };
    timeout(Duration::from_secs(2), recovery).await.expect("all are served within two seconds");
    assert!(first_ack(&gateway, "car-300").await < Duration::from_secs(2));
}

#[tokio::test]
async fn when_the_system_has_no_descriptor_left_accepting_pauses_and_goes_on_by_itself() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let mut early = Connection::connect(&gateway, Version::V5, "car-01").await;
    let pid = gateway.pid().to_string();
    let limit = async |soft: &str| {
        let words = ["--pid", &pid, &format!("--nofile={soft}:")];
        let ended = run_to_end("prlimit", words, SOON).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    limit("8").await;
    let mut late = Connection::open(&gateway, Version::V5).await;
    late.send(&packets::connect(Version::V5, "car-02", 60)).await;
    wait_until("it is told", SOON, async || gateway.log().contains("no connection can be accepted")).await;
    // Who is there already notices nothing.
    early.report(1, &up("car-01", "telemetry"), telemetry(1, 1)).await;
    assert!(late.is_silent());
    limit("512").await;
    let freed = Instant::now();
    late.packet().await;
    late.report(1, &up("car-02", "telemetry"), telemetry(1, 1)).await;
    assert!(freed.elapsed() < Duration::from_secs(2), "{:?}", freed.elapsed());
    assert!(metric(&gateway, "patrol_mqtt_accept_failures_total").await >= 1.0);
    let told = gateway.log().matches("no connection can be accepted").count();
    assert!(told < 10, "{told} times");
}

#[tokio::test]
async fn a_device_that_sends_more_than_it_may_is_read_more_slowly_and_loses_nothing() {
    let world = World::new();
    let gateway = world.gateway().set("listener.max_messages_per_s", "200").start().await;
    let mut client = Connection::connect(&gateway, Version::V5, "car-01").await;
    let start = Instant::now();
    // Ten seconds' worth at once, and then two seconds more.
    for part in 0..6 {
        let payloads = (1..=400).map(|seq| telemetry(1, part * 400 + seq));
        client.report_all(&up("car-01", "telemetry"), payloads).await;
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(1_500), "2400 messages in {took:?}");
    assert_eq!(gateway.pending().await, 2400);
    assert!(metric(&gateway, "patrol_mqtt_throttles_total").await >= 10.0);
    let waited_s = metric(&gateway, "patrol_mqtt_throttled_seconds_total").await;
    assert!(waited_s >= 1.0, "{waited_s}");
    assert_eq!(gateway.log().matches("read more slowly").count(), 1, "{}", gateway.log());
}

/// Publishes as fast as it is acknowledged, a window at a time, for so long.
async fn flood(mut client: Connection, device: &str, until: Instant) -> u64 {
    let (mut sent, topic) = (0, up(device, "telemetry"));
    while Instant::now() < until {
        let payloads = (1..=200).map(|seq| telemetry(2, sent as u32 + seq));
        client.report_all(&topic, payloads).await;
        sent += 200;
    }
    sent
}

/// Publishes twice a second and gives the latencies.
async fn behave(mut client: Connection, device: &str, until: Instant) -> Vec<Duration> {
    let (mut latencies, topic, mut seq) = (Vec::new(), up(device, "telemetry"), 0);
    let mut pace = tokio::time::interval(Duration::from_millis(500));
    loop {
        let sent_at = pace.tick().await;
        if sent_at >= until {
            return latencies;
        }
        seq += 1;
        client.report(1, &topic, telemetry(1, seq)).await;
        latencies.push(sent_at.elapsed());
    }
}

#[tokio::test]
async fn one_device_that_floods_does_not_keep_fifty_good_ones_waiting() {
    let world = World::new();
    let plan = world.gateway().set("listener.max_messages_per_s", "100");
    let gateway = plan.set("store.telemetry_linger", "0ms").start().await;
    let until = Instant::now() + Duration::from_secs(8);
    let flooder = Connection::connect(&gateway, Version::V5, "car-99").await;
    let flooding = tokio::spawn(async move { flood(flooder, "car-99", until).await });
    let mut good = JoinSet::new();
    for number in 0..50 {
        let device = format!("car-{number:02}");
        let client = Connection::connect(&gateway, Version::V5, &device).await;
        good.spawn(async move { behave(client, &device, until).await });
    }
    let mut latencies: Vec<Duration> = good.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    assert!(latencies.len() >= 500, "{}", latencies.len());
    let p99 = latencies[latencies.len() * 99 / 100];
    assert!(p99 <= Duration::from_millis(200), "{p99:?} of {} acknowledgements", latencies.len());
    let flooded = flooding.await.expect("it is served to the end");
    patrol_tests::note(&format!("p99 {p99:?}, the flood was held to {flooded} messages"));
}
