//! The way of a record that comes back: it keeps its name and its gateway, and what is known already is passed over.

use super::Inlet;
use crate::domain::report::{Identity, RecordRef};
use crate::store::evidence::{self, Described, Placing};
use crate::store::restore::{RestoreOutcome, Restored};
use crate::store::submission::Part;

impl Inlet<'_> {
    /// Takes records of this device. That there is room for them was seen to.
    pub(in crate::store) fn restore(
        mut self,
        records: &[Restored],
        outcome: &mut RestoreOutcome,
    ) -> rusqlite::Result<()> {
        for restored in records {
            let claimed = match restored.record.identity {
                Identity::Device { boot, seq } => Some(RecordRef { boot, seq }),
                Identity::Minted { .. } => None,
            };
            let is_known = claimed.is_some_and(|claimed| self.window.knows(claimed));
            if !is_known && self.restore_one(restored)? {
                if let Some(claimed) = claimed {
                    self.window.insert(claimed);
                }
                outcome.taken += 1;
            } else {
                outcome.known += 1;
            }
        }
        Ok(())
    }

    /// False for a piece that its file does not lack, or a description that contradicts what is known.
    fn restore_one(&mut self, restored: &Restored) -> rusqlite::Result<bool> {
        let Restored { record, part } = restored;
        match part {
            None => self.write(record)?,
            Some(Part::Meta(file)) => {
                let (tallies, bound) = (&mut self.tables.tallies, self.evidence_bound);
                match evidence::describe(self.connection, tallies, bound, self.device, file)? {
                    Described::Fits => self.write(record)?,
                    Described::Contradicts => return Ok(false),
                }
            }
            Some(Part::Chunk(chunk)) => match evidence::place(self.connection, self.device, chunk)? {
                Placing::Known | Placing::Unwanted(_) => return Ok(false),
                Placing::Wanted(wanted_by) => {
                    let id = self.tables.insert_row(self.connection, record)?;
                    evidence::put(self.connection, self.device, wanted_by, chunk, id)?;
                }
            },
        }
        Ok(true)
    }
}
