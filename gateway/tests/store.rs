//! The store through its handle: what is durable stays, what is settled goes, and the bounds hold.

mod store_anchors;
mod store_damage;
mod store_evidence;
mod store_journal;
mod store_model;
mod store_pace;
mod store_room;
mod store_uplinks;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use patrol_gateway::domain::report::{Class, DeviceId, Identity, RecordRef};
use patrol_gateway::domain::retention::{Policies, WhenFull};
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::metrics::Metrics;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::medium::Medium;
use patrol_gateway::store::settlement::{Decision, Limit, Pending, Settled, Settlement};
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::submission::{Batch, Content, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;

const ALL: Limit = Limit { records: 100_000, bytes: u64::MAX };

fn options(data_dir: &Path) -> StoreOptions {
    StoreOptions {
        data_dir: data_dir.into(),
        medium: Medium::Files,
        max_bytes: 64 << 20,
        policies: policies(8 << 20),
        sync_within: Duration::from_secs(1),
        flash_budget_bytes_per_day: 20 << 30,
        evidence_max_bytes: 32 << 20,
        keep_accepted: 5,
        keep_quarantined: 5,
        uplinks: Vec::new(),
        keep_journal: 10_000,
        session_limits: Default::default(),
        started_at_ms: 0,
        chance: fastrand::Rng::new(),
    }
}

/// Nothing gives way and nothing waits, unless a test says so.
fn policies(incident_reserve_bytes: u64) -> Policies {
    let mut policies = Policies::default();
    for class in Class::ALL {
        policies[class].linger = Duration::ZERO;
        policies[class].reserve_bytes = 0;
        policies[class].when_full = WhenFull::Withhold;
    }
    policies[Class::Incident].reserve_bytes = incident_reserve_bytes;
    policies
}

fn open(data_dir: &Path) -> Running {
    writer::start(options(data_dir), Arc::default()).expect("the store opens")
}

async fn close(running: Running) {
    running.store.close().await;
    running.ended.await.expect("the writer says how it ended").expect("it ends well");
}

async fn reopen(running: Running, data_dir: &Path) -> Running {
    close(running).await;
    open(data_dir)
}

fn car() -> DeviceId {
    DeviceId::parse("car-01").expect("a device id")
}

fn report(class: Class, seq: u32, payload: &[u8]) -> Item {
    let claimed = Some(RecordRef { boot: 1, seq });
    let content = Content::Report { class, claimed, case: None, anchor: None };
    Item {
        received_at_ms: i64::from(seq),
        payload: Bytes::copy_from_slice(payload),
        best_effort: false,
        beside: None,
        content,
    }
}

/// What nothing can compress, so that it takes the room that it seems to.
fn noise(len: usize) -> Vec<u8> {
    let mut chance = fastrand::Rng::with_seed(7);
    (0..len).map(|_| chance.u8(..)).collect()
}

/// A session of `car-01` as the store sees it.
struct Session {
    line: Arc<DeviceLine>,
    mark: u64,
}

impl Session {
    fn new() -> Session {
        Session { line: Arc::default(), mark: 0 }
    }

    /// Submits and waits until all of it is durable, or the store says that it will not be.
    async fn put(&mut self, store: &Store, items: Vec<Item>) -> bool {
        let first_mark = self.mark + 1;
        self.mark += items.len() as u64;
        let batch = Batch { device: car(), line: self.line.clone(), first_mark, items };
        store.submit(batch).await.expect("the store runs");
        while self.line.durable() < self.mark && !self.line.is_withheld() {
            self.line.changed().await;
        }
        self.line.durable() >= self.mark
    }
}

async fn head(store: &Store, class: Class) -> Vec<Pending> {
    store.head(class, ALL, &Arc::default()).await.expect("the store runs")
}

async fn settle(store: &Store, class: Class, pending: impl IntoIterator<Item = Pending>, decision: Decision) {
    let settled = |pending: Pending| Settled {
        key: pending.key,
        record: pending.record,
        decision: decision.clone(),
        receipt: (class == Class::Incident).then(|| Bytes::from_static(b"{}")),
    };
    let records = pending.into_iter().map(settled).collect();
    store
        .settle(Settlement { uplink: UplinkNo::FIRST, class, settled_at_ms: 0, records })
        .await
        .expect("there is room");
}

fn accepted() -> Decision {
    Decision::Accepted { case_number: Some("AJ-1".into()) }
}

fn seqs(pending: &[Pending]) -> Vec<u32> {
    let seq = |pending: &Pending| match pending.record.identity {
        Identity::Device { seq, .. } => seq,
        Identity::Minted { number, .. } => number,
    };
    pending.iter().map(seq).collect()
}

#[tokio::test]
async fn what_was_durable_is_there_after_a_restart_and_a_resend_is_recognised() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    for class in [Class::Telemetry, Class::Incident] {
        let first = class as u32 * 100;
        let items = (first..first + 3).map(|seq| report(class, seq, b"payload")).collect();
        assert!(Session::new().put(&running.store, items).await);
    }
    running = reopen(running, dir.path()).await;
    let resend = |class: Class| report(class, class as u32 * 100 + 1, b"payload");
    assert!(
        Session::new().put(&running.store, vec![resend(Class::Telemetry), resend(Class::Incident)]).await
    );
    for class in [Class::Telemetry, Class::Incident] {
        let first = class as u32 * 100;
        let head = head(&running.store, class).await;
        assert_eq!(seqs(&head), [first, first + 1, first + 2], "{class}");
        assert!(head.iter().all(|pending| pending.record.payload == "payload"));
    }
}

