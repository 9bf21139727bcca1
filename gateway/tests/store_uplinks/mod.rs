//! Several uplinks side by side: a record stays until all that must have it do, and none is sent what it has.

mod model;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::uplinks::{UplinkNo, UplinkPlan};
use patrol_gateway::store::dead_letters::Order;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::settlement::{Decision, Limit, Pending, Settled, Settlement, Stretch};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;

use super::{ALL, Session, accepted, close, options, report, seqs};

fn plan(name: &str, classes: &[Class], required: bool) -> UplinkPlan {
    UplinkPlan { name: name.into(), classes: classes.to_vec(), required }
}

/// A city's platform and a desk that must have everything.
fn two() -> Vec<UplinkPlan> {
    vec![plan("city", &Class::ALL, true), plan("desk", &Class::ALL, true)]
}

fn start(dir: &Path, uplinks: Vec<UplinkPlan>) -> Running {
    writer::start(StoreOptions { uplinks, ..options(dir) }, Arc::default()).expect("the store opens")
}

async fn restart(running: Running, dir: &Path, uplinks: Vec<UplinkPlan>) -> Running {
    close(running).await;
    start(dir, uplinks)
}

fn no(place: usize) -> UplinkNo {
    UplinkNo::new(place).expect("there can be so many")
}

async fn put(store: &Store, class: Class, seqs: impl IntoIterator<Item = u32>) {
    let items = seqs.into_iter().map(|seq| report(class, seq, b"payload")).collect();
    assert!(Session::new().put(store, items).await, "acknowledged");
}

async fn waiting(store: &Store, place: usize, class: Class) -> Vec<Pending> {
    store.outbox(class, (no(place), Stretch::ALL), ALL, &Arc::default()).await.expect("the store runs")
}

async fn settle(store: &Store, place: usize, class: Class, pending: Vec<Pending>, decision: &Decision) {
    let records = pending
        .into_iter()
        .map(|Pending { key, record, .. }| Settled { key, record, decision: decision.clone(), receipt: None })
        .collect();
    let settlement = Settlement { uplink: no(place), class, settled_at_ms: 0, records };
    store.settle(settlement).await.expect("there is room");
}

fn refused() -> Decision {
    Decision::Rejected { reason: "no such code".into() }
}

fn stored(store: &Store, class: Class) -> u64 {
    store.snapshot().borrow().class(class).records
}

#[tokio::test]
async fn a_record_stays_until_all_that_must_have_it_do_and_none_is_sent_again_what_it_has_also_after_a_restart()
 {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(dir.path(), two());
    for class in [Class::Incident, Class::Task, Class::Telemetry] {
        for from in [1, 4] {
            put(&running.store, class, (from..from + 3).map(|seq| seq + class as u32 * 100)).await;
        }
        let store = &running.store;
        let first: Vec<_> = waiting(store, 0, class).await.into_iter().take(3).collect();
        settle(store, 0, class, first, &accepted()).await;
        assert_eq!((waiting(store, 0, class).await.len(), waiting(store, 1, class).await.len()), (3, 6));
        assert_eq!(stored(store, class), 6, "{class}");
        let snapshot = *store.snapshot().borrow();
        let wait = |place| snapshot.waiting_for(no(place), class);
        assert_eq!((wait(0), wait(1)), (3, 6), "{class}");
    }
    running = restart(running, dir.path(), two()).await;
    for class in [Class::Incident, Class::Task, Class::Telemetry] {
        let store = &running.store;
        let left: BTreeSet<u32> = seqs(&waiting(store, 0, class).await).into_iter().collect();
        let base = class as u32 * 100;
        assert_eq!(left, (4..7).map(|seq| seq + base).collect(), "{class}");
        let all = waiting(store, 1, class).await;
        assert_eq!(all.len(), 6);
        settle(store, 1, class, all, &accepted()).await;
        assert_eq!(stored(store, class), 3, "{class}: the other one lacks three");
        let rest = waiting(store, 0, class).await;
        settle(store, 0, class, rest, &accepted()).await;
        assert_eq!(stored(store, class), 0, "{class}");
    }
    // Numbers that an uplink has never come again for something else.
    running = restart(running, dir.path(), two()).await;
    for class in [Class::Incident, Class::Telemetry] {
        put(&running.store, class, [1_000 + class as u32]).await;
        for place in [0, 1] {
            assert_eq!(waiting(&running.store, place, class).await.len(), 1, "{class} at {place}");
        }
    }
}

