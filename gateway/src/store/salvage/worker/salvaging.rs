//! Salvaging one damaged database.

use std::fmt::Write as _;

use tokio::sync::watch;

use super::{SOURCE, SalvageError, pace, surplus};
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::Class;
use crate::store::clock::Clock;
use crate::store::damage::folders::{DATABASE, Folder, Folders};
use crate::store::evidence::KeptFile;
use crate::store::handle::Store;
use crate::store::restore::rest::Rest;
use crate::store::restore::{Kept, Restoration, RestoreOutcome, Restored};
use crate::store::salvage::account::Account;
use crate::store::salvage::raw::{Place, RawDatabase};
use crate::store::salvage::rows::Content;
use crate::store::salvage::tables::Table;
use crate::store::snapshot::{DamageFigures, Salvaged};

/// What comes back in one step at most, but for a segment, which comes back whole.
const STEP_RECORDS: usize = 256;
const STEP_BYTES: usize = 256 * 1024;
/// How far a source has come that is done.
const DONE: i64 = i64::MAX;

/// A step of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Table(Table),
    /// Looks which photos are complete again ...
    WholePhotos,
    /// ... and what is to become of the others.
    BrokenPhotos,
}

/// Everything but what is the database's own, the photos when their pieces are there.
fn steps() -> impl Iterator<Item = Step> {
    Table::ALL.into_iter().filter(|table| *table != Table::Tallies).flat_map(|table| {
        let is_evidence = table == Table::Records(Class::Evidence);
        let photos = [Step::WholePhotos, Step::BrokenPhotos].into_iter().filter(move |_| is_evidence);
        std::iter::once(Step::Table(table)).chain(photos)
    })
}

impl Step {
    fn table(self) -> Table {
        match self {
            Step::Table(table) => table,
            Step::WholePhotos | Step::BrokenPhotos => Table::EvidenceFiles,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Step::Table(table) => table.name(),
            Step::WholePhotos => "evidence_whole",
            Step::BrokenPhotos => "evidence_broken",
        }
    }

    /// For whose room it asks. What is no record is little, and part of incidents' lives.
    fn class(self) -> Class {
        match self {
            Step::Table(table) => table.class().unwrap_or(Class::Incident),
            Step::WholePhotos | Step::BrokenPhotos => Class::Incident,
        }
    }

    /// Rows that could not be read are missed by the platform.
    fn owes_a_loss_record(self) -> bool {
        matches!(self, Step::Table(Table::Records(_) | Table::Segments(_) | Table::DeadLetters))
    }

    /// What of a row comes back in this step.
    fn restored(self, content: Content) -> Vec<Restored> {
        let file = |rest: fn(KeptFile) -> Rest, content| match content {
            Content::Kept(Restored(Kept::Rest(Rest::File(file)))) if file.was_complete() => {
                vec![Restored(Kept::Rest(rest(file)))]
            }
            _ => Vec::new(),
        };
        match (self, content) {
            (Step::Table(_), Content::Kept(restored)) => vec![restored],
            (Step::Table(_), Content::Segment(row)) => row.records.into_iter().map(Restored::new).collect(),
            (Step::Table(_), Content::Tally(..) | Content::Own) => Vec::new(),
            (Step::WholePhotos, content) => file(Rest::FileWhole, content),
            (Step::BrokenPhotos, content) => file(Rest::FileBroken, content),
        }
    }

    /// Whether what comes back in this step is told: photos are, as their rows.
    fn is_told(self) -> bool {
        matches!(self, Step::Table(_))
    }
}

/// The work on one damaged database.
pub(super) struct Salvaging<'a> {
    store: &'a Store,
    folders: &'a Folders,
    folder: &'a Folder,
    clock: Clock,
    figures: &'a watch::Sender<DamageFigures>,
    /// Rows of the steps so far, as many as were found in the survey.
    rows_planned: u64,
    summary: String,
}

/// What is handed over next.
#[derive(Default)]
struct Batch {
    restored: Vec<Restored>,
    bytes: usize,
    reached: Place,
}