#[tokio::test]
async fn a_resend_is_recognised_after_its_record_was_settled_and_the_gateway_restarted() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    for class in [Class::Telemetry, Class::Incident] {
        assert!(Session::new().put(&running.store, vec![report(class, class as u32, b"once")]).await);
        let head = head(&running.store, class).await;
        settle(&running.store, class, head, accepted()).await;
    }
    running = reopen(running, dir.path()).await;
    let again = [Class::Telemetry, Class::Incident].map(|class| report(class, class as u32, b"once"));
    assert!(Session::new().put(&running.store, again.into()).await, "a duplicate is acknowledged");
    assert_eq!(running.store.snapshot().borrow().pending(), 0, "and not stored again");
}

#[tokio::test]
async fn a_minted_identity_is_never_given_twice() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let content = || Content::Report { class: Class::Reading, claimed: None, case: None, anchor: None };
        let item = || Item {
            received_at_ms: 0,
            payload: Bytes::from_static(b"{}"),
            best_effort: false,
            beside: None,
            content: content(),
        };
        assert!(Session::new().put(&running.store, vec![item(), item()]).await);
        let head = head(&running.store, Class::Reading).await;
        assert_eq!(head.len(), 2);
        assert!(head.iter().all(|pending| ids.insert(pending.record.identity)), "{ids:?}");
        settle(&running.store, Class::Reading, head, accepted()).await;
        running = reopen(running, dir.path()).await;
    }
}

#[tokio::test]
async fn an_accepted_incident_leaves_a_receipt_for_its_device_until_the_device_has_it() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    let mut session = Session::new();
    assert!(session.put(&running.store, vec![report(Class::Incident, 7, b"stall")]).await);
    running.store.attach(car(), session.line.clone()).await.expect("the store runs");
    let head = head(&running.store, Class::Incident).await;
    settle(&running.store, Class::Incident, head, accepted()).await;
    while !session.line.take_down() {
        session.line.changed().await;
    }
    running = reopen(running, dir.path()).await;
    let waiting = running.store.down_after(car(), 0, 10).await.expect("the store runs");
    assert_eq!((waiting.len(), waiting[0].topic.as_str()), (1, "receipt"));
    running.store.down_done(car(), waiting[0].id).await.expect("the store runs");
    let mut snapshot = running.store.snapshot();
    snapshot.wait_for(|snapshot| snapshot.down_waiting == 0).await.expect("the store runs");
    assert_eq!(running.store.down_after(car(), 0, 10).await.expect("the store runs"), []);
    assert_eq!(running.store.snapshot().borrow().accepted_kept, 1);
}

