//! The fleet against Debian's mosquitto: a broker that acknowledges from memory and forgets everything when killed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use patrol_simulator::fleet::{Fleet, FleetOptions};
use patrol_simulator::ledger::{DeviceCounts, DeviceLedger};

const DEADLINE: Duration = Duration::from_secs(30);

/// A broker on its own port; killed with SIGKILL when dropped.
struct Broker(Child);

impl Broker {
    fn start(dir: &Path, port: u16) -> Broker {
        let config = dir.join("mosquitto.conf");
        std::fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n"))
            .unwrap();
        let child = Command::new("/usr/sbin/mosquitto").arg("-c").arg(config).stderr(Stdio::null()).spawn();
        Broker(child.expect("Debian's package mosquitto is installed"))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn until(ledger: &DeviceLedger, condition: impl Fn(DeviceCounts) -> bool) {
    let reached = async {
        while !condition(ledger.counts()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let counts = || ledger.counts();
    tokio::time::timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("stuck at {:?}", counts()));
}

fn options(port: u16) -> FleetOptions {
    let options =
        FleetOptions { vehicles: 4, cameras: 3, sensors: 2, ..FleetOptions::new("127.0.0.1", port) };
    options.with_rate(40.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_of_both_protocol_versions_send_until_the_last_record_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let ledger = DeviceLedger::new();
    // The fleet starts before its broker: nothing is lost by that either.
    let mut fleet = Fleet::spawn(&options(port), &ledger).unwrap();
    until(&ledger, |counts| counts.produced >= 50).await;
    let _broker = Broker::start(dir.path(), port);
    until(&ledger, |counts| counts.acknowledged >= 300).await;
    fleet.stop_producing();
    assert_eq!(fleet.drained(DEADLINE).await, 0);
    fleet.leave().await;
    let counts = ledger.counts();
    assert_eq!((counts.acknowledged, counts.refused, counts.dropped), (counts.produced, 0, 0));
    let ids = ledger.acknowledged_ids();
    for device in ["car-04/1/1", "cam-03/1/1", "sen-02/1/1"] {
        assert!(ids.iter().any(|id| id.as_ref() == device), "{device} is among {}", ids.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_mid_stream_costs_resends_and_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let ledger = DeviceLedger::new();
    let mut broker = Broker::start(dir.path(), port);
    let mut fleet = Fleet::spawn(&options(port), &ledger).unwrap();
    for round in 1..=3 {
        until(&ledger, |counts| counts.acknowledged >= round * 150).await;
        drop(broker);
        let before = ledger.counts();
        until(&ledger, |counts| counts.produced >= before.produced + 50).await;
        broker = Broker::start(dir.path(), port);
        until(&ledger, |counts| counts.connects >= 9 * (round + 1)).await;
    }
    fleet.stop_producing();
    assert_eq!(fleet.drained(DEADLINE).await, 0);
    fleet.leave().await;
    let counts = ledger.counts();
    assert_eq!((counts.acknowledged, counts.dropped), (counts.produced, 0));
    assert!(counts.connects >= 9 * 4, "each device connected again after each kill: {counts:?}");
}

#[tokio::test]
async fn a_rate_without_time_between_records_is_refused() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = FleetOptions::new("127.0.0.1", 1).with_rate(rate);
        assert!(Fleet::spawn(&options, &DeviceLedger::new()).is_err(), "{rate}");
    }
}
