//! G1 as the kernel sees it: the real gateway under strace, and not one PUBACK on a device's socket before the
//! `fdatasync` of the write-ahead log that holds its message has returned.
//!
//! What the checker demands, and that it finds each way of breaking it, is in `tests/src/ack_order.rs`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patrol_tests::ack_order::{self, AckOrder};
use patrol_tests::{Gateway, RawDevice, Strace, World, note, trace, wait_until};

const SOON: Duration = Duration::from_secs(30);
/// Everything through which bytes come, go, or are made durable.
const CALLS: [&str; 16] = [
    "read",
    "readv",
    "recvfrom",
    "recvmsg",
    "write",
    "writev",
    "sendto",
    "sendmsg",
    "pwrite64",
    "pwritev",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "msync",
    "sync",
    "syncfs",
];

#[tokio::test]
async fn a_puback_for_a_message_alone_leaves_after_the_sync_of_that_message() {
    let world = World::new();
    let trace = world.dir().join("trace");
    let gateway = world.gateway().strace(Strace::calls(&CALLS, &trace)).start().await;
    let mut device = RawDevice::connect(gateway.mqtt(), "car-01").await;
    let messages = 40;
    for number in 0..messages {
        let class = ["incident", "telemetry", "reading", "status"][number % 4];
        let sent = device.publish(class, &[payload(class)]).await;
        assert_eq!(device.puback().await, Some(sent[0]));
    }
    let commits = gateway.metrics().await.sum("patrol_store_commits_total");
    let order = traced(gateway, &trace).await;
    note(&format!(
        "puback_after_sync, one by one: {} PUBACKs, {} syncs of the log",
        order.proven, order.log_syncs
    ));
    assert_eq!((&order.violations, order.proven), (&vec![], messages));
    assert_eq!(commits, messages as f64, "a message that waits for its PUBACK has a commit of its own");
    assert!(order.log_syncs >= messages, "each commit has an fdatasync of its own: {}", order.log_syncs);
    assert_eq!(
        order.fsyncs, [""; 0],
        "fdatasync, which spares the file system's own commit, and never fsync"
    );
}

#[tokio::test]
async fn pubacks_of_messages_committed_together_leave_after_their_common_sync() {
    let world = World::new();
    let trace = world.dir().join("trace");
    let gateway = world.gateway().strace(Strace::calls(&CALLS, &trace)).start().await;
    let (devices, rounds, group) = (4, 6, 25);
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..devices {
        let device = RawDevice::connect(gateway.mqtt(), &format!("car-{number}")).await;
        sending.spawn(in_groups(device, rounds, group));
    }
    sending.join_all().await;
    let order = traced(gateway, &trace).await;
    note(&format!(
        "puback_after_sync, in groups: {} PUBACKs, {} syncs of the log",
        order.proven, order.log_syncs
    ));
    assert_eq!((&order.violations, order.proven), (&vec![], devices * rounds * group));
    assert!(order.log_syncs * 4 < order.proven, "messages share their syncs: {}", order.log_syncs);
    assert_eq!(order.fsyncs, [""; 0]);
}

/// Each group leaves while the one before it waits for its sync.
async fn in_groups(mut device: RawDevice, rounds: usize, group: usize) {
    let mut owed = std::collections::VecDeque::new();
    for round in 0..rounds {
        let class = ["telemetry", "incident"][round % 2];
        let payloads: Vec<_> = (0..group).map(|_| payload(class)).collect();
        owed.extend(device.publish(class, &payloads).await);
        while owed.len() > group {
            assert_eq!(device.puback().await, owed.pop_front(), "acknowledgements come in order");
        }
    }
    while let Some(id) = owed.pop_front() {
        assert_eq!(device.puback().await, Some(id));
    }
}

/// A payload like no other in both halves, so that the checker finds it wherever a page of the database ends.
fn payload(class: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1_000_000);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    match class {
        "incident" => {
            format!(r#"{{"age_ms":{number},"kind":"event","code":"0501","boot":1,"seq":{number}}}"#)
        }
        "telemetry" => format!(r#"{{"odometer_m":{number},"speed_kmh":23.4,"boot":1,"seq":{number}}}"#),
        "status" => format!(r#"{{"queued":{number},"firmware":"1.4.2","boot":1,"seq":{number}}}"#),
        _ => format!(
            r#"{{"boot":{number},"readings":[{{"quantity":"water_level","value":0.4,"unit":"m"}}],"seq":{number}}}"#
        ),
    }
}

/// Ends the gateway and checks what strace saw of it.
async fn traced(mut gateway: Gateway, trace: &Path) -> AckOrder {
    let (pid, mqtt) = (gateway.pid(), gateway.mqtt());
    let refused = gateway.status().await["quarantined"].as_u64();
    assert_eq!(refused, Some(0), "the gateway understood everything");
    gateway.terminate();
    assert_eq!(gateway.exit(SOON).await.code(), Some(0));
    let trace = PathBuf::from(trace);
    wait_until("strace has written its last line", SOON, async || trace::is_complete(&trace, pid)).await;
    ack_order::check(&trace::read(&trace), mqtt)
}
