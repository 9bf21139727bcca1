//! How far each uplink is with the records of one class: what it has of those that are still stored.
//!
//! - With one uplink for a class nothing is remembered: a record it has is deleted, and of a segment it has in part the places
//!   are in memory only. After a restart those are sent again, and the platform recognises them.
//! - With several, a record stays until all that must have it do. What an uplink has as a whole (a row, a segment) is written
//!   down as ranges of row numbers, in the transaction of the platform's word, so that a restart sends it no more than that.
//! - Whatever is forgotten here costs a resend and never a record.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use super::checksum::Checksum;
use crate::domain::ranges::Ranges;
use crate::domain::report::Class;
use crate::domain::uplinks::{UPLINKS_MAX, UplinkNo, UplinkPlan};

/// Which records of a segment an uplink has; a row is a segment of one.
#[derive(Debug, Clone)]
struct Partly {
    n: u32,
    /// Payload bytes of all of them.
    bytes: u64,
    done: u32,
    words: Vec<u64>,
}

impl Partly {
    fn new((n, bytes): (u32, u64)) -> Partly {
        Partly { n, bytes, done: 0, words: vec![0; (n as usize).div_ceil(64)] }
    }

    fn has(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Notes a place; false when there is no such place or it was noted before.
    fn note(&mut self, index: u32) -> bool {
        let (bit, n) = (1 << (index % 64), self.n);
        match self.words.get_mut(index as usize / 64) {
            Some(word) if index < n && *word & bit == 0 => {
                *word |= bit;
                self.done += 1;
                true
            }
            _ => false,
        }
    }

    fn is_whole(&self) -> bool {
        self.done >= self.n
    }
}

/// How far one uplink is.
#[derive(Debug, Clone, Default)]
struct Share {
    carries: bool,
    required: bool,
    /// Rows that it has as a whole, those that are gone included, and how many records of them are still stored.
    done: Ranges,
    done_records: u64,
    partly: HashMap<i64, Partly>,
    /// Records in `partly` that it has.
    partly_records: u64,
    /// Rows that were handed out to be sent and that whoever sends may still hold.
    handed_out: HashSet<i64>,
    is_changed: bool,
}

impl Share {
    fn is_done(&self, id: i64) -> bool {
        self.done.contains(id) || self.partly.get(&id).is_some_and(Partly::is_whole)
    }

    fn forget(&mut self, id: i64, n: u64) {
        if self.done.contains(id) {
            self.done_records = self.done_records.saturating_sub(n);
            self.is_changed = true;
        }
        if let Some(partly) = self.partly.remove(&id) {
            self.partly_records -= u64::from(partly.done);
        }
    }
}

/// How far the uplinks are with one class.
#[derive(Debug)]
pub(super) struct ClassProgress {
    class: Class,
    shares: Vec<Share>,
}

impl ClassProgress {
    /// Nobody has anything.
    fn new(class: Class, plans: &[UplinkPlan]) -> ClassProgress {
        let carries = |plan: &UplinkPlan| plan.classes.contains(&class);
        let must = |plan: &UplinkPlan| plan.required && carries(plan);
        // When none must have it, all of them count.
        let any_must = plans.iter().any(must);
        let share = |plan: &UplinkPlan| Share {
            carries: carries(plan),
            required: if any_must { must(plan) } else { carries(plan) },
            ..Share::default()
        };
        ClassProgress { class, shares: plans.iter().take(UPLINKS_MAX).map(share).collect() }
    }

    /// Reads what is remembered.
    pub(super) fn load(
        connection: &Connection,
        class: Class,
        plans: &[UplinkPlan],
    ) -> rusqlite::Result<ClassProgress> {
        let mut progress = ClassProgress::new(class, plans);
        let sql = "SELECT done, n, checksum FROM uplink_progress WHERE uplink = ?1 AND class = ?2";
        let mut statement = connection.prepare_cached(sql)?;
        for (plan, share) in plans.iter().zip(&mut progress.shares) {
            let mut rows = statement.query(params![plan.name, class.as_str()])?;
            let Some(row) = rows.next()? else { continue };
            let (done, n): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
            let holds = row.get::<_, u32>(2)? == checksum(&plan.name, class, &done, n);
            match Ranges::from_bytes(&done).filter(|_| holds) {
                Some(ranges) => (share.done, share.done_records) = (ranges, n as u64),
                None => {
                    tracing::error!(uplink = %plan.name, %class, "what an uplink has is damaged, sent again")
                }
            }
        }
        Ok(progress)
    }

