//! The end of the process, and that there is one process to a data directory.

use std::net::TcpListener;
use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::ledger::{DeviceLedger, Verdict};
use patrol_simulator::platform::Fault;
use patrol_tests::{Gateway, RawDevice, World, note, wait_until};

const SOON: Duration = Duration::from_secs(60);
/// What is promised from SIGTERM to the end of the process.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_ends_within_five_seconds_and_what_was_unsent_goes_out_after_the_next_start() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform listens");
    let plan = world.gateway().uplink(&platform.url()).set("uplink.retry_max", "100ms");
    let mut gateway = plan.set("uplink.retry_min", "10ms").start().await;
    let options = FleetOptions::new(&gateway.mqtt().ip().to_string(), gateway.mqtt().port());
    let options = FleetOptions { vehicles: 6, cameras: 3, sensors: 3, ..options }.with_rate(200.0);
    let ledger = DeviceLedger::new();
    let mut fleet = Fleet::spawn(&options, &ledger).expect("a fleet");
    wait_until("the fleet is in full swing", SOON, async || ledger.counts().acknowledged >= 1_000).await;

    gateway.terminate();
    let exit = gateway.exit(ENDS_WITHIN).await;
    assert_eq!(exit.code(), Some(0), "{}", exit.status);
    note(&format!("shutdown: ended {} ms after SIGTERM", exit.after.as_millis()));
    let port = TcpListener::bind(gateway.mqtt());
    assert!(port.is_ok(), "the port is free again: {port:?}");
    drop(port);
    assert_eq!(platform.counts().delivered, 0, "nothing could be sent yet");

    gateway.restart().await;
    let pending = gateway.pending().await;
    assert!(pending >= ledger.counts().acknowledged.min(1_000), "what was acknowledged waits: {pending}");
    platform.set_fault(Fault::Normal).await.expect("the platform listens");
    fleet.stop_producing();
    assert_eq!(fleet.drained(SOON).await, 0, "devices wait for acknowledgements: {:?}", ledger.counts());
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    fleet.leave().await;
    let verdict = Verdict::reconcile(&ledger, &platform.ledger());
    assert!(verdict.holds(), "{verdict}");
}

#[tokio::test]
async fn sigterm_lets_the_pubacks_of_what_was_taken_leave_before_the_connection_closes() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-01").await;
    let sent = device.publish("telemetry", &(1..=3_000).map(telemetry).collect::<Vec<_>>()).await;
    // The first answer shows that the burst is being taken.
    assert_eq!(device.puback().await, Some(sent[0]));
    gateway.terminate();
    let mut acknowledged = 1;
    while let Some(id) = device.puback().await {
        assert_eq!(id, sent[acknowledged], "acknowledgements come in order");
        acknowledged += 1;
    }
    drop(device);
    assert_eq!(gateway.exit(ENDS_WITHIN).await.code(), Some(0));
    note(&format!("shutdown: {acknowledged} of {} messages were taken when SIGTERM came", sent.len()));
    gateway.restart().await;
    assert_eq!(
        gateway.pending().await,
        acknowledged as u64,
        "what is stored was acknowledged, and the other way round"
    );
}

#[tokio::test]
async fn a_device_that_never_reads_does_not_hold_up_the_end() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-01").await;
    device.publish("telemetry", &[telemetry(1)]).await;
    wait_until("the message is stored", SOON, async || gateway.pending().await == 1).await;
    gateway.terminate();
    assert_eq!(gateway.exit(ENDS_WITHIN).await.code(), Some(0));
    drop(device);
}

#[tokio::test]
async fn a_second_gateway_on_the_same_data_is_refused_in_words_while_the_first_goes_on() {
    let world = World::new();
    let first = world.gateway().start().await;
    let data = first.dir().join("data");
    let second = world.gateway_named("second").set("gateway.data_dir", &data.to_string_lossy());
    let error = second.try_start().await.expect_err("there is one gateway to a data directory").to_string();
    assert!(error.contains("exit status: 1"), "{error}");
    assert!(error.contains("another gateway is running on it"), "{error}");
    assert!(error.contains(&*data.to_string_lossy()), "{error}");
    acknowledges(&first).await;
    assert_eq!(first.pending().await, 1);
}

async fn acknowledges(gateway: &Gateway) {
    let mut device = RawDevice::connect(gateway.mqtt(), "car-01").await;
    let sent = device.publish("telemetry", &[telemetry(1)]).await;
    assert_eq!(device.puback().await, Some(sent[0]));
}

fn telemetry(seq: u32) -> String {
    format!(r#"{{"boot":1,"seq":{seq},"speed_kmh":23.4}}"#)
}
