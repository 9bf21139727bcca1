//! G1 when the disk fails: `fdatasync` returns EIO, and from then on nothing is acknowledged, the process ends by itself
//! with an exit code that says so, and after the next start everything that was acknowledged is there.
//!
//! SQLite syncs its log with `fdatasync` here (`puback_after_sync.rs` sees it). strace counts the calls of each thread by
//! itself: the store's thread makes one with each commit, so the n-th commit is the first that fails.

use std::path::{Path, PathBuf};
use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::ledger::{DeviceLedger, Verdict};
use patrol_simulator::platform::Fault;
use patrol_tests::trace::{self, Call};
use patrol_tests::{Gateway, RawDevice, Strace, World, ack_order, note, wait_until};

const SOON: Duration = Duration::from_secs(60);
const CALLS: [&str; 10] =
    ["read", "readv", "recvfrom", "write", "writev", "sendto", "pwrite64", "fsync", "fdatasync", "sendmsg"];

#[tokio::test]
async fn after_the_sync_that_failed_comes_no_puback_and_the_gateway_ends_by_itself() {
    let world = World::new();
    let trace = world.dir().join("trace");
    let strace = Strace::calls(&CALLS, &trace).inject("fdatasync:error=EIO:when=20+");
    let mut gateway = world.gateway().strace(strace).start().await;
    let pid = gateway.pid();
    let mut device = RawDevice::connect(gateway.mqtt(), "car-01").await;
    let mut acknowledged = 0_u64;
    while acknowledged < 100 {
        let number = 1_000_000 + acknowledged;
        let telemetry = format!(r#"{{"odometer_m":{number},"speed_kmh":23.4,"boot":1,"seq":{number}}}"#);
        device.publish("telemetry", &[telemetry]).await;
        match device.puback().await {
            Some(_) => acknowledged += 1,
            None => break,
        }
    }
    let exit = gateway.exit(SOON).await;
    assert_eq!(exit.code(), Some(1), "it says that it failed: {}", exit.status);
    assert!(gateway.log().contains("database failed"), "and why: {}", gateway.log());
    assert_eq!(acknowledged, 19, "one for each sync that succeeded");

    wait_until("strace has written its last line", SOON, async || trace::is_complete(&trace, pid)).await;
    let calls = trace::read(&trace);
    let failed = calls.iter().find(|call| is_failed_sync(call)).expect("a sync failed");
    let order = ack_order::check(&calls, gateway.mqtt());
    assert_eq!((&order.violations, order.proven), (&vec![], 19));
    let after: Vec<_> =
        calls.iter().filter(|call| call.began > failed.returned && is_puback(call, &gateway)).collect();
    assert!(after.is_empty(), "{after:?}");

    gateway.restart_untraced().await;
    let pending = gateway.pending().await;
    assert!(pending >= acknowledged, "{pending} of {acknowledged} are there");
    assert!(pending <= acknowledged + 1, "and at most the one without an acknowledgement besides: {pending}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_under_load_costs_nothing_that_was_acknowledged() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform listens");
    let trace = world.dir().join("trace");
    let strace = Strace::calls(&CALLS, &trace).inject("fdatasync:error=EIO:when=60+");
    let plan = world
        .gateway()
        .uplink(&platform.url())
        .set("uplink.retry_min", "10ms")
        .set("uplink.retry_max", "100ms");
    let mut gateway = plan.strace(strace).start().await;
    let pid = gateway.pid();
    let options = FleetOptions::new(&gateway.mqtt().ip().to_string(), gateway.mqtt().port());
    let options = FleetOptions { vehicles: 4, cameras: 2, sensors: 2, ..options }.with_rate(100.0);
    let ledger = DeviceLedger::new();
    let mut fleet = Fleet::spawn(&options, &ledger).expect("a fleet");
    assert_eq!(gateway.exit(SOON).await.code(), Some(1));
    let acknowledged = ledger.counts().acknowledged;
    assert!(acknowledged > 0 && fleet.outstanding() > 0, "it ended in mid-stream: {:?}", ledger.counts());
    assert_no_puback_without_its_sync(&gateway, &trace, pid).await;

    gateway.restart_untraced().await;
    platform.set_fault(Fault::Normal).await.expect("the platform listens");
    fleet.stop_producing();
    assert_eq!(fleet.drained(SOON).await, 0, "devices wait for acknowledgements: {:?}", ledger.counts());
    wait_until("the backlog is empty", SOON, async || gateway.pending().await == 0).await;
    fleet.leave().await;
    let verdict = Verdict::reconcile(&ledger, &platform.ledger());
    note(&format!(
        "fsync_error: {acknowledged} acknowledged before the sync that failed; lost {}",
        verdict.lost
    ));
    assert!(verdict.holds(), "{verdict}");
}

async fn assert_no_puback_without_its_sync(gateway: &Gateway, trace: &Path, pid: u32) {
    let trace = PathBuf::from(trace);
    wait_until("strace has written its last line", SOON, async || trace::is_complete(&trace, pid)).await;
    let calls = trace::read(&trace);
    assert!(calls.iter().any(is_failed_sync), "a sync failed");
    let order = ack_order::check(&calls, gateway.mqtt());
    assert_eq!(order.violations, [""; 0]);
    assert!(order.proven > 0);
}

fn is_failed_sync(call: &Call) -> bool {
    call.name == "fdatasync" && !call.succeeded()
}

/// The gateway sends this device nothing that begins with this byte but PUBACKs.
fn is_puback(call: &Call, gateway: &Gateway) -> bool {
    call.target.starts_with(&format!("TCP:[{}->", gateway.mqtt())) && call.data.first() == Some(&0x40)
}
