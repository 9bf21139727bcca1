//! The way of one session's messages into the group's transaction: known already? room for it? which number? where to?

mod evidence;
mod restored;

use rusqlite::Connection;

use super::anchors::AnchorTable;
use super::evidence::Bound;
use super::group::{Counted, Progress};
use super::journal::Journal;
use super::losses::LossBook;
use super::quota::Quota;
use super::record::StoredRecord;
use super::rows::{self, Suspect};
use super::submission::{Batch, Content, Item};
use super::tables::Tables;
use super::windows::{DeviceWindow, meta, set_meta};
use crate::domain::anchor::Anchor;
use crate::domain::case_file::CaseFile;
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::{Class, DeviceId, Identity, RecordRef};

/// Gives identities to records whose device did not.
pub(super) struct Mint {
    run: u64,
    number: u32,
    chance: fastrand::Rng,
}

/// Runs that are remembered; a record of an older one that comes back is taken again, and the platform recognises it.
const RUNS_KEPT: u64 = 1000;

/// Where runs are remembered.
pub(super) const RUN_KEYS: &str = "run/";

/// Where a run is remembered: by its count, which is its upper half.
fn run_key(run: u64) -> String {
    format!("{RUN_KEYS}{}", run >> 32)
}

impl Mint {
    /// Begins a run whose number was never used, and makes that durable.
    pub(super) fn begin_run(connection: &Connection, mut chance: fastrand::Rng) -> rusqlite::Result<Mint> {
        let count = meta(connection, "run")? + 1;
        set_meta(connection, "run", count)?;
        let run = count << 32 | u64::from(chance.u32(..));
        set_meta(connection, &run_key(run), run)?;
        if let Some(forgotten) = count.checked_sub(RUNS_KEPT) {
            connection
                .prepare_cached("DELETE FROM meta WHERE key = ?1")?
                .execute([run_key(forgotten << 32)])?;
        }
        Ok(Mint { run, number: 0, chance })
    }

    /// Whether this store has begun the run: what has an identity of it was taken here.
    pub(super) fn has_begun(connection: &Connection, run: u64) -> rusqlite::Result<bool> {
        Ok(meta(connection, &run_key(run))? == run)
    }

    /// Remembers a run that was begun in a database which was damaged since. False when it is remembered, or there are too many.
    pub(super) fn remember(connection: &Connection, run: u64) -> rusqlite::Result<bool> {
        let sql = "SELECT count(*) FROM meta WHERE key LIKE 'run/%'";
        let remembered = connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?;
        if remembered as u64 >= 2 * RUNS_KEPT || Mint::has_begun(connection, run)? {
            return Ok(false);
        }
        set_meta(connection, &run_key(run), run)?;
        Ok(true)
    }

    /// The next identity. A run that has used up its numbers is followed by another one.
    fn next(&mut self, connection: &Connection) -> rusqlite::Result<Identity> {
        if self.number == u32::MAX {
            *self = Mint::begin_run(connection, self.chance.fork())?;
        }
        self.number += 1;
        Ok(Identity::Minted { run: self.run, number: self.number })
    }
}

/// What a message needs on its way in.
pub(super) struct Inlet<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tables: &'a mut Tables,
    pub(super) quota: &'a mut Quota,
    pub(super) mint: &'a mut Mint,
    pub(super) anchors: &'a mut AnchorTable,
    /// The boot of this batch that was looked at last, and its anchor.
    pub(super) last_anchor: Option<(u32, Anchor)>,
    pub(super) window: DeviceWindow<'a>,
    pub(super) device: &'a DeviceId,
    pub(super) losses: &'a mut LossBook,
    pub(super) keep_quarantined: u64,
    pub(super) evidence_bound: Bound,
    pub(super) journal: &'a mut Journal,
}

