//! A few hundred transactions through the real store, written down call by call.

use std::sync::Arc;
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::retention::{Durability, Policies};
use patrol_gateway::store::handle::{Stopped, Store};
use patrol_gateway::store::line::DeviceLine;
use patrol_gateway::store::medium::{Medium, Safeguard, Simulated};
use patrol_gateway::store::settlement::Limit;
use patrol_gateway::store::submission::Batch;
use patrol_gateway::store::writer::StoreOptions;
use patrol_power_cut::Image;
use patrol_power_cut::call::Call;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;

use super::desk::Desk;
use super::ledger::Ledger;
use super::message::{self, Number};

/// The database on the simulated disk.
pub(crate) const DATABASE: &str = "/patrol.db";
/// All that one look may show.
pub(crate) const ALL: Limit = Limit { records: 100_000, bytes: u64::MAX };

/// How a workload is to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) checkpoint_pages: u32,
    pub(crate) without: Option<Safeguard>,
    pub(crate) sync_lies: bool,
    /// Classes whose messages may be synced later than they are acknowledged.
    pub(crate) delayed: &'static [Class],
    pub(crate) steps: u32,
    /// One step in so many is a restart.
    pub(crate) restart_every: u32,
}

/// A workload that has run.
pub(crate) struct Recording {
    pub(crate) setting: Setting,
    /// What was on the disk before.
    pub(crate) image: Image,
    pub(crate) log: Vec<Call>,
    pub(crate) ledger: Ledger,
}

/// How the store is set up on the disk in a drive.
pub(crate) fn options(drive: &Drive, setting: Setting) -> StoreOptions {
    let Setting { checkpoint_pages, without, .. } = setting;
    let mut policies = Policies::default();
    for class in Class::ALL {
        policies[class].linger = Duration::ZERO;
    }
    for &class in setting.delayed {
        policies[class].durability = Durability::Delayed;
    }
    StoreOptions {
        data_dir: "/".into(),
        medium: Medium::Simulated(Simulated { vfs: drive.name().to_owned(), checkpoint_pages, without }),
        max_bytes: 1 << 30,
        policies,
        // Longer than the test: what is delayed is synced by what is not.
        sync_within: Duration::from_secs(3600),
        flash_budget_bytes_per_day: 20 << 30,
        evidence_max_bytes: 32 << 20,
        keep_accepted: 100_000,
        keep_quarantined: 100_000,
        uplinks: Vec::new(),
        keep_journal: 10_000,
        session_limits: Default::default(),
        started_at_ms: 0,
        chance: fastrand::Rng::with_seed(1),
    }
}

/// Runs a workload from the first start on an empty database on.
pub(crate) fn record(setting: Setting, rng: fastrand::Rng) -> Recording {
    // The store makes the file and its name durable before SQLite sees it.
    let image = Image::from([(DATABASE.to_owned(), Vec::new())]);
    let disk = if setting.sync_lies { Disk::lying(image.clone()) } else { Disk::new(image.clone()) };
    let (disk, drive) = (Arc::new(disk), Drive::new());
    drive.insert(&disk);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let ledger = runtime.block_on(async {
        let mut desk = Desk::open(options(&drive, setting), setting.delayed, disk.clone(), rng);
        for step in 1..=setting.steps {
            match step % setting.restart_every {
                0 => desk.restart().await,
                _ => desk.step().await,
            }
        }
        desk.close().await
    });
    Recording { setting, image, log: disk.log(), ledger }
}

/// Stamps the disk's calls with the number of the last commit whose acknowledgements had left, or were about to.
pub(crate) fn stamp_commits(disk: &Disk, store: &Store) {
    let snapshot = store.snapshot();
    disk.stamp_calls(move || snapshot.borrow().commit_seq);
}

/// Messages that were handed to the store.
pub(crate) struct Submitted {
    line: Arc<DeviceLine>,
    last: u64,
}

impl Submitted {
    /// Waits until all of them are acknowledged; false when the store withholds that.
    pub(crate) async fn acknowledged(&self) -> bool {
        while self.line.durable() < self.last && !self.line.is_withheld() {
            self.line.changed().await;
        }
        self.line.durable() >= self.last
    }
}

/// Hands messages of one device to the store.
///
/// # Errors
/// [`Stopped`]: its writer has ended.
pub(crate) async fn submit(
    store: &Store,
    messages: &[(Option<Class>, Number)],
) -> Result<Submitted, Stopped> {
    let line = Arc::<DeviceLine>::default();
    let device = message::device(messages.first().expect("a message").1);
    let items = messages.iter().map(|&(class, number)| message::item(class, number)).collect();
    let batch = Batch { device, line: line.clone(), first_mark: 1, items };
    store.submit(batch).await?;
    Ok(Submitted { line, last: messages.len() as u64 })
}
