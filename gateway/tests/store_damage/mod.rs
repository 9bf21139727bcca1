//! Damage at rest: what was hurt is never handed out, what was not comes back, and devices are served at once.

mod flips;
mod log;
mod looks;
mod running;
mod stock;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::uplinks::UplinkNo;
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Pending, Settled, Settlement};
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::writer::{self, Running, StoreOptions};

use self::stock::{Name, Stock, name};
use super::{accepted, close, head, options};

/// The deadline of design and documentation: from the start until a message is durable.
const SERVING_WITHIN: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(60);

fn seeded(test: &str) -> fastrand::Rng {
    let seed =
        std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    eprintln!("{test}: SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// With room for all that is kept, which the other tests bound.
fn roomy(dir: &Path) -> StoreOptions {
    StoreOptions { keep_accepted: 10_000, keep_quarantined: 1000, ..options(dir) }
}

/// Opens it and has a message made durable; how long that took.
async fn serve(dir: &Path) -> (Running, Duration) {
    let began = Instant::now();
    let running = writer::start(roomy(dir), Default::default()).expect("the store opens whatever is damaged");
    let message = stock::report(Class::Incident, 999_999, &mut fastrand::Rng::with_seed(0));
    assert!(stock::send(&running.store, &stock::device(77), vec![message]).await, "acknowledged");
    let took = began.elapsed();
    assert!(took < SERVING_WITHIN, "served after {took:?}");
    (running, took)
}

async fn salvaged(running: &Running) -> Snapshot {
    let mut snapshot = running.store.snapshot();
    let done = snapshot.wait_for(|snapshot| snapshot.damage.unsalvaged == 0);
    *tokio::time::timeout(SOON, done).await.expect("in time").expect("the store runs")
}

/// All that is handed out, of all classes, until nothing new comes: reading sets aside what is damaged.
async fn handed_out(running: &Running) -> HashMap<Name, StoredRecord> {
    let mut found = HashMap::new();
    for _ in 0..3 {
        salvaged(running).await;
        for class in Class::ALL {
            for pending in head(&running.store, class).await {
                found.insert(name(&pending.record), pending.record);
            }
        }
    }
    found.retain(|(_, device, _), _| *device != stock::device(77));
    found
}

/// Nothing is handed out that was not stored exactly so.
fn assert_nothing_wrong(stock: &Stock, found: &HashMap<Name, StoredRecord>, what: &str) {
    for (name, record) in found {
        assert_eq!(stock.records.get(name), Some(record), "{what}: {name:?}");
    }
}

/// Settles whatever is handed out, until nothing is left: what can't be deleted would come again and again.
async fn drain(running: &Running, what: &str) {
    for _ in 0..30 {
        salvaged(running).await;
        let mut is_empty = true;
        for class in Class::ALL {
            let records =
                head(&running.store, class).await.into_iter().map(|Pending { key, record, .. }| {
                    is_empty = false;
                    Settled { key, record, decision: accepted(), receipt: None }
                });
            let records = records.collect();
            // Damage that is found here withholds this one; the next round sends it again.
            let _ = running
                .store
                .settle(Settlement { uplink: UplinkNo::FIRST, class, settled_at_ms: 0, records })
                .await;
        }
        if is_empty && running.store.snapshot().borrow().damage.unsalvaged == 0 {
            return;
        }
    }
    panic!("{what}: the backlog does not end: {:?}", running.store.snapshot().borrow());
}
