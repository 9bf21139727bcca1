//! The connection and everything that must agree with it: one group, one transaction.

use std::collections::HashSet;

use rusqlite::Connection;

use super::anchors::AnchorTable;
use super::clock::Clock;
use super::custody::Standing;
use super::disk::Disk;
use super::evidence::{self, Bound};
use super::group::{Group, Outcome, Progress};
use super::handle::NewDown;
use super::inlet::{Inlet, Mint};
use super::journal::{ENTRY_BYTES, Journal};
use super::kept_room::KeptRoom;
use super::losses::{self, LossBook};
use super::mark::{Mark, Marked};
use super::outbox::{DamagedKey, RawHead};
use super::quota::{Pages, Quota};
use super::rows::{self, Suspect};
use super::scan::{self, Cursor, RawPage};
use super::sessions::Sessions;
use super::settlement::{Limit, RecordKey, Stretch};
use super::snapshot::Snapshot;
use super::submission::{Batch, Beside, Content};
use super::tables::{ROW_CLASSES, Tables};
use super::wal::Wal;
use super::windows::{Windows, meta, set_meta};
use super::writer::StoreOptions;
use crate::domain::evidence::File;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::{Class, DeviceId};
use crate::domain::uplinks::UplinkNo;

/// What the frame around a piece of evidence takes at most, beside its bytes.
const FRAME_BYTES: usize = 128;
/// A message for which there must be room before the store counts as having some.
const USUAL_BYTES: usize = 4096;

/// The journal takes at most this share of the quota: one in so many bytes.
const JOURNAL_SHARE: u64 = 8;

/// The connection, owned with all that is derived from it.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) windows: Windows,
    pub(super) anchors: AnchorTable,
    pub(super) losses: LossBook,
    pub(super) journal: Journal,
    pub(super) sessions: Sessions,
    pub(super) options: StoreOptions,
    pub(super) tables: Tables,
    pub(super) quota: Quota,
    mint: Mint,
    evidence_bound: Bound,
    pub(super) wal: Wal,
    pub(super) disk: Disk,
    kept_room: KeptRoom,
    /// The `max_page_count` that is set.
    max_page_count: u64,
    pub(super) start_number: u32,
    /// Where the last commit is noted; on files only.
    pub(super) mark: Option<Mark>,
    /// Commits that the log had lost when the database was opened.
    pub(super) log_commits_missing: u64,
    pub(super) clock: Clock,
}

impl Database {
    /// Reads what the tables imply and begins a new run.
    pub(super) fn load(connection: Connection, options: StoreOptions) -> rusqlite::Result<Database> {
        let mut tables = Tables::load(&connection, options.uplinks())?;
        let mut windows = Windows::load(&connection, &tables.segments, &ROW_CLASSES)?;
        let anchors = AnchorTable::load(&connection)?;
        let mut chance = options.chance.clone();
        let losses = LossBook::new(chance.fork());
        let keep = options.keep_journal.min(options.max_bytes / JOURNAL_SHARE / ENTRY_BYTES as u64);
        let journal = Journal::load(&connection, keep)?;
        // One sync for all that a start writes.
        connection.execute_batch("BEGIN IMMEDIATE")?;
        if tables.take_over_uplinks(&connection)? {
            // What is deleted must be known by its window, as always.
            windows.write(&connection, tables.commit_seq)?;
            windows.committed(true);
        }
        scan::name_store(&connection, &mut chance)?;
        let mint = Mint::begin_run(&connection, chance)?;
        let start_number = count_start(&connection, options.started_at_ms)?;
        connection.execute_batch("COMMIT")?;
        let sessions = Sessions::load(&connection, options.session_limits, start_number)?;
        let quota = Quota::new(options.max_bytes, options.policies);
        let kept_room = KeptRoom::load(&connection, quota.kept_pages())?;
        let wal = Wal::open(&connection, &options.medium, &options.data_dir)?;
        let disk = Disk::open(&options.medium, &options.data_dir);
        let evidence_bound = Bound { max_bytes: options.evidence_max_bytes };
        let clock = Clock::starting(options.started_at_ms);
        let mut database = Database {
            clock,
            evidence_bound,
            wal,
            disk,
            kept_room,
            max_page_count: 0,
            connection,
            windows,
            anchors,
            losses,
            journal,
            sessions,
            options,
            tables,
            quota,
            mint,
            start_number,
            mark: None,
            log_commits_missing: 0,
        };
        database.refresh_quota()?;
        Ok(database)
    }

