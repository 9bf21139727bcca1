//! Damage that is found while the store runs: a fresh database takes over, and what was not hurt comes back.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use patrol_gateway::domain::loss::LossReason;
use patrol_gateway::domain::report::Class;
use patrol_gateway::store::settlement::{Decision, Pending};
use patrol_gateway::store::submission::Item;
use patrol_gateway::store::writer::{self, StoreOptions};
use tempfile::TempDir;

use super::stock::{Stock, device, report, send, suspect};
use super::{SOON, assert_nothing_wrong, close, handed_out, roomy, salvaged, seeded, serve};
use crate::{Running, accepted, head, policies, settle};

const PAGE: u64 = 4096;

/// Pages of these tables, by SQLite's own account.
pub(super) fn pages_of(dir: &Path, tables: &str) -> Vec<u32> {
    let connection = rusqlite::Connection::open(dir.join("patrol.db")).expect("a database");
    let sql = format!("SELECT pageno FROM dbstat WHERE name IN ({tables})");
    let mut pages = connection.prepare(&sql).expect("dbstat");
    pages.query_map([], |row| row.get(0)).expect("dbstat").map(|page| page.expect("a page")).collect()
}

/// Overwrites pages of the file, whoever has it open.
pub(super) fn garble(dir: &Path, pages: &[u32], chance: &mut fastrand::Rng) {
    let file = OpenOptions::new().write(true).open(dir.join("patrol.db")).expect("the database");
    for page in pages {
        let garbage: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(PAGE as usize).collect();
        file.write_all_at(&garbage, u64::from(page - 1) * PAGE).expect("written");
    }
}

pub(super) fn start(dir: &Path) -> Running {
    writer::start(roomy(dir), Default::default()).expect("the store opens")
}

fn of_class(stock: &Stock, class: Class) -> u64 {
    stock.records.keys().filter(|(of, ..)| *of == class).count() as u64
}