    /// Writes down what has changed. Rows below `first` are gone.
    pub(super) fn save(
        &mut self,
        connection: &Connection,
        plans: &[UplinkPlan],
        first: i64,
    ) -> rusqlite::Result<()> {
        for (plan, share) in plans.iter().zip(&mut self.shares) {
            if !std::mem::take(&mut share.is_changed) {
                continue;
            }
            share.done.absorb_below(first);
            let (done, n) = (share.done.to_bytes(), share.done_records as i64);
            let sql = "INSERT OR REPLACE INTO uplink_progress (uplink, class, done, n, checksum)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let sum = checksum(&plan.name, self.class, &done, n);
            connection.prepare_cached(sql)?.execute(params![plan.name, self.class.as_str(), done, n, sum])?;
        }
        Ok(())
    }

    /// Takes over what is known only in memory: what somebody may still hold.
    pub(super) fn go_on_from(&mut self, before: &mut ClassProgress) {
        for (share, before) in self.shares.iter_mut().zip(&mut before.shares) {
            share.handed_out = std::mem::take(&mut before.handed_out);
        }
    }

    fn share(&self, uplink: UplinkNo) -> Option<&Share> {
        self.shares.get(uplink.place()).filter(|share| share.carries)
    }

    /// Whether the class has only one uplink.
    fn is_sole(&self) -> bool {
        self.shares.iter().filter(|share| share.carries).count() <= 1
    }

    /// Whether an uplink gets this class.
    pub(super) fn carries(&self, uplink: UplinkNo) -> bool {
        self.share(uplink).is_some()
    }

    /// The first number from `from` on of which it is not written down that the uplink has it.
    pub(super) fn first_open(&self, uplink: UplinkNo, from: i64) -> i64 {
        self.share(uplink).map_or(from, |share| share.done.next_gap(from))
    }

    /// The last such number up to `to`.
    pub(super) fn last_open(&self, uplink: UplinkNo, to: i64) -> i64 {
        self.share(uplink).map_or(to, |share| share.done.previous_gap(to))
    }

    /// Whether an uplink has a row as a whole.
    pub(super) fn is_done(&self, uplink: UplinkNo, id: i64) -> bool {
        self.share(uplink).is_some_and(|share| share.is_done(id))
    }

    /// Whether that is written down, so that its neighbours in the range can be passed over with it.
    pub(super) fn is_written_down(&self, uplink: UplinkNo, id: i64) -> bool {
        self.share(uplink).is_some_and(|share| share.done.contains(id))
    }

    /// Which records of a segment an uplink has, a bit a record, and how many; none when it has no or all of them.
    pub(super) fn had_by(&self, uplink: UplinkNo, id: i64) -> (Vec<u64>, u32) {
        let partly = self.share(uplink).and_then(|share| share.partly.get(&id));
        partly.map(|partly| (partly.words.clone(), partly.done)).unwrap_or_default()
    }

    /// Whether an uplink has this record of a segment.
    pub(super) fn has(&self, uplink: UplinkNo, id: i64, index: u32) -> bool {
        self.share(uplink).is_some_and(|share| {
            share.done.contains(id) || share.partly.get(&id).is_some_and(|partly| partly.has(index))
        })
    }

    /// Whether all uplinks that must have a record do.
    pub(super) fn is_released(&self, id: i64, index: u32) -> bool {
        let mut required = self.shares.iter().filter(|share| share.required).peekable();
        let has = |share: &Share| {
            share.done.contains(id) || share.partly.get(&id).is_some_and(|partly| partly.has(index))
        };
        required.peek().is_some() && required.all(has)
    }

    /// Whether all uplinks that must have a row do.
    pub(super) fn is_finished(&self, id: i64) -> bool {
        let mut required = self.shares.iter().filter(|share| share.required).peekable();
        required.peek().is_some() && required.all(|share| share.is_done(id))
    }

    /// Which uplinks have a row as a whole, a bit each: rows that differ in it are never packed together.
    pub(super) fn pattern(&self, id: i64) -> u64 {
        self.shares.iter().enumerate().filter(|(_, share)| share.is_done(id)).map(|(at, _)| 1u64 << at).sum()
    }

    /// Notes which rows an uplink may hold from now on: those that it says it knows, and those that it is handed. One lane asks for
    /// one thing at a time, so whatever else it was handed before it has let go.
    pub(super) fn hand_out(&mut self, uplink: UplinkNo, rows: HashSet<i64>) {
        if let Some(share) = self.shares.get_mut(uplink.place()) {
            share.handed_out = rows;
        }
    }

