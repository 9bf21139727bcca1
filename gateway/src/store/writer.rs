//! The one thread that owns the connection: collects a group, commits it, answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

use super::handle::{
    Batch, Content, Decision, DeviceLine, Item, Limit, QUEUE_REQUESTS, RawHead, RecordKey, Request, Settlement, Store,
    Unsettled,
};
use super::quota::Quota;
use super::record::StoredRecord;
use super::rows::{self, Suspect};
use super::schema::{self, OpenError};
use super::segments::SegmentTable;
use super::snapshot::{ClassBacklog, Snapshot};
use super::tally::Tallies;
use super::windows::{Windows, meta, set_meta};
use crate::domain::report::{Class, DeviceId, Identity};
use crate::metrics::Metrics;

/// A group is closed at this many messages ...
const GROUP_RECORDS_MAX: usize = 16_384;
/// ... or at this many payload bytes.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Classes that live in segment tables, and those that have a row a record.
const SEGMENT_CLASSES: [Class; 3] = [Class::Status, Class::Reading, Class::Telemetry];
const ROW_CLASSES: [Class; 3] = [Class::Incident, Class::Task, Class::Evidence];

/// How the store is set up.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Directory of the database; made when missing.
    pub data_dir: PathBuf,
    /// Quota for the database file in bytes.
    pub max_bytes: u64,
    /// The part of it that only incidents may use.
    pub incident_reserve_bytes: u64,
    /// Accepted cases that are kept.
    pub keep_accepted: u32,
    /// Quarantined payloads that are kept.
    pub keep_quarantined: u32,
}

