//! What the store last committed, in numbers: published by the writer after every group, read by anyone.

use crate::domain::loss::LossReason;
use crate::domain::report::Class;
use crate::domain::uplinks::{UPLINKS_MAX, UplinkNo};

/// The backlog of one class: stored and not yet accepted by the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassBacklog {
    /// Records waiting.
    pub records: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// When the gateway received the oldest of them, in milliseconds since 1970; `None` when none wait.
    pub oldest_received_at_ms: Option<i64>,
}

/// The photos and clips that devices have described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvidenceFigures {
    /// Files that wait for room, or were refused before they had any.
    pub waiting: u64,
    /// Files whose pieces are taken.
    pub receiving: u64,
    /// Files that are whole and whose SHA-256 holds.
    pub complete: u64,
    /// Room that is promised to files, complete ones included, in bytes.
    pub room_bytes: u64,
    /// The bound for it.
    pub max_bytes: u64,
}

/// What was thinned, dropped, refused or damaged, since the store began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LossFigures {
    /// Loss records that the platform has not been told yet.
    pub unreported_rows: u64,
    /// What was lost, by reason, in the order of [`LossReason::ALL`].
    pub lost: [u64; LossReason::ALL.len()],
}

impl LossFigures {
    /// What was lost for one reason.
    pub fn of(&self, reason: LossReason) -> u64 {
        self.lost[reason as usize]
    }
}

/// What came back of a damaged database, of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Salvaged {
    /// Records that came back.
    pub taken: u64,
    /// Records that were there already, from before or because their device sent them again.
    pub known: u64,
    /// Records that can't be read any more.
    pub lost: u64,
}

impl Salvaged {
    pub(super) fn add(&mut self, other: Salvaged) {
        self.taken += other.taken;
        self.known += other.known;
        self.lost += other.lost;
    }
}

/// Damage at rest, and how far what was damaged has come back. The figures of what came back count since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DamageFigures {
    /// Damaged databases that are kept beside this one.
    pub databases: u32,
    /// Those of which not all came back that can be read.
    pub unsalvaged: u32,
    /// Those of them whose folder can't be read; the next start tries again.
    pub unreadable: u32,
    /// The number of the one that is being salvaged, or was last; 0 for none.
    pub folder: u32,
    /// Rows of it that were found, and those that were looked at.
    pub rows: u64,
    /// See `rows`.
    pub rows_done: u64,
    /// All of it is back that can be read.
    pub is_done: bool,
    /// There is no room for what comes back: it waits.
    pub waits_for_room: bool,
    /// By class, in the order of [`Class::ALL`].
    pub classes: [Salvaged; Class::ALL.len()],
    /// Rows of what is no record: receipts on their way, cases, dead letters, loss records and the like.
    pub rest: Salvaged,
    /// Commits that the write-ahead log had lost when this process opened the database.
    pub log_commits_missing: u64,
}

impl DamageFigures {
    /// What came back of one class; of what is no record without one.
    pub(super) fn of(&mut self, class: Option<Class>) -> &mut Salvaged {
        match class {
            Some(class) => &mut self.classes[class as usize],
            None => &mut self.rest,
        }
    }

    /// Another damaged database is begun.
    pub(super) fn begin(&mut self, folder: u32) {
        let DamageFigures { databases, unsalvaged, unreadable, .. } = *self;
        *self = DamageFigures { databases, unsalvaged, unreadable, folder, ..DamageFigures::default() };
    }

    /// A person should look: something was damaged, or is gone.
    pub fn is_alarming(&self) -> bool {
        self.databases > 0 || self.log_commits_missing > 0
    }
}

/// How much flows in, and how much is written for it; `None` in the first minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Payload bytes that devices bring in an hour, by the last ten minutes.
    pub ingest_bytes_per_hour: Option<u64>,
    /// Bytes handed to the file system in a day, by the last day or since the start.
    pub flash_bytes_per_day: Option<u64>,
    /// Bytes handed to the file system since the start.
    pub flash_bytes: u64,
    /// How much it may be in a day.
    pub flash_budget_bytes_per_day: u64,
}

/// The state of the store after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Number of the last commit; grows by one a commit, across restarts.
    pub commit_seq: u64,
    /// Backlog by class, in the order of [`Class::ALL`].
    pub backlog: [ClassBacklog; 6],
    /// Records that wait for each uplink, by its place, and by class.
    pub waiting: [[u64; 6]; UPLINKS_MAX],
    /// The number of the newest row of each class.
    pub newest: [i64; 6],
    /// Cases the platform accepted whose record is still kept.
    pub accepted_kept: u64,
    /// Records the platform refused for good, kept.
    pub dead_letters: u64,
    /// Payloads that could not be understood, kept.
    pub quarantined: u64,
    /// Incidents in the journal.
    pub journal_entries: u64,
    /// Urgent incidents that were taken since the start.
    pub urgent_taken: u64,
    /// Messages waiting for their device (receipts).
    pub down_waiting: u64,
    /// What was lost.
    pub losses: LossFigures,
    /// Damage at rest.
    pub damage: DamageFigures,
    /// Photos and clips.
    pub evidence: EvidenceFigures,
    /// Live bytes of the database file.
    pub used_bytes: u64,
    /// The quota for them.
    pub max_bytes: u64,
    /// The quota is reached: acknowledgements of some class are withheld.
    pub full: bool,
    /// Bytes that the least urgent class still finds before something gives way.
    pub room_bytes: u64,
    /// Room that is kept in the database because the disk runs short, in bytes.
    pub kept_room_bytes: u64,
    /// Commits wait for their sync: of classes whose durability is delayed.
    pub unsynced: bool,
    /// How much flows.
    pub flow: Flow,
}

impl Snapshot {
    /// The backlog of one class.
    pub fn class(&self, class: Class) -> ClassBacklog {
        self.backlog[class as usize]
    }

    /// Records of a class that wait for an uplink.
    pub fn waiting_for(&self, uplink: UplinkNo, class: Class) -> u64 {
        self.waiting[uplink.place()][class as usize]
    }

    /// Seconds until the store is full at the present rate, were nothing sent; `None` when nobody can say.
    ///
    /// What a payload byte takes in the database is what those that wait take now.
    pub fn buffer_left_s(&self) -> Option<u64> {
        let per_hour = self.flow.ingest_bytes_per_hour.filter(|bytes| *bytes > 0)?;
        let waiting: u64 = self.backlog.iter().map(|class| class.bytes).sum();
        // With little waiting the ratio says nothing: a payload byte then counts for one and a quarter.
        let (taken, payload) = if waiting >= 1 << 20 { (self.used_bytes, waiting) } else { (5, 4) };
        let room = u128::from(self.room_bytes) * u128::from(payload) / u128::from(taken.max(1));
        u64::try_from(room * 3600 / u128::from(per_hour)).ok()
    }

    /// Records waiting, over all classes.
    pub fn pending(&self) -> u64 {
        self.backlog.iter().map(|class| class.records).sum()
    }
}
