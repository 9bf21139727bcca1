//! When a commit waits for more, and when it does not; what of a delayed class is synced when.

use std::sync::Arc;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::Durability;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::submission::{Batch, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;

use super::{accepted, car, head, options, policies, report, settle};

/// Longer than any test: what waits for it waits for ever.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A store in which positions wait for ever.
fn patient(dir: &TempDir) -> StoreOptions {
    let mut policies = policies(1 << 20);
    policies[Class::Telemetry].linger = FOR_EVER;
    StoreOptions { policies, ..options(dir.path()) }
}

fn start(options: StoreOptions) -> Running {
    writer::start(options, Arc::default()).expect("the store opens")
}

async fn submit(store: &Store, items: Vec<Item>) -> Arc<DeviceLine> {
    let line = Arc::<DeviceLine>::default();
    let batch = Batch { device: car(), line: line.clone(), first_mark: 1, items };
    store.submit(batch).await.expect("the store runs");
    line
}

async fn durable(line: &DeviceLine, mark: u64) {
    while line.durable() < mark {
        line.changed().await;
    }
}

#[tokio::test]
async fn a_position_waits_for_more_and_an_incident_ends_the_wait_of_all() {
    let dir = TempDir::new().expect("a directory");
    let running = start(patient(&dir));
    let position = submit(&running.store, vec![report(Class::Telemetry, 1, b"here")]).await;
    running.store.ping().await.expect("the store runs");
    assert_eq!(position.durable(), 0, "it waits, and reading goes on meanwhile");
    let before = running.store.snapshot().borrow().commit_seq;
    let incident = submit(&running.store, vec![report(Class::Incident, 2, b"stall")]).await;
    durable(&incident, 1).await;
    durable(&position, 1).await;
    let after = running.store.snapshot().borrow().commit_seq;
    assert_eq!(after, before + 1, "both are in one commit");
}

#[tokio::test]
async fn a_device_that_empties_its_backlog_is_not_kept_waiting() {
    let dir = TempDir::new().expect("a directory");
    let running = start(patient(&dir));
    let burst = (1..=4).map(|seq| report(Class::Telemetry, seq, b"here")).collect();
    durable(&*submit(&running.store, burst).await, 4).await;
}

#[tokio::test]
async fn many_single_positions_end_the_wait_together() {
    let dir = TempDir::new().expect("a directory");
    let running = start(patient(&dir));
    let mut lines = Vec::new();
    for seq in 0..256 {
        lines.push(submit(&running.store, vec![report(Class::Telemetry, seq, b"here")]).await);
    }
    for line in lines {
        durable(&line, 1).await;
    }
}

#[tokio::test]
async fn a_settlement_of_many_does_not_wait_and_closing_ends_every_wait() {
    let dir = TempDir::new().expect("a directory");
    let running = start(patient(&dir));
    let many = (1..=100).map(|seq| report(Class::Telemetry, seq, b"here")).collect();
    durable(&*submit(&running.store, many).await, 100).await;
    let pending = head(&running.store, Class::Telemetry).await;
    settle(&running.store, Class::Telemetry, pending, accepted()).await;
    let last = submit(&running.store, vec![report(Class::Telemetry, 101, b"last")]).await;
    super::close(running).await;
    assert_eq!(last.durable(), 1);
}

#[tokio::test]
async fn a_delayed_class_is_acknowledged_after_its_commit_and_there_after_the_process_has_died() {
    let dir = TempDir::new().expect("a directory");
    let mut options = patient(&dir);
    options.policies[Class::Telemetry].linger = Duration::ZERO;
    options.policies[Class::Telemetry].durability = Durability::Delayed;
    let running = start(options.clone());
    durable(&*submit(&running.store, vec![report(Class::Telemetry, 1, b"here")]).await, 1).await;
    // What a process leaves that is killed: its files as they are.
    let left = TempDir::new().expect("a directory");
    for file in ["patrol.db", "patrol.db-wal"] {
        std::fs::copy(dir.path().join(file), left.path().join(file)).expect("a copy");
    }
    let again = start(StoreOptions { data_dir: left.path().into(), ..options });
    assert_eq!(head(&again.store, Class::Telemetry).await.len(), 1);
}