#[tokio::test]
async fn one_that_is_not_required_is_not_waited_for_and_each_gets_its_classes_only() {
    let dir = TempDir::new().expect("a directory");
    let uplinks = vec![plan("city", &Class::ALL, true), plan("police", &[Class::Incident], false)];
    let running = start(dir.path(), uplinks);
    let store = &running.store;
    put(store, Class::Incident, [1, 2]).await;
    put(store, Class::Telemetry, [3]).await;
    assert_eq!(waiting(store, 1, Class::Incident).await.len(), 2);
    assert_eq!(store.snapshot().borrow().waiting_for(no(1), Class::Telemetry), 0);
    let first = waiting(store, 0, Class::Incident).await.into_iter().take(1).collect();
    settle(store, 0, Class::Incident, first, &accepted()).await;
    assert_eq!(seqs(&waiting(store, 1, Class::Incident).await), [2], "the first is gone");
    let telemetry = waiting(store, 0, Class::Telemetry).await;
    settle(store, 0, Class::Telemetry, telemetry, &accepted()).await;
    assert_eq!(stored(store, Class::Telemetry), 0, "who does not get it is not asked");
}

#[tokio::test]
async fn an_uplink_that_is_taken_away_holds_nothing_back_and_one_that_joins_gets_what_is_there() {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(dir.path(), two());
    for class in [Class::Incident, Class::Reading] {
        put(&running.store, class, [1 + class as u32 * 10]).await;
        put(&running.store, class, [2 + class as u32 * 10]).await;
        let mut all = waiting(&running.store, 0, class).await;
        all.truncate(1);
        settle(&running.store, 0, class, all, &accepted()).await;
    }
    let only_city = || vec![plan("city", &Class::ALL, true)];
    running = restart(running, dir.path(), only_city()).await;
    for class in [Class::Incident, Class::Reading] {
        assert_eq!(stored(&running.store, class), 1, "{class}: all that are left have the first");
        assert_eq!(waiting(&running.store, 0, class).await.len(), 1);
    }
    running =
        restart(running, dir.path(), vec![plan("new", &Class::ALL, true), plan("city", &Class::ALL, true)])
            .await;
    for class in [Class::Incident, Class::Reading] {
        for place in [0, 1] {
            assert_eq!(waiting(&running.store, place, class).await.len(), 1, "{class} at {place}");
        }
    }
}

#[tokio::test]
async fn a_dead_letter_is_one_uplinks_and_goes_to_it_alone_when_it_is_sent_again() {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(dir.path(), two());
    for class in [Class::Incident, Class::Telemetry] {
        put(&running.store, class, [1 + class as u32 * 10]).await;
        for (place, word) in [(0, accepted()), (1, refused())] {
            let all = waiting(&running.store, place, class).await;
            settle(&running.store, place, class, all, &word).await;
        }
        assert_eq!(stored(&running.store, class), 0, "{class}: refused is a word too");
    }
    running = restart(running, dir.path(), two()).await;
    let store = &running.store;
    let letters = store.dead_letters(0, 10).await.expect("the store runs");
    let told: Vec<_> =
        letters.iter().map(|letter| (letter.uplink.as_str(), letter.reason.as_str())).collect();
    assert_eq!(told, [("desk", "no such code"); 2]);
    let ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
    store.order_dead_letters(Order::Retry(ids)).await.expect("there is room");
    for class in [Class::Incident, Class::Telemetry] {
        assert_eq!(seqs(&waiting(store, 1, class).await), [1 + class as u32 * 10]);
        assert_eq!(waiting(store, 0, class).await.len(), 0, "{class}: the other one has it");
        let all = waiting(store, 1, class).await;
        settle(store, 1, class, all, &refused()).await;
    }
    let ids =
        store.dead_letters(0, 10).await.expect("the store runs").iter().map(|letter| letter.id).collect();
    store.order_dead_letters(Order::Discard(ids)).await.expect("there is room");
    let snapshot = *store.snapshot().borrow();
    assert_eq!((snapshot.dead_letters, snapshot.pending()), (0, 0));
}

#[tokio::test]
async fn the_newest_come_first_where_they_are_asked_for_and_a_stretch_has_its_ends() {
    let dir = TempDir::new().expect("a directory");
    let running = start(dir.path(), Vec::new());
    let store = &running.store;
    let mut marks = Vec::new();
    for from in [0, 2, 4] {
        put(store, Class::Telemetry, [from + 1, from + 2]).await;
        marks.push(store.snapshot().borrow().newest[Class::Telemetry as usize]);
    }
    let read = async |stretch: Stretch, records: u32| {
        let limit = Limit { records, ..ALL };
        let from = (UplinkNo::FIRST, stretch);
        seqs(&store.outbox(Class::Telemetry, from, limit, &Arc::default()).await.expect("the store runs"))
    };
    let newest_first = Stretch { newest_first: true, ..Stretch::ALL };
    assert_eq!(read(newest_first, 1000).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(read(newest_first, 1).await, [6, 5], "whole segments");
    assert_eq!(read(Stretch { after: marks[0], ..Stretch::ALL }, 1000).await, [3, 4, 5, 6]);
    assert_eq!(read(Stretch { up_to: marks[1], ..newest_first }, 1000).await, [4, 3, 2, 1]);
    assert_eq!(read(Stretch { after: marks[0], up_to: marks[1], ..Stretch::ALL }, 1000).await, [3, 4]);
}