#[tokio::test]
async fn a_rejected_record_is_kept_as_a_dead_letter() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    assert!(Session::new().put(&running.store, vec![report(Class::Telemetry, 1, b"odd")]).await);
    let head = head(&running.store, Class::Telemetry).await;
    settle(&running.store, Class::Telemetry, head, Decision::Rejected { reason: "odd".into() }).await;
    let snapshot = *running.store.snapshot().borrow();
    assert_eq!((snapshot.pending(), snapshot.dead_letters), (0, 1));
}

#[tokio::test]
async fn kept_cases_and_the_quarantine_stay_within_their_bounds() {
    let dir = TempDir::new().expect("a directory");
    let running = open(dir.path());
    let mut session = Session::new();
    let suspect = || Item {
        received_at_ms: 0,
        payload: Bytes::from_static(b"?"),
        best_effort: false,
        beside: None,
        content: Content::Quarantine { topic: "t".into(), reason: "malformed_json", detail: "?".into() },
    };
    assert!(session.put(&running.store, (0..9).map(|_| suspect()).collect()).await);
    assert!(
        session.put(&running.store, (0..9).map(|seq| report(Class::Incident, seq, b"x")).collect()).await
    );
    let head = head(&running.store, Class::Incident).await;
    settle(&running.store, Class::Incident, head, accepted()).await;
    let snapshot = *running.store.snapshot().borrow();
    assert_eq!((snapshot.quarantined, snapshot.accepted_kept, snapshot.pending()), (5, 5, 0));
}

#[tokio::test]
async fn when_the_quota_is_full_telemetry_is_withheld_incidents_are_not_and_space_comes_back() {
    let dir = TempDir::new().expect("a directory");
    let options = StoreOptions { max_bytes: 16 << 20, policies: policies(4 << 20), ..options(dir.path()) };
    let running = writer::start(options, Arc::new(Metrics::new())).expect("the store opens");
    let (store, payload) = (&running.store, noise(50_000));
    let mut session = Session::new();
    let mut refused = 1;
    while session.put(store, vec![report(Class::Telemetry, refused, &payload)]).await {
        refused += 1;
    }
    assert!(refused > 150, "most of the quota is telemetry's, refused at {refused}");
    assert!(store.snapshot().borrow().full);
    let mut session = Session::new();
    for seq in 10_000..10_040 {
        assert!(session.put(store, vec![report(Class::Incident, seq, &payload)]).await, "{seq}");
    }
    let resend = vec![report(Class::Telemetry, 1, &payload)];
    assert!(Session::new().put(store, resend).await, "a resend needs no room and is acknowledged");
    let held = head(store, Class::Telemetry).await;
    assert_eq!(held.len() as u32, refused - 1, "what was acknowledged is there, what was withheld is not");
    settle(store, Class::Telemetry, held, accepted()).await;
    let again = vec![report(Class::Telemetry, refused, &payload)];
    assert!(Session::new().put(store, again).await, "the withheld message is taken when there is room");
    assert_eq!(store.snapshot().borrow().class(Class::Telemetry).records, 1, "and is no duplicate");
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().expect("a directory");
    close(open(dir.path())).await;
    let path = dir.path().join("patrol.db");
    let database = || rusqlite::Connection::open(&path).expect("a database");
    database()
        .execute_batch("CREATE TABLE of_a_later_version (id); PRAGMA user_version = 99")
        .expect("a table");
    let refused = writer::start(options(dir.path()), Arc::default()).err().expect("it is refused");
    assert!(refused.to_string().contains("schema version 99"), "{refused}");
    let version = database().query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    assert_eq!(version.expect("a number"), 99);
}

