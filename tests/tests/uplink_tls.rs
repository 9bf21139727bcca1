//! The uplink speaks TLS to the platform it was told to trust, and to nobody else; what was put right is used without a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use patrol_simulator::platform::Platform;
use patrol_tests::connect_proxy::ConnectProxy;
use patrol_tests::tls_front::{Authority, Shown, TlsFront};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{Gateway, GatewayPlan, World, program, run_to_end, wait_until};
use patrol_tests::{packets::Version, raw_mqtt::Connection, reports};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A gateway that trusts `trusted` and sends to `url`.
fn plan(world: &World, trusted: &Authority, url: &str) -> GatewayPlan {
    let authority = trusted.file(world.dir());
    let plan = world.gateway().uplink(url).set("uplink.ca_file", &authority.to_string_lossy());
    plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms")
}

/// It starts, and gets ten incidents.
async fn started(plan: GatewayPlan) -> Gateway {
    let gateway = plan.start().await;
    incidents(&gateway, 0..10).await;
    gateway
}

async fn incidents(gateway: &Gateway, numbers: std::ops::Range<u32>) {
    let mut device = Connection::connect(gateway, Version::V5, "car-01").await;
    device.report_all(&reports::up("car-01", "incident"), numbers.map(|seq| reports::incident(1, seq))).await;
}

async fn gateway(world: &World, trusted: &Authority, front: &TlsFront, host: &str) -> Gateway {
    started(plan(world, trusted, &front.url(host))).await
}

/// Several attempts were made, none got through, everything is still there, and the technician is told why.
async fn is_refused(gateway: &Gateway, platform: &Platform, why: &[&str]) {
    let attempts = "patrol_uplink_requests_total{result=\"no_answer\"}";
    let tried = async || gateway.metrics().await.get(attempts).is_some_and(|tried| tried >= 3.0);
    wait_until("it tries several times", SOON, tried).await;
    assert_eq!(platform.counts().requests, 0, "nothing may reach a platform that is not proven");
    assert_eq!(gateway.pending().await, 10);
    let told = gateway.status().await;
    let error = told["uplink"]["last_error"].as_str().unwrap_or_default().to_lowercase();
    assert!(why.iter().any(|word| error.contains(word)), "none of {why:?} in {error:?}");
    assert!(gateway.log().contains("uplink failed"), "the log says so too");
}

async fn is_empty(gateway: &Gateway, platform: &Platform, delivered: u64) {
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    assert_eq!(platform.counts().delivered, delivered);
}

#[tokio::test]
async fn reports_reach_a_platform_whose_certificate_the_configured_authority_has_signed() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = authority.front("localhost", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_empty(&gateway, &platform, 10).await;
    assert_eq!(front.http2_connections(), 0, "this one has HTTP/1.1 only");
}

#[tokio::test]
async fn a_platform_that_has_http_2_gets_everything_over_one_connection() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let issued = authority.issue("localhost", 365);
    let front = TlsFront::open(&Shown::of(&issued).speaking(&["h2", "http/1.1"]), platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    for round in 1..5 {
        is_empty(&gateway, &platform, round * 10).await;
        incidents(&gateway, round as u32 * 10..round as u32 * 10 + 10).await;
    }
    is_empty(&gateway, &platform, 50).await;
    // Lanes that begin in the same moment may each have begun a connection; what follows shares one.
    assert!((1..=3).contains(&front.http2_connections()), "{}", front.http2_connections());
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = Authority::new().front("localhost", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform, &["certificate"]).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = authority.front("elsewhere.example", platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform, &["certificate"]).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = TlsFront::open(&Shown::of(&Authority::self_signed("localhost")), platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform, &["certificate"]).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_and_a_renewed_one_works_without_a_restart() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let expired = authority.issue("localhost", -1);
    let front = TlsFront::open(&Shown::of(&expired), platform.addr()).await;
    let gateway = gateway(&world, &authority, &front, "localhost").await;
    is_refused(&gateway, &platform, &["expired"]).await;
    front.show(&Shown::of(&authority.issue("localhost", 20)));
    is_empty(&gateway, &platform, 10).await;
    let mut next = 10;
    let told = async || {
        incidents(&gateway, next..next + 1).await;
        next += 1;
        gateway.log().contains("a certificate of the uplink expires soon")
    };
    wait_until("the log says that 20 days are left", SOON, told).await;
}

#[tokio::test]
async fn plain_text_in_answer_to_tls_is_refused_and_nothing_is_sent_in_plain_text() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let leaked = Arc::new(AtomicBool::new(false));
    let leak = leaked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = vec![0; 4096];
            let len = stream.read(&mut heard).await.unwrap_or(0);
            // Each record of TLS begins with its type, and a handshake is 22.
            leak.fetch_or(len > 0 && heard[0] != 22, Ordering::Relaxed);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    });
    let gateway = started(plan(&world, &authority, &url)).await;
    is_refused(&gateway, &platform, &["corrupt", "tls", "invalid"]).await;
    assert!(!leaked.load(Ordering::Relaxed), "nothing but a handshake may be sent");
}

