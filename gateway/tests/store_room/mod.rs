//! What gives way when the store is full: old tracks are thinned before anything is dropped, and every record is accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use patrol_gateway::domain::access::ClientKey;
use patrol_gateway::domain::loss::{LossReason, Stream};
use patrol_gateway::domain::publication::{Properties, Publication, Qos, Wish};
use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::WhenFull;
use patrol_gateway::domain::topic::{Filter, TopicLimits};
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::losses::LossRow;
use patrol_gateway::store::sessions::Opening;
use patrol_gateway::store::submission::{Beside, Content, Item};
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;

use super::{Session, head, options, policies, report, seqs, settle};

/// A store of 16 MiB in which telemetry is thinned and readings are dropped.
fn small(dir: &Path) -> StoreOptions {
    let mut policies = policies(4 << 20);
    policies[Class::Telemetry].when_full = WhenFull::Thin;
    policies[Class::Reading].when_full = WhenFull::DropOldest;
    StoreOptions { max_bytes: 16 << 20, policies, ..options(dir) }
}

fn start(options: StoreOptions) -> Running {
    writer::start(options, Arc::default()).expect("the store opens")
}

/// A position that no compression makes small.
fn position(seq: u32) -> Item {
    let mut random = fastrand::Rng::with_seed(u64::from(seq));
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(900).collect();
    let payload = format!("{{\"boot\":1,\"seq\":{seq},\"ignition\":true,\"note\":\"{noise}\"}}");
    // A second apart, so that it is one run.
    Item { received_at_ms: i64::from(seq) * 1000, ..report(Class::Telemetry, seq, payload.as_bytes()) }
}

async fn losses(store: &Store) -> Vec<LossRow> {
    store.losses(0, 10_000).await.expect("the store runs")
}

fn count(losses: &[LossRow], reason: LossReason) -> u64 {
    losses.iter().filter(|row| row.loss.key.reason == reason).map(|row| row.loss.count).sum()
}

#[tokio::test]
async fn telemetry_is_thinned_twice_before_anything_is_dropped_and_each_point_is_accounted_for() {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(small(dir.path()));
    let (mut seq, mut first_drop) = (0, None);
    while first_drop.is_none_or(|first| seq < first + 4000) {
        let next = (seq..seq + 500).map(position).collect();
        assert!(Session::new().put(&running.store, next).await, "{seq}: an acknowledgement was withheld");
        seq += 500;
        let figures = running.store.snapshot().borrow().losses;
        if figures.of(LossReason::Evicted) > 0 {
            first_drop.get_or_insert(seq);
        }
    }
    for restarted in [false, true] {
        let waiting = seqs(&head(&running.store, Class::Telemetry).await);
        let told = losses(&running.store).await;
        let lost = count(&told, LossReason::Thinned) + count(&told, LossReason::Evicted);
        assert_eq!(waiting.len() as u64 + lost, u64::from(seq), "restarted: {restarted}");
        assert_eq!(running.store.snapshot().borrow().class(Class::Telemetry).records, waiting.len() as u64);
        assert!(waiting.is_sorted(), "in the order in which they came");
        for row in &told {
            assert_eq!((row.loss.key.class, row.loss.key.stream), (Some(Class::Telemetry), Stream::Boot(1)));
        }
        running = reopen_small(running, dir.path()).await;
    }
    // At the first drop all but the newest tracks were thinned to a quarter.
    let room_for = 11_000_000 / 1000;
    assert!(
        first_drop > Some(2 * room_for),
        "dropped at {first_drop:?}, room for about {room_for} unthinned"
    );
}

async fn reopen_small(running: Running, dir: &Path) -> Running {
    super::close(running).await;
    start(small(dir))
}

#[tokio::test]
async fn an_incident_gets_its_room_from_the_least_urgent_and_is_never_dropped() {
    let dir = TempDir::new().expect("a directory");
    let running = start(small(dir.path()));
    let store = &running.store;
    let mut session = Session::new();
    let mut seq = 0;
    // Readings fill their part, and their oldest give way to newer ones.
    for _ in 0..300 {
        seq += 1;
        assert!(session.put(store, vec![report(Class::Reading, seq, &noise(seq, 50_000))]).await);
    }
    assert!(store.snapshot().borrow().losses.of(LossReason::Evicted) > 0);
    let first = seq + 1;
    // Incidents fill their reserve and go on into what readings give up, and then nothing is left to give.
    loop {
        seq += 1;
        if !session.put(store, vec![report(Class::Incident, seq, &noise(seq, 50_000))]).await {
            break;
        }
    }
    let snapshot = *store.snapshot().borrow();
    assert_eq!(snapshot.class(Class::Reading).records, 0);
    assert!(snapshot.full, "the status says that acknowledgements are withheld");
    assert_eq!(seqs(&head(store, Class::Incident).await), (first..seq).collect::<Vec<_>>());
    assert!(seq - first > 200, "incidents have the quota to themselves, took {}", seq - first);
    let told = losses(store).await;
    assert_eq!(count(&told, LossReason::Withheld), 1, "the refusal is told");
    assert_eq!(count(&told, LossReason::Evicted), 300);
}

/// Bytes that can't be compressed.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(u64::from(seed));
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}

