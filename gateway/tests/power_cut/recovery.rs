//! The store after a cut: does it open, what does it hold, does it go on?

use std::fmt;
use std::sync::Arc;

use patrol_gateway::domain::report::Class;
use patrol_gateway::metrics::Metrics;
use patrol_gateway::store::handle::Store;
use patrol_gateway::store::snapshot::Snapshot;
use patrol_gateway::store::writer::{self, Running};
use patrol_power_cut::call::Call;
use patrol_power_cut::disk::Disk;
use patrol_power_cut::drive::Drive;
use rusqlite::{Connection, OpenFlags, Row};

use super::ledger::{Contents, Place};
use super::message::{self, Number};
use super::workload::{ALL, DATABASE, Setting, options, stamp_commits, submit};

/// What is wrong after a cut.
#[derive(Debug, Clone)]
pub(crate) enum Flaw {
    /// The store does not open.
    Unopenable(String),
    /// It opens, and fails later, or is not what it seems.
    Damaged(String),
    /// It does not hold what was acknowledged.
    Lost(Contents),
    /// It holds all that was acknowledged, and besides what it can't, or a part of a transaction.
    Mixed(Contents),
}

/// What fails while one uses it is damage.
impl<E: std::error::Error> From<E> for Flaw {
    fn from(error: E) -> Flaw {
        Flaw::Damaged(error.to_string())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Unopenable(why) => write!(f, "does not open: {why}"),
            Flaw::Damaged(what) => f.write_str(what),
            Flaw::Lost(what) => write!(f, "lost {what:?}"),
            Flaw::Mixed(what) => write!(f, "is what no transaction left; the difference is {what:?}"),
        }
    }
}

/// The store as it came back, and what it did since.
pub(crate) struct Recovered {
    pub(crate) contents: Contents,
    /// Whether it counts what it holds, and knows what it was sent before.
    pub(crate) consistent: Result<(), Flaw>,
    /// The calls on the disk, from the opening to the close.
    pub(crate) log: Vec<Call>,
    /// The store was open when the disk had been called this often.
    pub(crate) opened_at: usize,
    /// The new message ...
    pub(crate) sent: (Place, Number),
    /// ... was acknowledged when the disk had been called this often.
    pub(crate) acknowledged_at: usize,
}

/// Opens the store on what is left, looks at all it holds, lets a device send these messages again and then a new one, and
/// closes it.
///
/// # Errors
/// [`Flaw`], but for what only he sees who knows the ledger.
pub(crate) fn recover(
    drive: &Drive,
    setting: Setting,
    disk: Disk,
    resent: &[Number],
    new: Number,
) -> Result<Recovered, Flaw> {
    let disk = Arc::new(disk);
    drive.insert(&disk);
    let metrics = Arc::<Metrics>::default();
    let mut running = writer::start(options(drive, setting), metrics.clone())
        .map_err(|error| Flaw::Unopenable(error.to_string()))?;
    let opened_at = disk.calls_made();
    stamp_commits(&disk, &running.store);
    let snapshot = *running.store.snapshot().borrow();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (mut contents, acknowledged_at) = runtime.block_on(async {
        let pending = pending(&running.store).await?;
        send(&mut running, resent, new).await?;
        let last_commit = running.store.snapshot().borrow().commit_seq;
        let acknowledged_at = disk.calls_before_stamp(opened_at, last_commit);
        running.store.close().await;
        running.ended.await??;
        Ok::<_, Flaw>((pending, acknowledged_at))
    })?;
    let recognised = metrics.duplicates.get();
    let log = disk.log();
    contents.extend(kept(drive)?);
    let consistent = if recognised == resent.len() as u64 {
        compare_counts(&contents, &snapshot)
    } else {
        Err(damaged(format_args!("{recognised} of {} resends were recognised", resent.len())))
    };
    let sent = (Place::Pending(Class::Status), new);
    Ok(Recovered { contents, consistent, log, opened_at, sent, acknowledged_at })
}

fn damaged(what: fmt::Arguments<'_>) -> Flaw {
    Flaw::Damaged(what.to_string())
}

/// What the store hands out to be sent.
async fn pending(store: &Store) -> Result<Contents, Flaw> {
    let mut contents = Contents::new();
    for class in Class::ALL {
        for pending in store.head(class, ALL, &Arc::default()).await? {
            let record = pending.record;
            let number = message::number_in(&record.payload)
                .filter(|&number| message::fits(class, number, record.identity))
                .ok_or_else(|| damaged(format_args!("a changed {class}: {record:?}")))?;
            if !contents.insert((Place::Pending(class), number)) {
                return Err(damaged(format_args!("{class} {number} is there twice")));
            }
        }
    }
    Ok(contents)
}

async fn send(running: &mut Running, resent: &[Number], new: Number) -> Result<(), Flaw> {
    let messages: Vec<_> = resent.iter().chain([&new]).map(|&number| (Some(Class::Status), number)).collect();
    let submitted = submit(&running.store, &messages).await?;
    let acknowledged = tokio::select! {
        acknowledged = submitted.acknowledged() => acknowledged,
        ended = &mut running.ended => return Err(damaged(format_args!("the writer has ended: {ended:?}"))),
    };
    if acknowledged { Ok(()) } else { Err(damaged(format_args!("an acknowledgement is withheld"))) }
}

/// What the database keeps besides; and whether SQLite finds it sound.
fn kept(drive: &Drive) -> Result<Contents, Flaw> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags_and_vfs(DATABASE, flags, drive.name())?;
    database.execute_batch("PRAGMA locking_mode=EXCLUSIVE")?;
    let check = database.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?;
    if check != "ok" {
        return Err(Flaw::Damaged(check));
    }
    let mut contents = Contents::new();
    let mut keep = |place, sql, number_of: fn(&Row<'_>) -> rusqlite::Result<Option<Number>>| {
        let mut statement = database.prepare(sql)?;
        for number in statement.query_map([], number_of)? {
            let number = number?.ok_or_else(|| damaged(format_args!("a changed {place:?}")))?;
            if !contents.insert((place, number)) {
                return Err(damaged(format_args!("{place:?} {number} is there twice")));
            }
        }
        Ok(())
    };
    let by_payload = |row: &Row<'_>| Ok(message::number_in(&row.get::<_, Vec<u8>>(0)?));
    keep(Place::DeadLetter, "SELECT payload FROM dead_letter", by_payload)?;
    keep(Place::Receipt, "SELECT payload FROM down", by_payload)?;
    keep(Place::Quarantine, "SELECT payload FROM quarantine", by_payload)?;
    keep(Place::Case, "SELECT device, minor FROM accepted_case", |row| {
        Ok(message::number_of(&row.get::<_, String>(0)?, row.get(1)?))
    })?;
    Ok(contents)
}

/// The store never counts; what it says it holds must be what it holds.
fn compare_counts(contents: &Contents, snapshot: &Snapshot) -> Result<(), Flaw> {
    let held = |place| contents.iter().filter(|held| held.0 == place).count() as u64;
    let mut counts = vec![
        (Place::DeadLetter, snapshot.dead_letters),
        (Place::Receipt, snapshot.down_waiting),
        (Place::Quarantine, snapshot.quarantined),
        (Place::Case, snapshot.accepted_kept),
    ];
    counts.extend(Class::ALL.map(|class| (Place::Pending(class), snapshot.class(class).records)));
    match counts.iter().find(|(place, count)| *count != held(*place)) {
        Some(&(place, count)) => {
            Err(damaged(format_args!("{count} in {place:?}, but {} are there", held(place))))
        }
        None => Ok(()),
    }
}