impl Inlet<'_> {
    /// Takes a batch in its order. After a message for which there is no room the mark stands still for good, since the
    /// acknowledgement of a later one would overtake it; incidents behind it are taken all the same, and recognised
    /// when the device sends them again.
    pub(super) fn take(mut self, batch: &Batch, tallied: &mut Counted) -> rusqlite::Result<Progress> {
        let line = &batch.line;
        let mut durable = None;
        for (mark, item) in (batch.first_mark..).zip(&batch.items) {
            if line.is_refusing() && !item.is_claimed_incident() {
                continue;
            }
            let taken = self.take_one(item, tallied)?;
            if !taken {
                self.losses.note(item.refusal(self.device));
                if !item.best_effort {
                    line.refuse();
                }
            }
            if !line.is_refusing() {
                durable = Some(mark);
            }
        }
        Ok(Progress { line: line.clone(), durable })
    }

    fn take_one(&mut self, item: &Item, tallied: &mut Counted) -> rusqlite::Result<bool> {
        match &item.content {
            Content::Report { class, claimed, case, anchor } => {
                let taken = self.report(item, *class, *claimed, case.as_deref(), tallied)?;
                if let (true, Some(claimed), Some(anchor)) = (taken, claimed, anchor) {
                    self.note_anchor(claimed.boot, *anchor);
                }
                Ok(taken)
            }
            Content::Evidence { claimed, anchor, part, photo } => {
                let taken = self.evidence(item, *claimed, (part, photo.as_deref()), tallied)?;
                if let (true, Some(anchor)) = (taken, anchor) {
                    self.note_anchor(claimed.boot, *anchor);
                }
                Ok(taken)
            }
            Content::Quarantine { topic, reason, detail } => {
                self.quarantine(item, topic, reason, detail, tallied)
            }
            // They are a matter of their sessions, and take no room of a class.
            Content::Publication | Content::Released { .. } | Content::Taken { .. } => Ok(true),
        }
    }

    /// The frames of a batch mostly say the same: only what is news to the boot looked at last goes further.
    fn note_anchor(&mut self, boot: u32, anchor: Anchor) {
        let is_known = |(last_boot, kept): (u32, Anchor)| last_boot == boot && !anchor.improves(&kept);
        if !self.last_anchor.is_some_and(is_known) {
            self.last_anchor = Some((boot, self.anchors.note(self.device, boot, anchor)));
        }
    }

    /// Stores a report where its class lives. False when there is no room; a resend needs none.
    fn report(
        &mut self,
        item: &Item,
        class: Class,
        claimed: Option<RecordRef>,
        case: Option<&CaseFile>,
        tallied: &mut Counted,
    ) -> rusqlite::Result<bool> {
        if !self.quota.take(Some(class), item.stored_bytes()) {
            let known = claimed.is_some_and(|claimed| self.window.knows(claimed));
            tallied.duplicates += u64::from(known);
            tallied.withheld.extend((!known).then_some(class));
            return Ok(known);
        }
        let identity = match claimed {
            Some(claimed) if !self.window.insert(claimed) => {
                tallied.duplicates += 1;
                return Ok(true);
            }
            Some(claimed) => claimed.into(),
            None => self.mint.next(self.connection)?,
        };
        match case {
            Some(case) => self.case(item, class, identity, case)?,
            None => self.write(&item.record(self.device, class, identity, None))?,
        }
        Ok(true)
    }

    /// Stores an incident, and writes it into the journal.
    fn case(
        &mut self,
        item: &Item,
        class: Class,
        identity: Identity,
        case: &CaseFile,
    ) -> rusqlite::Result<()> {
        let (connection, tallies) = (self.connection, &mut self.tables.tallies);
        let anchor = match identity {
            Identity::Device { boot, .. } => self.anchors.of(self.device, boot),
            Identity::Minted { .. } => None,
        };
        let named = (self.device, identity);
        let addenda = self.journal.enter(connection, tallies, named, item.received_at_ms, (case, anchor))?;
        let casework = addenda.add_to(&case.casework);
        let id = self
            .tables
            .insert_row(connection, &item.record(self.device, class, identity, Some(&casework)))?;
        if case.facts.urgent { self.tables.put_first(connection, id) } else { Ok(()) }
    }

    /// Stores a record where its class lives.
    fn write(&mut self, record: &StoredRecord) -> rusqlite::Result<()> {
        let (connection, commit_seq) = (self.connection, self.tables.commit_seq);
        match self.tables.segment(record.class) {
            Some((table, _)) => table.push(connection, commit_seq, record),
            None => self.tables.insert_row(connection, record).map(|_| ()),
        }
    }

    fn quarantine(
        &mut self,
        item: &Item,
        topic: &str,
        reason: &str,
        detail: &str,
        tallied: &mut Counted,
    ) -> rusqlite::Result<bool> {
        if !self.quota.take(None, item.stored_bytes()) {
            return Ok(false);
        }
        let (device, received_at_ms) = (self.device.as_str(), item.received_at_ms);
        let suspect = Suspect { device, topic, reason, detail, received_at_ms, payload: &item.payload };
        let tallies = &mut self.tables.tallies;
        tallied.quarantine_dropped +=
            rows::quarantine(self.connection, tallies, &suspect, self.keep_quarantined)?;
        let class = topic.rsplit('/').next().and_then(Class::from_name);
        self.losses.note(Loss::of(self.device, None, class, LossReason::NotUnderstood, received_at_ms));
        Ok(true)
    }
}
