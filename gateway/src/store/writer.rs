//! The one thread that owns the database: collects a group, commits it, answers.

mod replace;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::damage;
use super::database::Database;
use super::evidence;
use super::group::{Counted, Group, Outcome, Progress};
use super::handle::{QUEUE_REQUESTS, Request, Store};
use super::line::DeviceLine;
use super::losses;
use super::medium::Medium;
use super::opening;
use super::rates::Rates;
use super::restore;
use super::rows;
use super::salvage::worker::Salvager;
use super::schema::{self, OpenError};
use super::settlement::Unsettled;
use super::snapshot::{DamageFigures, Flow, Snapshot};
use super::wal::Checkpoint;
use crate::domain::admission::Reason;
use crate::domain::report::DeviceId;
use crate::domain::retention::Policies;
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
    /// Now, by the gateway's clock, in milliseconds since 1970; it need not be right.
    pub started_at_ms: i64,
    /// Chance, for the names of runs.
    pub chance: fastrand::Rng,
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
    let store = Store::new(requests, snapshot);
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
    Ok(Running { store, start_number, ended })
}

struct Writer {
    database: Database,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<Request>,
    published: watch::Sender<Snapshot>,
    /// Who listens for messages to a device.
    lines: HashMap<DeviceId, Weak<DeviceLine>>,
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

    /// How long the writer may wait for a request before it looks after the disk again.
    fn idle_time(&self) -> Duration {
        if self.keeping_room {
            return Duration::ZERO;
        }
        let sync_in = self
            .unsynced_since
            .map(|since| (since + self.sync_within).saturating_duration_since(Instant::now()));
        sync_in.unwrap_or(TEND_EVERY).min(TEND_EVERY)
    }

    /// What is to be done when nobody asks for anything: overdue syncs, room that is to be kept, the figures.
    fn tend(&mut self) -> rusqlite::Result<()> {
        self.sync_if_due()?;
        match self.database.keep_room() {
            Ok(keeping) => self.keeping_room = keeping,
            Err(error) if is_full(&error) => {
                self.database.roll_back()?;
                self.keeping_room = false;
            }
            Err(error) => return Err(error),
        }
        self.checkpoint()?;
        if !self.database.wal.is_exhausted() {
            self.database.disk.take_ballast();
        }
        self.full &= !self.database.has_room();
        self.publish()
    }

    /// Between two groups: syncs that are due, the log, and once in a while what is done in idle moments.
    fn after_commit(&mut self) -> rusqlite::Result<()> {
        self.sync_if_due()?;
        self.checkpoint()?;
        if self.tended_at.elapsed() >= TEND_EVERY {
            self.tended_at = Instant::now();
            self.tend()?;
        }
        Ok(())
    }

