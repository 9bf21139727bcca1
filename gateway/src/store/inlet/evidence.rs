//! The way of photos and clips: descriptions are kept like any report, pieces when their file lacks them.

use super::Inlet;
use crate::domain::admission::Reason;
use crate::domain::disposal::Photo;
use crate::domain::evidence::File;
use crate::domain::report::{Class, RecordRef};
use crate::store::evidence::{self, Described, Placing, unwanted};
use crate::store::group::Counted;
use crate::store::journal;
use crate::store::submission::{ChunkPlace, Item, Part};

impl Inlet<'_> {
    /// Takes a part of a photo or clip. False when a description found no room.
    pub(super) fn evidence(
        &mut self,
        item: &Item,
        claimed: RecordRef,
        (part, photo): (&Part, Option<&Photo>),
        tallied: &mut Counted,
    ) -> rusqlite::Result<bool> {
        match part {
            Part::Meta(file) => self.meta(item, claimed, (file, photo), tallied),
            Part::Chunk(chunk) => self.chunk(item, claimed, chunk, tallied).map(|()| true),
        }
    }

    /// A description that came before may find room for its file now.
    fn meta(
        &mut self,
        item: &Item,
        claimed: RecordRef,
        (file, photo): (&File, Option<&Photo>),
        tallied: &mut Counted,
    ) -> rusqlite::Result<bool> {
        let (tallies, bound) = (&mut self.tables.tallies, self.evidence_bound);
        match evidence::describe(self.connection, tallies, bound, self.device, file)? {
            Described::Fits => {
                let taken = self.report(item, Class::Evidence, Some(claimed), None, tallied)?;
                if let (true, Some(photo)) = (taken, photo) {
                    journal::note_photo(self.connection, self.device, photo)?;
                }
                Ok(taken)
            }
            Described::Contradicts => self.contradiction(item, claimed, tallied),
        }
    }

    fn contradiction(
        &mut self,
        item: &Item,
        claimed: RecordRef,
        tallied: &mut Counted,
    ) -> rusqlite::Result<bool> {
        if self.window.knows(claimed) {
            tallied.duplicates += 1;
            return Ok(true);
        }
        let (topic, reason) = ("evidence", Reason::EvidenceContradicts.as_str());
        let detail = "an earlier description of this name has another size, chunk size or SHA-256";
        let is_kept = self.quarantine(item, topic, reason, detail, tallied)?;
        if is_kept {
            tallied.contradictions += 1;
            self.window.insert(claimed);
        }
        Ok(is_kept)
    }

    /// Stores a piece that its file lacks. Every other one is done with: its device still has the file, and asks.
    fn chunk(
        &mut self,
        item: &Item,
        claimed: RecordRef,
        chunk: &ChunkPlace,
        tallied: &mut Counted,
    ) -> rusqlite::Result<()> {
        if self.window.knows(claimed) {
            tallied.duplicates += 1;
            return Ok(());
        }
        match evidence::place(self.connection, self.device, chunk)? {
            Placing::Known => tallied.duplicates += 1,
            Placing::Unwanted(reason) => tallied.chunks_dropped.push(reason),
            Placing::Wanted(_) if !self.quota.take(Some(Class::Evidence), item.stored_bytes()) => {
                tallied.chunks_dropped.push(unwanted::NO_ROOM);
            }
            Placing::Wanted(wanted_by) => {
                self.window.insert(claimed);
                let record = item.record(self.device, Class::Evidence, claimed.into(), None);
                let record = self.tables.insert_row(self.connection, &record)?;
                evidence::put(self.connection, self.device, wanted_by, chunk, record)?;
            }
        }
        Ok(())
    }
}
