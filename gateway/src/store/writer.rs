//! The one thread that owns the database: collects a group, commits it, answers.

mod answers;
mod replace;
mod requests;
mod sessions;
mod tending;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::damage;
use super::database::Database;
use super::group::{Group, Outcome, SessionAnswer};
use super::handle::{Live, QUEUE_REQUESTS, Request, Store};
use super::line::DeviceLine;
use super::medium::Medium;
use super::opening;
use super::rates::Rates;
use super::rows;
use super::salvage::worker::Salvager;
use super::schema::{self, OpenError};
use super::sessions::SessionLimits;
use super::snapshot::Snapshot;
use crate::domain::report::DeviceId;
use crate::domain::retention::Policies;
use crate::domain::uplinks::{UPLINKS_MAX, UplinkNo, UplinkPlan};
use crate::metrics::Metrics;

/// How often the disk and the figures are looked at.
const TEND_EVERY: Duration = Duration::from_secs(1);

/// How the store is set up.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Directory of the database; made when missing.
    pub data_dir: PathBuf,
    /// What the directory is on.
    pub medium: Medium,
    /// Quota for the database file in bytes.
    pub max_bytes: u64,
    /// What each class may claim of it, and what gives way.
    pub policies: Policies,
    /// The uplinks; none stands for an only one that gets everything.
    pub uplinks: Vec<UplinkPlan>,
    /// Longest time from a delayed commit to its sync.
    pub sync_within: Duration,
    /// Bytes that may be written to flash in a day; only told.
    pub flash_budget_bytes_per_day: u64,
    /// Room that photos and clips may have together, in bytes.
    pub evidence_max_bytes: u64,
    /// Accepted cases that are kept.
    pub keep_accepted: u64,
    /// Quarantined payloads that are kept.
    pub keep_quarantined: u64,
    /// Incidents kept in the journal.
    pub keep_journal: u64,
    /// What sessions of MQTT clients may take.
    pub session_limits: SessionLimits,
    /// Now, by the gateway's clock, in milliseconds since 1970; it need not be right.
    pub started_at_ms: i64,
    /// Chance, for the names of runs.
    pub chance: fastrand::Rng,
}

impl StoreOptions {
    /// The uplinks, at least one.
    pub(super) fn uplinks(&self) -> Vec<UplinkPlan> {
        match self.uplinks.as_slice() {
            [] => vec![UplinkPlan::only()],
            plans => plans.iter().take(UPLINKS_MAX).cloned().collect(),
        }
    }

    /// The name of an uplink.
    pub(super) fn uplink_name(&self, uplink: UplinkNo) -> &str {
        self.uplinks.get(uplink.place()).map_or("", |plan| &plan.name)
    }
}