    fn sync_if_due(&mut self) -> rusqlite::Result<()> {
        let is_due = self.unsynced_since.is_some_and(|since| since.elapsed() >= self.sync_within);
        if is_due { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> rusqlite::Result<()> {
        if self.unsynced_since.is_none() {
            return Ok(());
        }
        self.database.sync()?;
        self.unsynced_since = None;
        self.publish()
    }

    /// Copies the log into the database when it is long; when the disk has no room for that, the ballast goes.
    fn checkpoint(&mut self) -> rusqlite::Result<()> {
        let Database { wal, connection, disk, .. } = &mut self.database;
        if wal.checkpoint_if_due(connection)? == Checkpoint::NoRoom && disk.drop_ballast() {
            wal.checkpoint_if_due(connection)?;
        }
        Ok(())
    }

    /// Puts a request that writes into the group; answers one that reads at once, before the group's transaction
    /// begins, so that nobody sees what is not yet committed. False when asked to close.
    fn take(&mut self, request: Request, group: &mut Group) -> rusqlite::Result<bool> {
        group.requests += 1;
        let now = Instant::now();
        match request {
            Request::Submit(batch) => group.push(batch, &self.policies, now, self.opened_at),
            Request::Settle { settlement, answer } => {
                group.push_settlement(settlement, answer, &self.policies, now);
            }
            Request::SetAside { class, key, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.set_aside.push((class, key, answer));
            }
            Request::DownDone { device, id } => group.push_down_done(device, id, now),
            Request::Attach { device, line } => self.attach(device, &line)?,
            // Whoever asked and is gone needs no answer: the sends below may fail.
            Request::Head { class, limit, skip, answer } => {
                drop(answer.send(self.read(|database| database.head(class, limit, &skip))?));
            }
            Request::Scan { class, from, limit, answer } => {
                // A cursor must not stand beyond what a power cut leaves.
                self.mend(Writer::sync)?;
                drop(answer.send(self.read(|database| database.scan(class, from, limit))?));
            }
            Request::DownAfter { device, after, limit, answer } => {
                let read =
                    |database: &mut Database| rows::down_after(&database.connection, &device, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::Anchors { boots, answer } => {
                let anchors = &self.database.anchors;
                let anchor = |(device, boot): (DeviceId, u32)| {
                    anchors.of(&device, boot).map(|anchor| ((device, boot), anchor))
                };
                drop(answer.send(boots.into_iter().filter_map(anchor).collect()));
            }
            Request::Evidence { device, file, answer } => {
                drop(answer.send(self.read(|database| database.evidence(&device, &file))?));
            }
            Request::EvidencePieces { id, from, chunk_bytes, answer } => {
                let read =
                    |database: &mut Database| evidence::read(&database.connection, id, from, chunk_bytes);
                drop(answer.send(self.read(read)?));
            }
            Request::SettleEvidence { verdict, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.verdicts.push((verdict, answer));
            }
            Request::Losses { after, limit, answer } => {
                let read = |database: &mut Database| losses::after(&database.connection, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::LossesToReport { limit, answer } => {
                let hand_out = |database: &mut Database| {
                    let Database { connection, losses, .. } = database;
                    losses.hand_out(connection, limit)
                };
                drop(answer.send(self.read(hand_out)?));
            }
            Request::LossesReported { ids, at_ms, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.losses_reported.push((ids, at_ms, answer));
            }
            Request::Restore { restoration, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.push_restoration(restoration, answer);
            }
            Request::RestoreCursor { source, answer } => {
                let read = |database: &mut Database| restore::cursor(&database.connection, &source);
                let _ = answer.send(self.read(read)?);
            }
            Request::Ping { answer } => drop(answer.send(())),
            Request::Publish => self.publish()?,
            Request::Close => return Ok(false),
        }
        Ok(true)
    }

    fn attach(&mut self, device: DeviceId, line: &Arc<DeviceLine>) -> rusqlite::Result<()> {
        let waits = self.read(|database| rows::down_after(&database.connection, &device, 0, 1))?;
        if !waits.is_empty() {
            line.ring();
        }
        self.lines.retain(|_, line| line.strong_count() > 0);
        self.lines.insert(device, Arc::downgrade(line));
        Ok(())
    }

    /// One transaction for the whole group, and what follows from it. Damage costs the group, not the process.
    fn commit(&mut self, mut group: Group) -> rusqlite::Result<()> {
        if group.is_empty() {
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

    /// Withholds the acknowledgements of a group that found no room.
    fn refuse(&mut self, group: &mut Group) {
        for (_, answer) in group.restorations.drain(..) {
            let _ = answer.send(Err(Unsettled));
        }
        for batch in group.batches.drain(..) {
            batch.line.withhold();
            for item in &batch.items {
                self.database.losses.carry(item.refusal(&batch.device));
                if let Some(class) = item.content.class() {
                    self.metrics.withheld[class].inc();
                }
            }
        }
        self.full = true;
    }

    fn refuse_settlements(&mut self, mut group: Group) -> rusqlite::Result<()> {
        for (_, answer) in group.restorations.drain(..) {
            let _ = answer.send(Err(Unsettled));
        }
        for answer in group.into_answers() {
            // Whoever asked and is gone needs no answer.
            let _ = answer.send(Err(Unsettled));
        }
        self.publish()
    }

    /// Tells everybody what is now durable. This is the only place that advances a session's line, and with it the
    /// only cause of a PUBACK.
    fn answer(&mut self, mut group: Group, outcome: Outcome) -> rusqlite::Result<()> {
        self.count(outcome.tallied);
        for Progress { line, durable } in outcome.progress {
            if let Some(durable) = durable {
                line.advance(durable, self.opened_at.elapsed());
            }
            if line.is_refusing() {
                line.withhold();
            }
        }
        for ((_, answer), restored) in group.restorations.drain(..).zip(outcome.restored) {
            let _ = answer.send(restored.ok_or(Unsettled));
        }
        for answer in group.into_answers() {
            let _ = answer.send(Ok(()));
        }
        for device in outcome.ring {
            if let Some(line) = self.lines.get(&device).and_then(Weak::upgrade) {
                line.ring();
            }
        }
        Ok(())
    }

    fn count(&self, tallied: Counted) {
        let Counted {
            duplicates,
            quarantine_dropped,
            down_dropped,
            withheld,
            chunks_dropped,
            contradictions,
        } = tallied;
        self.metrics.duplicates.inc_by(duplicates);
        for class in withheld {
            self.metrics.withheld[class].inc();
        }
        for reason in chunks_dropped {
            self.metrics.evidence_chunks_dropped.add(reason, 1);
        }
        if contradictions > 0 {
            self.metrics.quarantined.add(Reason::EvidenceContradicts.as_str(), contradictions);
        }
        if quarantine_dropped > 0 {
            tracing::warn!(dropped = quarantine_dropped, "quarantine is full, oldest payloads dropped");
        }
        if down_dropped > 0 {
            tracing::warn!(dropped = down_dropped, "too many messages wait for one device, oldest dropped");
        }
    }

    fn publish(&mut self) -> rusqlite::Result<()> {
        self.mend(Writer::tell)
    }

    fn tell(&mut self) -> rusqlite::Result<()> {
        let flash_bytes = self.database.wal.written_bytes();
        let new_flash_bytes = flash_bytes - self.counted_flash_bytes;
        self.counted_flash_bytes = flash_bytes;
        let taken_bytes = std::mem::take(&mut self.taken_bytes);
        self.rates.note(self.opened_at.elapsed().as_secs(), taken_bytes, new_flash_bytes);
        let mut snapshot = self.database.snapshot(self.full)?;
        snapshot.flow = Flow {
            ingest_bytes_per_hour: self.rates.ingest_bytes_per_hour(),
            flash_bytes_per_day: self.rates.flash_bytes_per_day(),
            flash_bytes,
            flash_budget_bytes_per_day: self.flash_budget_bytes_per_day,
        };
        snapshot.unsynced = self.unsynced_since.is_some();
        let log_commits_missing = self.database.log_commits_missing;
        snapshot.damage = DamageFigures { log_commits_missing, ..self.salvager.figures() };
        self.published.send_replace(snapshot);
        Ok(())
    }
}

/// Full by the quota or by someone else's files: the one failure that passes.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