/// All but the records of one class is there; these are told as lost.
async fn assert_lost_only(lost: Option<Class>, running: &Running, stock: &Stock) {
    let snapshot = salvaged(running).await;
    let found = handed_out(running).await;
    assert_nothing_wrong(stock, &found, "running");
    let there: HashSet<_> = found.keys().collect();
    let expected: HashSet<_> = stock.records.keys().filter(|(class, ..)| Some(*class) != lost).collect();
    assert!(there == expected, "{} of {}", there.len(), expected.len());
    let count = (stock.records.len() - expected.len()) as u64;
    assert_eq!(snapshot.damage.classes.map(|salvaged| salvaged.lost).iter().sum::<u64>(), count);
    assert_eq!(running.store.snapshot().borrow().losses.of(LossReason::Damaged), count, "and nothing else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_found_by_reading_costs_no_answer_and_no_restart() {
    let mut chance = seeded("reading");
    let stock = Stock::build(300, &mut chance).await;
    let dir = stock.copy();
    let hit = pages_of(dir.path(), "'record_incident'");
    let running = start(dir.path());
    garble(dir.path(), &hit, &mut chance);
    assert!(head(&running.store, Class::Incident).await.is_empty(), "an answer, from the fresh database");
    assert_eq!(running.store.snapshot().borrow().damage.databases, 1);
    assert!(send(&running.store, &device(77), vec![report(Class::Status, 999_999, &mut chance)]).await);
    assert_lost_only(Some(Class::Incident), &running, &stock).await;
    for number in 0..super::stock::DEVICES {
        let mut waiting: Vec<_> = running
            .store
            .down_after(device(number), 0, 10_000)
            .await
            .expect("the store runs")
            .into_iter()
            .map(|message| message.payload)
            .collect();
        let mut before = stock.down[&device(number)].clone();
        waiting.sort();
        before.sort();
        assert_eq!(waiting, before, "receipts on their way");
    }
    let snapshot = *running.store.snapshot().borrow();
    assert_eq!(snapshot.evidence.complete, stock.photos, "photos are complete as before");
    assert_eq!((snapshot.accepted_kept, snapshot.dead_letters, snapshot.quarantined), stock.kept);
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_found_by_writing_costs_the_group_in_hand_an_acknowledgement_and_no_more() {
    let mut chance = seeded("writing");
    let stock = Stock::build(300, &mut chance).await;
    let dir = stock.copy();
    let hit = pages_of(dir.path(), "'quarantine'");
    let running = start(dir.path());
    garble(dir.path(), &hit, &mut chance);
    let incident = || report(Class::Incident, 999_999, &mut fastrand::Rng::with_seed(1));
    let group = || vec![incident(), suspect(1)];
    assert!(!send(&running.store, &device(77), group()).await, "not acknowledged");
    assert!(send(&running.store, &device(77), group()).await, "sent again, it is");
    assert_lost_only(None, &running, &stock).await;
    let theirs = |pending: &&Pending| pending.record.device == device(77);
    assert_eq!(head(&running.store, Class::Incident).await.iter().filter(theirs).count(), 1, "once");
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_holds_a_place_in_the_database_before_settles_nothing_in_the_fresh_one() {
    let mut chance = seeded("stale");
    let stock = Stock::build(200, &mut chance).await;
    let dir = stock.copy();
    let hit = pages_of(dir.path(), "'record_incident'");
    let running = start(dir.path());
    let mut stale = Vec::new();
    for class in [Class::Task, Class::Telemetry] {
        stale.push((class, head(&running.store, class).await));
    }
    garble(dir.path(), &hit, &mut chance);
    assert!(head(&running.store, Class::Incident).await.is_empty());
    let dead_letters = salvaged(&running).await.dead_letters;
    for (class, pending) in stale {
        settle(&running.store, class, pending, Decision::Rejected { reason: "stale".into() }).await;
    }
    assert_lost_only(Some(Class::Incident), &running, &stock).await;
    assert_eq!(running.store.snapshot().borrow().dead_letters, dead_letters);
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salvage_that_is_interrupted_goes_on_and_nothing_comes_twice() {
    let mut chance = seeded("interrupted");
    let stock = Stock::build(500, &mut chance).await;
    let dir = stock.copy();
    garble(dir.path(), &pages_of(dir.path(), "'meta', 'record_incident'"), &mut chance);
    let (mut running, _) = serve(dir.path()).await;
    let mut interruptions = 0;
    loop {
        let done = running.store.snapshot().borrow().damage.rows_done;
        let more = done + chance.u64(1..400);
        let mut snapshot = running.store.snapshot();
        let reached = |snapshot: &patrol_gateway::store::snapshot::Snapshot| {
            snapshot.damage.unsalvaged == 0 || snapshot.damage.rows_done >= more
        };
        let is_done = snapshot.wait_for(reached).await.expect("the store runs").damage.unsalvaged == 0;
        if is_done {
            break;
        }
        interruptions += 1;
        close(running).await;
        running = start(dir.path());
    }
    assert!(interruptions > 2, "it was interrupted {interruptions} times");
    for class in Class::ALL {
        let pending = head(&running.store, class).await;
        let names: HashSet<_> = pending.iter().map(|pending| super::name(&pending.record)).collect();
        assert_eq!(names.len(), pending.len(), "{class}: nothing twice");
    }
    let found = handed_out(&running).await;
    assert_nothing_wrong(&stock, &found, "interrupted");
    let expected = stock.records.keys().filter(|(class, ..)| *class != Class::Incident).count();
    assert_eq!(found.len(), expected);
    let lost = of_class(&stock, Class::Incident);
    assert_eq!(running.store.snapshot().borrow().losses.of(LossReason::Damaged), lost, "told once");
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_of_what_was_settled_in_the_damaged_database_is_recognised_after_the_salvage() {
    let mut chance = seeded("windows");
    let (dir, message) = (TempDir::new().expect("a directory"), report(Class::Task, 7, &mut chance));
    let again = report(Class::Task, 7, &mut fastrand::Rng::with_seed(9));
    let running = start(dir.path());
    assert!(send(&running.store, &device(1), vec![message]).await);
    settle(&running.store, Class::Task, head(&running.store, Class::Task).await, accepted()).await;
    close(running).await;
    garble(dir.path(), &pages_of(dir.path(), "'meta'"), &mut chance);
    let (running, _) = serve(dir.path()).await;
    salvaged(&running).await;
    assert!(send(&running.store, &device(1), vec![again]).await, "acknowledged");
    assert_eq!(head(&running.store, Class::Task).await.len(), 0, "and not taken again");
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_the_salvage_waits_and_evicts_nothing() {
    let mut chance = seeded("room");
    let dir = TempDir::new().expect("a directory");
    let small = || StoreOptions { max_bytes: 16 << 20, policies: policies(4 << 20), ..roomy(dir.path()) };
    let running = start(dir.path());
    let large = |class, seq: u32| {
        let mut noise = fastrand::Rng::with_seed(seq.into());
        let payload: Vec<u8> = std::iter::repeat_with(|| noise.u8(..)).take(50_000).collect();
        Item { payload: payload.into(), ..report(class, seq, &mut noise) }
    };
    for seq in 0..300 {
        assert!(send(&running.store, &device(1), vec![large(Class::Reading, seq)]).await);
    }
    close(running).await;
    garble(dir.path(), &pages_of(dir.path(), "'meta'"), &mut chance);
    let running = writer::start(small(), Default::default()).expect("the store opens");
    assert!(send(&running.store, &device(2), vec![large(Class::Telemetry, 1)]).await);
    let mut snapshot = running.store.snapshot();
    let waits = snapshot.wait_for(|snapshot| snapshot.damage.waits_for_room);
    tokio::time::timeout(SOON, waits).await.expect("in time").expect("the store runs");
    assert!(
        send(&running.store, &device(2), vec![large(Class::Incident, 2)]).await,
        "incidents have their room"
    );
    let mut drained = HashSet::new();
    while running.store.snapshot().borrow().damage.unsalvaged > 0 || drained.len() < 300 {
        let pending = head(&running.store, Class::Reading).await;
        drained.extend(pending.iter().map(|pending| super::name(&pending.record)));
        settle(&running.store, Class::Reading, pending, accepted()).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(drained.len(), 300);
    assert_eq!(head(&running.store, Class::Telemetry).await.len(), 1, "nothing gave way");
    assert_eq!(running.store.snapshot().borrow().losses.of(LossReason::Evicted), 0);
    close(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_databases_that_are_salvaged_do_not_pile_up() {
    let mut chance = seeded("pile");
    let dir = TempDir::new().expect("a directory");
    for round in 0..6 {
        let running = start(dir.path());
        assert!(send(&running.store, &device(1), vec![report(Class::Task, round, &mut chance)]).await);
        let snapshot = salvaged(&running).await;
        assert!(snapshot.damage.databases <= 3, "{snapshot:?}");
        close(running).await;
        garble(dir.path(), &pages_of(dir.path(), "'meta'"), &mut chance);
    }
    let running = start(dir.path());
    assert_eq!(salvaged(&running).await.damage.databases, 3);
    assert_eq!(head(&running.store, Class::Task).await.len(), 6, "all of it has come along");
    let folders = std::fs::read_dir(dir.path()).expect("a directory").map(|entry| entry.expect("an entry"));
    let mut folders: Vec<_> =
        folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    folders.sort();
    assert_eq!(folders, ["damaged-4", "damaged-5", "damaged-6"], "the oldest have left");
    close(running).await;
}