/// The writer ended because the database failed: nothing is acknowledged any more, the process must end.
#[derive(Debug, thiserror::Error)]
#[error("database failed: {0}")]
pub struct WriteError(#[from] rusqlite::Error);

/// The running writer: its handle, and word of its end.
pub struct Running {
    /// The handle.
    pub store: Store,
    /// The number of this start: above those of all starts before it.
    pub start_number: u32,
    /// When a platform last accepted an incident whose case is still kept, by the gateway's clock then; in milliseconds since 1970.
    pub newest_accepted_at_ms: Option<i64>,
    /// Resolves when the thread has ended: `Ok` after a close, the error otherwise.
    pub ended: oneshot::Receiver<Result<(), WriteError>>,
}

/// Opens the store and starts its writer thread.
///
/// # Errors
/// [`OpenError`]: nothing runs.
pub fn start(options: StoreOptions, metrics: Arc<Metrics>) -> Result<Running, OpenError> {
    let (requests, queue) = mpsc::channel(QUEUE_REQUESTS);
    let path = schema::database_path(&options.data_dir);
    let database = |source| OpenError::Database { path: path.clone(), source };
    let (policies, sync_within) = (options.policies, options.sync_within);
    let flash_budget_bytes_per_day = options.flash_budget_bytes_per_day;
    let database_open = opening::open(&options)?;
    let published = watch::Sender::new(Snapshot::default());
    let (snapshot, start_number) = (published.subscribe(), database_open.start_number);
    // Damage there is found and mended by whoever needs the cases; the start does not.
    let newest_accepted_at_ms = rows::newest_accepted_at_ms(&database_open.connection).unwrap_or_default();
    let has_subscribers = Arc::new(AtomicBool::new(database_open.sessions.has_subscribers()));
    let live = Live { has_subscribers: has_subscribers.clone(), epoch: database_open.sessions.epoch };
    let store = Store::new(requests, snapshot, live);
    let salvager = Salvager::new(&options, store.downgrade());
    let mut writer = Writer {
        policies,
        sync_within,
        flash_budget_bytes_per_day,
        database: database_open,
        metrics,
        queue,
        published,
        lines: HashMap::new(),
        has_subscribers,
        full: false,
        replaced_at: None,
        salvager,
        unsynced_since: None,
        keeping_room: false,
        opened_at: Instant::now(),
        tended_at: Instant::now(),
        rates: Rates::new(),
        taken_bytes: 0,
        counted_flash_bytes: 0,
    };
    writer.salvager.look();
    writer.publish().map_err(database)?;
    let timer = runtime::Builder::new_current_thread().enable_time().build().map_err(OpenError::Thread)?;
    let (end, ended) = oneshot::channel();
    let run = move || {
        // Nobody listening means that the process is already going down.
        let _ = end.send(writer.run(&timer).map_err(WriteError));
    };
    thread::Builder::new().name("store".into()).spawn(run).map_err(OpenError::Thread)?;
    Ok(Running { store, start_number, newest_accepted_at_ms, ended })
}

struct Writer {
    database: Database,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<Request>,
    published: watch::Sender<Snapshot>,
    /// Who listens for messages to a device.
    lines: HashMap<DeviceId, Weak<DeviceLine>>,
    /// Somebody has subscribed to something.
    has_subscribers: Arc<AtomicBool>,
    /// Some class found no room in the last group that brought messages.
    full: bool,
    /// When a fresh database last took the place of a damaged one.
    replaced_at: Option<Instant>,
    salvager: Salvager,
    policies: Policies,
    sync_within: Duration,
    flash_budget_bytes_per_day: u64,
    /// When the oldest commit that is not synced was made.
    unsynced_since: Option<Instant>,
    /// More room is to be kept: the writer goes on with it when it has nothing else to do.
    keeping_room: bool,
    opened_at: Instant,
    tended_at: Instant,
    rates: Rates,
    /// Payload bytes that were taken since the rates were told.
    taken_bytes: u64,
    /// Bytes to flash that the rates were told of.
    counted_flash_bytes: u64,
}

impl Writer {
    /// Works until it is told to close or the database fails.
    fn run(mut self, timer: &Runtime) -> rusqlite::Result<()> {
        loop {
            let Some(first) = self.next(timer, self.idle_time()) else {
                self.mend(Writer::tend)?;
                continue;
            };
            let mut group = Group::default();
            let mut open = self.take(first, &mut group)?;
            while open && !group.is_full() {
                let next = self.queue.try_recv().ok();
                let wait = || group.waits(Instant::now());
                let Some(next) = next.or_else(|| self.next(timer, wait()?)) else { break };
                open = self.take(next, &mut group)?;
            }
            self.commit(group)?;
            self.mend(Writer::after_commit)?;
            if !open {
                return self.mend(Writer::sync);
            }
        }
    }

    /// The next request; `None` when none comes within `wait`. That every handle is gone is a request to close.
    fn next(&mut self, timer: &Runtime, wait: Duration) -> Option<Request> {
        let queue = &mut self.queue;
        let next = timer.block_on(async { timeout(wait, queue.recv()).await });
        next.ok().map(|request| request.unwrap_or(Request::Close))
    }

    /// One transaction for the whole group, and what follows from it. Damage costs the group, not the process.
    fn commit(&mut self, mut group: Group) -> rusqlite::Result<()> {
        if group.is_empty() {
            // Of sessions that end with their connections nothing is written.
            group.session_answers.drain(..).for_each(SessionAnswer::tell);
            return Ok(());
        }
        match self.make_durable(&mut group) {
            Ok(Some(outcome)) => self.answer(group, outcome),
            Ok(None) => self.refuse_settlements(group),
            Err(error) if damage::is(&error) => {
                self.replace(error)?;
                self.withhold(group)
            }
            Err(error) => Err(error),
        }
    }

    /// `None` when nothing of the group found room. The figures are published here, before anybody is answered.
    fn make_durable(&mut self, group: &mut Group) -> rusqlite::Result<Option<Outcome>> {
        let started = Instant::now();
        let Some(outcome) = self.write(group)? else { return Ok(None) };
        if !group.is_sync_needed() {
            self.unsynced_since.get_or_insert(started);
        } else {
            self.unsynced_since = None;
        }
        self.database.windows.committed(outcome.windows_written);
        self.database.anchors.committed();
        self.database.losses.committed();
        if !outcome.progress.is_empty() {
            self.full = !outcome.tallied.withheld.is_empty();
        }
        self.metrics.store_commits.inc();
        self.metrics.store_commit_seconds.observe(started.elapsed().as_secs_f64());
        self.metrics.store_group_records.observe(group.records as f64);
        self.taken_bytes += group.bytes as u64;
        self.tell()?;
        Ok(Some(outcome))
    }

    /// Writes a group, without its messages when there is no room for them; `None` when not even the rest finds room.
    fn write(&mut self, group: &mut Group) -> rusqlite::Result<Option<Outcome>> {
        if self.database.wal.is_exhausted() {
            self.refuse(group);
            return Ok(None);
        }
        for _ in 0..2 {
            match self.database.write(group) {
                Err(error) if is_full(&error) => self.database.roll_back()?,
                outcome => return outcome.map(Some),
            }
            // Somebody else has taken what was free a moment ago. The ballast is there for what frees space.
            self.database.disk.drop_ballast();
            self.refuse(group);
        }
        Ok(None)
    }
}

/// Full by the quota or by someone else's files: the one failure that passes.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
