//! The store against a plain model: put, settle any subset, restart, in any order.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use patrol_gateway::domain::report::Class;
use patrol_gateway::store::handle::Store;
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;

use super::{Session, accepted, head, open, reopen, report, seqs, settle};

const CLASSES: [Class; 3] = [Class::Incident, Class::Reading, Class::Telemetry];

#[derive(Debug, Clone)]
enum Step {
    /// (class, number, payload length)
    Put(Vec<(usize, u32, u8)>),
    Settle {
        class: usize,
        picks: Vec<Index>,
    },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let put = prop::collection::vec((0..CLASSES.len(), 0u32..60, 0u8..40), 1..12).prop_map(Step::Put);
    let picks = prop::collection::vec(any::<Index>(), 1..8);
    let settle = (0..CLASSES.len(), picks).prop_map(|(class, picks)| Step::Settle { class, picks });
    prop::collection::vec(prop_oneof![4 => put, 4 => settle, 1 => Just(Step::Restart)], 1..30)
}

/// What was ever taken, with its length, and what waits.
#[derive(Default)]
struct Model {
    taken: BTreeMap<u32, usize>,
    waiting: [BTreeSet<u32>; 3],
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_store_holds_exactly_what_a_plain_model_holds(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let dir = TempDir::new().expect("a directory");
            let mut running = open(dir.path());
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Put(items) => put(&running.store, &mut model, items).await,
                    Step::Settle { class, picks } => release(&running.store, &mut model, class, picks).await,
                    Step::Restart => running = reopen(running, dir.path()).await,
                }
                compare(&running.store, &model).await;
            }
        });
    }
}

async fn put(store: &Store, model: &mut Model, items: Vec<(usize, u32, u8)>) {
    let mut batch = Vec::new();
    for (class, number, len) in items {
        // As on a device, a record number belongs to one class for ever.
        let seq = number * CLASSES.len() as u32 + class as u32;
        let len = *model.taken.entry(seq).or_insert_with(|| {
            model.waiting[class].insert(seq);
            usize::from(len)
        });
        batch.push(report(CLASSES[class], seq, &vec![1; len]));
    }
    assert!(Session::new().put(store, batch).await);
}

async fn release(store: &Store, model: &mut Model, class: usize, picks: Vec<Index>) {
    let waiting = head(store, CLASSES[class]).await;
    if waiting.is_empty() {
        return;
    }
    let chosen: HashSet<_> = picks.into_iter().map(|pick| pick.index(waiting.len())).collect();
    let chosen: Vec<_> = chosen.into_iter().map(|place| waiting[place].clone()).collect();
    for seq in seqs(&chosen) {
        model.waiting[class].remove(&seq);
    }
    settle(store, CLASSES[class], chosen, accepted()).await;
}

/// A released record of a segment may be handed out again after a restart, while others of its segment wait: never
/// less than the model, and nothing that was never taken. Rows are exact.
async fn compare(store: &Store, model: &Model) {
    for (class, waiting) in CLASSES.into_iter().zip(&model.waiting) {
        let pending = head(store, class).await;
        let handed_out: BTreeSet<_> = seqs(&pending).into_iter().collect();
        assert_eq!(handed_out.len(), pending.len(), "{class}: nothing twice");
        assert!(handed_out.is_superset(waiting), "{class}: lost {:?}", waiting.difference(&handed_out));
        for (seq, pending) in seqs(&pending).iter().zip(&pending) {
            assert_eq!(Some(&pending.record.payload.len()), model.taken.get(seq), "{class} {seq}");
        }
        let figures = store.snapshot().borrow().class(class);
        assert!(figures.records >= pending.len() as u64, "{class}: {figures:?}");
        assert_eq!(figures.records == 0, pending.is_empty(), "{class}: {figures:?}");
        if class == Class::Incident {
            let bytes: usize = waiting.iter().map(|seq| model.taken[seq]).sum();
            assert_eq!((figures.records, figures.bytes), (waiting.len() as u64, bytes as u64));
        }
    }
}
