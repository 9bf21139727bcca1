//! Several uplinks against a plain model: whatever they settle, in whatever order, over restarts and while the oldest give way.

use std::collections::{BTreeMap, BTreeSet};

use patrol_gateway::domain::report::{Class, Identity};
use patrol_gateway::domain::retention::WhenFull;
use patrol_gateway::store::settlement::Pending;
use patrol_gateway::store::writer::{self, Running, StoreOptions};
use tempfile::TempDir;

use super::super::{Session, accepted, close, noise, options, policies, report};
use super::{no, plan, settle, waiting};

/// Uplinks of the model: two that must have everything, and one that need not.
const UPLINKS: usize = 3;
const REQUIRED: usize = 2;
const CLASSES: [Class; 3] = [Class::Incident, Class::Reading, Class::Telemetry];

/// What should be the case.
#[derive(Default)]
struct Model {
    /// Records that are stored, and which uplinks have each.
    stored: BTreeMap<(Class, u32), BTreeSet<usize>>,
    /// The row that each is in: those of one segment share it.
    rows: BTreeMap<(Class, u32), i64>,
}

impl Model {
    /// Whether an uplink has all of a row: then that is written down.
    fn is_whole(&self, row: i64, uplink: usize) -> bool {
        let mut in_row = self.stored.iter().filter(|(key, _)| self.rows.get(key) == Some(&row));
        in_row.all(|(_, had)| had.contains(&uplink))
    }

    /// Rows go as a whole: when the required uplinks have all of each.
    fn forget_finished(&mut self) {
        let rows: BTreeSet<i64> = self.rows.values().copied().collect();
        for row in rows {
            if (0..REQUIRED).all(|uplink| self.is_whole(row, uplink)) {
                let rows = &self.rows;
                self.stored.retain(|key, _| rows.get(key) != Some(&row));
                self.rows.retain(|_, each| *each != row);
            }
        }
    }

    /// What an uplink has of a segment in part is known in memory only.
    fn restart(&mut self) {
        for uplink in 0..UPLINKS {
            let rows: BTreeSet<i64> = self.rows.values().copied().collect();
            for row in rows.into_iter().filter(|row| !self.is_whole(*row, uplink)).collect::<Vec<_>>() {
                let rows = &self.rows;
                let in_row = self.stored.iter_mut().filter(|(key, _)| rows.get(key) == Some(&row));
                in_row.for_each(|(_, had)| _ = had.remove(&uplink));
            }
        }
    }

    fn lacks(&self, uplink: usize, class: Class) -> BTreeSet<u32> {
        let of_class = self.stored.iter().filter(|((each, _), had)| *each == class && !had.contains(&uplink));
        of_class.map(|((_, seq), _)| *seq).collect()
    }
}

fn start(dir: &TempDir, max_bytes: u64) -> Running {
    let mut policies = policies(1 << 20);
    policies[Class::Reading].when_full = WhenFull::DropOldest;
    policies[Class::Telemetry].when_full = WhenFull::DropOldest;
    let uplinks = vec![
        plan("city", &Class::ALL, true),
        plan("desk", &Class::ALL, true),
        plan("copy", &Class::ALL, false),
    ];
    let options = StoreOptions { uplinks, policies, max_bytes, ..options(dir.path()) };
    writer::start(options, Default::default()).expect("the store opens")
}

fn seq(pending: &Pending) -> u32 {
    match pending.record.identity {
        Identity::Device { seq, .. } => seq,
        Identity::Minted { number, .. } => number,
    }
}

/// What each uplink is handed out is exactly what it lacks, and the figures say the same.
async fn agree(running: &Running, model: &Model) {
    let snapshot = *running.store.snapshot().borrow();
    for class in CLASSES {
        for uplink in 0..UPLINKS {
            let handed: BTreeSet<u32> =
                waiting(&running.store, uplink, class).await.iter().map(seq).collect();
            assert_eq!(handed, model.lacks(uplink, class), "uplink {uplink}, {class}");
            let told = snapshot.waiting_for(no(uplink), class);
            assert_eq!(told, handed.len() as u64, "the figure of uplink {uplink}, {class}");
        }
    }
}

/// An uplink settles some of what it is handed out, from the front or scattered.
async fn settle_some(running: &Running, model: &mut Model, chance: &mut fastrand::Rng) {
    let (uplink, class) = (chance.usize(..UPLINKS), CLASSES[chance.usize(..CLASSES.len())]);
    let all = waiting(&running.store, uplink, class).await;
    let many = chance.usize(..=all.len());
    let scattered = chance.bool();
    let some: Vec<Pending> = all
        .into_iter()
        .enumerate()
        .filter(|(at, _)| if scattered { chance.bool() } else { *at < many })
        .map(|(_, pending)| pending)
        .collect();
    for pending in &some {
        let key = (class, seq(pending));
        assert_eq!(model.rows.get(&key), Some(&pending.key.row()));
        model.stored.entry(key).or_default().insert(uplink);
    }
    settle(&running.store, uplink, class, some, &accepted()).await;
    model.forget_finished();
}

/// Takes note of the rows of records that are new: nobody has them yet.
async fn see_rows(running: &Running, model: &mut Model, class: Class) {
    for pending in waiting(&running.store, 0, class).await {
        model.rows.insert((class, seq(&pending)), pending.key.row());
    }
}

#[tokio::test]
async fn each_uplink_is_handed_out_exactly_what_it_lacks_over_restarts_and_the_figures_say_so() {
    let seed = fastrand::u64(..);
    eprintln!("several uplinks: seed {seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    for _ in 0..12 {
        let dir = TempDir::new().expect("a directory");
        let (mut running, mut model, mut next) = (start(&dir, 64 << 20), Model::default(), 1);
        for _ in 0..40 {
            match chance.u8(..10) {
                0..4 => {
                    let class = CLASSES[chance.usize(..CLASSES.len())];
                    let seqs = next..next + chance.u32(1..6);
                    next = seqs.end;
                    let items = seqs.clone().map(|seq| report(class, seq, b"payload")).collect();
                    assert!(Session::new().put(&running.store, items).await, "acknowledged");
                    model.stored.extend(seqs.map(|seq| ((class, seq), BTreeSet::new())));
                    see_rows(&running, &mut model, class).await;
                }
                4..9 => settle_some(&running, &mut model, &mut chance).await,
                _ => {
                    close(running).await;
                    running = start(&dir, 64 << 20);
                    model.restart();
                }
            }
            agree(&running, &model).await;
        }
    }
}

/// One platform is away while the store is full: what the other one has gives way, and its figures stay right, also after a restart.
#[tokio::test]
async fn what_gives_way_leaves_no_figure_behind_over_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let mut running = start(&dir, 16 << 20);
    let mut session = Session::new();
    for seq in 1..4_000 {
        assert!(session.put(&running.store, vec![report(Class::Reading, seq, &noise(5_000))]).await);
        if seq % 500 == 0 {
            let all = waiting(&running.store, 0, Class::Reading).await;
            settle(&running.store, 0, Class::Reading, all, &accepted()).await;
        }
    }
    for _ in 0..2 {
        let store = &running.store;
        let lost = store.snapshot().borrow().losses.lost.iter().sum::<u64>();
        assert!(lost > 0, "something gave way");
        for uplink in [0, 1] {
            let handed = waiting(store, uplink, Class::Reading).await.len() as u64;
            assert_eq!(store.snapshot().borrow().waiting_for(no(uplink), Class::Reading), handed, "{uplink}");
        }
        close(running).await;
        running = start(&dir, 16 << 20);
    }
}