impl<'a> Salvaging<'a> {
    pub(super) fn new(
        store: &'a Store,
        folders: &'a Folders,
        folder: &'a Folder,
        clock: Clock,
        figures: &'a watch::Sender<DamageFigures>,
    ) -> Salvaging<'a> {
        Salvaging { store, folders, folder, clock, figures, rows_planned: 0, summary: String::new() }
    }

    /// Brings everything back that is not back yet; says what that was.
    pub(super) fn run(mut self) -> Result<String, SalvageError> {
        surplus::remove(self.store, self.folders, Some(self.folder.number), self.clock)?;
        let is_empty = !self.folder.path.join(DATABASE).exists();
        if is_empty || self.store.restore_cursor_blocking(&self.source(""))? == Some(DONE) {
            return Ok("all of it came back before\n".to_owned());
        }
        let raw = RawDatabase::open(&self.folder.path)?;
        let rows = steps().map(|step| raw.row_count(step.table())).sum();
        self.figures.send_modify(|figures| figures.rows = rows);
        for step in steps() {
            self.step(&raw, step)?;
        }
        let done = Restoration {
            source: self.source("").into(),
            cursor: DONE,
            class: Class::Incident,
            records: Vec::new(),
        };
        self.hand_over(done)?;
        Ok(self.summary)
    }

    fn source(&self, name: &str) -> String {
        format!("{SOURCE}{}/{name}", self.folder.number)
    }

    fn step(&mut self, raw: &RawDatabase, step: Step) -> Result<(), SalvageError> {
        let reached = self.store.restore_cursor_blocking(&self.source(step.name()))?.unwrap_or(0);
        let (mut account, mut sum, mut batch) = (Account::default(), Salvaged::default(), Batch::default());
        for (place, content) in raw.rows(step.table()).take_while(|_| reached < DONE) {
            account.enter(content.as_ref());
            self.figures.send_modify(|figures| figures.rows_done += 1);
            // What came back before is read again all the same: what is lost is counted by what is there.
            let Some(content) = content.filter(|_| place > reached) else { continue };
            let restored = step.restored(content);
            if batch.is_full_with(&restored) {
                self.flush(step, &mut batch, &mut sum)?;
            }
            batch.push(restored, place);
        }
        self.rows_planned += raw.row_count(step.table());
        let planned = self.rows_planned;
        self.figures.send_modify(|figures| figures.rows_done = planned);
        if reached == DONE {
            return Ok(());
        }
        self.flush(step, &mut batch, &mut sum)?;
        self.end(raw, step, account, sum)
    }

    /// Says what is lost, in the transaction in which the step ends.
    fn end(
        &mut self,
        raw: &RawDatabase,
        step: Step,
        account: Account,
        mut sum: Salvaged,
    ) -> Result<(), SalvageError> {
        sum.lost += if step.is_told() { account.lost(raw, step.table()) } else { 0 };
        let class = step.table().class();
        let loss = Loss::unknown(class, LossReason::Damaged, sum.lost, self.clock.now_ms());
        let owed =
            (step.owes_a_loss_record() && sum.lost > 0).then(|| Restored(Kept::Rest(Rest::Lost(loss))));
        let last = Batch { restored: owed.into_iter().collect(), bytes: 0, reached: DONE };
        let restoration = self.restoration(step, last);
        self.figures.send_modify(|figures| figures.of(class).lost += sum.lost);
        self.hand_over(restoration)?;
        if sum != Salvaged::default() && step.is_told() {
            let Salvaged { taken, known, lost } = sum;
            if lost > 0 {
                tracing::error!(table = step.name(), lost, "not to be read any more");
            }
            let line = format!("{}: {taken} came back, {known} were there, {lost} are lost", step.name());
            // Writing to a string does not fail.
            let _ = writeln!(self.summary, "{line}");
        }
        Ok(())
    }

    fn flush(&self, step: Step, batch: &mut Batch, sum: &mut Salvaged) -> Result<(), SalvageError> {
        let batch = std::mem::take(batch);
        if batch.restored.is_empty() {
            return Ok(());
        }
        let outcome = self.hand_over(self.restoration(step, batch))?;
        let salvaged = Salvaged { taken: outcome.taken, known: outcome.known, lost: outcome.unwanted };
        sum.add(salvaged);
        if step.is_told() {
            let shown = Salvaged { lost: 0, ..salvaged };
            self.figures.send_modify(|figures| figures.of(step.table().class()).add(shown));
        }
        Ok(())
    }

    fn restoration(&self, step: Step, batch: Batch) -> Restoration {
        Restoration {
            source: self.source(step.name()).into(),
            cursor: batch.reached,
            class: step.class(),
            records: batch.restored,
        }
    }

    /// While there is no room the bound on damaged databases holds all the same.
    fn hand_over(&self, restoration: Restoration) -> Result<RestoreOutcome, SalvageError> {
        let say = |waits| self.figures.send_modify(|figures| figures.waits_for_room = waits);
        let waiting = || {
            say(true);
            self.store.publish_blocking()?;
            surplus::remove(self.store, self.folders, Some(self.folder.number), self.clock)
        };
        let outcome = pace::hand_over(self.store, restoration, waiting)?;
        say(false);
        Ok(outcome)
    }
}

impl Batch {
    fn is_full_with(&self, more: &[Restored]) -> bool {
        let bytes: usize = more.iter().map(Restored::stored_bytes).sum();
        !self.restored.is_empty()
            && (self.restored.len() + more.len() > STEP_RECORDS || self.bytes + bytes > STEP_BYTES)
    }

    fn push(&mut self, restored: Vec<Restored>, reached: Place) {
        self.bytes += restored.iter().map(Restored::stored_bytes).sum::<usize>();
        self.restored.extend(restored);
        self.reached = reached;
    }
}
