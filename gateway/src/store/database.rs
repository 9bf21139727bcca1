//! The connection and everything that must agree with it: one group, one transaction.

use std::collections::HashSet;

use rusqlite::Connection;

use super::anchors::AnchorTable;
use super::clock::Clock;
use super::custody::Standing;
use super::evidence::{self, Bound};
use super::group::{Counted, Group, Outcome, Progress};
use super::handle::{DamagedKey, RawHead};
use super::inlet::{Inlet, Mint};
use super::losses::{self, LossBook};
use super::mark::{Mark, Marked};
use super::quota::Quota;
use super::rows::{self, Suspect};
use super::settlement::{Decision, Limit, RecordKey, Settlement};
use super::snapshot::Snapshot;
use super::submission::Batch;
use super::tables::{ROW_CLASSES, Tables};
use super::windows::{Windows, meta, set_meta};
use super::writer::StoreOptions;
use crate::domain::evidence::File;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::{Class, DeviceId};

/// What the frame around a piece of evidence takes at most, beside its bytes.
const FRAME_BYTES: usize = 128;

/// The connection, owned with all that is derived from it.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) windows: Windows,
    pub(super) anchors: AnchorTable,
    pub(super) losses: LossBook,
    pub(super) options: StoreOptions,
    pub(super) tables: Tables,
    pub(super) quota: Quota,
    mint: Mint,
    evidence_bound: Bound,
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
        let tables = Tables::load(&connection)?;
        let windows = Windows::load(&connection, &tables.segments, &ROW_CLASSES)?;
        let anchors = AnchorTable::load(&connection)?;
        let mut chance = options.chance.clone();
        let losses = LossBook::new(chance.fork());
        let mint = Mint::begin_run(&connection, chance)?;
        let start_number = count_start(&connection, options.started_at_ms)?;
        let mut quota = Quota::new(options.max_bytes, options.policies);
        quota.refresh(&connection, |class| tables.waiting_bytes(class))?;
        let evidence_bound = Bound { max_bytes: options.evidence_max_bytes };
        let clock = Clock::starting(options.started_at_ms);
        Ok(Database {
            clock,
            evidence_bound,
            connection,
            windows,
            anchors,
            losses,
            options,
            tables,
            quota,
            mint,
            start_number,
            mark: None,
            log_commits_missing: 0,
        })
    }

    /// 0 is the first database, one in the place of a damaged one has the next number.
    pub(super) fn generation(&self) -> u32 {
        self.tables.generation
    }

    /// What is committed, in numbers.
    pub(super) fn snapshot(&self, full: bool) -> rusqlite::Result<Snapshot> {
        self.tables.snapshot(&self.connection, &self.quota, self.evidence_bound, full)
    }

    /// The oldest records of a class that have no receipt yet.
    pub(super) fn head(
        &mut self,
        class: Class,
        limit: Limit,
        skip: &HashSet<RecordKey>,
    ) -> rusqlite::Result<Vec<RawHead>> {
        if let Some((table, _)) = self.tables.segment(class) {
            return table.read(&self.connection, limit, skip);
        }
        rows::read(&self.connection, class, limit, skip)
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
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.refresh_quota()?;
        self.make_room(group)?;
        for batch in &group.batches {
            let progress = self.write_batch(batch, &mut outcome.tallied)?;
            outcome.progress.push(progress);
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
        for (verdict, _) in &group.verdicts {
            evidence::settle(&self.connection, &mut self.tables.tallies, verdict)?;
        }
        for &(class, key, _) in &group.set_aside {
            self.write_aside(class, key)?;
        }
        for (device, id) in &group.down_done {
            rows::down_done(&self.connection, &mut self.tables.tallies, device, *id)?;
        }
        if group.deletes_records() || self.windows.is_write_due() {
            self.windows.write(&self.connection, self.tables.commit_seq)?;
            outcome.windows_written = true;
        }
        for (ids, at_ms, _) in &group.losses_reported {
            losses::reported(&self.connection, &mut self.tables.tallies, ids, *at_ms)?;
        }
        self.losses.write(&self.connection, &mut self.tables.tallies)?;
        self.tables.write_tallies(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.note_commit();
        Ok(outcome)
    }

    /// Makes a loss record of the commits that the log had lost when the database was opened.
    pub(super) fn note_log_damage(&mut self) -> rusqlite::Result<()> {
        let (commits, at_ms) = (self.log_commits_missing, self.clock.now_ms());
        self.tables.commit_seq += 1;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.losses.note(Loss::unknown(None, LossReason::LogDamaged, commits, at_ms));
        self.losses.write(&self.connection, &mut self.tables.tallies)?;
        self.tables.write_tallies(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
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

    /// Reads again how much room is used.
    pub(super) fn refresh_quota(&mut self) -> rusqlite::Result<()> {
        self.quota.refresh(&self.connection, |class| self.tables.waiting_bytes(class))
    }

    fn write_batch(&mut self, batch: &Batch, tallied: &mut Counted) -> rusqlite::Result<Progress> {
        self.inlet(&batch.device, batch.has_claims()).take(batch, tallied)
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
        }
    }

    /// The one place where records are deleted: together with the platform's word on them.
    fn write_settlement(&mut self, settlement: &Settlement, outcome: &mut Outcome) -> rusqlite::Result<()> {
        let Settlement { class, settled_at_ms, records } = settlement;
        for settled in records {
            let connection = &self.connection;
            match settled.key {
                RecordKey::Row(id) => {
                    if !rows::delete(connection, &mut self.tables.tallies, *class, id)? {
                        rows::check_absent(connection, *class, id)?;
                        continue;
                    }
                }
                RecordKey::Slot { segment, index } => {
                    let Some((table, tallies)) = self.tables.segment(*class) else { continue };
                    if !table.release(connection, tallies, segment, index)? {
                        continue;
                    }
                }
            }
            let tallies = &mut self.tables.tallies;
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
                let dropped =
                    rows::send_down(connection, tallies, device, "receipt", *settled_at_ms, receipt)?;
                outcome.tallied.down_dropped += dropped;
                outcome.ring.push(device.clone());
            }
        }
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
                    Some(payload) => (id, payload.into(), 1),
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