    /// 0 is the first database, one in the place of a damaged one has the next number.
    pub(super) fn generation(&self) -> u32 {
        self.tables.generation
    }

    /// What is committed, in numbers.
    pub(super) fn snapshot(&self, full: bool) -> rusqlite::Result<Snapshot> {
        self.tables.snapshot(&self.connection, &self.quota, self.evidence_bound, full)
    }

    /// Records of a class that an uplink does not have, of a stretch of it.
    pub(super) fn head(
        &mut self,
        class: Class,
        from: (UplinkNo, Stretch),
        limit: Limit,
        skip: &HashSet<RecordKey>,
    ) -> rusqlite::Result<Vec<RawHead>> {
        if let Some((table, _)) = self.tables.segment(class) {
            return table.read(&self.connection, from, limit, skip);
        }
        let (uplink, stretch) = from;
        let is_done =
            |id| self.tables.row_progress(class).is_some_and(|progress| progress.is_done(uplink, id));
        rows::read(&self.connection, (class, stretch), limit, |id| {
            is_done(id) || skip.contains(&RecordKey::Row(id))
        })
    }

    /// Records of a class that wait, from a cursor on.
    pub(super) fn scan(&mut self, class: Class, from: Cursor, limit: Limit) -> rusqlite::Result<RawPage> {
        scan::read(&self.connection, &mut self.tables, class, from, limit)
    }

    /// How the file that a device described stands.
    pub(super) fn evidence(&self, device: &DeviceId, file: &File) -> rusqlite::Result<Standing> {
        let has_room = self.quota.has_room(Some(Class::Evidence), file.chunk_bytes as usize + FRAME_BYTES);
        evidence::standing(&self.connection, self.evidence_bound, device, file, has_room)
    }

