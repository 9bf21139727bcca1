//! The world itself: what the other tests stand on.

use std::time::Duration;

use patrol_tests::{Strace, Subscriber, World, mosquitto_pub, program, run_to_end, wait_until};

const SOON: Duration = Duration::from_secs(20);
const INCIDENT: &str = r#"{"boot":1,"seq":1,"kind":"event","code":"0501"}"#;

#[tokio::test]
async fn a_gateway_is_asked_killed_and_started_again_on_the_same_data_and_ports() {
    let world = World::new();
    let mut gateway = world.gateway().set("gateway.id", "box-7").start().await;
    let (mqtt, http) = (gateway.mqtt(), gateway.http_url());
    let publish = ["-i", "car-01", "-q", "1", "-t", "patrol/v1/up/car-01/incident", "-m", INCIDENT];
    let published = mosquitto_pub(&gateway, &publish).await;
    assert_eq!(published.code, Some(0), "{published:?}");
    assert_eq!((gateway.pending().await, &gateway.status().await["gateway"]), (1, &"box-7".into()));
    assert_eq!(gateway.metrics().await.get(r#"patrol_received_messages_total{class="incident"}"#), Some(1.0));
    gateway.kill9().await;
    gateway.restart().await;
    assert_eq!((gateway.mqtt(), gateway.http_url(), gateway.pending().await), (mqtt, http, 1));
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn what_keeps_a_gateway_from_starting_is_in_the_error_word_for_word() {
    let world = World::new();
    let refused = world.gateway().set("gateway.id", "it's mine").try_start().await;
    let error = refused.expect_err("no gateway has such a name").to_string();
    assert!(error.contains("it's mine") && error.contains("exit status: 2"), "{error}");
}

#[tokio::test]
async fn a_report_comes_out_at_the_platform_and_its_receipt_at_the_subscriber() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = world.gateway().uplink(&platform.url()).start().await;
    let publish = ["-i", "car-02", "-q", "1", "-t", "patrol/v1/up/car-02/incident", "-m", INCIDENT];
    assert_eq!(mosquitto_pub(&gateway, &publish).await.code, Some(0));
    wait_until("the platform has it", SOON, async || platform.counts().cases == 1).await;
    let subscribe = ["-i", "car-02", "-t", "patrol/v1/down/car-02/receipt", "-q", "1"];
    let mut receipts = Subscriber::start(&gateway, &subscribe).await;
    let receipt = receipts.message(SOON).await;
    assert!(receipt.contains("AJ-") && receipt.contains("car-02/1/1"), "{receipt}");
}

#[tokio::test]
async fn strace_sees_the_gateway_and_leaves_it_its_process_id() {
    let world = World::new();
    let trace = world.dir().join("trace");
    let mut gateway = world.gateway().strace(Strace::calls(&["fdatasync"], &trace)).start().await;
    let name = std::fs::read_to_string(format!("/proc/{}/comm", gateway.pid())).expect("it runs");
    assert_eq!(name.trim(), "patrol-gateway");
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
    let complete =
        async || std::fs::read_to_string(&trace).is_ok_and(|text| text.contains("+++ exited with 0 +++"));
    wait_until("the tracer has written its last line", SOON, complete).await;
}

#[tokio::test]
async fn a_program_is_run_to_its_end() {
    let ended = run_to_end(program("patrol-gateway"), ["--version"], SOON).await;
    assert_eq!((ended.code, ended.stdout.starts_with("patrol-gateway ")), (Some(0), true), "{ended:?}");
}