/// The writer ended because the database failed: nothing is acknowledged any more, the process must end.
#[derive(Debug, thiserror::Error)]
#[error("database failed: {0}")]
pub struct WriteError(#[from] rusqlite::Error);

/// The running writer: its handle, and word of its end.
pub struct Running {
    /// The handle.
    pub store: Store,
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
    let connection = schema::open(&options.data_dir, options.max_bytes)?;
    let writer = Writer::load(connection, options, metrics, queue)
        .map_err(|source| OpenError::Database { path, source })?;
    let snapshot = writer.published.subscribe();
    let (end, ended) = oneshot::channel();
    let run = move || {
        // Nobody listening means that the process is already going down.
        let _ = end.send(writer.run().map_err(WriteError));
    };
    thread::Builder::new().name("store".into()).spawn(run).map_err(OpenError::Thread)?;
    Ok(Running { store: Store::new(requests, snapshot), ended })
}

/// Reads what is stored below `data_dir` while no gateway runs on it.
///
/// # Errors
/// [`OpenError`], among others when a gateway does run on it.
pub fn inspect(data_dir: &Path, max_bytes: u64) -> Result<Snapshot, OpenError> {
    let database = |source| OpenError::Database { path: schema::database_path(data_dir), source };
    let connection = schema::open(data_dir, max_bytes)?;
    let tables = Tables::load(&connection).map_err(database)?;
    let mut quota = Quota::new(max_bytes, 0);
    quota.refresh(&connection).map_err(database)?;
    tables.snapshot(&connection, &quota, false).map_err(database)
}

/// The figures that the tables imply, kept beside the connection.
struct Tables {
    segments: [SegmentTable; 3],
    tallies: Tallies,
    commit_seq: u64,
}

impl Tables {
    fn load(connection: &Connection) -> rusqlite::Result<Tables> {
        let mut commit_seq = meta(connection, "windows_at")?;
        let load = |class| SegmentTable::load(connection, class);
        let segments = [load(Class::Status)?, load(Class::Reading)?, load(Class::Telemetry)?];
        for table in &segments {
            commit_seq = commit_seq.max(table.last_commit_seq(connection)?);
        }
        for class in ROW_CLASSES {
            commit_seq = commit_seq.max(rows::last_commit_seq(connection, class)?);
        }
        Ok(Tables { segments, tallies: Tallies::load(connection)?, commit_seq })
    }

    fn segment(&mut self, class: Class) -> Option<&mut SegmentTable> {
        let index = SEGMENT_CLASSES.iter().position(|&each| each == class)?;
        self.segments.get_mut(index)
    }

    fn snapshot(&self, connection: &Connection, quota: &Quota, full: bool) -> rusqlite::Result<Snapshot> {
        let mut snapshot = Snapshot {
            commit_seq: self.commit_seq,
            accepted_kept: self.tallies.get("accepted_case").n,
            dead_letters: self.tallies.get("dead_letter").n,
            quarantined: self.tallies.get("quarantine").n,
            down_waiting: self.tallies.get("down").n,
            used_bytes: quota.used_bytes(),
            max_bytes: quota.max_bytes(),
            full,
            ..Snapshot::default()
        };
        for (class, table) in SEGMENT_CLASSES.into_iter().zip(&self.segments) {
            snapshot.backlog[class as usize] = table.backlog(&self.tallies);
        }
        for class in ROW_CLASSES {
            let tally = self.tallies.get(rows::table(class));
            let oldest_received_at_ms =
                if tally.n == 0 { None } else { rows::oldest_received_at_ms(connection, class)? };
            snapshot.backlog[class as usize] =
                ClassBacklog { records: tally.n, bytes: tally.bytes, oldest_received_at_ms };
        }
        Ok(snapshot)
    }
}

/// What queued during the last sync.
#[derive(Default)]
struct Group {
    batches: Vec<Batch>,
    settlements: Vec<(Settlement, oneshot::Sender<Result<(), Unsettled>>)>,
    set_aside: Vec<(Class, i64, oneshot::Sender<()>)>,
    down_done: Vec<(DeviceId, i64)>,
    records: usize,
    bytes: usize,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.batches.is_empty() && !self.has_deletions()
    }

    fn is_full(&self) -> bool {
        self.records >= GROUP_RECORDS_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    /// True when the group deletes something, so that the windows must be written with it.
    fn has_deletions(&self) -> bool {
        !(self.settlements.is_empty() && self.set_aside.is_empty() && self.down_done.is_empty())
    }
}

/// How far one batch came in a group.
struct Progress {
    line: Arc<DeviceLine>,
    durable: Option<u64>,
    withheld: bool,
}

/// What happens after a group's COMMIT.
#[derive(Default)]
struct Outcome {
    progress: Vec<Progress>,
    ring: Vec<DeviceId>,
    windows_written: bool,
    tallied: Counted,
}

/// What a group counts once it is committed.
#[derive(Default)]
struct Counted {
    records: u64,
    duplicates: u64,
    quarantine_dropped: u64,
    down_stored: u64,
    down_dropped: u64,
    withheld: Vec<Class>,
}

struct Writer {
    connection: Connection,
    options: StoreOptions,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<Request>,
    published: watch::Sender<Snapshot>,
    tables: Tables,
    windows: Windows,
    quota: Quota,
    lines: HashMap<DeviceId, Weak<DeviceLine>>,
    run: u32,
    minted: u32,
    full: bool,
}

impl Writer {
    fn load(
        connection: Connection,
        options: StoreOptions,
        metrics: Arc<Metrics>,
        queue: mpsc::Receiver<Request>,
    ) -> rusqlite::Result<Writer> {
        let tables = Tables::load(&connection)?;
        let windows = Windows::load(&connection, &tables.segments, &ROW_CLASSES)?;
        let run = meta(&connection, "run")? + 1;
        set_meta(&connection, "run", run)?;
        let mut quota = Quota::new(options.max_bytes, options.incident_reserve_bytes);
        quota.refresh(&connection)?;
        let snapshot = tables.snapshot(&connection, &quota, false)?;
        Ok(Writer {
            connection,
            options,
            metrics,
            queue,
            published: watch::Sender::new(snapshot),
            tables,
            windows,
            quota,
            lines: HashMap::new(),
            run: run as u32,
            minted: 0,
            full: false,
        })
    }

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
        match request {
            Request::Submit(batch) => {
                group.records += batch.items.len();
                group.bytes += batch.items.iter().map(|item| item.payload.len()).sum::<usize>();
                group.batches.push(batch);
            }
            Request::Settle { settlement, answer } => group.settlements.push((settlement, answer)),
            Request::SetAside { class, segment, answer } => group.set_aside.push((class, segment, answer)),
            Request::DownDone { device, id } => group.down_done.push((device, id)),
            Request::Attach { device, line } => self.attach(device, &line)?,
            // Whoever asked and is gone needs no answer: the sends below may fail.
            Request::Head { class, limit, answer } => drop(answer.send(self.head(class, limit)?)),
            Request::DownAfter { device, after, limit, answer } => {
                drop(answer.send(rows::down_after(&self.connection, &device, after, limit)?));
            }
            Request::Ping { answer } => drop(answer.send(())),
            Request::Close => return Ok(false),
        }
        Ok(true)
    }

    fn attach(&mut self, device: DeviceId, line: &Arc<DeviceLine>) -> rusqlite::Result<()> {
        if !rows::down_after(&self.connection, &device, 0, 1)?.is_empty() {
            line.ring();
        }
        self.lines.retain(|_, line| line.strong_count() > 0);
        self.lines.insert(device, Arc::downgrade(line));
        Ok(())
    }

    fn head(&mut self, class: Class, limit: Limit) -> rusqlite::Result<Vec<RawHead>> {
        if let Some(table) = self.tables.segment(class) {
            return table.read(&self.connection, limit);
        }
        let (pending, damaged) = rows::read(&self.connection, class, limit)?;
        for id in damaged {
            tracing::error!(%class, row = id, "record damaged at rest, not forwarded");
        }
        Ok(pending.into_iter().map(|pending| RawHead::Record(Box::new(pending))).collect())
    }

    /// One transaction for the whole group. When the disk is full the group's messages are withheld and what frees
    /// space is tried alone; any other failure is the end.
    fn commit(&mut self, mut group: Group) -> rusqlite::Result<()> {
        if group.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let outcome = match self.write(&group) {
            Ok(outcome) => outcome,
            Err(error) if is_full(&error) => {
                self.roll_back()?;
                self.refuse(&mut group);
                match self.write(&group) {
                    Ok(outcome) => outcome,
                    Err(error) if is_full(&error) => {
                        self.roll_back()?;
                        return self.refuse_settlements(group);
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        self.windows.committed(outcome.windows_written);
        self.full = !outcome.tallied.withheld.is_empty() || (self.full && outcome.progress.is_empty());
        self.metrics.store_committed(started.elapsed(), group.records as u64);
        self.answer(group, outcome)
    }

    /// BEGIN, everything the group asks for, COMMIT. After an error the transaction may still be open.
    fn write(&mut self, group: &Group) -> rusqlite::Result<Outcome> {
        self.tables.commit_seq += 1;
        let mut outcome = Outcome::default();
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.quota.refresh(&self.connection)?;
        for batch in &group.batches {
            let progress = self.write_batch(batch, &mut outcome.tallied)?;
            outcome.progress.push(progress);
        }
        for table in &mut self.tables.segments {
            table.flush(&self.connection, self.tables.commit_seq)?;
        }
        for (settlement, _) in &group.settlements {
            self.write_settlement(settlement, &mut outcome)?;
        }
        for &(class, segment, _) in &group.set_aside {
            self.write_aside(class, segment)?;
        }
        for (device, id) in &group.down_done {
            rows::down_done(&self.connection, &mut self.tables.tallies, device, *id)?;
        }
        if group.has_deletions() || self.windows.is_write_due() {
            self.windows.write(&self.connection, self.tables.commit_seq)?;
            outcome.windows_written = true;
        }
        self.tables.tallies.write(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(outcome)
    }

    /// Takes a session's messages in their order, up to the first for which there is no room: an acknowledgement of a
    /// later one would overtake it.
    fn write_batch(&mut self, batch: &Batch, tallied: &mut Counted) -> rusqlite::Result<Progress> {
        let mut progress = Progress { line: batch.line.clone(), durable: None, withheld: batch.line.is_withheld() };
        if progress.withheld {
            return Ok(progress);
        }
        let mut window = self.windows.of(&batch.device);
        for (mark, item) in (batch.first_mark..).zip(&batch.items) {
            let class = match &item.content {
                Content::Report { class, .. } => Some(*class),
                Content::Quarantine { .. } => None,
            };
            if !self.quota.take(class, item.payload.len()) {
                tallied.withheld.extend(class);
                progress.withheld = true;
                break;
            }
            progress.durable = Some(mark);
            match &item.content {
                Content::Report { class, claimed, casework } => {
                    let identity = match claimed {
                        Some(claimed) if !window.insert(*claimed) => {
                            tallied.duplicates += 1;
                            continue;
                        }
                        Some(claimed) => Identity::Device { boot: claimed.boot, seq: claimed.seq },
                        None => {
                            self.minted += 1;
                            Identity::Minted { run: self.run, number: self.minted }
                        }
                    };
                    tallied.records += 1;
                    let (connection, tables) = (&self.connection, &mut self.tables);
                    write_report(connection, tables, &batch.device, *class, identity, item, casework.as_deref())?;
                }
                Content::Quarantine { topic, reason, detail } => {
                    let (device, received_at_ms) = (batch.device.as_str(), item.received_at_ms);
                    let suspect = Suspect { device, topic, reason, detail, received_at_ms, payload: &item.payload };
                    let keep = self.options.keep_quarantined;
                    let tallies = &mut self.tables.tallies;
                    tallied.quarantine_dropped += rows::quarantine(&self.connection, tallies, &suspect, keep)?;
                }
            }
        }
        Ok(progress)
    }

    /// The one place where records are deleted: together with the platform's word on them.
    fn write_settlement(&mut self, settlement: &Settlement, outcome: &mut Outcome) -> rusqlite::Result<()> {
        let Settlement { class, settled_at_ms, records } = settlement;
        for settled in records {
            let (connection, tallies) = (&self.connection, &mut self.tables.tallies);
            let was_pending = match settled.key {
                RecordKey::Row(id) => rows::delete(connection, tallies, *class, id)?,
                RecordKey::Slot { segment, index } => {
                    if let Some(i) = SEGMENT_CLASSES.iter().position(|each| each == class) {
                        self.tables.segments[i].release(connection, tallies, segment, index)?;
                    }
                    true
                }
            };
            if !was_pending {
                continue;
            }
            match &settled.decision {
                Decision::Accepted { case_number } if *class == Class::Incident => {
                    let (number, keep) = (case_number.as_deref(), self.options.keep_accepted);
                    rows::accept(connection, tallies, &settled.record, number, *settled_at_ms, keep)?;
                }
                Decision::Accepted { .. } => {}
                Decision::Rejected { reason } => {
                    rows::bury(connection, tallies, &settled.record, reason, *settled_at_ms)?;
                }
            }
            if let Some(receipt) = &settled.receipt {
                let device = &settled.record.device;
                let dropped = rows::send_down(connection, tallies, device, "receipt", *settled_at_ms, receipt)?;
                outcome.tallied.down_dropped += dropped;
                outcome.tallied.down_stored += 1;
                outcome.ring.push(device.clone());
            }
        }
        Ok(())
    }

    fn write_aside(&mut self, class: Class, segment: i64) -> rusqlite::Result<()> {
        let Some(i) = SEGMENT_CLASSES.iter().position(|&each| each == class) else { return Ok(()) };
        let (connection, tables) = (&self.connection, &mut self.tables);
        let Some(blob) = tables.segments[i].set_aside(connection, &mut tables.tallies, segment)? else { return Ok(()) };
        let topic = format!("segment/{class}/{segment}");
        let (reason, detail) = ("damaged_at_rest", "checksum of the segment does not hold");
        let suspect = Suspect { device: "", topic: &topic, reason, detail, received_at_ms: 0, payload: &blob };
        rows::quarantine(connection, &mut tables.tallies, &suspect, self.options.keep_quarantined)?;
        Ok(())
    }

    /// Ends the failed transaction and reads again what the tables really hold.
    fn roll_back(&mut self) -> rusqlite::Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.windows.undo();
        let commit_seq = self.tables.commit_seq;
        self.tables = Tables::load(&self.connection)?;
        self.tables.commit_seq = commit_seq;
        Ok(())
    }

    /// Withholds the acknowledgements of a group that found no room.
    fn refuse(&mut self, group: &mut Group) {
        for batch in group.batches.drain(..) {
            batch.line.withhold();
            self.metrics.withheld(batch.items.iter().filter_map(|item| match item.content {
                Content::Report { class, .. } => Some(class),
                Content::Quarantine { .. } => None,
            }));
        }
        self.full = true;
    }

    fn refuse_settlements(&mut self, group: Group) -> rusqlite::Result<()> {
        for (_, answer) in group.settlements {
            // Whoever asked and is gone needs no answer.
            let _ = answer.send(Err(Unsettled));
        }
        self.publish()
    }

    /// Tells everybody what is now durable. This is the only place that advances a session's line, and with it the
    /// only cause of a PUBACK.
    fn answer(&mut self, group: Group, outcome: Outcome) -> rusqlite::Result<()> {
        for Progress { line, durable, withheld } in outcome.progress {
            if let Some(durable) = durable {
                line.advance(durable);
            }
            if withheld {
                line.withhold();
            }
        }
        for (_, answer) in group.settlements {
            let _ = answer.send(Ok(()));
        }
        for (.., answer) in group.set_aside {
            let _ = answer.send(());
        }
        for device in outcome.ring {
            if let Some(line) = self.lines.get(&device).and_then(Weak::upgrade) {
                line.ring();
            }
        }
        self.count(outcome.tallied);
        self.publish()
    }

    fn count(&self, tallied: Counted) {
        let Counted { records: _, duplicates, quarantine_dropped, down_stored, down_dropped, withheld } = tallied;
        self.metrics.duplicates(duplicates);
        self.metrics.withheld(withheld.into_iter());
        self.metrics.down_stored(down_stored);
        if quarantine_dropped > 0 {
            tracing::warn!(dropped = quarantine_dropped, "quarantine is full, oldest payloads dropped");
        }
        if down_dropped > 0 {
            tracing::warn!(dropped = down_dropped, "too many messages wait for one device, oldest dropped");
        }
    }

    fn publish(&mut self) -> rusqlite::Result<()> {
        let snapshot = self.tables.snapshot(&self.connection, &self.quota, self.full)?;
        self.published.send_replace(snapshot);
        Ok(())
    }
}

/// Puts an admitted report where its class lives.
fn write_report(
    connection: &Connection,
    tables: &mut Tables,
    device: &DeviceId,
    class: Class,
    identity: Identity,
    item: &Item,
    casework: Option<&str>,
) -> rusqlite::Result<()> {
    let commit_seq = tables.commit_seq;
    if let Some(table) = tables.segment(class) {
        return table.push(connection, commit_seq, device, identity, item.received_at_ms, &item.payload);
    }
    let record = StoredRecord {
        device: device.clone(),
        identity,
        class,
        received_at_ms: item.received_at_ms,
        payload: item.payload.clone(),
        casework: casework.map(str::to_owned),
    };
    rows::insert(connection, &mut tables.tallies, commit_seq, &record)
}

/// Full by the quota or by someone else's files: the one failure that passes.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