    /// BEGIN, everything the group asks for, COMMIT. After an error the transaction may still be open.
    pub(super) fn write(&mut self, group: &Group) -> rusqlite::Result<Outcome> {
        self.tables.commit_seq += 1;
        let mut outcome = Outcome::default();
        self.refresh_quota()?;
        self.wal.sync_next(&self.connection, group.is_sync_needed())?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let gave_way = self.make_room(group)?;
        let lacking = self.quota.lacks_pages(group.bytes as u64, group.records as u64);
        self.kept_room.give_up(&self.connection, lacking)?;
        for change in &group.session_changes {
            change.write(&self.connection)?;
        }
        for batch in &group.batches {
            let progress = self.write_batch(batch, &mut outcome)?;
            outcome.progress.push(progress);
        }
        for (client, id) in &group.queued_done {
            self.sessions.done(&self.connection, client, *id)?;
        }
        for (restoration, _) in &group.restorations {
            let restored = self.write_restoration(restoration, &mut outcome.ring)?;
            outcome.restored.push(restored);
        }
        self.anchors.write(&self.connection, self.tables.commit_seq)?;
        for table in &mut self.tables.segments {
            table.flush(&self.connection, self.tables.commit_seq)?;
        }
        for (settlement, _) in &group.settlements {
            self.write_settlement(settlement, &mut outcome)?;
        }
        for (order, _) in &group.dead_letter_orders {
            self.write_dead_letter_order(order)?;
        }
        for (verdict, _) in &group.verdicts {
            evidence::settle(&self.connection, &mut self.tables.tallies, verdict)?;
        }
        for &(class, key, _) in &group.set_aside {
            self.write_aside(class, key)?;
        }
        for (device, id) in &group.down_done {
            rows::down_done(&self.connection, &mut self.tables.tallies, device, *id)?;
        }
        for (message, _) in &group.sent_down {
            self.write_down(message, &mut outcome)?;
        }
        if gave_way || group.deletes_records() || self.windows.is_write_due() {
            self.windows.write(&self.connection, self.tables.commit_seq)?;
            outcome.windows_written = true;
        }
        for (ids, at_ms, _) in &group.losses_reported {
            losses::reported(&self.connection, &mut self.tables.tallies, ids, *at_ms)?;
        }
        self.losses.write(&self.connection, &mut self.tables.tallies)?;
        // Last: deletions of any kind change what the uplinks have.
        self.tables.save_progress(&self.connection)?;
        self.tables.write_tallies(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.wal.committed(&self.connection)?;
        if group.is_sync_needed() {
            self.note_commit();
        }
        Ok(outcome)
    }

    /// Takes the sessions over from the damaged database that this one replaces.
    pub(super) fn take_sessions(&mut self, before: &mut Sessions) -> rusqlite::Result<()> {
        self.tables.commit_seq += 1;
        self.wal.sync_next(&self.connection, true)?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.sessions.go_on_from(before, &self.connection)?;
        self.tables.write_tallies(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.wal.committed(&self.connection)?;
        Ok(())
    }

    /// Makes a loss record of the commits that the log had lost when the database was opened.
    pub(super) fn note_log_damage(&mut self) -> rusqlite::Result<()> {
        let (commits, at_ms) = (self.log_commits_missing, self.clock.now_ms());
        self.tables.commit_seq += 1;
        self.wal.sync_next(&self.connection, true)?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.losses.note(Loss::unknown(None, LossReason::LogDamaged, commits, at_ms));
        self.losses.write(&self.connection, &mut self.tables.tallies)?;
        self.tables.write_tallies(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.wal.committed(&self.connection)?;
        self.losses.committed();
        Ok(())
    }

    /// After the sync: the mark must not be ahead of what is durable.
    pub(super) fn note_commit(&mut self) {
        let Tables { commit_seq, generation, .. } = self.tables;
        if let Some(mark) = &mut self.mark {
            mark.note(Marked { commit_seq, generation });
        }
    }

    /// Reads again how much room is used, and how much there is.
    pub(super) fn refresh_quota(&mut self) -> rusqlite::Result<()> {
        let pages = Pages::count(&self.connection, self.kept_room.pages(), self.disk.free_pages())?;
        self.quota.refresh(pages, |class| self.tables.waiting_bytes(class));
        let allowed = self.quota.allowed_pages();
        // Beyond what the disk has, SQLite is to say "full" itself: a checkpoint could not.
        if self.max_page_count != allowed && self.connection.is_autocommit() {
            self.connection.execute_batch(&format!("PRAGMA max_page_count={allowed}"))?;
            self.max_page_count = allowed;
        }
        Ok(())
    }

    /// Takes a piece of the room that is to be kept, if the disk runs short. False when nothing is to be done.
    pub(super) fn keep_room(&mut self) -> rusqlite::Result<bool> {
        self.refresh_quota()?;
        let Pages { all, unused, growable, .. } = self.quota.pages();
        // On a disk that nobody can ask nothing is kept.
        let free = growable.map(|_| self.quota.allowed_pages().saturating_sub(all));
        if !free.is_some_and(|free| self.kept_room.is_growth_due(free, unused)) {
            return Ok(false);
        }
        self.wal.sync_next(&self.connection, true)?;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.kept_room.grow(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.wal.committed(&self.connection)?;
        Ok(true)
    }

    /// Whether a message of any class would find room again.
    pub(super) fn has_room(&self) -> bool {
        Class::ALL.into_iter().all(|class| self.quota.has_room(Some(class), USUAL_BYTES))
    }

    /// Makes durable what was committed without a sync: any synced commit does.
    pub(super) fn sync(&mut self) -> rusqlite::Result<()> {
        self.wal.sync_next(&self.connection, true)?;
        set_meta(&self.connection, "synced_at", self.tables.commit_seq)?;
        self.wal.committed(&self.connection)?;
        self.note_commit();
        Ok(())
    }

    fn write_batch(&mut self, batch: &Batch, outcome: &mut Outcome) -> rusqlite::Result<Progress> {
        let progress = self.inlet(&batch.device, batch.has_claims()).take(batch, &mut outcome.tallied)?;
        let taken = progress.durable.map_or(0, |durable| (durable + 1).saturating_sub(batch.first_mark));
        for item in batch.items.iter().take(usize::try_from(taken).unwrap_or(usize::MAX)) {
            self.write_for_sessions(&item.content, item.beside.as_deref(), outcome)?;
        }
        Ok(progress)
    }

    /// What a message that was taken means to sessions.
    fn write_for_sessions(
        &mut self,
        content: &Content,
        beside: Option<&Beside>,
        outcome: &mut Outcome,
    ) -> rusqlite::Result<()> {
        let Database { connection, sessions, quota, .. } = self;
        match content {
            Content::Released { client, packet_id } => sessions.release(connection, client, *packet_id)?,
            Content::Taken { client, id } => sessions.taken(connection, client, *id)?,
            _ => {}
        }
        let Some(Beside { client, publication, received }) = beside else { return Ok(()) };
        if let Some(packet_id) = received {
            sessions.receive(connection, client, *packet_id)?;
        }
        match publication {
            Some(publication) => {
                sessions.post(connection, quota, client, publication, &mut outcome.deliveries)
            }
            None => Ok(()),
        }
    }

    /// The way in for what a device sent; `claims` says whether some of it has a number of the device's own.
    pub(super) fn inlet<'a>(&'a mut self, device: &'a DeviceId, claims: bool) -> Inlet<'a> {
        Inlet {
            connection: &self.connection,
            tables: &mut self.tables,
            quota: &mut self.quota,
            mint: &mut self.mint,
            anchors: &mut self.anchors,
            last_anchor: None,
            window: self.windows.of(device, claims),
            device,
            losses: &mut self.losses,
            keep_quarantined: self.options.keep_quarantined,
            evidence_bound: self.evidence_bound,
            journal: &mut self.journal,
        }
    }

    fn write_down(&mut self, message: &NewDown, outcome: &mut Outcome) -> rusqlite::Result<()> {
        let NewDown { device, kind, created_at_ms, payload } = message;
        let tallies = &mut self.tables.tallies;
        let dropped = rows::send_down(&self.connection, tallies, device, kind, *created_at_ms, payload)?;
        outcome.tallied.down_dropped += dropped;
        outcome.ring.push(device.clone());
        Ok(())
    }

    /// Moves what is damaged out of the way: into the quarantine, for a person to look at. What of a segment can still be read
    /// stays in the class; what can't is a loss.
    fn write_aside(&mut self, class: Class, key: DamagedKey) -> rusqlite::Result<()> {
        let (connection, commit_seq) = (&self.connection, self.tables.commit_seq);
        let (id, damaged, lost) = match (key, self.tables.segment(class)) {
            (DamagedKey::Segment(id), Some((table, tallies))) => {
                let Some(aside) = table.set_aside(connection, tallies, id)? else { return Ok(()) };
                for record in &aside.readable {
                    table.push(connection, commit_seq, record)?;
                }
                table.flush(connection, commit_seq)?;
                (id, aside.blob, aside.lost)
            }
            (DamagedKey::Segment(_), None) => return Ok(()),
            (DamagedKey::Row(id), _) => {
                match rows::take_payload(connection, &mut self.tables.tallies, class, id)? {
                    Some(payload) => {
                        if let Some((progress, _)) = self.tables.row_progress_mut(class) {
                            progress.forget(id, 1);
                        }
                        (id, payload.into(), 1)
                    }
                    None => return Ok(()),
                }
            }
        };
        if lost > 0 {
            self.losses.note(Loss::unknown(Some(class), LossReason::Damaged, lost, self.clock.now_ms()));
        }
        let topic = format!("store/{class}/{id}");
        let (reason, detail) = ("damaged_at_rest", "the checksum does not hold");
        let suspect =
            Suspect { device: "", topic: &topic, reason, detail, received_at_ms: 0, payload: &damaged };
        rows::quarantine(connection, &mut self.tables.tallies, &suspect, self.options.keep_quarantined)?;
        Ok(())
    }

    /// Ends the failed transaction and reads again what the tables really hold.
    pub(super) fn roll_back(&mut self) -> rusqlite::Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.windows.undo();
        self.anchors.undo();
        self.losses.undo();
        self.journal.reload(&self.connection)?;
        self.sessions.undo();
        self.kept_room = KeptRoom::load(&self.connection, self.quota.kept_pages())?;
        self.tables.reload(&self.connection)
    }
}

/// Numbers this start: above all before it also when the clock stands still, and above those of a store that was lost when
/// it does not.
fn count_start(connection: &Connection, started_at_ms: i64) -> rusqlite::Result<u32> {
    let by_clock = u64::try_from(started_at_ms / 1000).unwrap_or(0);
    let number = (meta(connection, "start")? + 1).max(by_clock);
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    set_meta(connection, "start", u64::from(number))?;
    Ok(number)
}