    /// Whether somebody may hold records of a row: they were handed out, and not all of them settled.
    pub(super) fn is_held(&self, id: i64) -> bool {
        self.shares.iter().any(|share| share.handed_out.contains(&id) && !share.is_done(id))
    }

    /// Records and payload bytes of a segment of which an uplink has something.
    pub(super) fn figures(&self, uplink: UplinkNo, id: i64) -> Option<(u32, u64)> {
        let partly = self.share(uplink)?.partly.get(&id)?;
        Some((partly.n, partly.bytes))
    }

    /// Notes that an uplink has the record at `index` of a row of so many records and bytes. True when all that must have the
    /// row now do: it is to be deleted.
    pub(super) fn note(&mut self, uplink: UplinkNo, id: i64, index: u32, (n, bytes): (u32, u64)) -> bool {
        let is_sole = self.is_sole();
        let Some(share) = self.shares.get_mut(uplink.place()).filter(|share| share.carries) else {
            return false;
        };
        if !share.done.contains(id) {
            let partly = share.partly.entry(id).or_insert_with(|| Partly::new((n, bytes)));
            share.partly_records += u64::from(partly.note(index));
            let is_whole = partly.is_whole();
            if is_whole && !is_sole && share.done.insert(id) {
                share.partly_records -= u64::from(n);
                share.partly.remove(&id);
                share.done_records += u64::from(n);
                share.is_changed = true;
            }
        }
        self.is_finished(id)
    }

    /// A row of `n` records is gone.
    pub(super) fn forget(&mut self, id: i64, n: u64) {
        self.shares.iter_mut().for_each(|share| share.forget(id, n));
    }

    /// A row now has `n` records where it had `before`; nobody holds it.
    pub(super) fn replaced(&mut self, id: i64, before: u64, n: u64) {
        for share in &mut self.shares {
            if share.done.contains(id) {
                share.done_records = (share.done_records + n).saturating_sub(before);
                share.is_changed = true;
            }
            if let Some(partly) = share.partly.remove(&id) {
                share.partly_records -= u64::from(partly.done);
            }
        }
    }

    /// A row is for one uplink alone: the others have it. One that need not have it can't be waited for alone: then all get it.
    pub(super) fn reserve(&mut self, uplink: UplinkNo, id: i64, (n, bytes): (u32, u64)) {
        if !self.share(uplink).is_some_and(|share| share.required) {
            return;
        }
        for place in 0..self.shares.len() {
            if let Some(other) = UplinkNo::new(place).filter(|other| *other != uplink) {
                (0..n).for_each(|index| _ = self.note(other, id, index, (n, bytes)));
            }
        }
    }

    /// Records that are still stored and that an uplink has.
    pub(super) fn records_had_by(&self, uplink: UplinkNo) -> u64 {
        self.share(uplink).map_or(0, |share| share.done_records + share.partly_records)
    }

    /// Whether something is to be written down.
    pub(super) fn is_changed(&self) -> bool {
        self.shares.iter().any(|share| share.is_changed)
    }

    /// Counts again how many records of what is stored the uplinks have: `rows` are all rows with their records.
    pub(super) fn recount(&mut self, rows: &[(i64, u64)]) {
        for share in &mut self.shares {
            let had = rows.iter().filter(|(id, _)| share.done.contains(*id)).map(|(_, n)| n).sum();
            share.is_changed |= share.done_records != had;
            share.done_records = had;
        }
    }

    /// Whether anything that is stored may be finished: an uplink has joined, or left, or must have less than before.
    pub(super) fn is_remembered(&self) -> bool {
        self.shares.iter().any(|share| !share.done.is_empty())
    }

    /// The greatest number that an uplink has: new rows must be beyond it.
    pub(super) fn last_done(&self) -> i64 {
        self.shares.iter().filter_map(|share| share.done.last()).max().unwrap_or(0).max(0)
    }
}

/// Forgets what uplinks had that are not there any more.
pub(super) fn forget_others(connection: &Connection, plans: &[UplinkPlan]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT uplink FROM uplink_progress")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names.iter().filter(|name| plans.iter().all(|plan| *plan.name != ***name)) {
        connection.prepare_cached("DELETE FROM uplink_progress WHERE uplink = ?1")?.execute([name])?;
    }
    Ok(())
}

fn checksum(uplink: &str, class: Class, done: &[u8], n: i64) -> u32 {
    Checksum::of("uplink_progress").text(uplink).text(class.as_str()).bytes(done).number(n).sum()
}