#[tokio::test]
async fn a_platform_with_nothing_newer_than_tls_1_1_is_refused_and_nothing_is_sent() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let (certificate, key) = authority.issue("localhost", 365).files(world.dir(), "old");
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let mut server = tokio::process::Command::new("openssl")
        .args(["s_server", "-accept", "0", "-naccept", "1000", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        .args(["-cert", &certificate, "-key", &key, "-www"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl runs");
    // It says: ACCEPT [::]:40123
    let mut said = tokio::io::BufReader::new(server.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.starts_with("ACCEPT") {
        line.clear();
        let len = tokio::io::AsyncBufReadExt::read_line(&mut said, &mut line).await.expect("it speaks");
        assert!(len > 0, "openssl ended");
    }
    let port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
    let gateway = started(plan(&world, &authority, &format!("https://localhost:{port}"))).await;
    is_refused(&gateway, &platform, &["protocol", "version", "incompatible"]).await;
}

#[tokio::test]
async fn a_platform_that_asks_for_a_certificate_gets_the_gateways_own_and_a_renewed_one_without_a_restart() {
    let (world, authority, clients) = (World::new(), Authority::new(), Authority::new());
    let platform = world.platform().await;
    let issued = authority.issue("localhost", 365);
    let front = TlsFront::open(&Shown::of(&issued).asking_for(&clients), platform.addr()).await;
    // Its own is from somebody else at first.
    let (certificate, key) = Authority::new().issue("box-017", 365).files(world.dir(), "own");
    let own = plan(&world, &authority, &front.url("localhost"))
        .set("uplink.client_certificate", &certificate.to_string_lossy())
        .set("uplink.client_key", &key.to_string_lossy());
    let gateway = started(own).await;
    is_refused(&gateway, &platform, &["certificate", "alert", "broken pipe", "reset", "closed"]).await;
    clients.issue("box-017", 365).files(world.dir(), "own");
    is_empty(&gateway, &platform, 10).await;
}

#[tokio::test]
async fn a_token_and_an_authority_that_change_on_disk_are_used_and_broken_files_are_told_and_change_nothing()
{
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    platform.set_token(Some("first"));
    let front = authority.front("localhost", platform.addr()).await;
    let token = world.file("token", "first\n");
    let token_file = token.to_string_lossy().into_owned();
    let gateway =
        started(plan(&world, &authority, &front.url("localhost")).set("uplink.token_file", &token_file))
            .await;
    is_empty(&gateway, &platform, 10).await;

    platform.set_token(Some("second"));
    incidents(&gateway, 10..20).await;
    let denied = async || gateway.metrics().await.get("patrol_uplink_requests_total{result=\"denied\"}");
    wait_until("it is not let in", SOON, async || denied().await.is_some()).await;
    world.file("token", "second\n");
    is_empty(&gateway, &platform, 20).await;

    // Files that can't be used: the ones before stay in use.
    world.file("authority.pem", "no certificate at all");
    let mut next = 20;
    let told = async || {
        incidents(&gateway, next..next + 1).await;
        next += 1;
        gateway.log().contains("NEW FILES CAN'T BE USED")
    };
    wait_until("the log tells of the broken file", SOON, told).await;
    is_empty(&gateway, &platform, next.into()).await;

    // Another authority, and the platform has a certificate of it.
    let successor = Authority::new();
    successor.file(world.dir());
    front.show(&Shown::of(&successor.issue("localhost", 365)));
    let mut next_ok = next;
    wait_until("the new authority is used", SOON, async || {
        incidents(&gateway, next_ok..next_ok + 1).await;
        next_ok += 1;
        gateway.log().contains("uses the new files of its token or certificates")
    })
    .await;
    is_empty(&gateway, &platform, next_ok.into()).await;
}

#[tokio::test]
async fn requests_go_through_the_proxy_of_the_environment_unless_the_platform_is_excepted() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let front = authority.front("cases.example", platform.addr()).await;
    let proxy = ConnectProxy::start(front.addr()).await;
    // Nobody but the proxy knows this name.
    let through = plan(&world, &authority, &front.url("cases.example")).env("HTTPS_PROXY", &proxy.url());
    let gateway = started(through).await;
    is_empty(&gateway, &platform, 10).await;
    assert!(proxy.asked() >= 1);
    drop(gateway);

    let front = authority.front("localhost", platform.addr()).await;
    let (asked, around) = (proxy.asked(), world.gateway_named("around"));
    let around =
        around.uplink(&front.url("localhost")).env("HTTPS_PROXY", &proxy.url()).env("NO_PROXY", "localhost");
    let authority = authority.file(world.dir());
    let gateway = around.set("uplink.ca_file", &authority.to_string_lossy()).start().await;
    incidents(&gateway, 10..20).await;
    is_empty(&gateway, &platform, 20).await;
    assert_eq!(proxy.asked(), asked);
}

#[tokio::test]
async fn check_verifies_the_platforms_certificate_and_says_how_many_days_are_left() {
    let (world, authority) = (World::new(), Authority::new());
    let platform = world.platform().await;
    let trusted = authority.file(world.dir());
    for (days, says, code) in [
        (100, ["99 days left", "100 days left"], 0),
        (10, ["9 days left", "10 days left"], 0),
        (-1, ["expired", "Expired"], 1),
    ] {
        let issued = authority.issue("localhost", days);
        let front = TlsFront::open(&Shown::of(&issued), platform.addr()).await;
        let config = config(&world, &front.url("localhost"), &trusted);
        let ended = run_to_end(program("patrol-gateway"), ["check", "--config", &config], SOON).await;
        let line = ended.stdout.lines().find(|line| line.contains("uplink")).unwrap_or_default().to_owned();
        assert!(says.iter().any(|says| line.contains(says)), "{ended:?}");
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(line.contains("warn"), days == 10, "{line}");
    }
    assert_eq!(platform.counts().requests, 0, "a check sends no events");
}

fn config(world: &World, url: &str, trusted: &Path) -> String {
    let text = format!(
        "[gateway]\nid = \"box-demo\"\ndata_dir = {:?}\n[listener]\nbind = \"127.0.0.1:0\"\n[http]\nbind = \"127.0.0.1:0\"\n\
         [uplink]\nkind = \"https\"\nurl = {url:?}\nca_file = {trusted:?}\n",
        world.dir().join("data")
    );
    world.file("check.toml", text).to_string_lossy().into_owned()
}