#[tokio::test]
async fn what_was_handed_out_to_be_sent_is_neither_thinned_nor_dropped() {
    let dir = TempDir::new().expect("a directory");
    let running = start(small(dir.path()));
    let store = &running.store;
    assert!(Session::new().put(store, (0..2000).map(position).collect()).await);
    let held = head(store, Class::Telemetry).await;
    assert_eq!(held.len(), 2000);
    for seq in (2000..60_000).step_by(500) {
        assert!(Session::new().put(store, (seq..seq + 500).map(position).collect()).await);
    }
    assert!(store.snapshot().borrow().losses.of(LossReason::Evicted) > 0, "it was full");
    settle(store, Class::Telemetry, held, super::accepted()).await;
    let told = losses(store).await;
    assert!(told.iter().all(|row| row.loss.first >= 2000), "{told:?}");
    let waiting: BTreeSet<_> = seqs(&head(store, Class::Telemetry).await).into_iter().collect();
    assert!(waiting.first() >= Some(&2000), "the settled ones are gone");
    let lost = count(&told, LossReason::Thinned) + count(&told, LossReason::Evicted);
    assert_eq!(2000 + waiting.len() as u64 + lost, 60_000);
}

#[tokio::test]
async fn what_waits_for_sessions_takes_no_room_from_reports() {
    let dir = TempDir::new().expect("a directory");
    let running = start(small(dir.path()));
    let store = &running.store;
    let client = ClientKey::from_text("desk@1");
    let opening = Opening { client: client.clone(), clean_start: true, expiry_s: 3600, line: Arc::default() };
    let opened = store.open_session(opening).await.expect("a session");
    let all = Filter::parse("#", TopicLimits { bytes_max: 8, levels_max: 8 }).expect("a filter");
    let wish = Wish { qos: Qos::AtLeastOnce, no_local: false, retain_as_published: false, id: 0 };
    store.subscribe(client.clone(), opened.generation, vec![(all, wish)]).await.expect("it is taken");
    let publish = |seq| {
        let payload = noise(seq, 50_000);
        let publication = Publication {
            topic: "city/picture".into(),
            payload: payload.clone().into(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
        };
        let publication = Some(Arc::new(publication));
        let beside = Beside { client: ClientKey::from_text("camera@1"), publication, received: None };
        let content = Content::Publication;
        Item { content, beside: Some(Box::new(beside)), ..report(Class::Reading, seq, &payload) }
    };
    // Three times what the store holds.
    for seq in 0..1000 {
        assert!(Session::new().put(store, vec![publish(seq)]).await, "{seq}: who publishes is not held up");
    }
    let waits = store.queued_after(client, 0, 1000).await.expect("the store runs").len();
    assert!((50..170).contains(&waits), "{waits}");
    let before = store.snapshot().borrow().losses;
    for seq in 0..60 {
        assert!(
            Session::new().put(store, vec![report(Class::Incident, seq, &noise(seq, 50_000))]).await,
            "{seq}"
        );
        assert!(
            Session::new().put(store, vec![report(Class::Reading, seq, &noise(seq, 50_000))]).await,
            "{seq}"
        );
    }
    assert_eq!(store.snapshot().borrow().losses, before, "and nothing gave way");
}

#[tokio::test]
async fn a_class_with_a_bound_of_its_own_drops_its_own_oldest() {
    let dir = TempDir::new().expect("a directory");
    let mut options = small(dir.path());
    options.policies[Class::Reading].max_bytes = Some(1 << 20);
    let running = start(options);
    let store = &running.store;
    assert!(Session::new().put(store, (0..1000).map(position).collect()).await);
    for seq in 1000..1100 {
        assert!(Session::new().put(store, vec![report(Class::Reading, seq, &noise(seq, 50_000))]).await);
    }
    let snapshot = *store.snapshot().borrow();
    assert_eq!(snapshot.class(Class::Telemetry).records, 1000, "nobody else gives way");
    let bytes = snapshot.class(Class::Reading).bytes;
    assert!((700_000..=1 << 20).contains(&bytes), "{bytes}");
    assert_eq!(seqs(&head(store, Class::Reading).await).last(), Some(&1099), "the newest stay");
}

#[tokio::test]
async fn a_loss_record_that_was_handed_out_never_changes_and_is_told_until_the_platform_has_it() {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(small(dir.path()));
    let dropped = |seq| Item { best_effort: true, ..report(Class::Evidence, seq, &noise(seq, 12 << 20)) };
    for seq in [1, 2] {
        assert!(Session::new().put(&running.store, vec![dropped(seq)]).await, "nobody waits for it");
    }
    let first = running.store.losses_to_report(10).await.expect("the store runs");
    assert_eq!((first.len(), first[0].loss.count, first[0].loss.key.reason), (1, 2, LossReason::NoRoom));
    assert!(Session::new().put(&running.store, vec![dropped(3)]).await);
    let again = running.store.losses_to_report(10).await.expect("the store runs");
    assert_eq!(again[0], first[0], "it is closed");
    assert_eq!((again.len(), again[1].loss.first, again[1].loss.count), (2, 3, 1));
    running = reopen_small(running, dir.path()).await;
    assert_eq!(running.store.losses_to_report(10).await.expect("the store runs"), again);
    running.store.losses_reported(vec![again[0].id], 77).await.expect("there is room");
    running = reopen_small(running, dir.path()).await;
    let left = running.store.losses_to_report(10).await.expect("the store runs");
    assert_eq!(left.iter().map(|row| row.uid).collect::<Vec<_>>(), [again[1].uid]);
    let figures = running.store.snapshot().borrow().losses;
    assert_eq!((figures.unreported_rows, figures.of(LossReason::NoRoom)), (1, 3));
    let listed: BTreeMap<_, _> =
        losses(&running.store).await.into_iter().map(|row| (row.uid, row.reported_at_ms)).collect();
    assert_eq!(listed, [(again[0].uid, Some(77)), (again[1].uid, None)].into());
}
