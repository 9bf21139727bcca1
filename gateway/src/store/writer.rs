//! The one thread that owns the database: collects a group, commits it, answers.

mod replace;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;
use tokio::sync::{mpsc, oneshot, watch};

use super::damage;
use super::database::Database;
use super::evidence;
use super::group::{Counted, Group, Outcome, Progress};
use super::handle::{QUEUE_REQUESTS, Request, Store};
use super::line::DeviceLine;
use super::losses;
use super::medium::Medium;
use super::opening;
use super::restore;
use super::rows;
use super::schema::{self, OpenError};
use super::settlement::Unsettled;
use super::salvage::worker::Salvager;
use super::snapshot::{DamageFigures, Snapshot};
use crate::domain::admission::Reason;
use crate::domain::report::DeviceId;
use crate::domain::retention::Policies;
use crate::metrics::Metrics;

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
    let database_open = opening::open(&options)?;
    let published = watch::Sender::new(Snapshot::default());
    let (snapshot, start_number) = (published.subscribe(), database_open.start_number);
    let store = Store::new(requests, snapshot);
    let salvager = Salvager::new(&options, store.downgrade());
    let lines = HashMap::new();
    let mut writer = Writer {
        database: database_open,
        metrics,
        queue,
        published,
        lines,
        full: false,
        replaced_at: None,
        salvager,
    };
    writer.salvager.look();
    writer.publish().map_err(database)?;
    let (end, ended) = oneshot::channel();
    let run = move || {
        // Nobody listening means that the process is already going down.
        let _ = end.send(writer.run().map_err(WriteError));
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
}

impl Writer {
    /// Works until it is told to close or the database fails.
    fn run(mut self) -> rusqlite::Result<()> {
        while let Some(first) = self.queue.blocking_recv() {
            let mut group = Group::default();
            let mut open = self.take(first, &mut group)?;
            while open && !group.is_full() {
                let Ok(next) = self.queue.try_recv() else { break };
                open = self.take(next, &mut group)?;
            }
            self.commit(group)?;
            if !open {
                break;
            }
        }
        Ok(())
    }

    /// Puts a request that writes into the group; answers one that reads at once, before the group's transaction
    /// begins, so that nobody sees what is not yet committed. False when asked to close.
    fn take(&mut self, request: Request, group: &mut Group) -> rusqlite::Result<bool> {
        group.requests += 1;
        match request {
            Request::Submit(batch) => group.push(batch),
            Request::Settle { settlement, answer } => group.settlements.push((settlement, answer)),
            Request::SetAside { class, key, answer } => group.set_aside.push((class, key, answer)),
            Request::DownDone { device, id } => group.down_done.push((device, id)),
            Request::Attach { device, line } => self.attach(device, &line)?,
            // Whoever asked and is gone needs no answer: the sends below may fail.
            Request::Head { class, limit, skip, answer } => {
                drop(answer.send(self.read(|database| database.head(class, limit, &skip))?));
            }
            Request::DownAfter { device, after, limit, answer } => {
                let read = |database: &mut Database| {
                    rows::down_after(&database.connection, &device, after, limit)
                };
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
                let read = |database: &mut Database| {
                    evidence::read(&database.connection, id, from, chunk_bytes)
                };
                drop(answer.send(self.read(read)?));
            }
            Request::SettleEvidence { verdict, answer } => group.verdicts.push((verdict, answer)),
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
                group.losses_reported.push((ids, at_ms, answer));
            }
            Request::Restore { restoration, answer } => group.push_restoration(restoration, answer),
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
        match self.write(&mut group) {
            Ok(Some(outcome)) => self.answer(group, outcome),
            Ok(None) => self.refuse_settlements(group),
            Err(error) if damage::is(&error) => {
                self.replace(error)?;
                self.withhold(group)
            }
            Err(error) => Err(error),
        }
    }

    /// When the disk is full the group's messages are withheld and what frees space is tried alone; `None` when that found no
    /// space either. Any other failure is the end, but for damage.
    ///
    /// The figures are published here, before anybody is answered.
    fn write(&mut self, group: &mut Group) -> rusqlite::Result<Option<Outcome>> {
        let started = Instant::now();
        let outcome = match self.database.write(group) {
            Err(error) if is_full(&error) => {
                self.database.roll_back()?;
                self.refuse(group);
                match self.database.write(group) {
                    Err(error) if is_full(&error) => {
                        self.database.roll_back()?;
                        return Ok(None);
                    }
                    outcome => outcome?,
                }
            }
            outcome => outcome?,
        };
        self.database.windows.committed(outcome.windows_written);
        self.database.anchors.committed();
        self.database.losses.committed();
        if !outcome.progress.is_empty() {
            self.full = !outcome.tallied.withheld.is_empty();
        }
        let snapshot = self.database.snapshot(self.full)?;
        self.send(snapshot);
        self.metrics.store_commits.inc();
        self.metrics.store_commit_seconds.observe(started.elapsed().as_secs_f64());
        self.metrics.store_group_records.observe(group.records as f64);
        Ok(Some(outcome))
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
                line.advance(durable);
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
        let full = self.full;
        let snapshot = self.read(|database| database.snapshot(full))?;
        self.send(snapshot);
        Ok(())
    }

    fn send(&self, snapshot: Snapshot) {
        let log_commits_missing = self.database.log_commits_missing;
        let damage = DamageFigures { log_commits_missing, ..self.salvager.figures() };
        self.published.send_replace(Snapshot { damage, ..snapshot });
    }
}

/// Full by the quota or by someone else's files: the one failure that passes.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