/// Fills telemetry's part of a small quota.
async fn full_store(dir: &Path) -> Running {
    let options = StoreOptions { max_bytes: 16 << 20, policies: policies(4 << 20), ..options(dir) };
    let running = writer::start(options, Arc::default()).expect("the store opens");
    let (mut session, mut seq) = (Session::new(), 100_000);
    while session.put(&running.store, vec![report(Class::Telemetry, seq, &noise(100_000))]).await {
        seq += 1;
    }
    running
}

#[tokio::test]
async fn nothing_behind_a_withheld_message_is_durable_yet_incidents_behind_it_are_safe() {
    let dir = TempDir::new().expect("a directory");
    let running = full_store(dir.path()).await;
    let store = &running.store;
    for round in 0..20 {
        let (line, seq) = (Arc::<DeviceLine>::default(), round * 10);
        let batches =
            [report(Class::Telemetry, seq, &noise(100_000)), report(Class::Incident, seq + 1, b"stall")];
        for (first_mark, item) in (1..).zip(batches) {
            // Two batches that mostly meet in one group.
            let batch = Batch { device: car(), line: line.clone(), first_mark, items: vec![item] };
            store.submit(batch).await.expect("the store runs");
        }
        store.ping().await.expect("the store runs");
        let mut snapshot = store.snapshot();
        let stored = |snapshot: &Snapshot| snapshot.class(Class::Incident).records > u64::from(round);
        snapshot.wait_for(stored).await.expect("the store runs");
        while !line.is_withheld() {
            line.changed().await;
        }
        assert_eq!(line.durable(), 0, "round {round}: the mark stands before what was withheld");
    }
}

#[tokio::test]
async fn a_message_that_nobody_waits_for_is_dropped_when_the_store_is_full_and_holds_nothing_up() {
    let dir = TempDir::new().expect("a directory");
    let running = full_store(dir.path()).await;
    let telemetry = Item { best_effort: true, ..report(Class::Telemetry, 1, &noise(100_000)) };
    let mut session = Session::new();
    assert!(session.put(&running.store, vec![telemetry, report(Class::Incident, 2, b"stall")]).await);
    assert_eq!(seqs(&head(&running.store, Class::Incident).await), [2]);
}

#[tokio::test]
async fn what_is_damaged_at_rest_is_set_aside_and_the_others_go_on() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    for seq in 1..=3 {
        for class in [Class::Telemetry, Class::Incident] {
            let item = report(class, seq + class as u32 * 10, b"payload");
            assert!(Session::new().put(&running.store, vec![item]).await);
        }
    }
    close(running).await;
    let database = rusqlite::Connection::open(dir.path().join("patrol.db")).expect("a database");
    let flips = [("segment_telemetry", "blob", 20), ("record_incident", "payload", 2)];
    for (table, column, at) in flips {
        let flip = format!(
            "UPDATE {table} SET {column} =
             CAST(substr({column}, 1, {at}) || x'FF' || substr({column}, {at} + 2) AS BLOB)
             WHERE id = (SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 1)"
        );
        assert_eq!(database.execute(&flip, []).expect("a row"), 1);
    }
    drop(database);
    running = open(dir.path());
    for (class, first) in [(Class::Telemetry, 51), (Class::Incident, 1)] {
        assert_eq!(seqs(&head(&running.store, class).await), [first, first + 2], "{class}");
        assert_eq!(running.store.snapshot().borrow().class(class).records, 2, "{class}");
    }
    assert_eq!(running.store.snapshot().borrow().quarantined, 2);
}

#[tokio::test]
async fn the_index_of_the_log_is_in_memory_after_a_restart_too() {
    let dir = TempDir::new().expect("a directory");
    let mut running = open(dir.path());
    for _ in 0..2 {
        assert!(Session::new().put(&running.store, vec![report(Class::Incident, 1, b"stall")]).await);
        assert!(dir.path().join("patrol.db-wal").exists(), "there is a log");
        assert!(!dir.path().join("patrol.db-shm").exists(), "and no index that others could open");
        running = reopen(running, dir.path()).await;
    }
}
