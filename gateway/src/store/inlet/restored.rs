//! The way of a record that comes back: it keeps its name and its gateway, and what is known already is passed over.

use super::Inlet;
use crate::domain::report::{Identity, RecordRef};
use crate::store::evidence::{self, Described, Placing};
use crate::store::record::StoredRecord;
use crate::store::restore::{Kept, RestoreOutcome, Restored};
use crate::store::submission::Part;

impl Inlet<'_> {
    /// Takes records of this device. That there is room for them was seen to.
    pub(in crate::store) fn restore(
        mut self,
        records: &[Restored],
        outcome: &mut RestoreOutcome,
    ) -> rusqlite::Result<()> {
        for restored in records {
            let Kept::Record { record, part } = &restored.0 else { continue };
            let claimed = match record.identity {
                Identity::Device { boot, seq } => Some(RecordRef { boot, seq }),
                Identity::Minted { .. } => None,
            };
            if claimed.is_some_and(|claimed| self.window.knows(claimed)) {
                outcome.known += 1;
            } else if self.restore_one(record, part.as_ref(), outcome)? {
                outcome.taken += 1;
                if let Some(claimed) = claimed {
                    self.window.insert(claimed);
                }
            }
        }
        Ok(())
    }

    /// False for a piece that its file does not lack, or a description that contradicts what is known; these are counted.
    fn restore_one(
        &mut self,
        record: &StoredRecord,
        part: Option<&Part>,
        outcome: &mut RestoreOutcome,
    ) -> rusqlite::Result<bool> {
        match part {
            None => self.write(record)?,
            Some(Part::Meta(file)) => {
                let (tallies, bound) = (&mut self.tables.tallies, self.evidence_bound);
                match evidence::describe(self.connection, tallies, bound, self.device, file)? {
                    Described::Fits => self.write(record)?,
                    Described::Contradicts => {
                        outcome.known += 1;
                        return Ok(false);
                    }
                }
            }
            Some(Part::Chunk(chunk)) => match evidence::place(self.connection, self.device, chunk)? {
                Placing::Known => {
                    outcome.known += 1;
                    return Ok(false);
                }
                Placing::Unwanted(_) => {
                    outcome.unwanted += 1;
                    return Ok(false);
                }
                Placing::Wanted(wanted_by) => {
                    let id = self.tables.insert_row(self.connection, record)?;
                    evidence::put(self.connection, self.device, wanted_by, chunk, id)?;
                }
            },
        }
        Ok(true)
    }
}
