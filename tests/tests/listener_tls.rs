//! TLS: whom the gateway lets in, whom it does not, and a certificate that is renewed under its feet.

use std::path::Path;
use std::time::Duration;

use patrol_tests::accounts::{BAD_CLIENT_ID, BAD_CREDENTIALS, NOT_AUTHORIZED};
use patrol_tests::bridge::{Bridge, tls};
use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{telemetry, up};
use patrol_tests::site::Site;
use patrol_tests::tls_front::Authority;
use patrol_tests::{Gateway, GatewayPlan, World, program, run_to_end, wait_until};
use tokio::io::AsyncReadExt;
use tokio_rustls::rustls::version::{TLS12, TLS13};

const SOON: Duration = Duration::from_secs(30);
const ANY: [&tokio_rustls::rustls::SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A gateway with TLS on any port and a certificate from these files.
fn plan(world: &World, files: &(impl AsRef<Path>, impl AsRef<Path>)) -> GatewayPlan {
    world
        .gateway()
        .set("listener.tls_bind", "127.0.0.1:0")
        .set("listener.tls_certificate", &files.0.as_ref().to_string_lossy())
        .set("listener.tls_key", &files.1.as_ref().to_string_lossy())
}

async fn metric(gateway: &Gateway, name: &str) -> f64 {
    gateway.metrics().await.get(name).unwrap_or(0.0)
}

async fn handshakes_refused(gateway: &Gateway) -> f64 {
    metric(gateway, "patrol_mqtt_refusals_total{reason=\"handshake\"}").await
}

#[tokio::test]
async fn clients_with_tls_1_2_and_1_3_are_served_and_older_ones_are_refused() {
    let (world, authority) = (World::new(), Authority::new());
    let gateway = plan(&world, &authority.issue("localhost", 365).files(world.dir(), "box")).start().await;
    for (version, device) in [(&TLS12, "car-12"), (&TLS13, "car-13")] {
        let bridge = Bridge::tls(gateway.address("mqtts"), authority.client(&[version], None)).await;
        let mut client = Connection::connect_at(bridge.addr(), Version::V5, device).await;
        for seq in 1..=3 {
            client.report(1, &up(device, "telemetry"), telemetry(1, seq)).await;
        }
        // Longer than a record of TLS.
        let long = vec![b'x'; 100_000];
        client.report(2, &up(device, "telemetry"), long).await;
    }
    assert_eq!(gateway.pending().await, 6);
    let connect = gateway.address("mqtts").to_string();
    let old = ["s_client", "-connect", &connect, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let ended = run_to_end("openssl", old, SOON).await;
    // The alert is the gateway's: the client would have gone on.
    assert!(ended.code == Some(1) && ended.stderr.contains("SSL alert number"), "{ended:?}");
    wait_until("it is counted", SOON, async || handshakes_refused(&gateway).await == 1.0).await;
}

#[tokio::test]
async fn with_an_authority_for_clients_nobody_comes_in_without_a_certificate_of_its() {
    let (world, authority, stranger) = (World::new(), Authority::new(), Authority::new());
    let ca = authority.file(world.dir());
    let files = authority.issue("localhost", 365).files(world.dir(), "box");
    let gateway = plan(&world, &files).set("listener.tls_client_ca", &ca.to_string_lossy()).start().await;
    let (own, foreign) = (authority.issue("car-07", 365), stranger.issue("car-07", 365));
    let late = authority.issue("car-07", -1);
    for version in ANY {
        for shown in [None, Some(&foreign), Some(&late)] {
            let before = handshakes_refused(&gateway).await;
            // With TLS 1.3 a client believes that it is connected before its certificate was looked at.
            if let Ok(mut stream) = tls(gateway.address("mqtts"), authority.client(&[version], shown)).await {
                assert!(stream.read_u8().await.is_err(), "{version:?}: it was let in");
            }
            wait_until("it is refused", SOON, async || handshakes_refused(&gateway).await == before + 1.0)
                .await;
        }
        let config = authority.client(&[version], Some(&own));
        let bridge = Bridge::tls(gateway.address("mqtts"), config).await;
        let mut client = Connection::connect_at(bridge.addr(), Version::V5, "car-07").await;
        client.report(1, &up("car-07", "telemetry"), telemetry(1, 1)).await;
    }
}

#[tokio::test]
async fn a_certificate_is_its_devices_account_and_nobody_elses() {
    let (world, authority) = (World::new(), Authority::new());
    let ca = authority.file(world.dir());
    let files = authority.issue("localhost", 365).files(world.dir(), "box");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let keys = [
        ("listener.tls_bind", "127.0.0.1:0".to_owned()),
        ("listener.tls_certificate", text(&files.0)),
        ("listener.tls_key", text(&files.1)),
        ("listener.tls_client_ca", text(&ca)),
    ];
    let keys: Vec<_> = keys.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let site = Site::start(&world, "box-1", None, &keys).await;
    site.done(&["device", "add", "car-07", "--certificate"]).await;
    site.done(&["device", "add", "car-08"]).await;
    site.in_force(2, 0, 0, 0).await;
    let code = async |name: &str, client_id: &str| {
        let config = authority.client(&ANY, Some(&authority.issue(name, 365)));
        let bridge = Bridge::tls(site.gateway.address("mqtts"), config).await;
        let mut client = Connection::open_at(bridge.addr(), Version::V5).await;
        client.send(&packets::connect(Version::V5, client_id, 60)).await;
        client.connack().await.0
    };
    assert_eq!(code("car-07", "car-07").await, 0);
    assert_eq!(code("car-07", "").await, 0, "it is named by its certificate");
    assert_eq!(code("car-07", "car-08").await, BAD_CLIENT_ID, "it is not another");
    assert_eq!(code("car-08", "car-08").await, BAD_CREDENTIALS, "its account is its password");
    assert_eq!(code("car-99", "car-07").await, BAD_CREDENTIALS, "a certificate of nobody here");
    site.done(&["device", "revoke", "car-07"]).await;
    site.in_force(2, 0, 1, 0).await;
    assert_eq!(code("car-07", "car-07").await, NOT_AUTHORIZED);
}

#[tokio::test]
async fn a_renewed_certificate_serves_the_next_connection_and_the_old_connection_goes_on() {
    let (world, authority) = (World::new(), Authority::new());
    let (first, second) = (authority.issue("localhost", 20), authority.issue("localhost", 365));
    let files = first.files(world.dir(), "box");
    let gateway = plan(&world, &files).start().await;
    let config = authority.client(&ANY, None);
    let served = async || {
        let stream = tls(gateway.address("mqtts"), config.clone()).await.expect("it is served");
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].clone()
    };
    let bridge = Bridge::tls(gateway.address("mqtts"), config.clone()).await;
    let mut old = Connection::connect_at(bridge.addr(), Version::V5, "car-01").await;
    assert_eq!(&served().await, first.der());
    assert!(gateway.log().contains("certificate expires soon"), "{}", gateway.log());
    let expires = "patrol_listener_certificate_expires_timestamp_seconds";
    let before_s = metric(&gateway, expires).await;

    second.files(world.dir(), "box");
    wait_until("the new one is served", SOON, async || &served().await == second.der()).await;
    let days = (metric(&gateway, expires).await - before_s) / 86_400.0;
    assert!((344.0..346.0).contains(&days), "{days}");
    let status = gateway.status().await;
    assert!(status["certificate_expires_at"].is_string(), "{status:#}");
    old.report(1, &up("car-01", "telemetry"), telemetry(1, 1)).await;

    // The key of another one: nothing of it is taken, and it is told.
    let (_, key) = first.files(world.dir(), "other");
    std::fs::copy(key, &files.1).expect("a file in the test's directory");
    let failures = "patrol_listener_certificate_failures_total";
    wait_until("it is told", SOON, async || metric(&gateway, failures).await == 1.0).await;
    assert!(gateway.log().contains("CAN'T BE USED, the old one stays"), "{}", gateway.log());
    assert_eq!(&served().await, second.der());
}

#[tokio::test]
async fn a_certificate_that_can_not_be_used_ends_the_start_and_fails_the_check() {
    let (world, authority) = (World::new(), Authority::new());
    let (certificate, _) = authority.issue("localhost", 365).files(world.dir(), "box");
    let (_, foreign_key) = authority.issue("localhost", 365).files(world.dir(), "other");
    let started = plan(&world, &(&certificate, &foreign_key)).try_start().await;
    let error = started.expect_err("it does not start").to_string();
    assert!(error.contains("listener: ") && error.contains("other.key"), "{error}");

    let config = format!(
        "[listener]\nbind = \"127.0.0.1:0\"\ntls_bind = \"127.0.0.1:0\"\ntls_certificate = {certificate:?}\n\
         tls_key = {foreign_key:?}\n[http]\nbind = \"127.0.0.1:0\"\n"
    );
    let config = world.file("check.toml", config);
    let checked =
        run_to_end(program("patrol-gateway"), ["check", "--config", &config.to_string_lossy()], SOON).await;
    let line = checked.stdout.lines().find(|line| line.contains("cert ")).unwrap_or_default();
    assert!(checked.code == Some(1) && line.contains("FAIL") && line.contains("other.key"), "{checked:?}");
}
